import { UserProblem } from '../debugger/target.ts';
import { parseReference, referenceText } from './memory-reference.ts';
import { request } from './request.ts';

/** More than this at once would hold up everything else. */
const maximumLength = 16 << 20;

export const readMemory = request('readMemory', {
  capabilities: { supportsReadMemoryRequest: true },
  legalWhile: 'launched',
  needs: { memoryReference: 'string', count: 'number', offset: 'number?' },
  run(session, { memoryReference, count, offset = 0 }) {
    const reference = parseReference(memoryReference);
    if (count < 0) throw new UserProblem('A negative number of bytes cannot be read');
    const at = { ...reference, address: BigInt.asUintN(64, reference.address + BigInt(Math.trunc(offset))) };
    const length = Math.min(Math.trunc(count), maximumLength);
    const { target } = session.debugger;
    const { bytes, unreadable } = target.readMemory(target.current, at, length);
    return {
      address: referenceText(at),
      data: Buffer.from(bytes).toString('base64'),
      ...(unreadable > 0 && { unreadableBytes: unreadable }),
    };
  },
});
