/** Parts of SVE addresses, as they stand between the brackets behind the base. */

import { current, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { FieldGroup } from './field-group.ts';
import { immediateAt } from './immediate.ts';
import { generalRegisterName, parseGeneralRegister } from './register.ts';
import { type ReadingKind, registerAt } from './scalable.ts';
import type { Elements } from './scalable-elements.ts';
import { integerCode, readNumber } from './scalable-immediate.ts';

/** `#3, mul vl`, or nothing for 0: an offset in units of the vector's length. */
export function vectorLengths(
  group: FieldGroup,
  options: { readonly signed: boolean; readonly scale: number },
): ReadingKind {
  const code = integerCode(group, options);
  const { minimum, maximum, step } = code;
  const describe = `an offset in vector lengths: ${code.range}, then mul vl`;
  return {
    role: 'text',
    fields: group.fields,
    describe,
    print: fields => (code.of(fields) === 0 ? '' : `#${code.of(fields)}, mul vl`),
    parse: input => {
      const operand = current(input);
      if (!operand) return { fields: code.put(0), consumed: 0 };
      const value = immediateAt(input)?.value;
      if (value === undefined) return problem(`expected ${describe}`, operand.span);
      const next = input.operands[input.at + 1];
      if (!next && value === 0n) return { fields: code.put(0), consumed: 1 };
      if (next?.kind !== 'shift' || next.name !== 'mul vl')
        return problem('expected “mul vl” behind the offset', next?.span ?? operand.span, true);
      if (value < BigInt(minimum) || value > BigInt(maximum) || value % BigInt(step) !== 0n)
        return problem(`${value} is out of range: ${code.range}`, operand.span, true);
      return { fields: code.put(Number(value)), consumed: 2 };
    },
  };
}

/** `#16`, or nothing for 0: an offset in bytes. */
export function elementOffset(
  group: FieldGroup,
  options: { readonly signed: boolean; readonly scale: number },
): ReadingKind {
  const code = integerCode(group, options);
  const what = `an offset, ${code.range}`;
  return {
    role: 'text',
    fields: group.fields,
    describe: what,
    print: fields => (code.of(fields) === 0 ? '' : `#${code.of(fields)}`),
    parse: input => {
      if (!current(input)) return { fields: code.put(0), consumed: 0 };
      const value = readNumber(input, { ...code, what });
      return typeof value === 'number' ? { fields: code.put(value), consumed: 1 } : value;
    },
  };
}

/** Reads `lsl #2` behind an index, which must be there when the index is shifted or extended. */
function shiftBehind(
  input: ParseInput,
  names: readonly string[],
  amount: number,
): { readonly name: string; readonly consumed: number } | { readonly result: ParseResult } {
  const next = input.operands[input.at + 1];
  const expected = `expected ${names.map(name => `${name}${amount ? ` #${amount}` : ''}`).join(' or ')}`;
  if (!next)
    return names.length === 0 ? { name: '', consumed: 1 } : { result: problem(expected, current(input)?.span) };
  const shift = next.kind === 'shift' ? next : undefined;
  const written = shift?.amount ? shift.amount.value : 0n;
  // An index that is not shifted may be written as shifted by 0.
  const plain = names.length === 0 && shift?.name === 'lsl' && written === 0n;
  if (!plain && (!shift || !names.includes(shift.name) || written !== BigInt(amount)))
    // Who writes an amount does not mean the form without.
    return {
      result: problem(
        names.length === 0 ? 'no shift is possible here' : expected,
        next.span,
        amount > 0 || written === 0n,
      ),
    };
  return { name: shift?.name ?? '', consumed: 2 };
}

/** `x3, lsl #2`: a scalar index, times the size of what is accessed. XZR is impossible, or what is meant when it is left out. */
export function scalarIndex(field: string, shift: number, zero: 'impossible' | 'left out'): ReadingKind {
  const suffix = shift ? `, lsl #${shift}` : '';
  return {
    role: 'text',
    fields: [field],
    describe: `a 64-bit index register${suffix}`,
    isPossible: fields => zero !== 'impossible' || fields[field] !== 31,
    print: fields => `${generalRegisterName(fields[field] as number, true, false)}${suffix}`,
    parse: input => {
      if (zero === 'left out' && !current(input)) return { fields: { [field]: 31 }, consumed: 0 };
      const register = parseGeneralRegister(input, field, 64, false);
      if ('problem' in register) return register;
      if (zero === 'impossible' && register.fields[field] === 31)
        return problem('xzr is not possible here', current(input)?.span, true);
      const behind = shiftBehind(input, shift ? ['lsl'] : [], shift);
      return 'result' in behind ? behind.result : { ...register, consumed: behind.consumed };
    },
  };
}

/** How the elements of an index vector are extended: not, always so, or by the field `xs` (0 = uxtw, 1 = sxtw). */
export type IndexExtension = 'lsl' | 'sxtw' | 'uxtw' | 'xs';

/** `z3.d, sxtw #2`: a vector of indices, shifted by a number or by a field. */
export function vectorIndex(
  field: string,
  elements: Elements,
  extension: IndexExtension,
  shift: number | FieldGroup,
): ReadingKind {
  const amounts = typeof shift === 'number' ? [shift] : Array.from({ length: 2 ** shift.width }, (_, i) => i);
  const names = extension === 'xs' ? ['uxtw', 'sxtw'] : [extension];
  const how = extension === 'lsl' && shift === 0 ? '' : `, ${names.join(' or ')}`;
  const describe = `a scalable vector of indices${how}${shift === 0 ? '' : `, by ${amounts.join(', ')}`}`;
  return {
    role: 'text',
    fields: [
      field,
      ...elements.fields,
      ...(extension === 'xs' ? ['xs'] : []),
      ...(typeof shift === 'number' ? [] : shift.fields),
    ],
    describe,
    print: fields => {
      const name = extension === 'xs' ? names[fields['xs'] as number] : extension;
      const amount = typeof shift === 'number' ? shift : shift.of(fields);
      const behind = amount ? `, ${name} #${amount}` : name === 'lsl' ? '' : `, ${name}`;
      return `z${fields[field]}.${elements.letterOf(fields)}${behind}`;
    },
    parse: input => {
      const register = registerAt(input, 'z', describe);
      if (!('kind' in register)) return register;
      const size = register.suffix && !register.suffix.lanes ? elements.parse(register.suffix.element) : undefined;
      if (!size || register.index) return problem(`expected ${describe}`, register.span);
      let last = problem(`expected ${describe}`, register.span);
      for (const amount of amounts) {
        const behind = shiftBehind(input, extension === 'lsl' && amount === 0 ? [] : names, amount);
        if ('result' in behind) {
          last = behind.result;
          continue;
        }
        const extend: Record<string, number> = extension === 'xs' ? { xs: names.indexOf(behind.name) } : {};
        const by: Record<string, number> = typeof shift === 'number' ? {} : shift.put(amount);
        return { fields: { [field]: register.number, ...size, ...extend, ...by }, consumed: behind.consumed };
      }
      return last;
    },
  };
}
