import { disassemble as disassembleRange } from '../debugger/disassembly.ts';
import { hex } from '../debugger/expression/value.ts';
import { UserProblem } from '../debugger/target.ts';
import { parseReference } from './memory-reference.ts';
import { request } from './request.ts';

export const disassemble = request('disassemble', {
  capabilities: { supportsDisassembleRequest: true },
  legalWhile: 'launched',
  needs: { memoryReference: 'string', instructionCount: 'number', offset: 'number?', instructionOffset: 'number?' },
  run(session, { memoryReference, instructionCount, offset = 0, instructionOffset = 0, resolveSymbols = true }) {
    if (instructionCount < 0 || instructionCount > 100_000)
      throw new UserProblem(`${instructionCount} instructions are too many at once`);
    const reference = parseReference(memoryReference);
    const start = BigInt.asUintN(
      64,
      ((reference.address + BigInt(Math.trunc(offset))) & ~3n) + BigInt(Math.trunc(instructionOffset)) * 4n,
    );
    let previousPath: string | undefined;
    const lines = disassembleRange(
      session.debugger,
      session.debugger.target.current,
      { ...reference, address: start },
      Math.trunc(instructionCount),
    );
    return {
      instructions: lines.map(({ address, bytes, text, symbol, place }) => {
        const path = place?.path;
        const location = place && path !== previousPath ? session.source(place.path) : undefined;
        if (path !== undefined) previousPath = path;
        return {
          address: hex(address, 16),
          instruction: text ?? '??',
          ...(bytes !== undefined && { instructionBytes: bytes }),
          ...(text === undefined && { presentationHint: 'invalid' as const }),
          ...(resolveSymbols && symbol !== undefined && { symbol }),
          ...(location && { location }),
          ...(place && { line: session.clientLine(place.line) }),
        };
      }),
    };
  },
});
