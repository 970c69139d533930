import { architectureInstructions } from '../../../language-server/assembler/architecture-instructions.ts';
import { assembleAndLink } from '../../../language-server/assembler/index.ts';

/** The word of one line of assembly, or what is wrong with it. */
export function assembleLine(line: string): { word?: number; problems: string[] } {
  const { elf, problems, symbols } = assembleAndLink(
    [{ path: 'line.s', text: `        .globl _start\n_start: ${line}\n` }],
    { instructions: architectureInstructions },
  );
  const messages = problems.map(({ message }) => message);
  if (!elf || messages.length) return { problems: messages };
  const view = new DataView(elf.buffer, elf.byteOffset);
  const start = symbols.find(({ name }) => name === '_start')!.address;
  // The segment that holds `_start`: file offset, address and size stand in its program header.
  const headers = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers + 56 * i;
    const [offset, address, size] = [8, 16, 32].map(field => view.getBigUint64(at + field, true)) as [
      bigint,
      bigint,
      bigint,
    ];
    if (start >= address && start < address + size)
      return { word: view.getUint32(Number(offset + start - address), true), problems: [] };
  }
  throw new Error('no segment has the start');
}
