import { UserProblem } from '../debugger/target.ts';
import { parseReference, referenceText } from './memory-reference.ts';
import { request } from './request.ts';

export const writeMemory = request('writeMemory', {
  capabilities: { supportsWriteMemoryRequest: true },
  legalWhile: 'launched',
  needs: { memoryReference: 'string', data: 'string', offset: 'number?', allowPartial: 'boolean?' },
  run(session, { memoryReference, data, offset = 0, allowPartial }) {
    const reference = parseReference(memoryReference);
    const at = { ...reference, address: BigInt.asUintN(64, reference.address + BigInt(Math.trunc(offset))) };
    const bytes = new Uint8Array(Buffer.from(data, 'base64'));
    const { target } = session.debugger;
    if (!allowPartial) {
      const { unreadable, problem } = target.readMemory(target.current, at, bytes.length);
      if (unreadable > 0)
        throw new UserProblem(
          `${unreadable} of ${bytes.length} bytes cannot be written${problem ? `: ${problem}` : ''}`,
        );
    }
    const bytesWritten = target.writeMemory(target.current, at, bytes);
    if (bytesWritten < bytes.length && !allowPartial)
      throw new UserProblem(`Only ${bytesWritten} of ${bytes.length} bytes could be written`);
    session.variables.refresh();
    session.environment.send('memory', { memoryReference: referenceText(at), offset: 0, count: bytesWritten });
    return { bytesWritten };
  },
});
