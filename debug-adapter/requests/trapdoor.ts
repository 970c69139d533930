/** The requests beyond DAP: see `protocol.ts`. */
import { travelTo as travelToPlan } from '../debugger/reverse.ts';
import { exceptionRecordBody, exceptionsBody } from '../views/exceptions.ts';
import { levelsBody } from '../views/levels.ts';
import { request } from './request.ts';

export const exceptions = request('trapdoor/exceptions', {
  legalWhile: 'launched',
  needs: { from: 'number?', count: 'number?' },
  run(session, args) {
    return exceptionsBody(session, args ?? {});
  },
});

export const levels = request('trapdoor/levels', {
  legalWhile: 'stopped',
  needs: { pe: 'number?' },
  run(session, args) {
    return levelsBody(session, args?.pe ?? session.debugger.target.current, exceptionRecordBody);
  },
});

export const travelTo = request('trapdoor/travelTo', {
  legalWhile: 'stopped',
  needs: { position: 'number' },
  run(session, { position }) {
    session.stop(travelToPlan(session.debugger, position));
    return undefined;
  },
});

export const uartInput = request('trapdoor/uartInput', {
  legalWhile: 'launched',
  needs: { text: 'string' },
  run(session, { text }) {
    session.serialInput(text);
    return undefined;
  },
});
