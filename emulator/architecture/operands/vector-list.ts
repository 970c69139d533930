/** Lists of consecutive vector registers, as structure loads and table look-ups take them, and elements of such lists. */
import type { RegisterListOperand } from '../assembly-operand.ts';
import { current, type OperandKind, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { RegisterRef } from '../semantics.ts';
import type { Arrangement, ElementIndex } from './vector.ts';

const COUNTS = ['no', 'one', 'two', 'three', 'four'];

/** `{v0.4s, v1.4s}`; from three registers on, and where the numbers do not wrap, as a range. */
export function printList(bank: 'v' | 'z', first: number, count: number, suffix: string): string {
  const name = (step: number) => `${bank}${(first + step) & 31}.${suffix}`;
  if (count > 2 && first + count <= 32) return `{${name(0)}-${name(count - 1)}}`;
  return `{${Array.from({ length: count }, (_, step) => name(step)).join(', ')}}`;
}

/** The list at the cursor, when it has `count` consecutive vector registers of one shape. */
export function listAt(
  input: ParseInput,
  bank: 'v' | 'z',
  count: number,
  describe: string,
): RegisterListOperand | ParseResult {
  const operand = current(input);
  if (operand?.kind !== 'list')
    return problem(`${operand ? 'expected' : 'missing operand:'} ${describe}`, operand?.span);
  const { registers } = operand;
  const first = registers[0];
  if (registers.length !== count || !first) return problem(`expected ${describe}`, operand.span);
  for (const [step, register] of registers.entries()) {
    const { suffix, index } = register;
    if (register.bank !== bank || !suffix || index) return problem(`expected ${describe}`, register.span);
    if (suffix.element !== first.suffix?.element || suffix.lanes !== first.suffix.lanes)
      return problem('the registers of a list must have the same arrangement', register.span, true);
    if (register.number !== ((first.number + step) & 31))
      return problem('the registers of a list must be consecutive', register.span, true);
  }
  return operand;
}

const listCommon = (field: string) =>
  ({ role: 'register', bank: 'v', stackPointer: false, registerField: field }) as const;

/** Whole vectors: `{v0.16b-v3.16b}`. Semantics see the first register; the others follow it, modulo 32. */
export function vectorList(field: string, count: number, arrangement: Arrangement): OperandKind<RegisterRef> {
  const describe = `a list of ${COUNTS[count]} vector register${count > 1 ? 's' : ''} with ${arrangement.describe}`;
  return {
    ...listCommon(field),
    fields: [field, ...arrangement.fields],
    describe,
    print: fields => printList('v', fields[field] as number, count, arrangement.print(fields)),
    parse: input => {
      const list = listAt(input, 'v', count, describe);
      if (!('kind' in list)) return list;
      const first = list.registers[0]!;
      if (list.index) return problem('an element is not possible here', list.index.span, true);
      const chosen = arrangement.parse(`${first.suffix?.lanes ?? ''}${first.suffix?.element}`);
      if (!chosen) return problem(`expected ${describe}`, list.span, true);
      return { fields: { [field]: first.number, ...chosen }, consumed: 1 };
    },
  };
}

/** One element of each register: `{v0.s, v1.s}[2]`. */
export function elementList(
  field: string,
  count: number,
  element: 'b' | 'h' | 's' | 'd',
  index: ElementIndex,
): OperandKind<RegisterRef> {
  const last = { b: 15, h: 7, s: 3, d: 1 }[element];
  const describe = `element 0 to ${last} of ${COUNTS[count]} vector register${count > 1 ? 's' : ''}, such as {v0.${element}}[1]`;
  return {
    ...listCommon(field),
    fields: [field, ...index.fields],
    describe,
    print: fields => `${printList('v', fields[field] as number, count, element)}[${index.of(fields)}]`,
    parse: input => {
      const list = listAt(input, 'v', count, describe);
      if (!('kind' in list)) return list;
      const first = list.registers[0]!;
      if (first.suffix?.element !== element || first.suffix.lanes !== undefined || !list.index)
        return problem(`expected ${describe}`, list.span);
      const { value, span } = list.index;
      if (value === undefined) return problem('the index must be known when the line is assembled', span, true);
      if (value < 0n || value > BigInt(last)) return problem(`${value} is out of range: 0 to ${last}`, span, true);
      return { fields: { [field]: first.number, ...index.encode(Number(value)) }, consumed: 1 };
    },
  };
}
