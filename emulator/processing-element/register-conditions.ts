/** Conditions and traps of register rows, prepared for one processing element as functions that only load and compare. */
import {
  type Condition,
  type Direction,
  describeCondition,
  type ExceptionLevel,
  type Field,
  type SystemRegister,
  type Trap,
} from '../architecture/system-register.ts';
import {
  findSystemRegister,
  type SystemRegisterName,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';
import { effectiveScr, el2Enabled, hcrField, trapsGeneralExceptions } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { fieldAt } from './register-field.ts';
import { floatingPointAccess, type Syndrome, trappedSystemKey, uncategorized } from './syndrome.ts';

export type Test = (pe: ProcessingElement) => boolean;

/** Reads a register that has no storage: a view of other state, or one that a handler implements. */
export type ReadRegister = (name: SystemRegisterName) => bigint;

/**
 * Prepares a conjunction.
 * @throws RangeError for a register or field that does not exist.
 */
export function compileConditions(pe: ProcessingElement, conditions: readonly Condition[], read: ReadRegister): Test {
  const tests = conditions.map(condition => compileCondition(pe, condition, read));
  const [first, second, ...more] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (more.length === 0) return on => first(on) && second(on);
  return on => tests.every(test => test(on));
}

function compileCondition(pe: ProcessingElement, condition: Condition, read: ReadRegister): Test {
  const value = compileValue(pe, condition, read);
  const { is, not } = condition;
  const [only] = is;
  if (is.length === 1 && only !== undefined && !not) return on => value(on) === only;
  return on => {
    const found = value(on);
    return found !== undefined && is.includes(found) !== (not === true);
  };
}

/** The value that a condition compares; undefined while the layout in force does not have the field. */
type Reader = (pe: ProcessingElement) => number | undefined;

/** The value that a condition compares: its fields, concatenated, in the layout of the register that is in force. */
function compileValue(pe: ProcessingElement, condition: Condition, readRegister: ReadRegister): Reader {
  const row = findSystemRegister(condition.register);
  if (row === undefined) throw new RangeError(`there is no register ${condition.register}`);
  const names = condition.field.split(',');
  const inLayout = (fields: readonly Field[]): Reader | undefined => {
    const found = names.map(name => fields.find(field => field.name === name));
    if (found.includes(undefined)) return undefined;
    const parts = (found as Field[]).map(field => readField(pe, row, field, readRegister));
    const [single] = parts;
    if (parts.length === 1 && single) return single.read;
    return on => parts.reduce((value, { read, width }) => (value << width) | read(on), 0);
  };
  const basic = inLayout(row.fields);
  const others = row.layouts.map(({ when, fields }) => ({
    inForce: compileConditions(pe, when, readRegister),
    read: inLayout(fields),
  }));
  if (basic === undefined && others.every(({ read }) => read === undefined)) {
    throw new RangeError(`${row.name} has no field ${condition.field}`);
  }
  if (others.length === 0 && basic) return basic;
  return on => {
    const layout = others.find(({ inForce }) => inForce(on));
    return (layout ? layout.read : basic)?.(on);
  };
}

/** How one field of a register is read, as it takes effect. */
function readField(
  pe: ProcessingElement,
  row: SystemRegister<SystemRegisterName>,
  { high, low }: Field,
  readRegister: ReadRegister,
): { read: (pe: ProcessingElement) => number; width: number } {
  const width = high - low + 1;
  const extract = (value: bigint): number => Number((value >> BigInt(low)) & ((1n << BigInt(width)) - 1n));
  if (belongsToMissingLevel(pe, row.name)) {
    const constant = row.name === 'SCR_EL3' ? extract(effectiveScr(pe)) : 0;
    return { read: () => constant, width };
  }
  if (systemRegisterSlot(row.name) === undefined) return { read: () => extract(readRegister(row.name)), width };
  const place = fieldAt(row.name, high, low);
  return { read: row.name === 'HCR_EL2' ? on => hcrField(on, place) : on => on.field(place), width };
}

/** A register of an Exception level that is not implemented. */
export function belongsToMissingLevel({ implementation }: ProcessingElement, name: string): boolean {
  return (name.endsWith('_EL2') && !implementation.el2) || (name.endsWith('_EL3') && !implementation.el3);
}

/** A trap that applies to accesses from one level in one direction. */
export interface PreparedTrap {
  readonly trap: Trap;
  readonly applies: Test;
}

/** An access that goes to a handler at a higher level instead. */
export interface TrappedAccess {
  readonly kind: 'trapped';
  readonly to: 1 | 2 | 3;
  readonly syndrome: Syndrome;
  /** The controls that caused it, in words. */
  readonly reason: string;
}

/** The traps that can concern accesses from `from`, in order of priority, those of missing levels and features left out. */
export function prepareTraps(
  pe: ProcessingElement,
  traps: readonly Trap[],
  from: ExceptionLevel,
  direction: Direction,
  read: ReadRegister,
): readonly PreparedTrap[] {
  const { implementation } = pe;
  return traps
    .filter(
      trap =>
        trap.from.includes(from) &&
        (trap.on === 'access' || trap.on === direction) &&
        (trap.to !== 2 || implementation.el2) &&
        (trap.to !== 3 || implementation.el3) &&
        (trap.feature === undefined || implementation.hasFeature(trap.feature)),
    )
    .map(trap => {
      const holds = compileConditions(pe, trap.when, read);
      // A trap to EL2 needs EL2 in the current Security state.
      return { trap, applies: trap.to === 2 ? on => el2Enabled(on) && holds(on) : holds };
    });
}

/** The first trap that applies, as the exception it causes; undefined when the access goes through. */
export function firstTrap(
  pe: ProcessingElement,
  traps: readonly PreparedTrap[],
  key: number,
  direction: Direction,
  rt: number,
): TrappedAccess | undefined {
  for (const { trap, applies } of traps) {
    if (!applies(pe)) continue;
    const reason = trap.when.map(describeCondition).join(' and ');
    // EL0's traps to EL1 go to EL2 when there is no EL1, and floating-point traps then lose their class.
    const diverted = trap.to === 1 && trapsGeneralExceptions(pe);
    const syndrome =
      trap.as === 'systemRegister'
        ? trappedSystemKey(key, rt, direction)
        : trap.as === 'floatingPoint' && !diverted
          ? floatingPointAccess()
          : uncategorized();
    return { kind: 'trapped', to: diverted ? 2 : trap.to, syndrome, reason };
  }
  return undefined;
}
