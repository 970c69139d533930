/**
 * What Trapdoor's debug adapter says beyond the Debug Adapter Protocol: custom requests, custom events and the words
 * of a launch configuration. Types only, shared by the adapter and by its clients. Every request can be used headless.
 *
 * Addresses and register values travel as `0x…` text (they have 64 bits); positions and counts as numbers.
 * A position is the count of instructions retired by all processing elements since reset.
 */

/** Exception level, 0–3. */
export type ExceptionLevelNumber = 0 | 1 | 2 | 3;

export type SecurityState = 'secure' | 'non-secure';

/** A place in the guest: an address and what is known of it. */
export interface GuestLocation {
  /** Virtual address, `0x…`. */
  readonly address: string;
  /** `symbol+offset` when the symbols loaded say so. */
  readonly symbol?: string;
  /** Absolute path of the source file. */
  readonly path?: string;
  /** From 1. */
  readonly line?: number;
}

/** One exception taken or one exception return. */
export interface ExceptionRecord {
  /** From 0, in the order in which they happened. */
  readonly index: number;
  /** Instructions retired when it happened; what `trapdoor/travelTo` takes. */
  readonly position: number;
  /** Processing element, from 0. */
  readonly pe: number;
  readonly kind: 'exception' | 'return';
  readonly from: ExceptionLevelNumber;
  readonly to: ExceptionLevelNumber;
  /** Security state before and after it. EL3 is always secure. */
  readonly fromSecurity: SecurityState;
  readonly toSecurity: SecurityState;
  /** Filter id of `setExceptionBreakpoints` that names this kind of event (`hvc`, `dabort`, `irq`, `vmentry` …). */
  readonly category: string;
  /** The cause in words, for a person: `HVC #1`, `Data abort from EL1: translation fault, level 3, write`. */
  readonly cause: string;
  /** The cause without what differs from one time to the next: with kind and levels, what {@link ExceptionCause} counts. */
  readonly generalCause: string;
  /** How often this cause (kind, levels, category) has happened, this time included: 1 for the first. */
  readonly occurrence: number;
  /** ESR_ELx of the exception level that took it; absent for a return and for asynchronous exceptions. */
  readonly syndrome?: string;
  /** Where the exception was taken from, or where the return went. */
  readonly location: GuestLocation;
  /** FAR_ELx, when the exception sets it. */
  readonly faultAddress?: string;
  /** Intermediate physical address of HPFAR_EL2, when the exception sets it. */
  readonly ipa?: string;
  /** VTTBR_EL2.VMID when stage 2 was on. */
  readonly vmid?: number;
}

/** How often something happened, for the table of exits by cause. */
export interface ExceptionCause {
  readonly kind: 'exception' | 'return';
  readonly from: ExceptionLevelNumber;
  readonly to: ExceptionLevelNumber;
  readonly category: string;
  /** The cause in words, without what differs from one time to the next. */
  readonly cause: string;
  /** Whether it leaves a guest for its hypervisor (a VM exit), or enters one. */
  readonly guest?: 'exit' | 'entry';
  readonly count: number;
  /** Position of the last one. */
  readonly lastPosition: number;
}

/** `trapdoor/exceptions`: a part of the exception record. Legal while the machine runs. */
export interface ExceptionsArguments {
  /** Index of the first record wanted; negative counts from the end. Default 0. */
  readonly from?: number;
  /** At most so many records. Default 1000. */
  readonly count?: number;
}

export interface ExceptionsResponseBody {
  /** How many records there are in all. */
  readonly total: number;
  readonly records: readonly ExceptionRecord[];
  /** All causes so far, the most frequent first. */
  readonly causes: readonly ExceptionCause[];
}

/** What one exception level of one processing element is doing. */
export interface LevelState {
  readonly el: ExceptionLevelNumber;
  /** False when the machine was configured without it. */
  readonly implemented: boolean;
  /** `running`: executes now; `waiting`: a return will come back here; `idle`: not on the way to what runs. */
  readonly activity: 'running' | 'waiting' | 'idle';
  /** What runs there, in words: `hypervisor host (VHE)`, `guest kernel, VMID 1`. */
  readonly role: string;
  /** Where it executes, or where it left to another exception level. Absent when it never ran. */
  readonly location?: GuestLocation;
}

/** `trapdoor/levels`: which exception level runs and how it got there. Legal while stopped. */
export interface LevelsArguments {
  /** Processing element, from 0. Default: the one that is executing. */
  readonly pe?: number;
}

export interface LevelsResponseBody {
  readonly pe: number;
  readonly position: number;
  readonly security: SecurityState;
  /** EL3 first. */
  readonly levels: readonly LevelState[];
  /** The exceptions and returns that led here, the latest last; at most eight. */
  readonly path: readonly ExceptionRecord[];
}

/** `trapdoor/travelTo`: puts the machine back (or forward, as recorded) to a position; answers by `stopped`. */
export interface TravelToArguments {
  readonly position: number;
}

/** `trapdoor/uartInput`: text (UTF-8) for the guest's UART. Legal while the machine runs. */
export interface UartInputArguments {
  readonly text: string;
}

/**
 * `trapdoor/saveSnapshot`: writes the machine as it is now to a file, for `snapshot` of a launch configuration. Legal while
 * stopped.
 */
export interface SaveSnapshotArguments {
  /** A relative path is resolved against `cwd` of the launch configuration. */
  readonly file: string;
}

export interface SaveSnapshotResponseBody {
  /** Absolute path. */
  readonly path: string;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** Custom requests by their names: arguments and response body. */
export interface CustomRequests {
  'trapdoor/exceptions': { arguments: ExceptionsArguments; body: ExceptionsResponseBody };
  'trapdoor/levels': { arguments: LevelsArguments; body: LevelsResponseBody };
  'trapdoor/travelTo': { arguments: TravelToArguments; body: undefined };
  'trapdoor/saveSnapshot': { arguments: SaveSnapshotArguments; body: SaveSnapshotResponseBody };
  'trapdoor/uartInput': { arguments: UartInputArguments; body: undefined };
}

/** Event `trapdoor/uart`: text that the guest wrote to its UART. */
export interface UartEventBody {
  readonly text: string;
}

/** Event `trapdoor/state`: sent with each `stopped` event, before it, and with each `continued`. */
export interface StateEventBody {
  readonly running: boolean;
  readonly el: ExceptionLevelNumber;
  readonly security: SecurityState;
  readonly pe: number;
  readonly position: number;
  /** The furthest position at which this machine has been shown; what lies behind it is the past. */
  readonly present: number;
}

/** Custom events by their names. */
export interface CustomEvents {
  'trapdoor/uart': UartEventBody;
  'trapdoor/state': StateEventBody;
}

/**
 * A file of symbols beside the program's own. Where its code runs is found out by comparing what runs with the file:
 * before translation is on, after a kernel has placed itself at random, after firmware has moved itself. `offset` says
 * it instead. An image that belongs to a context speaks of code in that context only: the kernel of a guest is
 * `{"file": "vmlinux-guest", "vmid": "any"}`, that of its host `{"file": "vmlinux", "vmid": "none"}`.
 */
export interface SymbolFile {
  readonly file: string;
  /** Added to every address of the file, `0x…` or a number. */
  readonly offset?: string | number;
  /** Exception levels that its code runs at. */
  readonly el?: number | readonly number[];
  /** VMIDs of the guests it belongs to; `any` guest, or `none`: a host (whose VMID, if it has one, is 0). */
  readonly vmid?: number | readonly number[] | 'any' | 'none';
  /** Address space identifiers of the programs it belongs to. */
  readonly asid?: number | readonly number[];
}

/** A raw image put into memory before reset. */
export interface LoadedImage {
  readonly file: string;
  /** Physical address, `0x…` or a number. */
  readonly loadAddress: string | number;
}

/**
 * A launch configuration (`request: 'launch'`). Machine words are QEMU's. Relative paths are resolved against `cwd`.
 * One of `program`, `kernel`, `bios` and `snapshot` is needed.
 */
export interface LaunchConfiguration {
  /** ELF file, arm64 Image, raw binary, or assembly source (`.s`, `.S`), which is assembled and linked first. */
  readonly program?: string;
  readonly cwd?: string;
  /** Board and its options as after QEMU's `-machine`. Default `virt`. */
  readonly machine?: string;
  /** Core as after QEMU's `-cpu`. Default `max`. */
  readonly cpu?: string;
  /** RAM as after QEMU's `-m`. Default `128M`. */
  readonly memory?: string;
  /** Number of processing elements. Default 1. */
  readonly smp?: number;
  /** EL2 present (QEMU's `virtualization=`). Default true. */
  readonly virtualization?: boolean;
  /** EL3 and the secure state present (QEMU's `secure=`). Default false. */
  readonly secure?: boolean;
  readonly gicVersion?: 2 | 3;
  /** Kernel booted by the arm64 protocol: arm64 Image or ELF file. */
  readonly kernel?: string;
  readonly initrd?: string;
  /** Kernel command line. */
  readonly append?: string;
  /** Firmware put into flash at address 0. */
  readonly bios?: string;
  readonly dtb?: string;
  readonly images?: readonly LoadedImage[];
  /** Further words for the machine as on QEMU's command line: `["-nic", "user,loopback=on"]`. They count most. */
  readonly options?: readonly string[];
  readonly symbolFiles?: readonly (string | SymbolFile)[];
  readonly sourceFileMap?: Readonly<Record<string, string>>;
  /** Directories searched by `#include` and `.include` when `program` is assembly source. */
  readonly includePath?: readonly string[];
  /**
   * A machine saved to a file: it goes on from there instead of from reset. It is made of what it was made of then; what
   * the configuration says beyond that must agree.
   */
  readonly snapshot?: string;
  /** Stop before the first instruction. Default false. */
  readonly stopOnEntry?: boolean;
  /** Stop at this function first. */
  readonly runToEntryPoint?: string;
  /** Snapshots for stepping back. Default true. */
  readonly reverseDebugging?: boolean;
  /** Serve semihosting calls: console and exit only. Default false. */
  readonly semihosting?: boolean;
  /** How stepping treats interrupts that arrive meanwhile: their handlers are run through (default), or stepped into. */
  readonly stepping?: { readonly interrupts?: 'runThrough' | 'stepInto' };
  /** Log the protocol to the debug console. Default false. */
  readonly trace?: boolean;
}
