/** Arm's aliases and when disassembly prefers them (`test/data/arm/aliases.txt`, made by scripts/arm-data). */
import { readFileSync } from 'node:fs';
import { findFeature } from '../../../emulator/architecture/feature.ts';

type Condition = boolean | number | string | readonly Condition[];

export interface ArmAlias {
  /** Name of the encoding that it is another way to write. */
  readonly encoding: string;
  readonly mnemonic: string;
  readonly condition: Condition;
}

export const armAliases: readonly ArmAlias[] = readFileSync('test/data/arm/aliases.txt', 'utf8')
  .trim()
  .split('\n')
  .map(line => {
    const [encoding, mnemonic, condition] = line.split(' ') as [string, string, string];
    return { encoding, mnemonic, condition: JSON.parse(condition) as Condition };
  });

/** The kinds of system instructions (`dc`, `tlbi` …) by op1:CRn:CRm:op2 as Arm lists them, without FEAT_. */
export type SystemOperations = ReadonlyMap<string, string>;

const bits = (word: number, high: number, low: number) => (word >>> low) & (2 ** (high - low + 1) - 1);

/** A pattern matches when every bit that is not `x` agrees. */
const matches = (value: number, pattern: string) =>
  [...pattern].every((bit, i) => bit === 'x' || Number(bit) === ((value >>> (pattern.length - 1 - i)) & 1));

const unquote = (text: Condition) => String(text).replaceAll("'", '');

/** Whether SBFX and UBFX are how a bitfield move is to be written (BFXPreferred): no other alias says it shorter. */
function isExtractPreferred(sf: number, unsigned: number, imms: number, immr: number): boolean {
  if (imms < immr || imms === (sf ? 63 : 31)) return false;
  if (immr !== 0) return true;
  if (imms === 7 || imms === 15) return sf === 1 && unsigned === 1;
  return !(imms === 31 && sf === 1 && unsigned === 0);
}

/** Whether MOVZ or MOVN gives the same value as a bitmask immediate (MoveWidePreferred). */
function isMoveWidePreferred(sf: number, N: number, imms: number, immr: number): boolean {
  const width = sf ? 64 : 32;
  if (sf ? N !== 1 : N !== 0 || imms >= 32) return false;
  const ones = (1n << BigInt(imms + 1)) - 1n;
  const by = BigInt(immr % width);
  const value = BigInt.asUintN(width, (ones >> by) | (ones << (BigInt(width) - by)));
  const inOneHalfword = (x: bigint) =>
    Array.from({ length: width / 16 }, (_, i) => (x >> BigInt(16 * i)) & 0xffffn).filter(h => h !== 0n).length <= 1;
  return inOneHalfword(value) || inOneHalfword(BigInt.asUintN(width, ~value));
}

/** Whether DUPM has a bitmask that no DUP makes: no byte, plain or shifted left by 8, with its sign (SVEMoveMaskPreferred). */
function isMoveMaskPreferred(imm13: number): boolean {
  const [N, immr, imms] = [imm13 >> 12, (imm13 >> 6) & 63, imm13 & 63];
  const size = 2 ** (31 - Math.clz32((N << 6) | (~imms & 63)));
  const run = '1'.repeat((imms & (size - 1)) + 1).padStart(size, '0');
  const by = immr & (size - 1);
  const element = run.slice(size - by) + run.slice(0, size - by);
  const whole = element.repeat(64 / size);
  // As the sign of a wider element is repeated, a byte is seen at its own width and at all that are wider.
  return ![8, 16, 32, 64].some(width => {
    const number = whole.slice(64 - width);
    if (number.repeat(64 / width) !== whole) return false;
    const bySign = (count: number) => new Set(number.slice(0, count)).size === 1;
    return bySign(width - 7) || (width > 8 && bySign(width - 15) && /0{8}$/.test(number));
  });
}

/** The value of a condition for a word; undefined when it asks for what is not known. */
export function holds({ condition }: ArmAlias, word: number, operations: SystemOperations): boolean | undefined {
  class Unknown extends Error {}
  const number = (node: Condition): number => {
    if (typeof node === 'number') return node;
    if (typeof node === 'string') {
      const field = /^\[(\d+):(\d+)\]$/.exec(node);
      if (field) return bits(word, Number(field[1]), Number(field[2]));
      if (/^'[01]+'$/.test(node)) return Number.parseInt(unquote(node), 2);
    }
    if (Array.isArray(node)) {
      const [operator, ...rest] = node as [string, ...Condition[]];
      // A concatenation of fields.
      if (operator === ':')
        return rest.reduce<number>((all, field) => {
          const [, high, low] = /^\[(\d+):(\d+)\]$/.exec(String(field)) ?? [];
          return all * 2 ** (Number(high) - Number(low) + 1) + number(field);
        }, 0);
      if (operator === 'UInt') return number(rest[0]!);
      if (operator === '+') return number(rest[0]!) + number(rest[1]!);
      if (operator === 'BitCount') return number(rest[0]!).toString(2).replaceAll('0', '').length;
    }
    throw new Unknown();
  };
  const truth = (node: Condition): boolean => {
    if (typeof node === 'boolean') return node;
    if (!Array.isArray(node)) throw new Unknown();
    const [operator, ...rest] = node as [string, ...Condition[]];
    const [a, b] = rest as [Condition, Condition];
    const field = (at: number) => number(rest[at]!);
    switch (operator) {
      case '&&':
        return truth(a) && truth(b);
      case '||':
        return truth(a) || truth(b);
      case '!':
        return !truth(a);
      case '==':
        if (Array.isArray(a) && a[0] === 'SysOp') {
          const found = operations.get((a as Condition[]).slice(1).map(number).join());
          if (found === undefined) throw new Unknown();
          return `Sys_${found.toUpperCase()}` === b;
        }
        return number(a) === number(b);
      case '!=':
        return number(a) !== number(b);
      case '<':
        return number(a) < number(b);
      case '>=':
        return number(a) >= number(b);
      case 'IN':
        return (b as readonly Condition[]).some(pattern => matches(number(a), unquote(pattern)));
      case '>':
        return number(a) > number(b);
      case 'IsZero':
        return number(a) === 0;
      case 'IsOnes':
        return (
          String(a)
            .slice(1, -1)
            .split(':')
            .map(Number)
            .reduce((high, low) => Number(number(a) === 2 ** (high - low + 1) - 1)) === 1
        );
      case 'IsFeatureImplemented':
        // What every Armv8.2 processor has is no feature of the tables; SME has rows for reading.
        return a === 'FEAT_ASMv8p2' || a === 'FEAT_SME' || (findFeature(String(a))?.implemented ?? false);
      case 'BFXPreferred':
        return isExtractPreferred(field(0), field(1), field(2), field(3));
      case 'SVEMoveMaskPreferred':
        return isMoveMaskPreferred(field(0));
      case 'MoveWidePreferred':
        return isMoveWidePreferred(field(0), field(1), field(2), field(3));
      default:
        throw new Unknown();
    }
  };
  try {
    return truth(condition);
  } catch (problem) {
    if (problem instanceof Unknown) return undefined;
    throw problem;
  }
}
