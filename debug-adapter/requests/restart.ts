import type { LaunchConfiguration } from '../protocol.ts';
import { applyWishes } from './apply-wishes.ts';
import { begin } from './begin.ts';
import { request } from './request.ts';

/** Launches anew, with the files as they are now, and asks for all breakpoints again. */
export const restart = request('restart', {
  capabilities: { supportsRestartRequest: true },
  legalWhile: 'launched',
  async run(session, args) {
    const given = (args?.arguments ?? {}) as Partial<LaunchConfiguration>;
    await session.launch({ ...session.configuration, ...given });
    for (const breakpoint of applyWishes(session)) session.breakpointChanged(breakpoint);
    session.state = 'configuring';
    begin(session);
    // That it runs follows from no request of the client's: it may still show the stop before.
    if (session.isRunning) {
      session.environment.send('continued', {
        threadId: session.debugger.target.current + 1,
        allThreadsContinued: true,
      });
    }
    return undefined;
  },
});
