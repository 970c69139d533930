/**
 * A recording of what QEMU made of random programs: it proves the semantics where there is no QEMU.
 *
 * The file has a table of starts, which programs share, and for each program its start, its words, and checksums of what
 * it did. It holds no names: rows may come and go, the words stay.
 */
import { describeProgram, fieldsOf } from './compare.ts';
import { CODE_AT, type Result, runHere, type Setting, type Start } from './harness.ts';
import { LENGTH } from './programs.ts';

/** Words of a start: X0 to X30, SP, PSTATE, FPCR, the window's seed, V0 to V31 as pairs. */
const START_WORDS = 31 + 4 + 64;
const PARTS = ['registers', 'memory', 'vectors', 'exceptions'] as const;
type Part = (typeof PARTS)[number];
const WORDS = LENGTH + 1;
const PROGRAM_BYTES = 4 + 4 * WORDS + 4 * PARTS.length;
/** Programs of one run of the harness. */
const BATCH = 2000;

export type SharedStart = Omit<Start, 'words'>;

export interface RecordedProgram {
  /** Number of its start in the table. */
  readonly start: number;
  readonly words: readonly number[];
  readonly checksums: readonly number[];
}

export interface Recording {
  readonly starts: readonly SharedStart[];
  readonly programs: readonly RecordedProgram[];
}

function partOf(field: string): Part {
  if (/^v\d/.test(field)) return 'vectors';
  if (/^exception/.test(field)) return 'exceptions';
  return field === 'memory' ? 'memory' : 'registers';
}

/** FNV-1a, 32 bits, of each part of an outcome. */
export function checksumsOf(result: Result): number[] {
  const sums = new Map<Part, number>(PARTS.map(part => [part, 0x811c9dc5]));
  for (const [name, value] of fieldsOf(result)) {
    const part = partOf(name);
    let sum = sums.get(part)!;
    for (const letter of `${name}=${value};`) sum = Math.imul(sum ^ letter.charCodeAt(0), 0x01000193);
    sums.set(part, sum >>> 0);
  }
  return PARTS.map(part => sums.get(part)!);
}

export function writeRecording({ starts, programs }: Recording): Uint8Array {
  const bytes = new Uint8Array(8 + starts.length * START_WORDS * 8 + programs.length * PROGRAM_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number) => {
    view.setUint32(at, value >>> 0, true);
    at += 4;
  };
  word(starts.length);
  word(programs.length);
  for (const { x, sp, pstate, fpcr, seed, v } of starts)
    for (const value of [...x, sp, pstate, fpcr, seed, ...v]) {
      view.setBigUint64(at, value, true);
      at += 8;
    }
  for (const { start, words, checksums } of programs) for (const value of [start, ...words, ...checksums]) word(value);
  return bytes;
}

/** Throws when the file is not of the size that its head says. */
export function readRecording(bytes: Uint8Array): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const word = (): number => {
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  };
  const [startCount, programCount] = [word(), word()];
  const size = 8 + startCount * START_WORDS * 8 + programCount * PROGRAM_BYTES;
  if (bytes.length !== size) throw new Error(`the recording has ${bytes.length} bytes, but its head says ${size}`);
  const starts = Array.from({ length: startCount }, (): SharedStart => {
    const values = Array.from({ length: START_WORDS }, () => {
      const value = view.getBigUint64(at, true);
      at += 8;
      return value;
    });
    const [sp, pstate, fpcr, seed] = values.slice(31, 35) as [bigint, bigint, bigint, bigint];
    return { x: values.slice(0, 31), sp, pstate, fpcr, seed, v: values.slice(35) };
  });
  const programs = Array.from(
    { length: programCount },
    (): RecordedProgram => ({
      start: word(),
      words: Array.from({ length: WORDS }, word),
      checksums: PARTS.map(word),
    }),
  );
  return { starts, programs };
}

function explain(start: Start, checksums: readonly number[], at: number, ours: Result): string {
  const sums = checksumsOf(ours);
  const differing = PARTS.filter((_, i) => checksums[i] !== sums[i]);
  return [
    `${differing.join(' and ')} end otherwise than on QEMU:`,
    ...describeProgram(start, at),
    'ends here with',
    ...fieldsOf(ours).map(([name, value]) => `  ${name} ${value}`),
  ].join('\n');
}

/** Runs the recorded programs here; gives the text of each that differs. */
export function playRecording({ starts, programs }: Recording, setting: Setting = {}): string[] {
  const different: string[] = [];
  for (let done = 0; done < programs.length; done += BATCH) {
    const batch = programs.slice(done, done + BATCH);
    const whole = batch.map(({ start, words }): Start => ({ ...starts[start]!, words }));
    const results = runHere(whole, setting);
    for (const [i, { checksums }] of batch.entries()) {
      const ours = results[i]!;
      if (checksumsOf(ours).some((sum, part) => sum !== checksums[part]))
        different.push(explain(whole[i]!, checksums, CODE_AT + 4 * WORDS * i, ours));
    }
  }
  return different;
}
