/** How far the instruction rows agree with Arm's lists of encodings and aliases. */
import { decode } from '../../../emulator/architecture/decoder.ts';
import { disassemble } from '../../../emulator/architecture/disassembler.ts';
import { findFeature } from '../../../emulator/architecture/feature.ts';
import type { Instruction } from '../../../emulator/architecture/instruction.ts';
import { systemInstructionOf } from '../../../emulator/architecture/operands/system.ts';
import { Random } from '../translation/random.ts';
import { allInstructions } from './all-instructions.ts';
import { armAliases, holds, type SystemOperations } from './arm-aliases.ts';
import { type ArmEncoding, armEncodings, encodingsOf, randomWord } from './arm-encodings.ts';

export interface Agreement {
  readonly agreed: number;
  /** What differs, in words. */
  readonly disagreed: readonly string[];
  /** What no row has, and why it need not: names by feature. */
  readonly uncovered: ReadonlyMap<string, readonly string[]>;
}

const hex = (word: number) => `0x${word.toString(16).padStart(8, '0')}`;

/**
 * Encodings that Arm's list includes and that the manual's decoding then calls UNDEFINED, with the rule that says so.
 */
const reserved: readonly { readonly name: RegExp; readonly why: string }[] = [
  { name: /_addsub_shift$/, why: 'shift 3, or an amount beyond a 32-bit register' },
  { name: /_addsub_ext$/, why: 'a left shift by more than 4' },
  { name: /_log_shift$/, why: 'an amount beyond a 32-bit register' },
  { name: /_log_imm$/, why: 'an element of ones alone is no bitmask' },
  { name: /_movewide$/, why: 'a position beyond a 32-bit register' },
  { name: /_(bitfield|extract)$/, why: 'a position beyond a 32-bit register' },
  { name: /_ldst_regoff$/, why: 'an index that is not extended from a word or doubleword' },
  { name: /^(CASP|LDIAPP|STILP)/, why: 'a pair starts at an even register' },
  { name: /^MSR_SI_pstate$/, why: 'PSTATE fields of features that are absent' },
  { name: /_memcms$/, why: 'the same register twice, or the zero register' },
  { name: /_(asimd|asisd|advsimd)\w+$/, why: 'sizes, shifts and elements that have no instruction' },
  { name: /^(PMULL|DUP|INS|UMOV|SMOV)/, why: 'sizes that have no instruction' },
  { name: /^[a-z]/, why: 'sizes of SVE and SME elements that have no instruction, and XZR as an index' },
  { name: /_float2fix$/, why: 'more fraction bits than the integer has' },
];

const mnemonicsOf = (row: Instruction) =>
  [...row.syntaxes, ...row.aliases.map(alias => alias.syntax)].map(template => template.mnemonic.replace(/\.$/, ''));

/** The second half of a vector has a mnemonic of its own, which Arm's list writes as an option; so have odd and even lanes. */
const plain = (mnemonic: string) =>
  mnemonic
    .replace(/\.$/, '')
    .replace(/2$/, '')
    .replace(/^(bfmlal)[bt]$/, '$1');
const agreeOnName = (row: Instruction, encoding: ArmEncoding) =>
  mnemonicsOf(row).some(name => plain(name) === plain(encoding.mnemonic));

/** Features that a row need not name: what every machine has. */
const basic: ReadonlySet<string> = new Set(['FEAT_FP', 'FEAT_AdvSIMD', 'FEAT_RAS', 'FEAT_SPE', 'FEAT_TRF', 'FEAT_LOR']);
/** Where a row's feature is narrower than Arm's list, which leaves it to the decoding of sizes. */
const narrower: Readonly<Record<string, RegExp>> = {
  FEAT_SME: /^MSR_SI_pstate/,
  FEAT_PMULL: /^PMULL/,
  FEAT_FP16: /^([SU]CVTF|FCVTZ[SU])_asi[sm]dshf/,
};

function agreeOnFeature(row: Instruction, encoding: ArmEncoding): boolean {
  const named = encoding.features === '-' ? [] : encoding.features.split(/[|&]/);
  if (row.feature === undefined) return named.every(name => basic.has(name)) || row.traits.has('hint');
  return named.includes(row.feature) || (narrower[row.feature]?.test(encoding.name) ?? false);
}

const reasonOf = (encoding: ArmEncoding) =>
  encoding.features === '-'
    ? 'base'
    : (encoding.features.split(/[|&]/).find(name => !findFeature(name)?.implemented) ??
      (encoding.features.split(/[|&]/).at(-1) as string));

/** Hints and prefetches of absent features are the general hint or prefetch, which does nothing. */
const isNothingWithoutFeature = ({ group, name }: ArmEncoding) => group === 'control/hints' || /^RPRFM/.test(name);
const nothing: ReadonlySet<string> = new Set(['HINT', 'PRFM (register)']);

/** Every encoding: `count` random words of each must be one row with its name and feature. */
export function compareEncodings(count: number, seed: number): Agreement {
  const random = new Random(seed);
  const disagreed = new Set<string>();
  const uncovered = new Map<string, string[]>();
  let agreed = 0;
  for (const encoding of armEncodings) {
    const before = disagreed.size;
    let rows = 0;
    const missing = new Set<string>();
    for (let i = 0; i < count; i++) {
      const word = randomWord(encoding, random);
      // Among encodings that contain each other (hints within HINT) the narrower one is meant.
      if (encodingsOf(word).some(e => e.name !== encoding.name && (e.mask & encoding.mask) >>> 0 === encoding.mask))
        continue;
      const row = decode(word)?.row;
      if (!row) {
        if (!reserved.some(({ name }) => name.test(encoding.name)))
          missing.add(`${encoding.name} ${hex(word)} has no row`);
        continue;
      }
      if (!encoding.present && isNothingWithoutFeature(encoding) && nothing.has(row.name)) continue;
      rows++;
      if (!agreeOnName(row, encoding)) disagreed.add(`${encoding.name} ${hex(word)} is decoded as ${row.name}`);
      else if (!agreeOnFeature(row, encoding))
        disagreed.add(`${row.name} has the feature ${row.feature ?? '-'}, but ${encoding.name} ${encoding.features}`);
    }
    if (rows === 0) {
      if (encoding.present) disagreed.add(`${encoding.name} (${encoding.features}) has no row`);
      else {
        const reason = reasonOf(encoding);
        uncovered.set(reason, [...(uncovered.get(reason) ?? []), encoding.name]);
      }
      continue;
    }
    for (const text of missing) disagreed.add(text);
    if (disagreed.size === before) agreed++;
  }
  return { agreed, disagreed: [...disagreed], uncovered };
}

/** No word outside of Arm's list has a row: words near those of the rows, and `count` random ones. */
export function findInventions(count: number, seed: number): string[] {
  const random = new Random(seed);
  const problems = new Set<string>();
  const check = (word: number) => {
    const decoded = decode(word);
    if (!decoded) return;
    const feature = decoded.row.feature;
    const absent = feature !== undefined && !findFeature(feature)?.implemented;
    if (!encodingsOf(word).some(e => e.present || absent || isNothingWithoutFeature(e)))
      problems.add(`${hex(word)} is no encoding, but ${decoded.row.name}`);
  };
  // Words one or two bits away from an instruction are the likeliest mistakes.
  for (const row of allInstructions)
    for (let i = 0; i < 400; i++) {
      let word = ((random.word() & ~row.pattern.mask) | row.pattern.value) >>> 0;
      for (let flips = random.below(3); flips > 0; flips--) word = (word ^ (1 << random.below(32))) >>> 0;
      check(word);
    }
  for (let i = 0; i < count; i++) check(random.word());
  return [...problems];
}

/** Where disassembly chooses otherwise on purpose. */
const otherwise: readonly {
  readonly encoding: RegExp;
  readonly when: (word: number) => boolean;
  readonly why: string;
}[] = [
  {
    encoding: /^ORR_\d+_log_imm$/,
    when: word => (word & 31) === 31,
    why: 'SP is no destination of a wide move, so that MOV can only mean this; GNU objdump says MOV too',
  },
  {
    encoding: /^SYS_CR_/,
    when: word => {
      const fields = decode(word)?.fields;
      return fields !== undefined && fields['Rt'] !== 31 && systemInstructionOf(fields)?.takesRegister === false;
    },
    why: 'an operation without a register that is given one can only be written as SYS',
  },
];

/** Aliases: disassembly chooses one exactly when Arm's condition says so. */
export function compareAliases(count: number, seed: number, operations: SystemOperations): Agreement {
  const random = new Random(seed);
  const disagreed = new Set<string>();
  const uncovered = new Map<string, string[]>();
  let agreed = 0;
  const shape = special(random, operations);
  const byEncoding = new Map<string, (typeof armAliases)[number][]>();
  for (const alias of armAliases) byEncoding.set(alias.encoding, [...(byEncoding.get(alias.encoding) ?? []), alias]);
  for (const [name, aliases] of byEncoding) {
    const encoding = armEncodings.find(one => one.name === name) as ArmEncoding;
    const seen = new Set<string>();
    const wrong = new Set<string>();
    for (let i = 0; i < count; i++) {
      const word = randomWord(encoding, random, shape);
      if (!decode(word)) continue;
      if (otherwise.some(one => one.encoding.test(name) && one.when(word))) continue;
      if (encodingsOf(word).some(e => e.name !== encoding.name && (e.mask & encoding.mask) >>> 0 === encoding.mask))
        continue;
      const preferred = aliases.map(alias => holds(alias, word, operations));
      if (preferred.includes(undefined)) continue;
      const printed = plain((disassemble(word, { pc: 0x10000n }) ?? '').split(' ')[0] as string);
      const wanted = aliases.filter((_, at) => preferred[at]).map(alias => plain(alias.mnemonic));
      if (wanted.length === 0 ? printed !== plain(encoding.mnemonic) : !wanted.includes(printed))
        wrong.add(
          `${name} ${hex(word)} is printed as ${printed}, Arm prefers ${wanted.join(' or ') || encoding.mnemonic}`,
        );
      for (const one of wanted.length ? wanted : [plain(encoding.mnemonic)]) seen.add(one);
    }
    for (const text of wrong) disagreed.add(text);
    for (const alias of aliases) {
      const neverPreferred = alias.condition === false || /,false\]$/.test(JSON.stringify(alias.condition));
      if (seen.has(plain(alias.mnemonic)) || (neverPreferred && seen.size > 0)) {
        if (wrong.size === 0) agreed++;
      } else {
        const feature = /FEAT_(?!ASMv8p2)\w+/.exec(JSON.stringify(alias.condition))?.[0] ?? reasonOf(encoding);
        uncovered.set(feature, [...(uncovered.get(feature) ?? []), `${alias.mnemonic} of ${name}`]);
      }
    }
  }
  return { agreed, disagreed: [...disagreed], uncovered };
}

/** Words in which registers and immediates are often 0, 31 or alike: that is what aliases ask for. */
function special(random: Random, operations: SystemOperations): (word: number) => number {
  const system = [...operations.keys()].map(key => key.split(',').map(Number) as [number, number, number, number]);
  return word => {
    let result = word;
    const put = (low: number, width: number, value: number) => {
      const mask = ((2 ** width - 1) << low) >>> 0;
      result = ((result & ~mask) | ((value << low) & mask)) >>> 0;
    };
    for (const low of [0, 5, 10, 16]) {
      const choice = random.below(4);
      if (choice === 0) put(low, 5, 31);
      if (choice === 1) put(low, 5, (result >>> (low === 16 ? 5 : 16)) & 31);
    }
    if (random.chance(0.3)) put(10, 6, random.pick([0, 7, 15, 31, 63]));
    if (random.chance(0.3)) put(16, 6, random.pick([0, ((result >>> 10) & 63) + 1]));
    if (random.chance(0.2)) put(10, 12, 0);
    if (random.chance(0.2)) put(5, 16, random.pick([0, 0xffff]));
    if (random.chance(0.3)) put(19, 4, 1 << random.below(4));
    if (random.chance(0.3)) put(8, 4, random.pick([0, 4]));
    if (random.chance(0.3)) {
      const [op1, CRn, CRm, op2] = random.pick(system);
      put(5, 14, (op1 << 11) | (CRn << 7) | (CRm << 3) | op2);
    }
    return result;
  };
}
