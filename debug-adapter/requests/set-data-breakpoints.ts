import { applyData } from './apply-wishes.ts';
import { request } from './request.ts';

export const setDataBreakpoints = request('setDataBreakpoints', {
  capabilities: { supportsDataBreakpoints: true },
  legalWhile: 'launched',
  needs: { breakpoints: 'array' },
  run(session, args) {
    session.wishes.data = args;
    return { breakpoints: applyData(session, args).map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
