import { applySource } from './apply-wishes.ts';
import { request } from './request.ts';
import { sourceLines } from './source-lines.ts';

export const setBreakpoints = request('setBreakpoints', {
  capabilities: {
    supportsConditionalBreakpoints: true,
    supportsHitConditionalBreakpoints: true,
    supportsLogPoints: true,
  },
  legalWhile: 'launched',
  needs: { source: 'object', breakpoints: 'array?', lines: 'array?' },
  run(session, args) {
    session.wishes.source.set(sourceLines(session, args.source).key, args);
    return { breakpoints: applySource(session, args).map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
