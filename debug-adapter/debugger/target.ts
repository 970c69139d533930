/**
 * The seam between the debugger and what it debugs.
 *
 * A target is a machine that stands still between calls: every call runs to its end before it returns, so an expression
 * may be evaluated thousands of times a second without a promise in the way. Reading never changes the machine.
 */

import type { ExceptionRecord } from '../../emulator/index.ts';

export type { ExceptionRecord };

export type ExceptionLevel = 0 | 1 | 2 | 3;

/** How an address is to be understood. A virtual address without `el` belongs to the regime the element runs in. */
export type AddressSpace =
  | {
      readonly kind: 'va';
      readonly el?: ExceptionLevel;
      /** Index of an exception record: translated as at that time, as far as the target kept what that needs. */
      readonly record?: number;
    }
  | { readonly kind: 'ipa' }
  | { readonly kind: 'pa' };

/** An address with the space that gives it meaning. */
export interface SpaceAddress {
  readonly space: AddressSpace;
  readonly address: bigint;
}

/** A register value as stored, and where an access from the current Exception level would go. */
export interface EffectiveRegister {
  /** The register that an MRS or MSR of this name reaches now, or the memory that stands for it. */
  readonly name: string;
  /** Why it is not the register that was named, as "HCR_EL2.E2H = 1". */
  readonly because: string;
}

/** What a debugger sees of one processing element. */
export interface TargetProcessingElement {
  readonly index: number;
  /** `running` executes; `waiting` sleeps in WFI or WFE; `off` has not been started by firmware. */
  readonly power: 'running' | 'waiting' | 'off';
  readonly el: ExceptionLevel;
  readonly secure: boolean;
  /** VTTBR_EL2.VMID when what runs below EL2 is subject to it; undefined for a host's programs and without EL2. */
  readonly vmid?: number | undefined;
  /** The ASID in force where the Exception level has one. */
  readonly asid?: number | undefined;
  /**
   * Raw value of a register by its lower-case name: `x0`…`x30`, `sp`, `pc`, `lr`, `nzcv`, `v0`… (128 bits), `pstate`, PSTATE
   * fields (`el`, `spsel`, `daif`, `pan`, `uao`, `n`…), `sp_el0`…`sp_el3` and every system register of the machine.
   * Undefined when there is no register of this name.
   */
  readRegister(name: string): bigint | undefined;
  /** Writes a register by name; false when there is none of this name or it cannot be written. */
  writeRegister(name: string, value: bigint): boolean;
  /** Whether data of an Exception level are big-endian now. */
  hasBigEndianData(el: ExceptionLevel): boolean;
  /** Where an access by name from the current Exception level goes, when that is another register. */
  effectiveRegister(name: string): EffectiveRegister | undefined;
}

/** Whether numbers in a space have their high byte first: virtual addresses are used by an Exception level. */
export function isBigEndian(element: TargetProcessingElement, space: AddressSpace): boolean {
  return space.kind === 'va' && element.hasBigEndianData(space.el ?? element.el);
}

/** Bytes read: what could be read from the start on, and how many after them could not. */
export interface MemoryRead {
  readonly bytes: Uint8Array;
  readonly unreadable: number;
  /** Why the reading ended early, in words. */
  readonly problem?: string;
}

/** What a translation gives, in a form fit for showing. */
export type AddressTranslation =
  | { readonly ok: true; readonly pa: bigint; readonly ipa?: bigint; readonly steps: readonly string[] }
  | { readonly ok: false; readonly problem: string; readonly steps: readonly string[] };

export interface Watchpoint {
  readonly id: number;
  /** Physical watchpoints catch every alias and devices; virtual ones are of the regime given. */
  readonly at: SpaceAddress;
  readonly length: number;
  readonly access: 'read' | 'write' | 'readWrite';
}

export interface WatchpointHit {
  readonly id: number;
  readonly access: 'read' | 'write';
  /** Address of the access as the element made it. */
  readonly address: bigint;
  readonly size: number;
  readonly physicalAddress?: bigint;
  /** Address of the instruction that accessed, which has completed. Absent when a device did it. */
  readonly pc?: bigint;
}

/** Why a run came to rest. */
export type TargetStop =
  /** The instruction budget was used; nothing happened. */
  | { readonly kind: 'budget' }
  /** The next instruction of this element carries a breakpoint. */
  | { readonly kind: 'breakpoint'; readonly pe: number; readonly address: bigint }
  | { readonly kind: 'watchpoint'; readonly pe: number; readonly hit: WatchpointHit }
  /** The exception catcher asked to stop; the element stands at the first instruction after the exception or return. */
  | { readonly kind: 'exception'; readonly pe: number; readonly record: ExceptionRecord }
  /** The catcher of lines asked to stop; the element stands a few instructions behind the one that sent the line's end. */
  | { readonly kind: 'serialLine'; readonly pe: number; readonly line: string }
  /** No element can run and no event is scheduled: only input from outside goes on. */
  | { readonly kind: 'idle' }
  /** The machine ended by itself. */
  | {
      readonly kind: 'ended';
      readonly how: 'shutdown' | 'reset' | 'exit';
      readonly status?: number;
      readonly detail: string;
    }
  /** The machine met something it does not do; it cannot go on. */
  | { readonly kind: 'unsupported'; readonly pe: number; readonly detail: string };

/** The append-only record of exceptions and returns. Travelling back shortens it to what had happened then. */
export interface ExceptionLog {
  /** Records dropped at the old end, when the machine bounds its record. */
  readonly first: number;
  /** Index after the last record. */
  readonly end: number;
  at(index: number): ExceptionRecord | undefined;
  /** X0–X30 and the stack pointer as they were when this record was made, while the target still has them. */
  registersAt(index: number):
    | {
        readonly x: readonly bigint[];
        readonly sp: bigint;
        /** For a guest's exit: HCR_EL2 as it took effect in the guest, and how its addresses were translated. */
        readonly translation?: { readonly hypervisorConfiguration: bigint };
      }
    | undefined;
}

/** Positions that can be travelled to. */
export interface TimeTravel {
  readonly oldest: number;
  /** The furthest position this machine has run to since it was last changed by hand. */
  readonly newest: number;
  /** Puts the machine into the state it had at this position; throws `UserProblem` when that is outside the recording. */
  travelTo(position: number): void;
}

export interface Target {
  /** What the machine is, for a person: "virt, 2 × cortex-a72, 512 MiB". */
  readonly description: string;
  readonly processingElements: readonly TargetProcessingElement[];
  /** The element that executes the next instruction. */
  readonly current: number;
  /** Retired instructions of all elements together. */
  readonly position: number;
  /** One and the same object all the time. */
  readonly exceptions: ExceptionLog;
  readonly timeTravel: TimeTravel | undefined;

  /** Takes what a person should know of a run; absent where the target has nothing to say. */
  onNotice?: ((text: string) => void) | undefined;

  /**
   * When the last run ended because the guest waits for the world outside: resolves when it is worth going on. Undefined
   * when it is so at once.
   */
  rest?(): Promise<void> | undefined;

  /**
   * Runs at most so many instructions. A breakpoint under the first instruction is not reported, so that a run that
   * stopped at one goes on by running again.
   */
  run(maxInstructions: number): TargetStop;
  /** Runs until this element has executed one instruction (or taken an exception instead of it). */
  step(pe: number): TargetStop;

  /** Replaces the set of breakpoints: virtual addresses, in whatever regime the element runs. */
  setBreakpoints(addresses: Iterable<bigint>): void;
  /** Replaces the set of watchpoints; gives for each the reason why it cannot be watched, or undefined. */
  setWatchpoints(watchpoints: readonly Watchpoint[]): readonly (string | undefined)[];
  /** Asked of every record as it is appended; true stops the run there. Undefined: nobody is asked. */
  setExceptionCatcher(catcher: ((record: ExceptionRecord) => boolean) | undefined): void;
  /**
   * Asked of every line, without its end, that the machine's first serial port sends (the last 1,024 characters of a
   * longer one), again when history is run again; true stops the run there. Undefined: nobody is asked.
   */
  setSerialLineCatcher(catcher: ((line: string) => boolean) | undefined): void;

  readMemory(pe: number, at: SpaceAddress, length: number): MemoryRead;
  /** Writes memory; gives the number of bytes written. Device registers are not written. */
  writeMemory(pe: number, at: SpaceAddress, bytes: Uint8Array): number;
  translate(pe: number, at: SpaceAddress, access: 'read' | 'write' | 'execute'): AddressTranslation;
  /** The allocation tag of a physical address, 0 to 15; undefined where memory has none, absent where no memory has. */
  allocationTag?(physicalAddress: bigint): number | undefined;
  /**
   * Physical addresses of memory at which these words (little-endian) stand at an offset within a 4 KiB page; at most a
   * few. Absent where the target cannot look for them quickly.
   */
  findInMemory?(words: Uint32Array, pageOffset: number): readonly bigint[];

  /** Bytes that the machine's first serial port sends. Nothing is sent again while history is replayed. */
  onSerialOutput: ((bytes: Uint8Array) => void) | undefined;
  sendSerialInput(bytes: Uint8Array): void;
  /** The machine as it is now, for `snapshot` of a launch configuration; absent where the target has no such thing. */
  saveSnapshot?(): Uint8Array;
  /** Back to reset, with breakpoints kept and the recording begun anew. */
  reset(): void;
  /** Asks the guest to power off where the board has a way to; false when it has none. */
  requestPowerOff(): boolean;
  dispose(): void;
}

/** A problem that the user can understand and act on: shown as it is, without a stack. */
export class UserProblem extends Error {
  override readonly name = 'UserProblem';
}

/**
 * A frame or variable of a stop that is over. Clients still ask for them while a step is under way; nobody needs to read
 * of it.
 */
export class StaleReference extends UserProblem {}
