/** Operands of SME: tiles of ZA, their slices, the array, lists of tiles, and predicates of which an element is chosen. */
import type { RegisterOperand } from '../assembly-operand.ts';
import { current, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { FieldGroup } from './field-group.ts';
import { type ReadingKind, type RegisterFields, registerAt } from './scalable.ts';
import { ELEMENT_SIZE, type Elements } from './scalable-elements.ts';
import { lowestSetBit } from './vector.ts';

/** The first of the four W registers that can choose a slice. */
const FIRST_SELECTOR = 12;

/** The register and offset in `[w12, 3]`, as fields. */
function selectionFields(
  register: RegisterOperand,
  field: string,
  last: number,
  describe: string,
): { readonly selector: Readonly<Record<string, number>>; readonly offset: number } | { readonly result: ParseResult } {
  const { selection, span } = register;
  if (!selection) return { result: problem(`expected ${describe}`, span) };
  const { register: selector, offset } = selection;
  const number = selector.number - FIRST_SELECTOR;
  if (selector.bank !== 'w' || number < 0 || number > 3)
    return { result: problem('only w12 to w15 choose a slice', selector.span, true) };
  if (offset.value === undefined)
    return { result: problem('the offset must be known when the line is assembled', offset.span, true) };
  if (offset.value < 0n || offset.value > BigInt(last))
    return { result: problem(`${offset.value} is out of range: 0 to ${last}`, offset.span, true) };
  return { selector: { [field]: number }, offset: Number(offset.value) };
}

/** Whether a register is written with this size of elements and no number of them. */
const hasElements = ({ suffix }: RegisterOperand, letter: string): boolean =>
  suffix?.element === letter && suffix.lanes === undefined;

/** `za1.s`: a tile. */
export function tile(register: RegisterFields, letter: string): ReadingKind {
  const [field = ''] = register.names;
  const describe = `a tile za0.${letter} to za${register.count - 1}.${letter}`;
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => `za${fields[field]}.${letter}`,
    parse: input => {
      const read = registerAt(input, 'za', describe);
      if (!('kind' in read)) return read;
      if (read.name === 'za' || read.slice || read.selection || !hasElements(read, letter))
        return problem(`expected ${describe}`, read.span);
      if (read.number >= register.count) return problem(`expected ${describe}`, read.span, true);
      return { fields: { [field]: read.number }, consumed: 1 };
    },
  };
}

/**
 * `za1h.s[w12, 3]`: a horizontal or vertical slice of a tile (`V`), chosen by `Rs` and an offset. Without a field the tile
 * is za0; without a group the offset is 0. In braces where it is loaded or stored.
 */
export function tileSlice(
  register: RegisterFields | undefined,
  letter: string,
  offset: FieldGroup | undefined,
  braces: boolean,
): ReadingKind {
  const [field] = register?.names ?? [];
  const last = offset ? 2 ** offset.width - 1 : 0;
  const tiles = register?.count ?? 1;
  const describe = `a slice of a tile below za${tiles}, such as za0h.${letter}[w12, ${last}]${braces ? ', in braces' : ''}`;
  return {
    role: 'text',
    fields: [...(field ? [field] : []), 'V', 'Rs', ...(offset?.fields ?? [])],
    describe,
    print: fields => {
      const number = field ? fields[field] : 0;
      const way = fields['V'] ? 'v' : 'h';
      const text = `za${number}${way}.${letter}[w${FIRST_SELECTOR + (fields['Rs'] as number)}, ${offset?.of(fields) ?? 0}]`;
      return braces ? `{${text}}` : text;
    },
    parse: input => {
      const read = braces ? onlyOfList(input, describe) : registerAt(input, 'za', describe);
      if (!('kind' in read)) return read;
      if (read.bank !== 'za' || !read.slice || !hasElements(read, letter))
        return problem(`expected ${describe}`, read.span);
      if (read.number >= tiles) return problem(`expected ${describe}`, read.span, true);
      const chosen = selectionFields(read, 'Rs', last, describe);
      if ('result' in chosen) return chosen.result;
      const fields: Record<string, number> = { V: read.slice === 'v' ? 1 : 0, ...chosen.selector };
      if (field) fields[field] = read.number;
      return { fields: { ...fields, ...offset?.put(chosen.offset) }, consumed: 1 };
    },
  };
}

function onlyOfList(input: ParseInput, describe: string): RegisterOperand | ParseResult {
  const operand = current(input);
  const [only] = operand?.kind === 'list' ? operand.registers : [];
  if (operand?.kind !== 'list' || !only || operand.registers.length !== 1)
    return problem(operand ? `expected ${describe}` : `missing operand: ${describe}`, operand?.span);
  return only;
}

/** `za[w12, 3]`: a vector of the whole array. */
export function arrayVector(field: string, offset: FieldGroup): ReadingKind {
  const last = 2 ** offset.width - 1;
  const describe = `a vector of ZA, such as za[w12, ${last}]`;
  return {
    role: 'text',
    fields: [field, ...offset.fields],
    describe,
    print: fields => `za[w${FIRST_SELECTOR + (fields[field] as number)}, ${offset.of(fields)}]`,
    parse: input => {
      const read = registerAt(input, 'za', describe);
      if (!('kind' in read)) return read;
      if (read.name !== 'za' || read.suffix) return problem(`expected ${describe}`, read.span);
      const chosen = selectionFields(read, field, last, describe);
      if ('result' in chosen) return chosen.result;
      return { fields: { ...chosen.selector, ...offset.put(chosen.offset) }, consumed: 1 };
    },
  };
}

/** Tiles as sets of the eight doubleword tiles, the larger first. */
const tileSets: readonly { readonly name: string; readonly mask: number }[] = [
  { name: 'za', mask: 0xff },
  ...(
    [
      [2, 'h', 0x55],
      [4, 's', 0x11],
      [8, 'd', 0x01],
    ] as const
  ).flatMap(([count, letter, mask]) =>
    Array.from({ length: count }, (_, number) => ({ name: `za${number}.${letter}`, mask: mask << number })),
  ),
];

/** `{za0.h, za1.s}`: a set of tiles, one bit for each doubleword tile. */
export function tileList(field: string): ReadingKind {
  const describe = 'a list of tiles in braces, such as {za0.s, za1.d}, {za} or {}';
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => {
      let rest = fields[field] as number;
      const names: string[] = [];
      for (const { name, mask } of tileSets) {
        if ((rest & mask) !== mask) continue;
        names.push(name);
        rest &= ~mask;
      }
      return `{${names.join(', ')}}`;
    },
    parse: input => {
      const operand = current(input);
      if (operand?.kind !== 'list' || operand.index)
        return problem(operand ? `expected ${describe}` : `missing operand: ${describe}`, operand?.span);
      let bits = 0;
      for (const { name, suffix, slice, selection, span } of operand.registers) {
        const written = suffix ? `${name}.${suffix.lanes ?? ''}${suffix.element}` : name;
        // The only tile of bytes is all of ZA.
        const set = tileSets.find(one => one.name === (written === 'za0.b' ? 'za' : written));
        if (!set || slice || selection) return problem(`expected ${describe}`, span, true);
        bits |= set.mask;
      }
      return { fields: { [field]: bits }, consumed: 1 };
    },
  };
}

/** `p2.s[w12, 1]`: an element of a predicate, whose size is the lowest bit set of a group, and its index above that. */
export function predicateElement(
  register: RegisterFields,
  selector: string,
  elements: Elements,
  group: FieldGroup,
): ReadingKind {
  const [field = ''] = register.names;
  const describe = 'an element of a predicate, such as p0.s[w12, 1]';
  return {
    role: 'text',
    fields: [field, selector, ...group.fields],
    describe,
    isPossible: fields => elements.letterOf(fields) !== undefined,
    print: fields => {
      const value = group.of(fields);
      const index = value >> (lowestSetBit(value) + 1);
      return `p${fields[field]}.${elements.letterOf(fields)}[w${FIRST_SELECTOR + (fields[selector] as number)}, ${index}]`;
    },
    parse: input => {
      const read = registerAt(input, 'p', describe);
      if (!('kind' in read)) return read;
      const size = read.suffix && elements.parse(read.suffix.element)?.[ELEMENT_SIZE];
      if (size === undefined || read.suffix?.lanes !== undefined) return problem(`expected ${describe}`, read.span);
      const chosen = selectionFields(read, selector, 2 ** (group.width - size - 1) - 1, describe);
      if ('result' in chosen) return chosen.result;
      const fields = group.put((2 * chosen.offset + 1) << size);
      return { fields: { [field]: read.number, ...chosen.selector, ...fields }, consumed: 1 };
    },
  };
}

const MODES = ['', 'sm', 'za', 'smza'];

/** What SMSTART and SMSTOP switch: `sm` (Streaming SVE mode), `za` (the array), or nothing for both. */
export const streamingModes: ReadingKind = {
  role: 'text',
  fields: ['modes'],
  describe: 'sm (Streaming SVE mode), za (the ZA array), or nothing for both',
  print: fields => (fields['modes'] === 3 ? '' : (MODES[fields['modes'] as number] ?? '')),
  parse: input => {
    const operand = current(input);
    if (!operand) return { fields: { modes: 3 }, consumed: 0 };
    const name =
      operand.kind === 'identifier' ? operand.name.toLowerCase() : operand.kind === 'register' ? operand.name : '';
    const modes = MODES.indexOf(name);
    return modes === 1 || modes === 2 ? { fields: { modes }, consumed: 1 } : problem('expected sm or za', operand.span);
  },
};

/** `svcrsm`, `svcrza`, `svcrsmza`: the same as a field that MSR writes. */
export const streamingField: ReadingKind = {
  role: 'text',
  fields: ['modes'],
  describe: 'svcrsm, svcrza or svcrsmza',
  isPossible: fields => fields['modes'] !== 0,
  print: fields => `svcr${MODES[fields['modes'] as number]}`,
  parse: input => {
    const operand = current(input);
    const name = operand?.kind === 'identifier' ? operand.name.toLowerCase() : '';
    const modes = name.startsWith('svcr') ? MODES.indexOf(name.slice(4)) : -1;
    return modes > 0
      ? { fields: { modes }, consumed: 1 }
      : problem('expected svcrsm, svcrza or svcrsmza', operand?.span);
  },
};
