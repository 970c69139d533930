/** General-purpose register operands. */
import type { RegisterOperand } from '../assembly-operand.ts';
import { current, type OperandKind, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { RegisterRef } from '../semantics.ts';

/** The width of a register: always 64 or 32 bits, or by a one-bit field (1 = 64), or as a function of the fields. */
export type Width = 64 | 32 | string;

/** Text of a general-purpose register. */
export function generalRegisterName(number: number, sixtyFour: boolean, stackPointer: boolean): string {
  if (number === 31) return stackPointer ? (sixtyFour ? 'sp' : 'wsp') : sixtyFour ? 'xzr' : 'wzr';
  return `${sixtyFour ? 'x' : 'w'}${number}`;
}

function isSixtyFour(width: Width, fields: Fields): boolean {
  return typeof width === 'number' ? width === 64 : fields[width] === 1;
}

function describeWidth(width: Width): string {
  return width === 64 ? 'a 64-bit' : width === 32 ? 'a 32-bit' : 'a';
}

/** Checks that an operand is a general-purpose register and reads its bank into the width field. */
export function parseGeneralRegister(
  input: ParseInput,
  field: string,
  width: Width,
  stackPointer: boolean,
): ParseResult {
  const operand = current(input);
  const expected = `${describeWidth(width)} general-purpose register`;
  if (operand?.kind !== 'register' || (operand.bank !== 'x' && operand.bank !== 'w'))
    return problem(operand ? `expected ${expected}` : `missing operand: ${expected}`, operand?.span);
  const register: RegisterOperand = operand;
  if (register.writeBack) return problem('“!” is not possible here', operand.span, true);
  if (register.suffix || register.index) return problem('a general-purpose register has no elements', operand.span);
  const sixtyFour = register.bank === 'x';
  if (typeof width === 'number' && sixtyFour !== (width === 64))
    return problem(`expected ${expected}, not ${register.name}`, operand.span, true);
  if (register.number === 31 && register.stackPointer !== stackPointer)
    return problem(
      stackPointer
        ? `${register.name} is not possible here; this operand can be sp`
        : `${register.name} is not possible here`,
      operand.span,
      true,
    );
  const fields: Record<string, number> = { [field]: register.number };
  if (typeof width === 'string') fields[width] = sixtyFour ? 1 : 0;
  return { fields, consumed: 1 };
}

function general(field: string, width: Width, stackPointer: boolean): OperandKind<RegisterRef> {
  return {
    role: 'register',
    bank: 'x',
    stackPointer,
    registerField: field,
    fields: typeof width === 'string' ? [field, width] : [field],
    describe: `${describeWidth(width)} general-purpose register${stackPointer ? ' or SP' : ''}`,
    print: fields => generalRegisterName(fields[field] as number, isSixtyFour(width, fields), stackPointer),
    parse: input => parseGeneralRegister(input, field, width, stackPointer),
  };
}

/** An X register that the instruction also writes, said by a `!` behind it; 31 is the zero register. */
export const generalRegisterWithWriteBack = (field: string): OperandKind<RegisterRef> => {
  const register = general(field, 64, false);
  return {
    ...register,
    describe: `${register.describe} with “!”`,
    print: (fields, context) => `${register.print(fields, context)}!`,
    parse: input => {
      const operand = current(input);
      if (operand?.kind !== 'register') return register.parse(input);
      if (!operand.writeBack) return problem('expected “!” after the register', operand.span, true);
      const operands = input.operands.with(input.at, { ...operand, writeBack: false });
      return register.parse({ ...input, operands });
    },
  };
};

/** A register that an instruction always uses and its text does not name; 31 is the stack pointer. */
export const fixedRegister = (number: number): OperandKind<RegisterRef> => ({
  role: 'register',
  bank: 'x',
  stackPointer: true,
  registerNumber: number,
  fields: [],
  describe: generalRegisterName(number, true, true),
  print: () => '',
  parse: () => ({ fields: {}, consumed: 0 }),
});

/** X or W register by number; 31 is the zero register. */
export const generalRegister = (field: string, width: Width): OperandKind<RegisterRef> => general(field, width, false);

/** X or W register by number; 31 is the stack pointer. */
export const generalRegisterOrSp = (field: string, width: Width): OperandKind<RegisterRef> =>
  general(field, width, true);
