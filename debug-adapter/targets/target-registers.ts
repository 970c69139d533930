/** Registers of an emulated processing element by name, as the debugger asks for them. Reading changes nothing. */
import {
  describeCondition,
  findSystemRegister,
  nestedConditions,
  nestedPlace,
  type SystemRegister,
  type SystemRegisterName,
  systemRegisterSlot,
} from '../../emulator/architecture/index.ts';
import type { ExecutionUnit } from '../../emulator/index.ts';
import { findView, keyOf, packSavedState } from '../../emulator/index.ts';
import type { EffectiveRegister } from '../debugger/target.ts';

/** Reading these acknowledges an interrupt or takes a random number. */
const readingActs = new Set<string>([
  ...['ICC_IAR0_EL1', 'ICC_IAR1_EL1', 'ICC_NMIAR1_EL1', 'ICV_IAR0_EL1', 'ICV_IAR1_EL1'],
  ...['RNDR', 'RNDRRS'],
]);

const flags = {
  n: 'n',
  z: 'z',
  c: 'c',
  v: 'v',
  pan: 'pan',
  uao: 'uao',
  dit: 'dit',
  ssbs: 'ssbs',
  tco: 'tco',
  btype: 'btype',
  ss: 'ss',
  il: 'il',
  allint: 'allInt',
} as const;

const isFlag = (name: string): name is keyof typeof flags => Object.hasOwn(flags, name);

/** The row of a register that this element has. */
function rowOf(unit: ExecutionUnit, name: string): SystemRegister<SystemRegisterName> | undefined {
  const row = findSystemRegister(name);
  if (!row) return undefined;
  const { implementation, handlers } = unit.pe;
  if (row.feature !== undefined && !implementation.hasFeature(row.feature)) return undefined;
  if (/_EL3$/.test(row.name) && !implementation.el3) return undefined;
  if (/_EL2$|_EL[01]2$/.test(row.name) && !implementation.el2) return undefined;
  // A register that neither is stored nor computed by anybody is not there.
  const owner = typeof row.storage === 'object' ? row.storage.sharedWith : row.name;
  const exists =
    systemRegisterSlot(row.name) !== undefined ||
    findView(row.name) ||
    handlers[row.name] ||
    handlers[owner] ||
    row.handler === undefined;
  return exists ? row : undefined;
}

export function readRegister(unit: ExecutionUnit, name: string): bigint | undefined {
  const { state } = unit;
  const general = /^x(\d+)$/.exec(name);
  if (general) return state.readX(Number(general[1]));
  const vector = /^v(\d+)$/.exec(name);
  if (vector) {
    const bytes = state.readV(Number(vector[1]));
    let value = 0n;
    for (let index = 15; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
    return value;
  }
  if (isFlag(name)) return BigInt(state[flags[name]]);
  switch (name) {
    case 'pc':
      return state.pc;
    case 'sp':
      return state.sp;
    case 'el':
      return BigInt(state.el);
    case 'spsel':
      return BigInt(state.spSel);
    case 'daif':
      return BigInt(state.daif);
    case 'pstate':
      return packSavedState(unit.pe);
    case 'sp_el3':
      return unit.pe.implementation.el3 ? state.readSp(3) : undefined;
  }
  const row = rowOf(unit, name);
  if (!row || row.access.read === undefined || readingActs.has(row.name)) return undefined;
  return unit.registers.register(row.name).read();
}

/** Must be called within a recorded change. False when there is no such register or it cannot be written. */
export function canWriteRegister(unit: ExecutionUnit, name: string): boolean {
  if (/^(x([0-9]|[12][0-9]|30)|v([0-9]|[12][0-9]|3[01])|pc|sp|spsel|daif)$/.test(name) || isFlag(name)) return true;
  if (name === 'sp_el3') return unit.pe.implementation.el3;
  return rowOf(unit, name)?.access.write !== undefined;
}

export function writeRegister(unit: ExecutionUnit, name: string, value: bigint): void {
  const { state } = unit;
  const general = /^x(\d+)$/.exec(name);
  if (general) {
    state.writeX(Number(general[1]), value);
    return;
  }
  const vector = /^v(\d+)$/.exec(name);
  if (vector) {
    const bytes = state.readV(Number(vector[1]));
    for (let index = 0; index < 16; index++) bytes[index] = Number((value >> BigInt(index * 8)) & 0xffn);
    return;
  }
  if (isFlag(name)) {
    state[flags[name]] = Number(value & (name === 'btype' ? 3n : 1n));
    return;
  }
  switch (name) {
    case 'pc':
      state.pc = value;
      return;
    case 'sp':
      state.sp = value;
      return;
    case 'sp_el3':
      state.writeSp(3, value);
      return;
  }
  const row = rowOf(unit, name);
  if (row) unit.registers.register(row.name).write(value);
}

/** Where an access by name from the current level goes, when it does not reach the register of that name. */
export function effectiveRegister(unit: ExecutionUnit, name: string): EffectiveRegister | undefined {
  const row = rowOf(unit, name);
  if (!row || (row.redirects.length === 0 && !row.nested)) return undefined;
  const decision = unit.registers.check(keyOf(row), 'read', 0);
  if (decision.kind === 'memory' && row.nested)
    return { name: nestedPlace(row.nested), because: nestedConditions(row.nested).map(describeCondition).join(', ') };
  if (decision.kind !== 'permitted' || decision.register.row.name === row.name) return undefined;
  const reached = decision.register.row.name;
  const redirect = row.redirects.find(one => one.to === reached);
  return { name: reached, because: redirect?.when.map(describeCondition).join(', ') ?? 'redirected' };
}
