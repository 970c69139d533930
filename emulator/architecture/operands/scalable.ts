/**
 * Registers of SVE: scalable vectors, their elements and lists, predicates, and scalars of the size of an element.
 *
 * Their rows have no semantics: every operand has the role `text`.
 */
import type { RegisterOperand } from '../assembly-operand.ts';
import { current, type OperandKind, type ParseInput, type ParseResult, problem, type TextRef } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { FieldGroup } from './field-group.ts';
import { generalRegisterName, parseGeneralRegister } from './register.ts';
import { ELEMENT_SIZE, type Elements, LETTERS } from './scalable-elements.ts';
import { lowestSetBit } from './vector.ts';
import { listAt, printList } from './vector-list.ts';

/** An operand of a row for reading. */
export interface ReadingKind extends OperandKind<TextRef> {
  /** Whether an encoding with these fields has the operand; absent where every one has. */
  readonly isPossible?: (fields: Fields) => boolean;
}

const either = (letters: string): string => {
  const dotted = [...letters].map(letter => `.${letter}`);
  return dotted.length < 2 ? dotted.join() : `${dotted.slice(0, -1).join(', ')} or ${dotted.at(-1)}`;
};

export function registerAt(
  input: ParseInput,
  bank: RegisterOperand['bank'],
  expected: string,
): RegisterOperand | ParseResult {
  const operand = current(input);
  if (operand?.kind === 'register' && operand.bank === bank) return operand;
  return problem(operand ? `expected ${expected}` : `missing operand: ${expected}`, operand?.span);
}

/** The fields of the size that is written behind a register, or why there is none. */
function sizeFields(
  register: RegisterOperand,
  elements: Elements | undefined,
  expected: string,
): { readonly fields: Readonly<Record<string, number>> } | ParseResult {
  const { suffix, span } = register;
  if (!elements) return suffix ? problem(`expected ${expected}`, span, true) : { fields: {} };
  if (!suffix || suffix.lanes !== undefined) return problem(`expected ${expected}`, span);
  const fields = elements.parse(suffix.element);
  return fields ? { fields } : problem(`expected ${expected}`, span, true);
}

const possibleBy = (elements: Elements | undefined) =>
  elements && { isPossible: (fields: Fields) => elements.letterOf(fields) !== undefined };

const suffixOf = (elements: Elements | undefined, fields: Fields) => (elements ? `.${elements.letterOf(fields)}` : '');

/** One or more fields that hold the same register: the text gives all of them. */
export interface RegisterFields {
  readonly names: readonly string[];
  /** How many registers the field reaches. */
  readonly count: number;
}

const fill = ({ names }: RegisterFields, number: number) => Object.fromEntries(names.map(name => [name, number]));

const below = (bank: string, count: number, of: number) => (count < of ? ` below ${bank}${count}` : '');

/** `z3.s`, or `z3` where the whole register is meant. */
export function scalableVector(register: RegisterFields, elements?: Elements): ReadingKind {
  const [field = ''] = register.names;
  const describe = `a scalable vector register${elements ? ` with ${either(elements.letters)}` : ''}${below('z', register.count, 32)}`;
  return {
    role: 'text',
    fields: [...register.names, ...(elements?.fields ?? [])],
    describe,
    ...possibleBy(elements),
    print: fields => `z${fields[field]}${suffixOf(elements, fields)}`,
    parse: input => {
      const read = registerAt(input, 'z', describe);
      if (!('kind' in read)) return read;
      if (read.index || read.number >= register.count) return problem(`expected ${describe}`, read.span, true);
      const size = sizeFields(read, elements, describe);
      if ('problem' in size) return size;
      return { fields: { ...fill(register, read.number), ...size.fields }, consumed: 1 };
    },
  };
}

/** `z3.h[5]`: an element, whose index a group of fields holds. */
export function scalableElement(register: RegisterFields, letter: string, index: FieldGroup): ReadingKind {
  const [field = ''] = register.names;
  const last = 2 ** index.width - 1;
  const describe = `element 0 to ${last} of a scalable vector register${below('z', register.count, 32)}, such as z0.${letter}[0]`;
  return {
    role: 'text',
    fields: [...register.names, ...index.fields],
    describe,
    print: fields => `z${fields[field]}.${letter}[${index.of(fields)}]`,
    parse: input => {
      const read = elementAt(input, describe);
      if ('result' in read) return read.result;
      const { number, span } = read.register;
      if (read.register.suffix?.element !== letter) return problem(`expected ${describe}`, span);
      if (number >= register.count) return problem(`only z0 to z${register.count - 1} are possible here`, span, true);
      if (read.index > last) return problem(`element ${read.index} is out of range: 0 to ${last}`, span, true);
      return { fields: { ...fill(register, number), ...index.put(read.index) }, consumed: 1 };
    },
  };
}

function elementAt(
  input: ParseInput,
  describe: string,
): { readonly register: RegisterOperand; readonly index: number } | { readonly result: ParseResult } {
  const register = registerAt(input, 'z', describe);
  if (!('kind' in register)) return { result: register };
  const { index, suffix, span } = register;
  if (!index || !suffix || suffix.lanes !== undefined) return { result: problem(`expected ${describe}`, span) };
  if (index.value === undefined)
    return { result: problem('the index must be known when the line is assembled', index.span, true) };
  if (index.value < 0n || index.value > 63n)
    return { result: problem(`element ${index.value} is out of range`, index.span, true) };
  return { register, index: Number(index.value) };
}

/** `z3.s[2]`: an element whose size is the lowest bit set of a group of fields, and whose index is above that bit. */
export function elementByLowestBit(register: RegisterFields, elements: Elements, group: FieldGroup): ReadingKind {
  const [field = ''] = register.names;
  const describe = 'an element of a scalable vector register, such as z0.s[1]';
  return {
    role: 'text',
    fields: [...register.names, ...group.fields],
    describe,
    ...possibleBy(elements),
    print: fields => {
      const value = group.of(fields);
      return `z${fields[field]}${suffixOf(elements, fields)}[${value >> (lowestSetBit(value) + 1)}]`;
    },
    parse: input => {
      const read = elementAt(input, describe);
      if ('result' in read) return read.result;
      const size = sizeFields(read.register, elements, describe);
      if ('problem' in size) return size;
      const step = size.fields[ELEMENT_SIZE] as number;
      const last = 2 ** (group.width - step - 1) - 1;
      if (read.index > last)
        return problem(`element ${read.index} is out of range: 0 to ${last}`, read.register.span, true);
      const fields = group.put((2 * read.index + 1) << step);
      return { fields: { ...fill(register, read.register.number), ...size.fields, ...fields }, consumed: 1 };
    },
  };
}

const COUNTS = ['no', 'one', 'two', 'three', 'four'];

/** `{z3.s, z4.s}`: consecutive registers. */
export function scalableList(register: RegisterFields, count: number, elements: Elements): ReadingKind {
  const [field = ''] = register.names;
  const describe = `a list of ${COUNTS[count]} scalable vector register${count > 1 ? 's' : ''} with ${either(elements.letters)}`;
  return {
    role: 'text',
    fields: [...register.names, ...elements.fields],
    describe,
    ...possibleBy(elements),
    print: fields => printList('z', fields[field] as number, count, `${elements.letterOf(fields)}`),
    parse: input => {
      const only = current(input);
      let first: RegisterOperand;
      if (count === 1 && only?.kind === 'register' && only.bank === 'z' && !only.index) {
        // GNU as takes one register without its braces.
        first = only;
      } else {
        const list = listAt(input, 'z', count, describe);
        if (!('kind' in list)) return list;
        first = list.registers[0]!;
        if (list.index) return problem('an element is not possible here', list.index.span, true);
      }
      const size = sizeFields(first, elements, describe);
      if ('problem' in size) return size;
      return { fields: { ...fill(register, first.number), ...size.fields }, consumed: 1 };
    },
  };
}

/** What follows a predicate: nothing, `/m` (merging), `/z` (zeroing), or one of them by the field `M`. */
export type Predication = 'm' | 'z' | 'zm' | undefined;

/** `p3.b`, `p3/m`, `p3`. */
export function predicate(
  register: RegisterFields,
  { elements, predication }: { readonly elements?: Elements | undefined; readonly predication?: Predication },
): ReadingKind {
  const [field = ''] = register.names;
  const how = { m: ' with /m', z: ' with /z', zm: ' with /m or /z' };
  const describe = `a predicate register${elements ? ` with ${either(elements.letters)}` : predication ? how[predication] : ''}${below('p', register.count, 16)}`;
  return {
    role: 'text',
    fields: [...register.names, ...(elements?.fields ?? []), ...(predication === 'zm' ? ['M'] : [])],
    describe,
    ...possibleBy(elements),
    print: fields => {
      const way = predication === 'zm' ? (fields['M'] ? 'm' : 'z') : predication;
      return `p${fields[field]}${suffixOf(elements, fields)}${way ? `/${way}` : ''}`;
    },
    parse: input => {
      const read = registerAt(input, 'p', describe);
      if (!('kind' in read)) return read;
      if (predication === 'zm' ? !read.predication : read.predication !== predication)
        return problem(`expected ${describe}`, read.span);
      if (read.number >= register.count)
        return problem(`only p0 to p${register.count - 1} are possible here`, read.span, true);
      const size = sizeFields(read, elements, describe);
      if ('problem' in size) return size;
      const way: Record<string, number> = predication === 'zm' ? { M: read.predication === 'm' ? 1 : 0 } : {};
      return { fields: { ...fill(register, read.number), ...size.fields, ...way }, consumed: 1 };
    },
  };
}

/** `h3`: a SIMD&FP register of the size of an element. */
export function scalarOfElement(field: string, elements: Elements): ReadingKind {
  const describe = `a SIMD&FP register of the size of an element: ${[...elements.letters].map(letter => `${letter}0`).join(', ')} …`;
  return {
    role: 'text',
    fields: [field, ...elements.fields],
    describe,
    ...possibleBy(elements),
    print: fields => `${elements.letterOf(fields)}${fields[field]}`,
    parse: input => {
      const register = current(input);
      if (register?.kind !== 'register' || register.suffix || register.index || !LETTERS.includes(register.bank))
        return problem(register ? `expected ${describe}` : `missing operand: ${describe}`, register?.span);
      const size = elements.parse(register.bank as 'b');
      if (!size) return problem(`expected ${describe}`, register.span, true);
      return { fields: { [field]: register.number, ...size }, consumed: 1 };
    },
  };
}

/** `w3` or `x3` by the size of an element: a letter `w` or `x` for each value of a field, `-` where it is reserved. */
export function generalOfElement(field: string, sizeField: string, banks: string, stackPointer: boolean): ReadingKind {
  const bankOf = (fields: Fields) => banks[fields[sizeField] as number];
  const written = `width of ${field}`;
  return {
    role: 'text',
    fields: [field, sizeField],
    describe: `a general-purpose register${stackPointer ? ' or SP' : ''} that holds an element`,
    isPossible: fields =>
      bankOf(fields) !== '-' && (fields[written] === undefined || (fields[written] === 1) === (bankOf(fields) === 'x')),
    print: fields => generalRegisterName(fields[field] as number, bankOf(fields) === 'x', stackPointer),
    parse: input => {
      const result = parseGeneralRegister(input, field, written, stackPointer);
      if ('problem' in result) return result;
      const size = [...banks].filter(bank => bank === (result.fields[written] ? 'x' : 'w'));
      const only = size.length === 1 && { [sizeField]: banks.indexOf(size[0]!) };
      return { ...result, fields: { ...result.fields, ...only } };
    },
  };
}
