/** A system register as a line: its value, what its bits say, and, below it, its fields in words. */
import { type Field, findSystemRegister, maskOfBits, type SystemRegister } from '../debugger/architecture.ts';
import { hex, scalarText } from '../debugger/expression/value.ts';
import { type TargetProcessingElement, UserProblem } from '../debugger/target.ts';
import type { VariableNode } from '../variables.ts';

/** Undefined when the machine has no such register. */
export function systemRegisterNode(element: TargetProcessingElement, row: SystemRegister): VariableNode | undefined {
  const lower = row.name.toLowerCase();
  const value = element.readRegister(lower);
  if (value === undefined) return undefined;
  const fields = fieldsInForce(element, row).filter(field => field.name !== 'RES0' && field.name !== 'RES1');
  const isWhole = fields.length === 1 && fields[0]!.high - fields[0]!.low > 30;
  const effective = element.effectiveRegister(lower);
  const summary = isWhole ? '' : summarise(value, fields);
  return {
    name: row.name,
    value: [hex(value, 16), summary, effective && `→ ${effective.name} (${effective.because})`]
      .filter(Boolean)
      .join('  '),
    type: row.brief,
    evaluateName: row.name,
    ...(fields.length > 0 && !isWhole && { children: () => fields.map(field => fieldNode(element, row, field)) }),
    ...(row.access.write !== undefined && { set: (text: string) => write(element, lower, parseNumber(text)) }),
    ...(isAddress(row.name) && { memoryReference: hex(value & ~0xfffn) }),
  };
}

function isAddress(name: string): boolean {
  return /^(ELR|VBAR|FAR|SP)_EL/.test(name);
}

/** The fields of the layout that the control bits select now. */
function fieldsInForce(element: TargetProcessingElement, row: SystemRegister): readonly Field[] {
  const layout = row.layouts.find(one =>
    one.when.every(({ register, field, is, not }) => {
      const owner = findSystemRegister(register);
      const value = element.readRegister(register.toLowerCase());
      if (!owner || value === undefined) return false;
      let bits = 0n;
      for (const name of field.split(',')) {
        const found = owner.fields.find(candidate => candidate.name === name);
        if (!found) return false;
        bits = (bits << BigInt(found.high - found.low + 1)) | extract(value, found);
      }
      return is.includes(Number(bits)) !== (not ?? false);
    }),
  );
  return layout?.fields ?? row.fields;
}

const extract = (value: bigint, { high, low }: Field) => (value & maskOfBits(high, low)) >> BigInt(low);

/** The fields that are not zero, the narrow ones by name alone. */
function summarise(value: bigint, fields: readonly Field[]): string {
  const set = fields.filter(field => extract(value, field) !== 0n);
  if (set.length > 12) return '';
  return set
    .map(field => {
      const bits = extract(value, field);
      return field.high === field.low ? field.name : `${field.name}=${bits < 10n ? bits : hex(bits)}`;
    })
    .join(' ');
}

function fieldNode(element: TargetProcessingElement, row: SystemRegister, field: Field): VariableNode {
  const value = extract(element.readRegister(row.name.toLowerCase()) ?? 0n, field);
  const meaning = field.values?.[Number(value)];
  const width = field.high - field.low + 1;
  const number =
    width === 1
      ? String(value)
      : scalarText({ type: { kind: 'integer', name: '', size: 8, signed: false }, bits: value });
  const isWritable = row.access.write !== undefined && !field.readOnly;
  return {
    name: field.name,
    value: meaning === undefined ? number : `${number}  ${meaning}`,
    type: `${field.high === field.low ? `bit ${field.low}` : `bits ${field.high}:${field.low}`}${field.brief ? ` · ${field.brief}` : ''}`,
    evaluateName: `${row.name}.${field.name}`,
    ...(isWritable && {
      set: (text: string) => {
        const bits = parseNumber(text);
        if (bits >> BigInt(width) !== 0n)
          throw new UserProblem(`${text} does not fit ${width} ${width === 1 ? 'bit' : 'bits'}`);
        const name = row.name.toLowerCase();
        const whole = element.readRegister(name) ?? 0n;
        write(element, name, (whole & ~maskOfBits(field.high, field.low)) | (bits << BigInt(field.low)));
      },
    }),
  };
}

export function parseNumber(text: string): bigint {
  const digits = text.trim().replaceAll('_', '');
  if (!/^-?(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(digits)) throw new UserProblem(`'${text}' is no number`);
  const negative = digits.startsWith('-');
  const value = BigInt(negative ? digits.slice(1) : digits);
  if (value >> 64n !== 0n) throw new UserProblem(`${text} has more than 64 bits`);
  return BigInt.asUintN(64, negative ? -value : value);
}

export function write(element: TargetProcessingElement, name: string, value: bigint): void {
  if (!element.writeRegister(name, value)) throw new UserProblem(`${name} cannot be written`);
}
