/** What happens when a machine that was just launched may run. */
import { continueRun, runToFunction } from '../debugger/stepping.ts';
import type { Session } from '../session.ts';

export function begin(session: Session): void {
  const { stopOnEntry, runToEntryPoint } = session.configuration;
  const { target } = session.debugger;
  if (stopOnEntry) session.stop({ reason: 'entry', pe: target.current });
  else if (runToEntryPoint) session.start(runToFunction(session.debugger, runToEntryPoint));
  else {
    // A breakpoint on the very first instruction counts.
    const hit = session.debugger.breakpointsHit(target.current);
    if (hit) session.stop(hit);
    else session.start(continueRun(session.debugger));
  }
}
