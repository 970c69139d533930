import { applyExceptions } from './apply-wishes.ts';
import { request } from './request.ts';

export const setExceptionBreakpoints = request('setExceptionBreakpoints', {
  capabilities: { supportsExceptionFilterOptions: true },
  legalWhile: 'launched',
  needs: { filters: 'array', filterOptions: 'array?' },
  run(session, args) {
    session.wishes.exceptions = args;
    return { breakpoints: applyExceptions(session, args).map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
