/** Compares random programs on our machine with QEMU and explains the first difference. */
import { disassemble } from '../../../../emulator/architecture/disassembler.ts';
import { CODE_AT, type Result, runHere, runOnQemu, type Setting, type Start } from './harness.ts';
import { LENGTH, randomProgram } from './programs.ts';

const hex = (value: bigint, digits = 16) => value.toString(16).padStart(digits, '0');

/** QEMU's processor has FEAT_BTI, ours has not. */
const BTYPE = 3n << 10n;

/** Programs of one run: so many that starting QEMU does not count. */
const BATCH = 2000;

export interface Comparison {
  readonly programs: number;
  readonly instructions: number;
  readonly exceptions: number;
  /** Programs that differed, as text. */
  readonly differences: readonly string[];
}

/**
 * The syndrome, with op1 and op2 of a trapped MSR (immediate) in ascending order: QEMU 7.2 exchanges the two.
 */
function syndromeOf(esr: bigint): bigint {
  const [op0, op2, op1, CRn] = [(esr >> 20n) & 3n, (esr >> 17n) & 7n, (esr >> 14n) & 7n, (esr >> 10n) & 15n];
  if (esr >> 26n !== 0x18n || op0 !== 0n || CRn !== 4n) return esr;
  const [low, high] = op1 < op2 ? [op1, op2] : [op2, op1];
  return (esr & ~(0x3fn << 14n)) | (low << 17n) | (high << 14n);
}

/** What a program did, by name, as far as it is compared. */
export function fieldsOf(result: Result): [string, string][] {
  return [
    ...result.x.map((value, n): [string, string] => [`x${n}`, hex(value)]),
    ['sp', hex(result.sp)],
    ['pstate', hex(result.pstate & ~BTYPE, 8)],
    ['fpsr', hex(result.fpsr, 8)],
    ['memory', hex(result.checksum)],
    ...Array.from({ length: 32 }, (_, n): [string, string] => [
      `v${n}`,
      `${hex(result.v[2 * n + 1]!)}_${hex(result.v[2 * n]!)}`,
    ]),
    ...result.exceptions.map(({ elr, esr, far }, n): [string, string] => [
      `exception ${n}`,
      // FAR_ELx is UNKNOWN after exceptions that are no aborts.
      `at ${hex(elr, 8)}, ESR ${hex(syndromeOf(esr), 8)}${[0x20n, 0x21n, 0x22n, 0x24n, 0x25n].includes(esr >> 26n) ? `, FAR ${hex(far)}` : ''}`,
    ]),
  ];
}

/** Both outcomes where they differ, or undefined. */
export function differenceOf(ours: Result, theirs: Result): string[] | undefined {
  const a = new Map(fieldsOf(ours));
  const b = new Map(fieldsOf(theirs));
  const lines = [...new Set([...a.keys(), ...b.keys()])]
    .filter(name => a.get(name) !== b.get(name))
    .map(name => `${name.padStart(12)}  ours ${a.get(name) ?? '-'}   QEMU ${b.get(name) ?? '-'}`);
  return lines.length ? lines : undefined;
}

/** A program at its address and what it starts with, as text. */
export function describeProgram(start: Start, at: number): string[] {
  const words = start.words.map((word, i) => {
    const pc = BigInt(at + 4 * i);
    return `  ${hex(pc, 8)}: ${hex(BigInt(word), 8)}  ${disassemble(word, { pc }) ?? 'undefined'}`;
  });
  const initial = [
    ...start.x.map((value, n) => `x${n}=${hex(value)}`),
    `sp=${hex(start.sp)} pstate=${hex(start.pstate)} fpcr=${hex(start.fpcr)}`,
  ];
  return [...words, initial.join(' ')];
}

function explain(seed: number, start: Start, at: number, ours: Result, theirs: Result): string {
  return [`seed ${seed}`, ...describeProgram(start, at), ...(differenceOf(ours, theirs) ?? [])].join('\n');
}

/** Runs `count` programs, the first with seed `seed`, on both. */
export function comparePrograms(
  count: number,
  seed: number,
  { progress, ...setting }: Setting & { readonly progress?: (done: number) => void } = {},
): Comparison {
  const differences: string[] = [];
  let exceptions = 0;
  for (let done = 0; done < count; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => (seed + done + i) >>> 0);
    const starts = seeds.map(one => randomProgram(one, setting));
    const theirs = runOnQemu(starts, setting);
    const ours = runHere(starts, setting);
    for (const [i, start] of starts.entries()) {
      exceptions += theirs[i]!.exceptions.length;
      if (differenceOf(ours[i]!, theirs[i]!))
        differences.push(explain(seeds[i]!, start, CODE_AT + 4 * (LENGTH + 1) * i, ours[i]!, theirs[i]!));
    }
    progress?.(Math.min(count, done + BATCH));
  }
  return { programs: count, instructions: count * LENGTH, exceptions, differences };
}
