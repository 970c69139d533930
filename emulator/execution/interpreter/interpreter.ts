/**
 * An interpreter ready to be used. The module's bytes carry a description of the handlers in a custom section, so that
 * they can be kept and loaded later; they belong to the rows that they were generated from.
 */
import type { Instruction } from '../../architecture/instruction.ts';
import { type HandlerNumbers, HandlerTable } from '../handler-table.ts';

export interface Interpreter {
  readonly module: WebAssembly.Module;
  readonly table: HandlerTable;
  /** System operations by the number that `exitDetail` gives. */
  readonly systemOperations: readonly string[];
  /** Host helpers that the module imports. */
  readonly hostHelpers: readonly string[];
}

/** What the host must know of the module, as JSON in its section. */
export interface Description extends HandlerNumbers {
  readonly systemOperations: readonly string[];
  readonly hostHelpers: readonly string[];
}
export const DESCRIPTION_SECTION = 'trapdoor';

/** Compiles a module that `generateInterpreter` made from the same rows. Throws when it was made from others. */
export function loadInterpreter(bytes: Uint8Array<ArrayBuffer>, rows: readonly Instruction[]): Interpreter {
  const module = new WebAssembly.Module(bytes);
  const [section] = WebAssembly.Module.customSections(module, DESCRIPTION_SECTION);
  if (!section) throw new Error('the module is not an interpreter');
  const { systemOperations, hostHelpers, ...numbers } = JSON.parse(new TextDecoder().decode(section)) as Description;
  return { module, table: new HandlerTable(rows, numbers), systemOperations, hostHelpers };
}
