/** Random copies and sets of memory (FEAT_MOPS): addresses, a size, and the three instructions. */
import type { Instruction } from '../../../../emulator/architecture/instruction.ts';
import { instructions } from '../../../../emulator/architecture/instructions/index.ts';
import { memoryCopySet, memoryOperations } from '../../../../emulator/architecture/instructions/memory-copy-set.ts';
import type { Random } from '../../translation/random.ts';

interface Step {
  readonly row: Instruction;
  readonly fields: Record<string, number>;
  readonly closed?: boolean;
}

const rowOf = (name: string): Instruction => instructions.find(row => row.name === name)!;
const ADD = rowOf('ADD (immediate)');
const SUB = rowOf('SUB (immediate)');
const SUBS = rowOf('SUBS (immediate)');
const MOVZ = rowOf('MOVZ');
const MOVN = rowOf('MOVN');

/** The prologue, main instruction and epilogue of every kind with every option. */
const triples: Instruction[][] = memoryOperations
  .filter(({ stage }) => stage === 'prologue')
  .map(first =>
    memoryCopySet.filter((_, i) => {
      const { kind, options } = memoryOperations[i]!;
      return kind === first.kind && options === first.options;
    }),
  );

/** The most words that `copyOrSet` gives. */
export const LONGEST = 9;

/** Offsets of the places from the register's address. */
const somewhere = (random: Random): number =>
  (random.chance(0.5) ? 1 : -1) *
  (random.below(random.pick([16, 256, 4096])) + (random.chance(0.4) ? 4096 * (1 + random.below(4)) : 0));

/** X`register` = X`base` + offset. */
function addressAt(register: number, base: number, offset: number): Step[] {
  const row = offset < 0 ? SUB : ADD;
  const distance = Math.abs(offset);
  const low: Step = { row, fields: { sf: 1, sh: 0, imm12: distance & 4095, Rn: base, Rd: register } };
  if (distance < 4096) return [low];
  return [low, { row, fields: { sf: 1, sh: 1, imm12: distance >> 12, Rn: register, Rd: register } }];
}

/**
 * A copy or set from and to places around a register's address, in registers up to `last`. Now and then the main
 * instruction or the epilogue is missing or finds the flags of option B; what they do without the prologue is left open.
 * With `tagged` the sources of copies are there: QEMU (10.0) checks the tag of the destination before it looks.
 */
export function copyOrSet(random: Random, around: number, last: number, tagged: boolean): Step[] {
  const registers: number[] = [];
  while (registers.length < 3) {
    const one = random.below(last + 1);
    if (!registers.includes(one)) registers.push(one);
  }
  const [Rd, Rs, Rn] = registers as [number, number, number];
  const three = random.pick(triples);
  const set = three[0]!.name.startsWith('SET');
  const sourceIsThere = tagged && !set;
  const huge = !sourceIsThere && random.chance(0.02);
  const bytes = random.below(random.pick(sourceIsThere ? [2, 40, 600, 5000] : [2, 40, 600, 5000, 20_000]));
  let to = somewhere(random);
  let from = sourceIsThere ? random.below(random.pick([16, 256, 4096])) : somewhere(random);
  // What an upward copy makes of a source that it overwrites before it reads it is left open.
  const upward = three[0]!.name.startsWith('CPYF');
  if (upward && from < to && (huge || to < from + bytes)) [to, from] = sourceIsThere ? [from, from] : [from, to];
  const steps: Step[] = [
    ...addressAt(Rd, around, to),
    ...(set ? [] : addressAt(Rs, around, from)),
    { row: huge ? MOVN : MOVZ, fields: { sf: 1, hw: 0, imm16: bytes, Rd: Rn } },
  ];
  for (const [i, row] of three.entries()) {
    if (i > 0 && random.chance(0.03)) continue;
    // SUBS of a register and zero sets C.
    if (random.chance(0.03)) steps.push({ row: SUBS, fields: { sf: 1, sh: 0, imm12: 0, Rn: Rd, Rd: 31 } });
    steps.push({ row, fields: { Rd, Rs: set && random.chance(0.1) ? 31 : Rs, Rn } });
  }
  return steps.map((step, at) => ({ ...step, closed: at > 0 }));
}
