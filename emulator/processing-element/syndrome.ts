/** Exception syndromes: one named constructor for each way into ESR_ELx (Arm ARM D17.2.37). */
import { type Direction, type SystemEncoding, systemEncodingKey } from '../architecture/system-register.ts';

/** What ESR_ELx will say. */
export interface Syndrome {
  /** ESR_ELx.EC, in the form for a lower Exception level where the class has two forms. */
  readonly exceptionClass: number;
  /** ESR_ELx.ISS, 25 bits. */
  readonly iss: number;
  /** The class has a second form, one higher, for exceptions taken without a change of level. */
  readonly twoForms?: boolean;
}

/** Every AArch64 instruction has 32 bits, and all other causes report IL = 1 as well. */
const INSTRUCTION_LENGTH = 1n << 25n;

/** The value of ESR_ELx when the exception is taken to the same level or from a lower one. */
export function encodeSyndrome({ exceptionClass, iss, twoForms }: Syndrome, sameLevel: boolean): bigint {
  const ec = twoForms && sameLevel ? exceptionClass + 1 : exceptionClass;
  return (BigInt(ec) << 26n) | INSTRUCTION_LENGTH | BigInt(iss);
}

/** ESR_ELx.EC of a syndrome value. */
export function exceptionClassOf(syndrome: bigint): number {
  return Number((syndrome >> 26n) & 0x3fn);
}

/** COND and CV as A64 instructions report them: valid, always. */
const ALWAYS = (1 << 24) | (0xe << 20);
const bit = (condition: boolean | undefined, position: number): number => (condition ? 1 << position : 0);

/** UNDEFINED instructions, and traps that hide their cause. */
export const uncategorized = (): Syndrome => ({ exceptionClass: 0x00, iss: 0 });

/** The wait instructions in the order of ISS.TI. */
export type WaitInstruction = 'wfi' | 'wfe' | 'wfit' | 'wfet';
const WAIT_INSTRUCTIONS: readonly WaitInstruction[] = ['wfi', 'wfe', 'wfit', 'wfet'];

/** A trapped WFI or WFE; the forms with timeout name the register that holds the limit. */
export function waitTrap(instruction: WaitInstruction, register?: number): Syndrome {
  const timeout = register === undefined ? 0 : (register << 5) | (1 << 2);
  return { exceptionClass: 0x01, iss: ALWAYS | timeout | WAIT_INSTRUCTIONS.indexOf(instruction) };
}

/** Access to SIMD and floating-point state while CPACR_EL1 or CPTR_ELx forbids it. */
export const floatingPointAccess = (): Syndrome => ({ exceptionClass: 0x07, iss: ALWAYS });

/** A trapped pointer-authentication instruction or key access by instruction (FEAT_PAuth, HCR_EL2.API). */
export const pointerAuthenticationTrap = (): Syndrome => ({ exceptionClass: 0x09, iss: 0 });

/** Branch target check failed; `btype` is PSTATE.BTYPE at the target. */
export const branchTarget = (btype: number): Syndrome => ({ exceptionClass: 0x0d, iss: btype & 3 });

/** An instruction was attempted with PSTATE.IL = 1. */
export const illegalExecutionState = (): Syndrome => ({ exceptionClass: 0x0e, iss: 0 });

export const supervisorCall = (immediate: number): Syndrome => ({ exceptionClass: 0x15, iss: immediate & 0xffff });
export const hypervisorCall = (immediate: number): Syndrome => ({ exceptionClass: 0x16, iss: immediate & 0xffff });
/** An SMC executed, or trapped by HCR_EL2.TSC. */
export const secureMonitorCall = (immediate: number): Syndrome => ({ exceptionClass: 0x17, iss: immediate & 0xffff });

/** A trapped MSR, MRS or system instruction; `rt` is the general-purpose register it names (31 for none). */
export function trappedSystemRegister(encoding: SystemEncoding, rt: number, direction: Direction): Syndrome {
  return trappedSystemKey(systemEncodingKey(encoding), rt, direction);
}

/** As `trappedSystemRegister`, from the 16-bit key of the encoding. */
export function trappedSystemKey(key: number, rt: number, direction: Direction): Syndrome {
  const op0 = (key >> 14) & 3;
  const op1 = (key >> 11) & 7;
  const crn = (key >> 7) & 15;
  const crm = (key >> 3) & 15;
  const op2 = key & 7;
  const iss =
    (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | bit(direction === 'read', 0);
  return { exceptionClass: 0x18, iss };
}

/** A trapped ERET, ERETAA or ERETAB. */
export function trappedExceptionReturn(key?: 'A' | 'B'): Syndrome {
  return { exceptionClass: 0x1a, iss: key === undefined ? 0 : 2 | bit(key === 'B', 0) };
}

/** A pointer failed authentication (FEAT_FPAC). */
export function pointerAuthenticationFailure(data: boolean, keyB: boolean): Syndrome {
  return { exceptionClass: 0x1c, iss: bit(data, 1) | bit(keyB, 0) };
}

/** What an Instruction Abort and a Data Abort have in common. */
export interface AbortSyndrome {
  /** IFSC or DFSC, 6 bits. */
  readonly statusCode: number;
  /** The fault arose at stage 2 while translating an access of the stage 1 walk. */
  readonly stage1Walk?: boolean;
  /** FAR_ELx does not hold the address (some synchronous External aborts). */
  readonly addressNotValid?: boolean;
  /** IMPLEMENTATION DEFINED class of an External abort (EA). */
  readonly externalType?: boolean;
}

export function instructionAbort({ statusCode, stage1Walk, addressNotValid, externalType }: AbortSyndrome): Syndrome {
  const iss = bit(addressNotValid, 10) | bit(externalType, 9) | bit(stage1Walk, 7) | (statusCode & 0x3f);
  return { exceptionClass: 0x20, iss, twoForms: true };
}

/** How an access moves data, so that a hypervisor can emulate it without decoding the instruction (ISV = 1). */
export interface AccessTransfer {
  /** Bytes of memory accessed. */
  readonly size: 1 | 2 | 4 | 8;
  /** The value loaded is sign-extended. */
  readonly signExtend: boolean;
  /** Number of the general-purpose register loaded or stored; 31 is XZR. */
  readonly register: number;
  /** The register is an X register. */
  readonly sixtyFour: boolean;
  /** The instruction has acquire or release semantics. */
  readonly acquireRelease: boolean;
}

export interface DataAbortSyndrome extends AbortSyndrome {
  /** The access is a write (atomic read-modify-writes say so when a read would have been allowed). */
  readonly write: boolean;
  /** The access is a cache maintenance or address translation instruction. */
  readonly cacheMaintenance?: boolean;
  /** The access stood for one to a register of EL2's, by EL1 (FEAT_NV2). */
  readonly nested?: boolean;
  /** Given when ISS[23:14] is valid. */
  readonly transfer?: AccessTransfer;
}

export function dataAbort(abort: DataAbortSyndrome): Syndrome {
  const { statusCode, stage1Walk, addressNotValid, externalType, write, cacheMaintenance, nested, transfer } = abort;
  const common =
    bit(addressNotValid, 10) | bit(externalType, 9) | bit(nested, 13) | bit(cacheMaintenance, 8) | bit(stage1Walk, 7);
  const iss = common | bit(write, 6) | (statusCode & 0x3f) | (transfer ? instructionSpecific(transfer) : 0);
  // What EL2 reads for EL1 counts as its own access.
  return nested ? { exceptionClass: 0x25, iss } : { exceptionClass: 0x24, iss, twoForms: true };
}

function instructionSpecific({ size, signExtend, register, sixtyFour, acquireRelease }: AccessTransfer): number {
  const sas = 31 - Math.clz32(size);
  return (
    (1 << 24) | (sas << 22) | bit(signExtend, 21) | (register << 16) | bit(sixtyFour, 15) | bit(acquireRelease, 14)
  );
}

export const pcAlignment = (): Syndrome => ({ exceptionClass: 0x22, iss: 0 });
export const spAlignment = (): Syndrome => ({ exceptionClass: 0x26, iss: 0 });

/** What the exception of a memory copy or set tells besides the registers. */
export interface MemoryOperationSyndrome {
  readonly set: boolean;
  /** A set that also writes tags. */
  readonly tags: boolean;
  readonly options: number;
  readonly epilogue: boolean;
  /** The registers have the format of the option that this PE does not implement. */
  readonly wrongOption: boolean;
  /** The numbers of the registers that hold destination, source (or the byte to set) and size. */
  readonly destination: number;
  readonly source: number;
  readonly size: number;
}

/** A memory copy or set found registers that it cannot go on with; this machine implements option A. */
export function memoryOperation(found: MemoryOperationSyndrome): Syndrome {
  const { set, tags, options, epilogue, wrongOption, destination, source, size } = found;
  const how = bit(set, 24) | bit(tags, 23) | (options << 19) | bit(epilogue, 18) | bit(wrongOption, 17) | bit(true, 16);
  return { exceptionClass: 0x27, iss: how | (destination << 10) | (source << 5) | size };
}

/** An SError; `implementationDefined` (IDS) says that the other 24 bits are the implementation's own. */
export function systemError(iss: number, implementationDefined = false): Syndrome {
  return { exceptionClass: 0x2f, iss: bit(implementationDefined, 24) | (iss & 0xff_ffff) };
}

/** Status code of all debug exceptions. */
const DEBUG_EVENT = 0x22;

export const hardwareBreakpoint = (): Syndrome => ({ exceptionClass: 0x30, iss: DEBUG_EVENT, twoForms: true });

/** `stepped`: an instruction was executed (ISV); `exclusive`: and it was a Load-Exclusive (EX). */
export function softwareStep(stepped: boolean, exclusive: boolean): Syndrome {
  return {
    exceptionClass: 0x32,
    iss: bit(stepped, 24) | bit(stepped && exclusive, 6) | DEBUG_EVENT,
    twoForms: true,
  };
}

export function watchpoint(write: boolean, cacheMaintenance = false): Syndrome {
  return { exceptionClass: 0x34, iss: bit(cacheMaintenance, 8) | bit(write, 6) | DEBUG_EVENT, twoForms: true };
}

export const breakpointInstruction = (comment: number): Syndrome => ({ exceptionClass: 0x3c, iss: comment & 0xffff });
