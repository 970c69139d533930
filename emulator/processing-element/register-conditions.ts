/** Conditions and traps of register rows, prepared for one processing element as functions that only load and compare. */
import {
  type Condition,
  conditionFields,
  type Direction,
  describeCondition,
  type ExceptionLevel,
  type Trap,
} from '../architecture/system-register.ts';
import { findSystemRegister, systemRegisterSlot } from '../architecture/system-registers/index.ts';
import { effectiveScr, el2Enabled, hcrField, trapsGeneralExceptions } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { fieldAt } from './register-field.ts';
import { readView } from './register-views.ts';
import { floatingPointAccess, type Syndrome, trappedSystemKey, uncategorized } from './syndrome.ts';

export type Test = (pe: ProcessingElement) => boolean;

/**
 * Prepares a conjunction. `beside` are further conditions known to hold, which select the layout of the registers.
 * @throws RangeError for a register or field that does not exist.
 */
export function compileConditions(pe: ProcessingElement, conditions: readonly Condition[]): Test {
  const tests = conditions.map(condition => compileCondition(pe, condition, conditions));
  const [first, second, ...more] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (more.length === 0) return on => first(on) && second(on);
  return on => tests.every(test => test(on));
}

function compileCondition(pe: ProcessingElement, condition: Condition, beside: readonly Condition[]): Test {
  const value = compileValue(pe, condition, beside);
  const { is, not } = condition;
  const [only] = is;
  if (is.length === 1 && only !== undefined) return not ? on => value(on) !== only : on => value(on) === only;
  return on => is.includes(value(on)) !== (not === true);
}

type Reader = (pe: ProcessingElement) => number;

/** The value that a condition compares: its fields, concatenated. */
function compileValue(pe: ProcessingElement, condition: Condition, beside: readonly Condition[]): Reader {
  const row = findSystemRegister(condition.register);
  if (row === undefined) throw new RangeError(`there is no register ${condition.register}`);
  const missing = belongsToMissingLevel(pe, row.name);
  const parts = conditionFields(row, condition, beside).map(({ high, low }): [Reader, number] => {
    const width = high - low + 1;
    const mask = (1n << BigInt(width)) - 1n;
    if (missing) {
      const constant = row.name === 'SCR_EL3' ? Number((effectiveScr(pe) >> BigInt(low)) & mask) : 0;
      return [() => constant, width];
    }
    if (systemRegisterSlot(row.name) === undefined) {
      return [on => Number((readView(on, row.name) >> BigInt(low)) & mask), width];
    }
    const place = fieldAt(row.name, high, low);
    return [row.name === 'HCR_EL2' ? on => hcrField(on, place) : on => on.field(place), width];
  });
  const [single] = parts;
  if (parts.length === 1 && single) return single[0];
  return on => parts.reduce((value, [read, width]) => (value << width) | read(on), 0);
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
      const holds = compileConditions(pe, trap.when);
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
