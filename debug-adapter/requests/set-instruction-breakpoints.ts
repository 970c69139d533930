import { applyInstructions } from './apply-wishes.ts';
import { request } from './request.ts';

export const setInstructionBreakpoints = request('setInstructionBreakpoints', {
  capabilities: { supportsInstructionBreakpoints: true },
  legalWhile: 'launched',
  needs: { breakpoints: 'array' },
  run(session, args) {
    const breakpoints = applyInstructions(session, args);
    session.wishes.instructions = args;
    return { breakpoints: breakpoints.map(breakpoint => session.protocolBreakpoint(breakpoint)) };
  },
});
