/**
 * One PCI function: its configuration space of 256 bytes (PCI Local Bus Specification 3.0, chapter 6), base address
 * registers and capabilities. What is behind its registers belongs to whoever extends it.
 */

import type { AccessSize } from '../../bus/types.ts';

/** Bytes of the configuration space of a conventional function. */
export const configurationSize = 0x100;

const offset = {
  vendor: 0x00,
  device: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  cacheLine: 0x0c,
  bars: 0x10,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;

const command = { memory: 0x0002, busMaster: 0x0004, writable: 0x0507, interruptDisable: 0x0400 } as const;
const status = { capabilities: 0x10, interrupt: 0x08 } as const;
const firstCapability = 0x40;

/** A range of memory that software gives an address. */
export interface MemoryBar {
  /** Number of the base address register, 0 to 5; a 64-bit one takes the next as well. */
  readonly index: number;
  /** Size in bytes, a power of two from 16. */
  readonly size: number;
  readonly wide: boolean;
  readonly prefetchable: boolean;
  read(offset: number, size: AccessSize): bigint;
  write(offset: number, size: AccessSize, value: bigint): void;
}

export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, subclass and programming interface, 24 bits. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
  /** 1 to 4 for INTA to INTD, 0 for none. */
  readonly interruptPin: number;
}

export class PciFunction {
  readonly #bytes = new Uint8Array(configurationSize);
  readonly #writable = new Uint8Array(configurationSize);
  readonly #bars: readonly MemoryBar[];
  #lastCapability = 0;
  #nextCapability = firstCapability;
  #interrupt = false;
  /** The level of the function's interrupt pin changed. The host sets it when the function is plugged in. */
  onInterrupt: (level: boolean) => void = () => {};
  readonly #resetState: Uint8Array;

  constructor(identity: PciIdentity, bars: readonly MemoryBar[] = [], capabilities: readonly Capability[] = []) {
    this.#bars = bars;
    this.#put(offset.vendor, 2, identity.vendor);
    this.#put(offset.device, 2, identity.device);
    this.#put(offset.revision, 1, identity.revision);
    this.#put(offset.classCode, 3, identity.classCode);
    this.#put(offset.subsystemVendor, 2, identity.subsystemVendor);
    this.#put(offset.subsystem, 2, identity.subsystem);
    this.#put(offset.interruptPin, 1, identity.interruptPin);
    this.#allow(offset.command, 2, command.writable);
    this.#allow(offset.cacheLine, 1, 0xff);
    this.#allow(offset.interruptLine, 1, 0xff);
    for (const { index, size, wide, prefetchable } of bars) {
      const at = offset.bars + 4 * index;
      this.#put(at, 4, (wide ? 4 : 0) | (prefetchable ? 8 : 0));
      this.#allow(at, 4, ~(size - 1) & ~0xf);
      if (wide) this.#allow(at + 4, 4, 0xffff_ffff);
    }
    for (const capability of capabilities) this.#addCapability(capability);
    this.#resetState = this.#bytes.slice();
  }

  #put(at: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.#bytes[at + i] = Math.floor(value / 2 ** (8 * i));
  }

  #allow(at: number, size: number, mask: number): void {
    for (let i = 0; i < size; i++) this.#writable[at + i] = mask >>> (8 * i);
  }

  #word(at: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#bytes[at + i]!;
    return value;
  }

  /** Puts a capability in front of the list. */
  #addCapability({ id, body, writable = [], placed }: Capability): void {
    const at = this.#nextCapability;
    this.#bytes[at] = id;
    this.#bytes[at + 1] = this.#lastCapability;
    this.#bytes.set(body, at + 2);
    this.#writable.set(writable, at + 2);
    this.#lastCapability = at;
    this.#nextCapability = (at + 2 + body.length + 3) & ~3;
    this.#bytes[offset.capabilities] = at;
    this.#bytes[offset.status] = this.#bytes[offset.status]! | status.capabilities;
    placed?.(at);
  }

  /** The function may read and write memory, and send messages. */
  get isBusMaster(): boolean {
    return (this.#word(offset.command, 2) & command.busMaster) !== 0;
  }

  /** Reads from the configuration space; `at + size` is within it. */
  readConfiguration(at: number, size: AccessSize): bigint {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#configurationByte(at + i));
    return value;
  }

  #configurationByte(at: number): number {
    const byte = this.#bytes[at] ?? 0;
    return at === offset.status && this.#interrupt ? byte | status.interrupt : byte;
  }

  writeConfiguration(at: number, size: AccessSize, value: bigint): void {
    for (let i = 0; i < size; i++) {
      const mask = this.#writable[at + i] ?? 0;
      const byte = Number((value >> BigInt(8 * i)) & 0xffn);
      this.#bytes[at + i] = (this.#bytes[at + i]! & ~mask) | (byte & mask);
    }
    this.#driveInterrupt();
  }

  /** The range of memory of this function that an address is in. */
  barAt(address: number): { readonly bar: MemoryBar; readonly offset: number } | undefined {
    if (!(this.#word(offset.command, 2) & command.memory)) return undefined;
    for (const bar of this.#bars) {
      const base = this.barAddress(bar);
      if (base !== 0 && address >= base && address < base + bar.size) return { bar, offset: address - base };
    }
    return undefined;
  }

  /** Address that software gave a range; zero while it has none. */
  barAddress({ index, wide }: MemoryBar): number {
    const at = offset.bars + 4 * index;
    const low = (this.#word(at, 4) & ~0xf) >>> 0;
    return wide ? this.#word(at + 4, 4) * 2 ** 32 + low : low;
  }

  bar(index: number): MemoryBar | undefined {
    return this.#bars.find(bar => bar.index === index);
  }

  /** Sets the level of the interrupt pin. */
  setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#driveInterrupt();
  }

  #driveInterrupt(): void {
    this.onInterrupt(this.#interrupt && !(this.#word(offset.command, 2) & command.interruptDisable));
  }

  /** As after power on. */
  reset(): void {
    this.#bytes.set(this.#resetState);
    this.setInterrupt(false);
  }

  save(): unknown {
    return { bytes: this.#bytes.slice(), interrupt: this.#interrupt };
  }

  restore(saved: unknown): void {
    const { bytes, interrupt } = saved as { bytes: Uint8Array; interrupt: boolean };
    this.#bytes.set(bytes);
    this.#interrupt = interrupt;
    this.#driveInterrupt();
  }
}

/** A capability as it is put into the list. */
export interface Capability {
  readonly id: number;
  /** What follows the identifier and the link. */
  readonly body: readonly number[];
  /** Bits of the body that software may write. */
  readonly writable?: readonly number[];
  /** Told the capability's offset. */
  readonly placed?: (offset: number) => void;
}
