import { applyFunctions } from './apply-wishes.ts';
import { request } from './request.ts';

export const setFunctionBreakpoints = request('setFunctionBreakpoints', {
  capabilities: { supportsFunctionBreakpoints: true },
  legalWhile: 'launched',
  needs: { breakpoints: 'array' },
  run(session, args) {
    session.wishes.functions = args;
    return { breakpoints: applyFunctions(session, args).map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
