/** MRS and MSR: whether an access is allowed, where it goes, and what it does (Arm ARM D19.1). */
import {
  type Direction,
  type ExceptionLevel,
  maskOfBits,
  nestedConditions,
  nestedTrap,
  type SystemRegister,
  systemEncodingKey,
} from '../architecture/system-register.ts';
import {
  findSystemRegister,
  type SystemRegisterName,
  systemRegisterAt,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';
import { debugRegisterHandlers } from './debug-registers.ts';
import { el2Enabled, hcrField, isSecure } from './effective-registers.ts';
import { highestLevel } from './implementation.ts';
import { PerformanceMonitors } from './performance-monitors.ts';
import { performanceRegisterHandlers } from './performance-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import {
  belongsToMissingLevel,
  compileConditions,
  firstTrap,
  type PreparedTrap,
  prepareTraps,
  type ReadRegister,
  type Test,
  type TrappedAccess,
} from './register-conditions.ts';
import { registerField } from './register-field.ts';
import { findView } from './register-views.ts';
import { defaultTarget } from './synchronous-exceptions.ts';
import { trappedSystemKey } from './syndrome.ts';
import type { HandlerContext, SystemRegisterHandlers } from './system-register-handlers.ts';
import { type WriteEffect, writeEffect } from './write-effects.ts';

/** A register as MRS and MSR reach it, after all checks and redirections. */
export interface ReachedRegister {
  readonly row: SystemRegister<SystemRegisterName>;
  read(): bigint;
  /** Writes as software does: reserved and read-only bits keep what they have, and the effects follow. */
  write(value: bigint): void;
  /** The stored register that a read gives and nothing else; undefined when reading computes or does something. */
  readonly plain?: SystemRegisterName;
}

export interface PermittedAccess {
  readonly kind: 'permitted';
  readonly register: ReachedRegister;
}
export interface UndefinedAccess {
  readonly kind: 'undefined';
}
/** The access becomes one to EL2's memory (FEAT_NV2). */
export interface NestedAccess {
  readonly kind: 'memory';
  /** Bytes from VNCR_EL2.BADDR. */
  readonly offset: number;
}
export type SystemRegisterDecision = PermittedAccess | UndefinedAccess | TrappedAccess | NestedAccess;

const UNDEFINED: UndefinedAccess = { kind: 'undefined' };
const TIDCP = registerField('HCR_EL2', 'TIDCP');
const LEVELS: readonly ExceptionLevel[] = [0, 1, 2, 3];

/** One encoding, prepared for this PE: what each level meets in each direction. */
interface PreparedRegister {
  readonly row: SystemRegister<SystemRegisterName>;
  readonly permitted: PermittedAccess;
  readonly allowed: Test | undefined;
  readonly read: readonly PreparedDirection[];
  readonly write: readonly PreparedDirection[];
}
interface PreparedDirection {
  readonly possible: boolean;
  readonly traps: readonly PreparedTrap[];
  readonly memory: { readonly applies: Test; readonly decision: NestedAccess } | undefined;
  readonly redirects: readonly { readonly applies: Test; readonly permitted: PermittedAccess }[];
  /** What HCR_EL2.NV traps when nothing before it applied. */
  readonly nestedTraps: readonly PreparedTrap[];
}

/** CRn = 11 and 15 are left to implementations, which HCR_EL2.TIDCP can trap even where nothing is implemented. */
const isImplementationDefined = (key: number): boolean => {
  const crn = (key >> 7) & 15;
  return crn === 11 || crn === 15;
};

/** Encodings of the feature identification registers, unallocated ones included (Arm ARM D19.3.1, FEAT_IDST). */
const isIdSpace = (key: number): boolean => {
  const op1 = (key >> 11) & 7;
  return key >> 14 === 3 && (op1 === 0 || op1 === 1 || op1 === 3) && ((key >> 7) & 15) === 0 && ((key >> 3) & 15) < 8;
};

/** The system registers of one processing element. Encodings are prepared when they are first used. */
export class SystemRegisterAccess {
  private readonly pe: ProcessingElement;
  private readonly prepared: (PreparedRegister | null | undefined)[] = new Array(1 << 16);
  private readonly reached = new Map<string, ReachedRegister>();
  private readonly context: HandlerContext;
  private readonly handlers: SystemRegisterHandlers;
  private readonly readByName: ReadRegister = name => this.register(name).read();

  constructor(pe: ProcessingElement) {
    this.pe = pe;
    this.handlers = { ...debugRegisterHandlers(pe), ...performanceRegisters(pe), ...pe.handlers };
    const known = (name: string): SystemRegisterName => {
      const row = findSystemRegister(name);
      if (row === undefined) throw new RangeError(`there is no system register ${name}`);
      return row.name;
    };
    this.context = {
      index: pe.index,
      get el() {
        return pe.state.el;
      },
      get secure() {
        return isSecure(pe);
      },
      read: name => pe.state.read(known(name)),
      write: (name, value) => pe.state.write(known(name), value),
    };
  }

  /**
   * Decides an MRS or MSR from the current level. `key` is op0:op1:CRn:CRm:op2 (bits 20:5 of the instruction), `rt` the
   * general-purpose register, which only the syndrome of a trap needs.
   */
  check(key: number, direction: Direction, rt: number): SystemRegisterDecision {
    const { pe } = this;
    const { el } = pe.state;
    if (isImplementationDefined(key) && el === 1 && hcrField(pe, TIDCP) === 1) {
      return { kind: 'trapped', to: 2, syndrome: trappedSystemKey(key, rt, direction), reason: 'HCR_EL2.TIDCP = 1' };
    }
    let register = this.prepared[key];
    if (register === undefined) register = this.prepared[key] = this.prepare(key);
    if (register === null) return this.notAllowed(key, direction, rt);
    const here = register[direction][el]!;
    if (here.possible && register.allowed !== undefined && !register.allowed(pe)) return UNDEFINED;
    if (here.traps.length > 0) {
      const trap = firstTrap(pe, here.traps, key, direction, rt);
      if (trap !== undefined) return trap;
    }
    if (here.memory?.applies(pe)) return here.memory.decision;
    for (const { applies, permitted } of here.redirects) {
      if (applies(pe)) return permitted;
    }
    if (!here.possible) {
      const trap = firstTrap(pe, here.nestedTraps, key, direction, rt);
      return trap ?? this.notAllowed(key, direction, rt);
    }
    return register.permitted;
  }

  /** UNDEFINED, which FEAT_IDST reports with its cause for reads of the identification space. */
  private notAllowed(key: number, direction: Direction, rt: number): SystemRegisterDecision {
    if (direction === 'write' || !this.pe.features.idSpaceTraps || !isIdSpace(key)) return UNDEFINED;
    const to = defaultTarget(this.pe);
    return { kind: 'trapped', to, syndrome: trappedSystemKey(key, rt, direction), reason: 'UNDEFINED here' };
  }

  /** A register by name, past all checks: what the debugger, firmware and the machine itself use. */
  register(name: SystemRegisterName): ReachedRegister {
    let register = this.reached.get(name);
    if (register === undefined) {
      const row = findSystemRegister(name);
      if (row === undefined) throw new RangeError(`there is no system register ${name}`);
      register = this.reach(row);
      this.reached.set(name, register);
    }
    return register;
  }

  private prepare(key: number): PreparedRegister | null {
    const { pe } = this;
    const row = systemRegisterAt(key);
    if (row === undefined || !this.exists(row)) return null;
    const direction = (which: Direction): PreparedDirection[] =>
      LEVELS.map(el => {
        const minimum = row.access[which];
        const nested = el === 1 && row.access[which] !== undefined ? row.nested : undefined;
        const afterwards = el === 1 ? nestedTrap(row, which) : undefined;
        const redirects = row.redirects.filter(
          redirect => redirect.from.includes(el) && (redirect.on === 'access' || redirect.on === which),
        );
        return {
          possible: minimum !== undefined && el >= minimum,
          traps: prepareTraps(pe, row.traps, el, which, this.readByName),
          memory: nested && {
            applies: compileConditions(pe, nestedConditions(nested), this.readByName),
            decision: { kind: 'memory', offset: nested.offset },
          },
          nestedTraps: afterwards ? prepareTraps(pe, [afterwards], el, which, this.readByName) : [],
          redirects: redirects.map(({ to, when }) => {
            const holds = compileConditions(pe, when, this.readByName);
            const fromBelow = to.endsWith('_EL2') && el < 2;
            return {
              // What EL2 substitutes for lower levels needs EL2.
              applies: fromBelow ? (on: ProcessingElement) => el2Enabled(on) && holds(on) : holds,
              permitted: { kind: 'permitted' as const, register: this.register(to as SystemRegisterName) },
            };
          }),
        };
      });
    return {
      row,
      permitted: { kind: 'permitted', register: this.register(row.name) },
      allowed: row.unless.length === 0 ? undefined : compileConditions(pe, row.unless, this.readByName),
      read: direction('read'),
      write: direction('write'),
    };
  }

  /** The register is there: its feature and level are implemented, and so is what it shows. */
  private exists(row: SystemRegister<SystemRegisterName>): boolean {
    const { handlers } = this;
    const { implementation } = this.pe;
    if (row.feature !== undefined && !implementation.hasFeature(row.feature)) return false;
    if (row.onlyIfHighest !== undefined && row.onlyIfHighest !== highestLevel(implementation)) return false;
    if (row.handler === undefined || row.handler === 'pe') return true;
    return handlers[row.name] !== undefined || handlers[ownerOf(row)] !== undefined;
  }

  /** How the value of a row is read and written. */
  private reach(row: SystemRegister<SystemRegisterName>): ReachedRegister {
    const { pe, context } = this;
    const owner = ownerOf(row);
    const storage = (): bigint => pe.state.read(owner);
    const stored = systemRegisterSlot(row.name) !== undefined;
    const handler = this.handlers[row.name] ?? this.handlers[owner];
    const view = findView(row.name);
    if (belongsToMissingLevel(pe, owner)) {
      // EL3 may name the registers of an EL2 that is not there: they are zero.
      return { row, read: () => 0n, write: () => {} };
    }
    const { read: handledRead, write: handledWrite } = handler ?? {};
    const read = handledRead
      ? (): bigint => handledRead.call(handler, context)
      : view
        ? (): bigint => view.read(pe)
        : stored
          ? storage
          : undefined;
    const mask = prepareMask(pe, row, this.readByName);
    const effect = writeEffect(owner);
    const write = handledWrite
      ? (value: bigint): void => handledWrite.call(handler, context, value)
      : view
        ? (value: bigint): void => view.write?.(pe, mask(pe, value, view.read(pe)))
        : stored
          ? (value: bigint): void => store(pe, owner, mask(pe, value, storage()), effect)
          : undefined;
    // A register with neither state nor behaviour holds only constants.
    const reached = { row, read: read ?? ((): bigint => row.reset), write: write ?? ((): void => {}) };
    return read === storage ? { ...reached, plain: owner } : reached;
  }
}

/** Gives the PE its performance monitors, when it has them. */
function performanceRegisters(pe: ProcessingElement): SystemRegisterHandlers {
  if (!pe.implementation.hasFeature('FEAT_PMUv3')) return {};
  const monitors = new PerformanceMonitors(pe);
  pe.performance = monitors;
  return performanceRegisterHandlers(pe, monitors);
}

/** The row that owns the storage. */
function ownerOf(row: SystemRegister<SystemRegisterName>): SystemRegisterName {
  return typeof row.storage === 'object' ? (row.storage.sharedWith as SystemRegisterName) : row.name;
}

function store(pe: ProcessingElement, owner: SystemRegisterName, value: bigint, effect: WriteEffect | undefined): void {
  if (effect === undefined) {
    pe.state.write(owner, value);
    return;
  }
  const before = pe.state.read(owner);
  // What was executed until now counted by the old rules.
  if (before !== value && owner.startsWith('MDCR_')) pe.performance?.synchronize();
  pe.state.write(owner, value);
  if (before === value) return;
  effect(pe, before, before ^ value);
  if (owner.startsWith('MDCR_')) pe.performance?.updateInterrupt();
}

type Mask = (pe: ProcessingElement, value: bigint, before: bigint) => bigint;

/** What becomes of a value on its way into the register's bits, in the layout that is in force. */
function prepareMask(pe: ProcessingElement, row: SystemRegister, read: ReadRegister): Mask {
  const { hasFeature } = pe.implementation;
  const layouts = row.layouts.map(({ when, fields }) => ({
    inForce: compileConditions(pe, when, read),
    mask: maskOfFields(fields, hasFeature),
  }));
  const basic = maskOfFields(row.fields, hasFeature);
  const apply = ({ writable, ones, kept }: Masks, value: bigint, before: bigint): bigint =>
    (value & writable) | ones | (before & kept);
  if (layouts.length === 0) return (_pe, value, before) => apply(basic, value, before);
  return (on, value, before) => {
    const layout = layouts.find(({ inForce }) => inForce(on));
    return apply(layout?.mask ?? basic, value, before);
  };
}

interface Masks {
  readonly writable: bigint;
  readonly ones: bigint;
  readonly kept: bigint;
}

function maskOfFields(fields: SystemRegister['fields'], hasFeature: (name: string) => boolean): Masks {
  let writable = 0n;
  let ones = 0n;
  let kept = 0n;
  for (const one of fields) {
    const bits = maskOfBits(one.high, one.low);
    const absent = one.feature !== undefined && !hasFeature(one.feature);
    if (one.name === 'RES1' || (absent && one.without === 1)) ones |= bits;
    else if (one.name === 'RES0' || absent) continue;
    else if (one.readOnly) kept |= bits;
    else writable |= bits;
  }
  return { writable, ones, kept };
}

/** The key of a register for `check`. */
export function keyOf(row: SystemRegister): number {
  return systemEncodingKey(row.encoding);
}
