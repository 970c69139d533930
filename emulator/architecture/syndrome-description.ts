/** A syndrome in words, for the log, the debugger and the language server. */
import { exceptionClass } from './exception-class.ts';
import { type FaultStatus, faultStatus, systemErrorStatus } from './fault-status.ts';
import { systemInstructionAt } from './system-instructions.ts';
import { genericName, isReserved, maskOfBits, type SystemEncoding, systemEncodingKey } from './system-register.ts';
import { systemRegisterAt } from './system-registers/index.ts';

/** What is known beside ESR_ELx; whatever is given is mentioned. */
export interface SyndromeContext {
  /** FAR_ELx: the virtual address. */
  readonly faultAddress?: bigint;
  /** The intermediate physical address of a stage 2 fault, from HPFAR_EL2 and the page offset. */
  readonly intermediatePhysicalAddress?: bigint;
}

export interface SyndromeField {
  readonly name: string;
  readonly value: bigint;
  /** The value in words, where it has any. */
  readonly meaning?: string;
}

export interface SyndromeDescription {
  /** ESR_ELx.EC. */
  readonly exceptionClass: number;
  /** Name of the class: `Data abort from a lower level`. */
  readonly className: string;
  /** One sentence: `Write of a word from W3 to 0x9000000 failed: translation fault, level 3.` */
  readonly summary: string;
  /** EC, IL and the fields of ISS, highest first. */
  readonly fields: readonly SyndromeField[];
}

/** The register or instruction that a syndrome of class 0x18 names, and how Xt took part. */
export interface TrappedAccess {
  readonly encoding: SystemEncoding;
  /** `VBAR_EL1`, `DC CVAU`, or the generic name of an encoding without a row. */
  readonly name: string;
  readonly kind: 'register' | 'instruction' | 'unknown';
  readonly direction: 'read' | 'write';
  /** Xt, 31 for XZR. */
  readonly register: number;
}

const part = (value: number, high: number, low: number): number => (value >>> low) & ((1 << (high - low + 1)) - 1);

/** Reads the ISS of class 0x18. */
export function trappedAccess(esr: bigint): TrappedAccess {
  const iss = Number(esr & 0x1ff_ffffn);
  const encoding: SystemEncoding = [
    part(iss, 21, 20),
    part(iss, 16, 14),
    part(iss, 13, 10),
    part(iss, 4, 1),
    part(iss, 19, 17),
  ];
  const key = systemEncodingKey(encoding);
  const direction = part(iss, 0, 0) === 1 ? 'read' : 'write';
  const register = systemRegisterAt(key, direction)?.name;
  const instruction = systemInstructionAt(key)?.name;
  return {
    encoding,
    name: register ?? instruction ?? genericName(encoding),
    kind: register !== undefined ? 'register' : instruction !== undefined ? 'instruction' : 'unknown',
    direction,
    register: part(iss, 9, 5),
  };
}

/** Decodes a value of ESR_ELx. Reserved classes are named by number, never an error. */
export function describeSyndrome(esr: bigint, context: SyndromeContext = {}): SyndromeDescription {
  const code = Number((esr >> 26n) & 0x3fn);
  const row = exceptionClass(code);
  const className = row?.name ?? `Reserved class ${hex(code)}`;
  const fields: SyndromeField[] = [
    { name: 'EC', value: BigInt(code), meaning: className },
    { name: 'IL', value: (esr >> 25n) & 1n, meaning: (esr >> 25n) & 1n ? '32-bit instruction' : '16-bit instruction' },
  ];
  for (const one of row?.syndrome ?? []) {
    if (isReserved(one)) continue;
    const value = (esr & maskOfBits(one.high, one.low)) >> BigInt(one.low);
    const meaning = one.values?.[Number(value)] ?? fieldMeaning(code, one.name, Number(value), esr);
    fields.push({ name: one.name, value, ...(meaning !== undefined && { meaning }) });
  }
  return { exceptionClass: code, className, summary: summarize(code, esr, context), fields };
}

function fieldMeaning(code: number, name: string, value: number, esr: bigint): string | undefined {
  if (name === 'DFSC' && code === 0x2f) return systemErrorStatus(value);
  if (name === 'DFSC' || name === 'IFSC') return faultStatus(value)?.name ?? 'reserved';
  if (name === 'SRT') return registerName(value, ((esr >> 15n) & 1n) === 1n);
  if (name === 'Rt' && code === 0x18) return registerName(value, true);
  if (name === 'COND') return conditionNames[value];
  return undefined;
}

const conditionNames = ['EQ', 'NE', 'CS', 'CC', 'MI', 'PL', 'VS', 'VC', 'HI', 'LS', 'GE', 'LT', 'GT', 'LE', 'AL', 'NV'];
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const registerName = (n: number, wide: boolean): string =>
  n === 31 ? (wide ? 'XZR' : 'WZR') : `${wide ? 'X' : 'W'}${n}`;

function summarize(code: number, esr: bigint, context: SyndromeContext): string {
  const iss = Number(esr & 0x1ff_ffffn);
  const at = place(context);
  switch (code) {
    case 0x01:
      return `${['WFI', 'WFE', 'WFIT', 'WFET'][iss & 3]} was trapped.`;
    case 0x11:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x17:
      return `${({ 17: 'SVC', 18: 'HVC', 21: 'SVC', 22: 'HVC', 23: 'SMC' } as const)[code]} #${iss & 0xffff}.`;
    case 0x18:
      return describeTrappedAccess(esr);
    case 0x20:
    case 0x21:
      return `Instruction fetch${at} failed${onWalk(iss)}: ${statusName(iss)}.`;
    case 0x22:
      return `The PC${at ? `, ${hex(context.faultAddress ?? 0n)},` : ''} is not a multiple of four.`;
    case 0x24:
    case 0x25:
      return describeDataAbort(iss, at);
    case 0x2f:
      return iss & (1 << 24)
        ? 'SError with an IMPLEMENTATION DEFINED syndrome.'
        : `SError: ${systemErrorStatus(iss & 0x3f)}.`;
    case 0x34:
    case 0x35:
      return `A watchpoint matched a ${iss & 0x40 ? 'write' : 'read'}${at}.`;
    case 0x3c:
    case 0x38:
      return `${code === 0x3c ? 'BRK' : 'BKPT'} #${hex(iss & 0xffff)}.`;
    case 0x1a:
      return `${iss & 2 ? (iss & 1 ? 'ERETAB' : 'ERETAA') : 'ERET'} was trapped.`;
    case 0x1c:
      return `A pointer failed authentication with the ${iss & 2 ? 'data' : 'instruction'} key ${iss & 1 ? 'B' : 'A'}.`;
    default:
      return exceptionClass(code)?.meaning ?? `Reserved exception class ${hex(code)}.`;
  }
}

function describeTrappedAccess(esr: bigint): string {
  const { name, kind, direction, register } = trappedAccess(esr);
  const xt = registerName(register, true);
  if (kind === 'instruction') return `${name}${register === 31 ? '' : ` with ${xt}`} was trapped.`;
  return direction === 'read' ? `Read of ${name} into ${xt} was trapped.` : `Write of ${name} from ${xt} was trapped.`;
}

function describeDataAbort(iss: number, at: string): string {
  if (iss & (1 << 8)) return `Cache maintenance or address translation${at} failed${onWalk(iss)}: ${statusName(iss)}.`;
  const write = (iss & (1 << 6)) !== 0;
  let transfer = '';
  if (iss & (1 << 24)) {
    const size = ['byte', 'halfword', 'word', 'doubleword'][part(iss, 23, 22)];
    const register = registerName(part(iss, 20, 16), part(iss, 15, 15) === 1);
    transfer = ` of a ${size} ${write ? 'from' : 'into'} ${register}`;
  }
  return `${write ? 'Write' : 'Read'}${transfer}${at} failed${onWalk(iss)}: ${statusName(iss)}.`;
}

const onWalk = (iss: number): string => (iss & (1 << 7) ? ' at stage 2 of a stage 1 table walk' : '');
const statusName = (iss: number): string =>
  (faultStatus(iss & 0x3f) as FaultStatus | undefined)?.name ?? `reserved status ${hex(iss & 0x3f)}`;

function place({ faultAddress, intermediatePhysicalAddress }: SyndromeContext): string {
  if (faultAddress === undefined && intermediatePhysicalAddress === undefined) return '';
  const ipa = intermediatePhysicalAddress === undefined ? '' : `IPA ${hex(intermediatePhysicalAddress)}`;
  if (faultAddress === undefined) return ` at ${ipa}`;
  return ` at ${hex(faultAddress)}${ipa && ` (${ipa})`}`;
}
