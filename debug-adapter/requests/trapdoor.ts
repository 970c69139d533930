/** The requests beyond DAP: see `protocol.ts`. */
import { resolve } from 'node:path';
import { travelTo as travelToPlan } from '../debugger/reverse.ts';
import { UserProblem } from '../debugger/target.ts';
import { writeSnapshot } from '../launch/snapshot-file.ts';
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

export const saveSnapshot = request('trapdoor/saveSnapshot', {
  legalWhile: 'stopped',
  needs: { file: 'string' },
  run(session, { file }) {
    const bytes = session.debugger.target.saveSnapshot?.();
    if (!bytes) throw new UserProblem('This target cannot be saved');
    const path = resolve(session.configuration.cwd ?? '/', file);
    return { path, size: writeSnapshot(path, bytes) };
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
