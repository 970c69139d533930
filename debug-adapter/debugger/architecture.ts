/** What the debugger takes from the description of the architecture. */
import { findField, maskOfBits } from '../../emulator/architecture/system-register.ts';
import { findSystemRegister, systemRegisters } from '../../emulator/architecture/system-registers/index.ts';

export type { Field, SystemRegister } from '../../emulator/architecture/system-register.ts';
export { findField, findSystemRegister, maskOfBits, systemRegisters };
