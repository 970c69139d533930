/** The parts of the architecture's tables that assembling and explaining assembly need. */
export type {
  AssemblyOperand,
  FixupKind,
  IdentifierOperand,
  ImmediateOperand,
  OperandFixup,
  OperandSpan,
  RegisterListOperand,
  RegisterOperand,
  RelocationOperator,
  ShiftOperand,
  VectorSuffix,
} from '../emulator/architecture/assembly-operand.ts';
export { decode } from '../emulator/architecture/decoder.ts';
export type { Alias, Instruction } from '../emulator/architecture/instruction.ts';
export { matchTemplate, printTemplate, type Template } from '../emulator/architecture/instruction-text.ts';
export { instructions } from '../emulator/architecture/instructions/index.ts';
export { extractFields, type Fields, insertFields } from '../emulator/architecture/pattern.ts';
export {
  findSystemInstruction,
  type SystemInstruction,
  systemInstructions,
} from '../emulator/architecture/system-instructions.ts';
export {
  describeCondition,
  describeTrap,
  type Field,
  genericName,
  isReserved,
  type SystemRegister,
} from '../emulator/architecture/system-register.ts';
export { findSystemRegister, systemRegisters } from '../emulator/architecture/system-registers/index.ts';
