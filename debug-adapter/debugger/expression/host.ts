/** What an expression may ask of the place it is evaluated at. */
import type { ValueType } from '../../debug-information/types.ts';
import type { AddressSpace, SpaceAddress } from '../target.ts';
import type { Value } from './value.ts';

/** A field of a register or syndrome. */
export interface FieldPlace {
  readonly high: number;
  readonly low: number;
  /** The named values of the field. */
  readonly meaning?: (value: bigint) => string | undefined;
}

export interface ExpressionHost {
  /** Variables, record fields and facts (`el`, `pe`, `position`): everything that is neither register nor symbol. */
  fact(name: string): Value | undefined;
  /** A local or global variable of the source program. */
  variable(name: string): Value | undefined;
  /** A register as the selected frame has it, by lower-case name. */
  register(name: string): Value | undefined;
  /** A field of the register of this lower-case name, or of what `fact` of this name gives. */
  field(of: string, field: string): FieldPlace | undefined;
  /** The address of a symbol. */
  symbol(name: string): { readonly address: bigint; readonly isFunction: boolean } | undefined;
  type(name: string): ValueType | undefined;
  /** All bytes, or undefined when one cannot be read. */
  read(at: SpaceAddress, length: number): Uint8Array | undefined;
  /** Whether numbers in the space have their high byte first. */
  isBigEndian(space: AddressSpace): boolean;
  /** Throws `UserProblem` when it cannot be written. */
  writeMemory(at: SpaceAddress, bytes: Uint8Array): void;
  writeRegister(name: string, value: bigint): void;
}
