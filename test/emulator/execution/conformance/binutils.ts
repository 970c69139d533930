/**
 * Our text and our words against GNU binutils: what we print assembles to the word we printed it from, both with GNU as
 * and with our own assembler, and objdump prints the same.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleInstruction } from '../../../../emulator/architecture/assembler.ts';
import { decode } from '../../../../emulator/architecture/decoder.ts';
import { disassemble } from '../../../../emulator/architecture/disassembler.ts';
import { systemInstructionOf } from '../../../../emulator/architecture/operands/system.ts';
import type { Fields } from '../../../../emulator/architecture/pattern.ts';
import { findAbsentRegister } from '../../../../emulator/architecture/system-registers/of-absent-features.ts';
import { type Expression, parseOperands } from '../../../../language-server/syntax/index.ts';
import { allInstructions } from '../../architecture/all-instructions.ts';
import { Random } from '../../translation/random.ts';
import { type Instance, randomInstance } from './instances.ts';

/** Far from both ends of the address space, so that every label is a positive number. */
const BASE = 0x2_0000_0000n;
const ARCHITECTURE =
  'armv8.8-a+crypto+memtag+rng+sb+predres+ssbs+profile+flagm+pauth+sha3+sm4+fp16fml+cssc+sve2+sve2-aes+sve2-sm4+sve2-sha3+' +
  'sve2-bitperm+f32mm+f64mm+sme+sme-f64+sme-i64';

/** A difference, and what it is about. */
export interface Difference {
  readonly row: string;
  readonly word: number;
  readonly ours: string;
  readonly theirs: string;
}

/**
 * Spellings that mean the same. objdump prints numbers in the base it likes, names registers that we do not know
 * (and the other way round), and adds comments.
 */
export function normalised(text: string): string {
  return text
    .replace(/\s*\/\/.*$/, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .replace(/#(-?)0x([0-9a-f]+)/g, (_, sign: string, digits: string) => `#${sign}${BigInt(`0x${digits}`)}`)
    .replace(/\b0x([0-9a-f]+)/g, '$1')
    .replace(/#-?\d+\.\d+(e[+-]\d+)?/g, number => `#${Number(number.slice(1))}`)
    .replace(/\bs([0-3])_([0-7])_c(\d+)_c(\d+)_([0-7])\b/g, 's$1_$2_c$3_c$4_$5')
    .trim()
    .toLowerCase();
}

function run(folder: string, command: string, ...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command}: ${stderr.slice(0, 4000)}`);
  return stdout;
}

export interface Checked extends Instance {
  readonly pc: bigint;
  readonly text: string;
}

const isRotatedTooFar = (N: number, immr: number, imms: number) =>
  N === 0 && immr >> (31 - Math.clz32(~imms & 0x3f)) !== 0;

/** Of system instructions with these features GNU binutils 2.40 know no name. */
const NAMELESS_FEATURES: ReadonlySet<string | undefined> = new Set(['FEAT_XS', 'FEAT_SPECRES2']);

/**
 * Words that cannot make the round trip although they are instructions, because their text says less than they do or
 * because behaviour is CONSTRAINED UNPREDICTABLE, which GNU binutils call undefined.
 */
const excluded: readonly { readonly row: RegExp; readonly when: (f: Fields) => boolean; readonly why: string }[] = [
  {
    row: /^(AND|ORR|EOR|ANDS) \(immediate\)/,
    when: f => isRotatedTooFar(f['N']!, f['immr']!, f['imms']!),
    why: 'a rotation beyond the size of the element is taken modulo it',
  },
  {
    row: /^(AND|ORR|EOR|DUPM) \(SVE, .*immediate\)/,
    when: ({ imm13 = 0 }) => isRotatedTooFar(imm13 >> 12, (imm13 >> 6) & 63, imm13 & 63),
    why: 'a rotation beyond the size of the element is taken modulo it',
  },
  {
    row: /^MSR \(immediate\)/,
    when: f => (f['op1'] === 3 && f['op2']! < 6 && f['CRm']! > 1) || (f['op1'] === 0 && f['CRm']! > 1),
    why: 'a one-bit field with more than one bit',
  },
  { row: /^FCMPE? \(zero/, when: f => f['Rm'] !== 0, why: 'a field that is ignored' },
  {
    row: /^DUP \(general\)/,
    when: f => (f['imm5']! & (f['imm5']! - 1)) !== 0,
    why: 'bits above the one that tells the size are ignored',
  },
  {
    row: /^INS \(element\)/,
    when: f => (f['imm4']! & ((f['imm5']! & -f['imm5']!) - 1)) !== 0,
    why: 'bits below the index are ignored',
  },
  {
    row: /^LDPSW|^LDN?P /,
    when: f => f['Rt'] === f['Rt2'] || f['Rn'] === f['Rt'] || f['Rn'] === f['Rt2'],
    why: 'a pair of the same register, or write-back into a register of the pair, is CONSTRAINED UNPREDICTABLE',
  },
  {
    row: /^(?!.*SIMD&FP).*(post|pre)-index|^STP \((?!SIMD)/,
    when: f => f['Rn'] === f['Rt'] || f['Rn'] === f['Rt2'],
    why: 'write-back into the transferred register is CONSTRAINED UNPREDICTABLE',
  },
  {
    row: /^SYS$/,
    when: f => NAMELESS_FEATURES.has(systemInstructionOf(f)?.feature),
    why: 'GNU binutils 2.40 do not know the name',
  },
];

const inRoundTrip = (row: string) => {
  const rules = excluded.filter(one => one.row.test(row));
  return (fields: Fields) => !rules.some(one => one.when(fields));
};

/** Registers of features that the machine lacks have names here that GNU binutils need not know. */
const namesAbsentRegister = (text: string): boolean =>
  findAbsentRegister(/^mrs x\w+, (\w+)$|^msr (\w+),/.exec(text)?.slice(1).find(Boolean) ?? '') !== undefined;

/** Where objdump's name is newer or older than ours: GNU as takes both. */
const sameMeaning = (ours: string, theirs: string): boolean =>
  ours === theirs ||
  (namesAbsentRegister(ours) &&
    ours.replace(/(?<=^mrs x\w+, |^msr )\w+/, '?') === theirs.replace(/\bs\d_\d_c\d+_c\d+_\d\b/, '?')) ||
  // A register that only GNU knows: as agrees on the word.
  ours.replace(/\bs\d_\d_c\d+_c\d+_\d\b/, '?') === theirs.replace(/(?<=^mrs x\w+, |^msr )\w+/, '?') ||
  // Hints and system instructions of features that the machine lacks.
  /^(hint #|sys |sysl )/.test(ours) ||
  (ours === 'dgh' && theirs === 'hint #6');

/** What GNU binutils 2.40 do not know. */
const UNKNOWN_FEATURES: ReadonlySet<string | undefined> = new Set(['FEAT_LRCPC3', 'FEAT_RPRFM']);
const UNKNOWN_HINTS = /^(CLRBHB|CHKFEAT)/;
const knownRows = allInstructions.filter(row => !UNKNOWN_FEATURES.has(row.feature) && !UNKNOWN_HINTS.test(row.name));

/** Random instances of all rows with their text, at consecutive addresses. */
export function instancesOfAllRows(count: number, seed: number, only?: RegExp): Checked[] {
  const random = new Random(seed);
  const list: Checked[] = [];
  for (const row of knownRows) {
    if (only && !only.test(row.name)) continue;
    for (let i = 0; i < (row.pattern.fields.length === 0 ? 1 : count); i++) {
      const instance = randomInstance(row, random, inRoundTrip(row.name));
      if (!instance) throw new Error(`no word of ${row.name} was found`);
      const pc = BASE + BigInt(4 * list.length);
      const text = disassemble(instance.word, { pc });
      list.push({ ...instance, pc, text: text ?? '' });
    }
  }
  return list;
}

/** Lines that GNU as refuses, by number from 0, with its words. */
function refusals(errors: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const match of errors.matchAll(/^in\.s:(\d+): Error: (.*)$/gm)) {
    const line = Number(match[1]) - 1;
    if (!found.has(line)) found.set(line, match[2] as string);
  }
  return found;
}

/** Runs GNU as on lines; what it makes is `out.o` in the folder. */
function gnuAs(folder: string, lines: readonly string[]) {
  writeFileSync(join(folder, 'in.s'), `${lines.join('\n')}\n`);
  return spawnSync('aarch64-linux-gnu-as', [`-march=${ARCHITECTURE}`, 'in.s', '-o', 'out.o'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
}

/** Assembles our text with GNU as, links it at its addresses and compares words. */
export function compareWithAs(list: readonly Checked[]): Difference[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-binutils-'));
  try {
    const differences: Difference[] = [];
    // GNU as takes a bare number as a label nowhere but in branches, so the linker is told what each label is.
    const labels = new Set<string>();
    const lines = list.map(({ text }) =>
      text.replace(/(?<!#)\b0x([0-9a-f]+)$/, (_, digits: string) => {
        labels.add(digits);
        return `L${digits}`;
      }),
    );
    const first = gnuAs(folder, lines);
    if (first.status !== 0) {
      for (const [line, message] of refusals(first.stderr)) {
        const { row, word, text } = list[line] as Checked;
        if (!namesAbsentRegister(text)) differences.push({ row: row.name, word, ours: text, theirs: message });
        lines[line] = `.inst 0x${word.toString(16)}`;
      }
      const again = gnuAs(folder, lines);
      if (again.status !== 0) throw new Error(again.stderr.slice(0, 2000));
    }
    writeFileSync(join(folder, 'labels'), [...labels].map(digits => `L${digits} = 0x${digits};\n`).join(''));
    run(
      folder,
      'aarch64-linux-gnu-ld',
      'labels',
      '-Ttext',
      `0x${BASE.toString(16)}`,
      '-e',
      '0',
      'out.o',
      '-o',
      'out.elf',
    );
    run(folder, 'aarch64-linux-gnu-objcopy', '-O', 'binary', '-j', '.text', 'out.elf', 'out.bin');
    const bytes = readFileSync(join(folder, 'out.bin'));
    for (const [i, { row, word, text }] of list.entries()) {
      const theirs = bytes.readUInt32LE(4 * i);
      if (theirs !== word) differences.push({ row: row.name, word, ours: text, theirs: `0x${theirs.toString(16)}` });
    }
    return differences;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The words that GNU as makes of lines, or why it makes none. Lines must not need the linker. */
export function gnuWords(texts: readonly string[]): (number | string)[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-binutils-'));
  try {
    let lines = [...texts];
    let refused = new Map<number, string>();
    // One pass refuses what it cannot read, the next what cannot be encoded.
    for (let pass = 0; pass < 4; pass++) {
      const { status, stderr } = gnuAs(folder, lines);
      if (status === 0) break;
      refused = new Map([...refused, ...refusals(stderr)]);
      lines = texts.map((text, i) => (refused.has(i) ? 'nop' : text));
    }
    run(folder, 'aarch64-linux-gnu-objcopy', '-O', 'binary', '-j', '.text', 'out.o', 'out.bin');
    const bytes = readFileSync(join(folder, 'out.bin'));
    return texts.map((_, i) => refused.get(i) ?? bytes.readUInt32LE(4 * i));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What objdump prints for words at consecutive addresses. */
export function objdumpTexts(words: readonly number[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-binutils-'));
  try {
    const bytes = Buffer.alloc(4 * words.length);
    for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, 4 * i);
    writeFileSync(join(folder, 'in.bin'), bytes);
    const text = run(
      folder,
      'aarch64-linux-gnu-objdump',
      ...['-D', '-z', '-b', 'binary', '-m', 'aarch64', `--adjust-vma=0x${BASE.toString(16)}`, 'in.bin'],
    );
    return [...text.matchAll(/^\s*[0-9a-f]+:\t[0-9a-f]{8} ?\t(.*)$/gm)].map(match => match[1] as string);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function compareWithObjdump(list: readonly Checked[]): Difference[] {
  const texts = objdumpTexts(list.map(({ word }) => word));
  if (texts.length !== list.length) throw new Error(`objdump gave ${texts.length} lines for ${list.length} words`);
  return list.flatMap(({ row, word, text }, i) => {
    const theirs = texts[i] as string;
    return sameMeaning(normalised(text), normalised(theirs)) ? [] : [{ row: row.name, word, ours: text, theirs }];
  });
}

/** Assembles our text with our own assembler. */
export function compareWithOurselves(list: readonly Checked[]): Difference[] {
  return list.flatMap(({ row, word, text, pc }) => {
    const theirs = assembleText(text, pc);
    return theirs === word
      ? []
      : [{ row: row.name, word, ours: text, theirs: typeof theirs === 'string' ? theirs : `0x${theirs.toString(16)}` }];
  });
}

/** The word that our assembler makes of a line, or why it makes none. */
export function assembleText(text: string, pc: bigint): number | string {
  const [mnemonic = ''] = text.split(' ');
  const parsed = parseOperands(text, mnemonic.length, text.length, {
    registerAlias: () => undefined,
    bind: expression => {
      const value = constant(expression);
      return { expression, ...(value !== undefined && { value }) };
    },
    literal: expression => expression,
  });
  if ('problem' in parsed) return parsed.problem.message;
  const assembled = assembleInstruction(mnemonic, parsed.operands, { pc });
  if ('problem' in assembled) return assembled.problem;
  return assembled.fixups.length ? 'a fixup is left' : assembled.word;
}

function constant(expression: Expression): bigint | undefined {
  if (expression.kind === 'number') return expression.value;
  if (expression.kind !== 'unary' || expression.operator !== '-') return undefined;
  const value = constant(expression.operand);
  return value === undefined ? undefined : -value;
}

/**
 * Words that objdump knows and the rows do not, or the other way round: the fixed bits of each row with everything else
 * random.
 */
export function compareAllocation(count: number, seed: number): Difference[] {
  const random = new Random(seed);
  const list = knownRows.flatMap(row =>
    Array.from({ length: count }, () => ({
      row: row.name,
      word: ((random.word() & ~row.pattern.mask) | row.pattern.value | row.pattern.shouldBeOne) >>> 0,
    })),
  );
  const texts = objdumpTexts(list.map(({ word }) => word));
  return list.flatMap(({ row, word }, i) => {
    const theirs = texts[i] as string;
    const ours = disassemble(word, { pc: 0n });
    const decoded = decode(word);
    if (decoded && !inRoundTrip(decoded.row.name)(decoded.fields)) return [];
    // PSTATE fields of features that the machine lacks; those it does not know objdump reads as a system register.
    if (!decoded && row.startsWith('MSR (immediate')) return [];
    // Bytes shifted left by 8 are reserved; GNU as refuses them, but objdump prints this one.
    if (!decoded && /^(DUP|CPY) \(SVE, immediate/.test(row) && /\.b, (p\d+\/[mz], )?#-256$/.test(theirs)) return [];
    return (ours === undefined) === /undefined|^\.inst/.test(theirs)
      ? []
      : [{ row, word, ours: ours ?? 'undefined', theirs }];
  });
}

/** Differences as lines for people, the first of each row. */
export function describeDifferences(differences: readonly Difference[]): string[] {
  const first = new Map([...differences].reverse().map(one => [one.row, one]));
  return [...first.values()]
    .reverse()
    .map(
      ({ row, word, ours, theirs }) =>
        `${row}, 0x${word.toString(16).padStart(8, '0')}: ours “${ours}”, theirs “${theirs}”`,
    );
}
