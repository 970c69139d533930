/** Immediates, patterns and prefetch operations of SVE. */
import { current, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { FieldGroup } from './field-group.ts';
import { decimal, hexadecimal, immediateAt, parseRange } from './immediate.ts';
import type { ReadingKind } from './scalable.ts';
import { bitmaskField, bitmaskOf, ELEMENT_SIZE, elementsByBitmask, LETTERS, repeated } from './scalable-elements.ts';

interface IntegerOptions {
  readonly signed: boolean;
  /** The encoded number times this is the value. */
  readonly scale: number;
}

/** Reads a number in a range; a symbol cannot stand here. */
export function readNumber(
  input: ParseInput,
  range: { readonly minimum: number; readonly maximum: number; readonly step: number; readonly what: string },
): number | ParseResult {
  const read = parseRange(input, range);
  if ('result' in read) return read.result;
  if ('fixup' in read)
    return problem('this immediate must be known when the line is assembled', current(input)?.span, true);
  return read.value;
}

/** How a group of fields holds a number, and its range. */
export function integerCode(group: FieldGroup, { signed, scale }: IntegerOptions) {
  const range = 2 ** group.width;
  const minimum = (signed ? -range / 2 : 0) * scale;
  const maximum = ((signed ? range / 2 : range) - 1) * scale;
  const steps = scale === 1 ? '' : ` in steps of ${scale}`;
  return {
    minimum,
    maximum,
    step: scale,
    /** The range in words. */
    range: `${minimum} to ${maximum}${steps}`,
    of: (fields: Fields) => {
      const bits = group.of(fields);
      return (signed && bits >= range / 2 ? bits - range : bits) * scale;
    },
    put: (value: number) => {
      const units = value / scale;
      return group.put(units < 0 ? units + range : units);
    },
  };
}

/** `#5`: a number in a group of fields. */
export function integer(group: FieldGroup, signed: boolean): ReadingKind {
  const code = integerCode(group, { signed, scale: 1 });
  const what = `an immediate, ${code.range}`;
  return {
    role: 'text',
    fields: group.fields,
    describe: what,
    print: fields => decimal(code.of(fields)),
    parse: input => {
      const value = readNumber(input, { ...code, what });
      return typeof value === 'number' ? { fields: code.put(value), consumed: 1 } : value;
    },
  };
}

/** `#90`: a rotation by quarter turns; the field holds them, or one of `angles`. */
export function rotation(field: string, angles: readonly number[]): ReadingKind {
  const describe = `a rotation: ${angles.map(angle => `#${angle}`).join(', ')}`;
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => `#${angles[fields[field] as number]}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem(`expected ${describe}`, current(input)?.span);
      const at = angles.indexOf(Number(immediate.value ?? -1));
      return at < 0 ? problem(`expected ${describe}`, immediate.span, true) : { fields: { [field]: at }, consumed: 1 };
    },
  };
}

/** `#3`: a shift amount in `tszh:tszl:imm3`, to the left from 0 or to the right from 1 to the bits of an element. */
export function elementShift(group: FieldGroup, direction: 'left' | 'right'): ReadingKind {
  const amount = (fields: Fields) => {
    const bits = 8 << (28 - Math.clz32(group.of(fields)));
    return direction === 'left' ? group.of(fields) - bits : 2 * bits - group.of(fields);
  };
  return {
    role: 'text',
    fields: group.fields,
    describe:
      direction === 'left'
        ? 'a shift amount below the bits of an element'
        : 'a shift amount from 1 to the bits of an element',
    print: fields => decimal(amount(fields)),
    parse: input => {
      const size = input.fields[ELEMENT_SIZE];
      if (size === undefined) return problem('expected a vector before the shift amount', current(input)?.span);
      const bits = 8 << size;
      const [minimum, maximum] = direction === 'left' ? [0, bits - 1] : [1, bits];
      const what = `a shift amount, ${minimum} to ${maximum}`;
      const value = readNumber(input, { minimum, maximum, step: 1, what });
      if (typeof value !== 'number') return value;
      return { fields: group.put(direction === 'left' ? bits + value : 2 * bits - value), consumed: 1 };
    },
  };
}

/** `#5`, `#512` or `#0, lsl #8`: eight bits, shifted left by 8 where `sh` is 1; the size of elements says what is signed. */
export function shiftedByte(signed: boolean): ReadingKind {
  const byteOf = (fields: Fields) => {
    const byte = fields['imm8'] as number;
    return signed && byte >= 128 ? byte - 256 : byte;
  };
  const [minimum, maximum] = signed ? [-128, 127] : [0, 255];
  const describe = `an immediate, ${minimum} to ${maximum}, or 256 times that`;
  return {
    role: 'text',
    fields: ['imm8', 'sh'],
    describe,
    isPossible: fields => fields['size'] !== 0 || fields['sh'] === 0,
    print: fields => {
      const byte = byteOf(fields);
      if (fields['sh'] === 0) return decimal(byte);
      return byte === 0 ? '#0, lsl #8' : decimal(byte * 256);
    },
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem(`expected ${describe}`, current(input)?.span);
      if (immediate.value === undefined)
        return problem('this immediate must be known when the line is assembled', immediate.span, true);
      const next = input.operands[input.at + 1];
      const shift = next?.kind === 'shift' ? next : undefined;
      const amount = shift?.amount?.value;
      if (shift && (shift.name !== 'lsl' || (amount !== 0n && amount !== 8n)))
        return problem('only “lsl #0” and “lsl #8” are possible here', shift.span, true);
      const consumed = shift ? 2 : 1;
      // As many bits as an element has may be written as they are, with or without a sign.
      const bits = 8 << (input.fields['size'] ?? 3);
      const given = immediate.value;
      const wraps = given > -(1n << BigInt(bits)) && given < 1n << BigInt(bits);
      const value = !wraps ? given : signed ? BigInt.asIntN(bits, given) : BigInt.asUintN(bits, given);
      const fits = (number: bigint) => number >= BigInt(minimum) && number <= BigInt(maximum);
      const encode = (byte: bigint, sh: number) => ({
        fields: { imm8: Number(byte & 0xffn), sh },
        consumed,
      });
      if (shift && amount === 8n && bits === 8) return problem('bytes have no “lsl #8”', shift.span, true);
      if (shift && fits(given)) return encode(given, amount === 8n ? 1 : 0);
      if (!shift && fits(value)) return encode(value, 0);
      if (!shift && bits > 8 && value % 256n === 0n && fits(value / 256n)) return encode(value / 256n, 1);
      const times = bits > 8 ? ', or 256 times that' : '';
      return problem(`${given} is out of range: ${minimum} to ${maximum}${times}`, immediate.span, true);
    },
  };
}

/** `#0xff`: a bitmask immediate in `imm13`, which repeats in elements of the size that is written. */
export function elementBitmask(inverted = false): ReadingKind {
  const describe = 'a bitmask immediate: a rotated run of ones, repeated';
  const bitsOf = (size: number) => 8 << size;
  return {
    role: 'text',
    fields: ['imm13'],
    describe,
    isPossible: fields => bitmaskOf(fields) !== undefined,
    print: fields => {
      const value = bitmaskOf(fields) ?? 0n;
      const bits = bitsOf(LETTERS.indexOf(elementsByBitmask.letterOf(fields) ?? 'd'));
      return hexadecimal(BigInt.asUintN(bits, inverted ? ~value : value));
    },
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem(`expected ${describe}`, current(input)?.span);
      if (immediate.value === undefined)
        return problem('this immediate must be known when the line is assembled', immediate.span, true);
      const bits = bitsOf(input.fields[ELEMENT_SIZE] ?? 3);
      const given = immediate.value;
      const fits = given >= -(1n << BigInt(bits - 1)) && given < 1n << BigInt(bits);
      const encoded = fits ? bitmaskField(repeated(inverted ? ~given : given, bits)) : undefined;
      return encoded === undefined
        ? problem(`${given} is not a rotated, repeated run of ones in ${bits} bits`, immediate.span, true)
        : { fields: { imm13: encoded }, consumed: 1 };
    },
  };
}

/** Whether a bitmask is better written as MOV than as DUPM: DUP with a shifted byte cannot make it (SVEMoveMaskPreferred). */
export function moveMaskPreferred(fields: Fields): boolean {
  const value = bitmaskOf(fields);
  if (value === undefined) return false;
  return ![16, 32, 64, 8].some(bits => {
    if (repeated(value, bits) !== value) return false;
    const element = BigInt.asIntN(bits, value);
    const isByte = (number: bigint) => number >= -128n && number <= 127n;
    return isByte(element) || (bits > 8 && element % 256n === 0n && isByte(element / 256n));
  });
}

/** `#0.5` or `#1.0`: one of two numbers by a bit. */
export function eitherFloat(field: string, numbers: readonly [number, number]): ReadingKind {
  const describe = numbers.map(number => `#${number.toFixed(1)}`).join(' or ');
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => `#${numbers[fields[field] as number]!.toFixed(1)}`,
    parse: input => {
      const immediate = immediateAt(input);
      const value = immediate?.float ?? (immediate?.value === undefined ? undefined : Number(immediate.value));
      const at = value === undefined ? -1 : numbers.indexOf(value);
      if (at < 0) return problem(`expected ${describe}`, current(input)?.span, immediate !== undefined);
      return { fields: { [field]: at }, consumed: 1 };
    },
  };
}

const PATTERNS: readonly (readonly [number, string])[] = [
  ...['pow2', ...[1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 256].map(count => `vl${count}`)].map(
    (name, code) => [code, name] as const,
  ),
  [29, 'mul4'],
  [30, 'mul3'],
  [31, 'all'],
];
const patternNames = new Map(PATTERNS);
const patternCodes = new Map(PATTERNS.map(([code, name]) => [name, code]));
const ALL = 31;

/** `vl16`, `#20`, or nothing for all: how many elements count; with `multiplier` also `mul #3` behind it. */
export function elementPattern(field: string, multiplier?: string): ReadingKind {
  const describe = `how many elements: all, pow2, vl1 to vl256, mul3, mul4 or a number${multiplier ? '; then mul #1 to #16' : ''}`;
  return {
    role: 'text',
    fields: multiplier ? [field, multiplier] : [field],
    describe,
    print: fields => {
      const code = fields[field] as number;
      const name = patternNames.get(code) ?? `#${code}`;
      const times = multiplier ? (fields[multiplier] as number) + 1 : 1;
      if (times !== 1) return `${name}, mul #${times}`;
      return code === ALL ? '' : name;
    },
    parse: input => {
      const once = multiplier ? { [multiplier]: 0 } : {};
      const operand = current(input);
      if (!operand) return { fields: { [field]: ALL, ...once }, consumed: 0 };
      let code = operand.kind === 'identifier' ? patternCodes.get(operand.name.toLowerCase()) : undefined;
      if (code === undefined) {
        const number = immediateAt(input)?.value;
        if (number === undefined || number < 0n || number > 31n) return problem(`expected ${describe}`, operand.span);
        code = Number(number);
      }
      const next = input.operands[input.at + 1];
      if (!multiplier || !next) return { fields: { [field]: code, ...once }, consumed: 1 };
      if (next.kind !== 'shift' || next.name !== 'mul' || next.amount?.value === undefined)
        return problem('expected mul #1 to #16', next.span);
      const times = next.amount.value;
      if (times < 1n || times > 16n) return problem(`${times} is out of range: 1 to 16`, next.amount.span, true);
      return { fields: { [field]: code, [multiplier]: Number(times) - 1 }, consumed: 2 };
    },
  };
}

const prefetches = ['pld', 'pst'].flatMap(access =>
  ['l1', 'l2', 'l3', ''].flatMap(level =>
    ['keep', 'strm'].map(policy => (level === '' ? undefined : `${access}${level}${policy}`)),
  ),
);

/** `pldl1keep` or `#6`: what a prefetch is for. */
export const scalablePrefetch: ReadingKind = {
  role: 'text',
  fields: ['prfop'],
  describe: 'a prefetch operation: pld or pst, l1, l2 or l3, keep or strm; or a number from 0 to 15',
  print: fields => prefetches[fields['prfop'] as number] ?? `#${fields['prfop']}`,
  parse: input => {
    const operand = current(input);
    const named = operand?.kind === 'identifier' ? prefetches.indexOf(operand.name.toLowerCase()) : -1;
    if (named >= 0) return { fields: { prfop: named }, consumed: 1 };
    const number = immediateAt(input)?.value;
    if (number === undefined || number < 0n || number > 15n)
      return problem('expected a prefetch operation, such as pldl1keep', operand?.span);
    return { fields: { prfop: Number(number) }, consumed: 1 };
  },
};
