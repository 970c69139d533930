/**
 * Memory copy and memory set (Arm ARM C3.2.18, C4.1.96): FEAT_MOPS.
 *
 * Each copy is three instructions, of which the first prepares the registers, the second does most of the work and the
 * third the rest. What they do is long and may end in the middle, so that the host does it (`execution/memory-copy-set.ts`).
 */
import { instruction } from '../instruction.ts';
import { generalRegister, generalRegisterWithWriteBack } from '../operands/register.ts';

const feature = 'FEAT_MOPS';

export type MemoryOperationStage = 'prologue' | 'main' | 'epilogue';
/**
 * `copyForward` (CPYF) goes from low addresses to high ones; `copy` (CPY) goes so that overlapping does no harm; `setTags`
 * (SETG) also gives memory the tag of its address.
 */
export type MemoryOperationKind = 'copy' | 'copyForward' | 'set' | 'setTags';

/** What one of the instructions does, beside its registers. */
export interface MemoryOperation {
  /** By which its semantics call it. */
  readonly name: string;
  readonly kind: MemoryOperationKind;
  readonly stage: MemoryOperationStage;
  /** The options as the encoding and ESR_ELx.ISS hold them: four bits of a copy, two of a set. */
  readonly options: number;
  /** Reads and writes as if at EL0. */
  readonly unprivilegedRead: boolean;
  readonly unprivilegedWrite: boolean;
}

const stages = [
  { stage: 'prologue', letter: 'p', bits: '00', does: 'Prepares' },
  { stage: 'main', letter: 'm', bits: '01', does: 'Does most of' },
  { stage: 'epilogue', letter: 'e', bits: '10', does: 'Finishes' },
] as const;

/** Suffixes by the value of the options: reads (R) and writes (W) as if at EL0 (T) and without keeping in caches (N). */
const copySuffixes = 'wt rt t wn wtwn rtwn twn rn wtrn rtrn trn n wtn rtn tn'.split(' ');
const setSuffixes = 't n tn'.split(' ');
const UNPRIVILEGED_WRITE = 1;
const UNPRIVILEGED_READ = 2;

const inWords = (options: number, both: string): string => {
  const read = (options & UNPRIVILEGED_READ) !== 0;
  const write = (options & UNPRIVILEGED_WRITE) !== 0;
  if (!read && !write) return '';
  return read && write ? `, ${both} as if at EL0` : `, ${read ? 'reading' : 'writing'} as if at EL0`;
};

const bits = (value: number, width: number) => value.toString(2).padStart(width, '0');
/** A register that is named twice, or a zero register where one is written, has no encoding. */
const distinct = (d: number, s: number, n: number) => d !== s && d !== n && s !== n && d !== 31 && n !== 31;

const copies = (
  [
    { kind: 'copyForward', stem: 'cpyf', bit: '0', how: 'upwards' },
    { kind: 'copy', stem: 'cpy', bit: '1', how: 'in the direction that overlapping needs' },
  ] as const
).flatMap(({ kind, stem, bit, how }) =>
  stages.flatMap(({ stage, letter, bits: stageBits, does }) =>
    ['', ...copySuffixes].map((suffix, options) => {
      const operation: MemoryOperation = {
        name: `${kind}.${stage}.${options}`,
        kind,
        stage,
        options,
        unprivilegedRead: (options & UNPRIVILEGED_READ) !== 0,
        unprivilegedWrite: (options & UNPRIVILEGED_WRITE) !== 0,
      };
      const mnemonic = `${stem}${letter}${suffix}`;
      const pattern = `00 011 ${bit} 01 ${stageBits} 0 Rs:5 ${bits(options, 4) as '0000'} 01 Rn:5 Rd:5` as const;
      const row = instruction(mnemonic.toUpperCase(), pattern, {
        operands: {
          d: generalRegister('Rd', 64),
          s: generalRegister('Rs', 64),
          n: generalRegisterWithWriteBack('Rn'),
        },
        syntax: `${mnemonic} [{d}]!, [{s}]!, {n}`,
        brief: `${does} a copy of memory ${how}${inWords(options, 'reading and writing')}.`,
        feature,
        traits: ['load', 'store'],
        rare: true,
        allocated: f => distinct(f.Rd, f.Rs, f.Rn) && f.Rs !== 31,
        semantics: b => {
          b.system(operation.name);
        },
      });
      return { row, operation };
    }),
  ),
);

const sets = (
  [
    { kind: 'set', stem: 'set', bit: '0', what: 'filling memory with a byte', traits: ['store'] },
    {
      kind: 'setTags',
      stem: 'setg',
      bit: '1',
      what: 'filling memory with a byte and tagging it',
      traits: ['store', 'tags'],
    },
  ] as const
).flatMap(({ kind, stem, bit, what, traits }) =>
  stages.flatMap(({ stage, letter, bits: stageBits, does }) =>
    ['', ...setSuffixes].map((suffix, options) => {
      const operation: MemoryOperation = {
        name: `${kind}.${stage}.${options}`,
        kind,
        stage,
        options,
        unprivilegedRead: false,
        unprivilegedWrite: (options & UNPRIVILEGED_WRITE) !== 0,
      };
      const mnemonic = `${stem}${letter}${suffix}`;
      const pattern = `00 011 ${bit} 01 11 0 Rs:5 ${stageBits} ${bits(options, 2) as '00'} 01 Rn:5 Rd:5` as const;
      const row = instruction(mnemonic.toUpperCase(), pattern, {
        operands: { d: generalRegister('Rd', 64), n: generalRegisterWithWriteBack('Rn'), s: generalRegister('Rs', 64) },
        syntax: `${mnemonic} [{d}]!, {n}, {s}`,
        brief: `${does} ${what}${inWords(options & UNPRIVILEGED_WRITE, '')}.`,
        feature,
        traits,
        rare: true,
        allocated: f => distinct(f.Rd, f.Rs, f.Rn),
        semantics: b => {
          b.system(operation.name);
        },
      });
      return { row, operation };
    }),
  ),
);

export const memoryCopySet = [...copies, ...sets].map(({ row }) => row);
export const memoryOperations: readonly MemoryOperation[] = [...copies, ...sets].map(({ operation }) => operation);
