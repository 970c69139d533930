/** The exits of guests by cause, with what they cost. */
import { exitCostText, type GuestExitCause } from '../debugger/guest-exits.ts';
import type { VariableNode } from '../variables.ts';

export function guestExitNodes(causes: readonly GuestExitCause[]): readonly VariableNode[] {
  return causes.map(cause => ({ name: cause.cause, value: exitCostText(cause) }));
}
