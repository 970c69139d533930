import { expect, test } from 'vitest';
import { assemble, machineWith } from './support.ts';

test('A big-endian ELF program starts with big-endian data at every level', () => {
  const { elf, symbols } = assemble(`
        .global _start
_start: adr     x0, value
        ldr     x1, [x0]
        mrs     x2, sctlr_el1
        mrs     x3, sctlr_el2
done:   b       .
        .balign 8
value:  .quad   0x8877665544332211
`);
  const { machine } = machineWith(new Map([['a.elf', bigEndian(elf)]]), [
    ...['-M', 'virt,virtualization=on', '-kernel', 'a.elf'],
  ]);
  machine.run(100);
  const { state } = machine.core.units[0]!.pe;
  expect(state.pc).toBe(symbols.get('done'));
  expect(state.readX(1).toString(16)).toBe('1122334455667788');
  expect((state.readX(2) >> 24n) & 3n).toBe(3n);
  expect((state.readX(3) >> 24n) & 3n).toBe(2n);
});

/** The file with its headers in the other byte order; instructions are little-endian in either. */
function bigEndian(elf: Uint8Array): Uint8Array {
  const bytes = elf.slice();
  const view = new DataView(bytes.buffer);
  const turn = (at: number, size: number) => bytes.subarray(at, at + size).reverse();
  const tableAt = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  bytes[5] = 2;
  for (const [at, size] of [
    [16, 2],
    [18, 2],
    [20, 4],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 4],
    [52, 2],
    [54, 2],
    [56, 2],
  ] as const)
    turn(at, size);
  for (let i = 0; i < count; i++)
    for (const [at, size] of [
      [0, 4],
      [4, 4],
      [8, 8],
      [16, 8],
      [24, 8],
      [32, 8],
      [40, 8],
      [48, 8],
    ] as const)
      turn(tableAt + 56 * i + at, size);
  return bytes;
}
