/**
 * What a device and the rest of the machine say to each other: register accesses, interrupt lines, virtual time and
 * saved state. Devices know these types and nothing else of the machine.
 */

/** Width of one access to a device, in bytes. */
export type AccessSize = 1 | 2 | 4 | 8;

/** Who makes an access to a device, as far as a device may tell masters apart. */
export interface BusAccess {
  /** Index of the processing element that makes the access; a debugger's access names the one it looks through. */
  readonly pe: number;
  /** The access is to the Secure physical address space. */
  readonly secure: boolean;
  /** The access is made from EL1 or above (unprivileged loads and stores count as EL0). */
  readonly privileged: boolean;
}

/**
 * A range of physical addresses that a device answers.
 *
 * Offsets count from the start of the region and lie within it; an access never crosses the end. Whether an access
 * is naturally aligned is checked by whoever makes it. A device answers every offset: what it does not implement
 * reads as zero and ignores writes, unless the device's manual says otherwise.
 */
export interface MmioRegion {
  /** Name shown to a person, such as `GIC distributor`. */
  readonly name: string;
  /** Value of `size` bytes at `offset`, unsigned, in the low bits. */
  read(offset: number, size: AccessSize, access: BusAccess): bigint;
  /** Stores the low `size` bytes of `value` at `offset`. */
  write(offset: number, size: AccessSize, value: bigint, access: BusAccess): void;
}

/** An input of an interrupt controller as its source sees it: a level. Setting the same level again has no effect. */
export interface InterruptLine {
  set(level: boolean): void;
}

/** An event waiting in the virtual clock's queue. */
export interface ScheduledEvent {
  /** Virtual time at which the event is due, in instruction units. */
  readonly at: number;
}

/** Virtual time: a count of retired instructions (plus idle skips), never the host's time. */
export interface VirtualClock {
  /** Virtual time in instruction units; it never goes back except when a snapshot is restored. */
  now(): number;
  /** Calls `callback` once when virtual time reaches `at`; a time that is past is due at the next opportunity. */
  schedule(at: number, callback: () => void): ScheduledEvent;
  /** Takes an event out of the queue; an event that has happened already is left alone. */
  cancel(event: ScheduledEvent): void;
}

/** Anything with state that belongs to the machine's snapshot. */
export interface Snapshotable {
  /** Unique within a machine and the same in every machine of the same options. */
  readonly name: string;
  /** State as structured-cloneable data that later changes of the device do not touch. */
  save(): unknown;
  /** Puts back what `save` of a device of the same name and configuration returned. Lines driven by it follow. */
  restore(saved: unknown): void;
}

/** The four interrupt inputs of a processing element, as its interrupt controller drives them (level sensitive). */
export interface PeInterruptPins {
  irq: boolean;
  fiq: boolean;
  vIrq: boolean;
  vFiq: boolean;
}
