import { applySource } from './apply-wishes.ts';
import { request } from './request.ts';

export const setBreakpoints = request('setBreakpoints', {
  capabilities: {
    supportsConditionalBreakpoints: true,
    supportsHitConditionalBreakpoints: true,
    supportsLogPoints: true,
  },
  legalWhile: 'launched',
  needs: { source: 'object', breakpoints: 'array?', lines: 'array?' },
  run(session, args) {
    const path = args.source.path ?? args.source.name ?? '';
    session.wishes.source.set(path, args);
    return { breakpoints: applySource(session, args).map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
