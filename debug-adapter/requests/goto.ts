import { UserProblem } from '../debugger/target.ts';
import { request } from './request.ts';
import { sourceLines } from './source-lines.ts';

/** Places that the PC can be set to: the code of a line. Targets are numbered by their address. */
export const gotoTargets = request('gotoTargets', {
  capabilities: { supportsGotoTargetsRequest: true },
  legalWhile: 'stopped',
  needs: { source: 'object', line: 'number' },
  run(session, { source, line }) {
    const binding = sourceLines(session, source).bind(session.adapterLine(line));
    return {
      targets: (binding?.locations ?? []).map(({ address }) => ({
        id: session.gotoTarget(address),
        label: `0x${address.toString(16)}`,
        line: session.clientLine(binding!.line),
        instructionPointerReference: `0x${address.toString(16)}`,
      })),
    };
  },
});

export const goto = request('goto', {
  legalWhile: 'stopped',
  needs: { threadId: 'number', targetId: 'number' },
  run(session, { threadId, targetId }) {
    const address = session.gotoAddress(targetId);
    const pe = session.element(threadId);
    if (address === undefined) throw new UserProblem(`There is no place ${targetId} to go to`);
    if (!session.debugger.target.processingElements[pe]!.writeRegister('pc', address))
      throw new UserProblem('The PC cannot be changed');
    session.stop({ reason: 'travel', pe });
    return undefined;
  },
});
