/** Bitmask immediates of logical instructions, and wide immediates of moves. */
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import { hexadecimal, immediateAt } from './immediate.ts';

const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/** The value of N:immr:imms, or undefined where the encoding is reserved (DecodeBitMasks). */
export function decodeBitmask(n: number, immr: number, imms: number, width: 32 | 64): bigint | undefined {
  const length = 31 - Math.clz32((n << 6) | (~imms & 0x3f));
  if (length < 1 || (width === 32 && n === 1)) return undefined;
  const size = 1 << length;
  const ones = imms & (size - 1);
  if (ones === size - 1) return undefined;
  const rotation = immr & (size - 1);
  const run = mask(ones + 1);
  const element = ((run >> BigInt(rotation)) | (run << BigInt(size - rotation))) & mask(size);
  let value = 0n;
  for (let at = 0; at < width; at += size) value |= element << BigInt(at);
  return value;
}

/** The encoding of a value as a bitmask immediate, or undefined when it has none. */
export function encodeBitmask(value: bigint, width: 32 | 64): { N: number; immr: number; imms: number } | undefined {
  const all = mask(width);
  if (value === 0n || value === all || value < 0n || value > all) return undefined;
  for (let size = 2; size <= width; size *= 2) {
    const element = value & mask(size);
    let repeats = true;
    for (let at = size; at < width && repeats; at += size) repeats = ((value >> BigInt(at)) & mask(size)) === element;
    if (!repeats || element === 0n || element === mask(size)) continue;
    for (let rotation = 0; rotation < size; rotation++) {
      const rotated = ((element << BigInt(rotation)) | (element >> BigInt(size - rotation))) & mask(size);
      if ((rotated & (rotated + 1n)) !== 0n) continue;
      const ones = rotated.toString(2).length;
      const imms = size === 64 ? ones - 1 : ((~(size * 2 - 1) & 0x3f) | (ones - 1)) & 0x3f;
      return { N: size === 64 ? 1 : 0, immr: rotation, imms };
    }
  }
  return undefined;
}

/** A logical immediate. `inverted` is for aliases such as BIC that write the complement. */
export function bitmaskImmediate(sf: string, inverted = false): OperandKind<ImmediateRef> {
  const width = (fields: Fields): 32 | 64 => (fields[sf] ? 64 : 32);
  const numberOf = (fields: Fields) =>
    decodeBitmask(fields['N'] as number, fields['immr'] as number, fields['imms'] as number, width(fields)) ?? 0n;
  return {
    role: 'immediate',
    fields: ['N', 'immr', 'imms'],
    describe: 'a bitmask immediate: a rotated run of ones, repeated',
    storedAs: 'i64',
    print: fields => hexadecimal(inverted ? mask(width(fields)) ^ numberOf(fields) : numberOf(fields)),
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem('expected a register or a bitmask immediate', current(input)?.span);
      if (immediate.value === undefined)
        return problem('this immediate must be known when the line is assembled', immediate.span, true);
      const bits = input.fields[sf] === 0 ? 32 : 64;
      const given = immediate.value;
      const fits = given >= -(1n << BigInt(bits - 1)) && given <= mask(bits);
      const value = BigInt.asUintN(bits, inverted ? ~given : given);
      const encoded = fits ? encodeBitmask(value, bits) : undefined;
      if (!encoded)
        return problem(
          `${hexadecimal(given).slice(1)} is not a rotated, repeated run of ones in ${bits} bits`,
          immediate.span,
          true,
        );
      return { fields: encoded, consumed: 1 };
    },
    value: numberOf,
  };
}

/** Whether one MOVZ or MOVN makes the value of this bitmask, so that MOV means that and not ORR (MoveWidePreferred). */
export function moveWidePreferred(sf: number, n: number, immr: number, imms: number): boolean {
  const width = sf ? 64 : 32;
  const value = decodeBitmask(n, immr, imms, width) ?? 0n;
  const inOneQuarter = (bits: bigint) => [0n, 16n, 32n, 48n].some(shift => (bits & ~(0xffffn << shift)) === 0n);
  return inOneQuarter(value) || inOneQuarter(mask(width) ^ value);
}

/** `#imm16` with `lsl #0/16/32/48` behind it. */
export function wideImmediate(imm: string, hw: string, sf: string): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [imm, hw],
    describe: 'an immediate, 0 to 65535, optionally shifted left by 16, 32 or 48',
    storedAs: 'i64',
    print: fields =>
      `${hexadecimal(fields[imm] as number)}${fields[hw] ? `, lsl #${16 * (fields[hw] as number)}` : ''}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem('expected an immediate, 0 to 65535', current(input)?.span);
      const next = input.operands[input.at + 1];
      const shift = next?.kind === 'shift' ? next : undefined;
      const amount = shift ? shift.amount?.value : 0n;
      const largest = input.fields[sf] === 0 ? 16n : 48n;
      if (
        shift &&
        (shift.name !== 'lsl' || amount === undefined || amount % 16n !== 0n || amount < 0n || amount > largest)
      )
        return problem(`only lsl by 0 to ${largest} in steps of 16 is possible here`, shift.span, true);
      const consumed = shift ? 2 : 1;
      if (immediate.value === undefined || immediate.relocation) {
        const group = /g(\d)/.exec(immediate.relocation ?? '');
        const fixup = {
          expression: immediate.expression,
          kind: 'movw' as const,
          span: immediate.span,
          ...(immediate.relocation && { relocation: immediate.relocation }),
        };
        return { fields: { [imm]: 0, [hw]: group ? Number(group[1]) : Number(amount ?? 0n) / 16 }, consumed, fixup };
      }
      if (immediate.value < 0n || immediate.value > 0xffffn)
        return problem(`${immediate.value} is out of range: 0 to 65535`, immediate.span, true);
      return { fields: { [imm]: Number(immediate.value), [hw]: Number(amount ?? 0n) / 16 }, consumed };
    },
    value: fields => BigInt(fields[imm] as number) << BigInt(16 * (fields[hw] as number)),
  };
}

/** The whole value of a MOV alias of MOVZ or MOVN (`inverted`). */
export function movedImmediate(sf: string, inverted: boolean): OperandKind<ImmediateRef> {
  const width = (fields: Fields): 32 | 64 => (fields[sf] ? 64 : 32);
  const numberOf = (fields: Fields) => {
    const value = BigInt(fields['imm16'] as number) << BigInt(16 * (fields['hw'] as number));
    return inverted ? mask(width(fields)) ^ value : value;
  };
  return {
    role: 'immediate',
    fields: ['imm16', 'hw'],
    describe: 'an immediate with at most 16 significant bits in one place',
    print: fields => hexadecimal(numberOf(fields)),
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem('expected a register or an immediate', current(input)?.span);
      if (immediate.value === undefined)
        return problem('this immediate must be known when the line is assembled', immediate.span, true);
      const bits = input.fields[sf] === 0 ? 32 : 64;
      const given = immediate.value;
      if (given < -(1n << BigInt(bits - 1)) || given > mask(bits))
        return problem(`${given} does not fit ${bits} bits`, immediate.span, true);
      const value = BigInt.asUintN(bits, inverted ? ~given : given);
      for (let hw = 0; hw < bits / 16; hw++) {
        const shift = BigInt(16 * hw);
        if ((value & ~(0xffffn << shift)) === 0n) return { fields: { imm16: Number(value >> shift), hw }, consumed: 1 };
      }
      return problem(`${given} cannot be made by one move; use “ldr =${given}” or movz and movk`, immediate.span, true);
    },
    value: numberOf,
  };
}
