/** The requests that end a session. */
import { request } from './request.ts';

/** Asks the guest to power off where the board can; the second time, or where it cannot, ends the machine. */
export const terminate = request('terminate', {
  capabilities: { supportsTerminateRequest: true },
  legalWhile: 'always',
  run(session) {
    const asked =
      session.isLaunched &&
      session.state === 'running' &&
      !session.terminationAsked &&
      session.debugger.target.requestPowerOff();
    session.terminationAsked = true;
    if (!asked) session.environment.defer(() => session.end());
    return undefined;
  },
});

export const disconnect = request('disconnect', {
  legalWhile: 'always',
  run(session) {
    session.close();
    return undefined;
  },
});

/** Requests are short and served in order, so what is to be cancelled is over; plans are ended by `pause`. */
export const cancel = request('cancel', {
  capabilities: { supportsCancelRequest: true },
  legalWhile: 'always',
  run() {
    return undefined;
  },
});
