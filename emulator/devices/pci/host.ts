/**
 * A PCI Express host (pci-host-ecam-generic): the configuration space of its one bus in the layout of ECAM, and the
 * windows through which memory of functions is reached. Where nobody is, reads are all ones and writes are lost.
 */

import type { AccessSize, InterruptLine, MmioRegion, Snapshotable } from '../../bus/types.ts';
import { configurationSize, PciFunction } from './function.ts';

const allOnes = (size: AccessSize) => (1n << BigInt(8 * size)) - 1n;

/** Bytes of ECAM for each function. */
const functionStride = 0x1000;
const functionsOfSlot = 8;
const slots = 32;
const pins = 4;

/** The host's own function, in slot 0: it has no windows and no capabilities. */
const bridge = {
  vendor: 0x1b36,
  device: 0x0008,
  revision: 0,
  classCode: 0x06_0000,
  subsystemVendor: 0x1af4,
  subsystem: 0x1100,
  interruptPin: 0,
} as const;

/** A function in its slot. Slots have one function each. */
export interface PluggedFunction {
  readonly slot: number;
  readonly function: PciFunction;
}

/** Number by which a function is known to an interrupt controller and an IOMMU. */
export const requesterId = (slot: number) => slot * functionsOfSlot;

export class PciHost implements Snapshotable {
  readonly name = 'PCI host';
  readonly configuration: MmioRegion;
  readonly #functions = new Map<number, PciFunction>([[0, new PciFunction(bridge)]]);
  readonly #lines: readonly InterruptLine[];
  /** For each of the four lines, the slots that hold it high. */
  readonly #raised = Array.from({ length: pins }, () => new Set<number>());

  /** @param lines where INTA to INTD go; the pins of the slots are shared out among them */
  constructor(lines: readonly InterruptLine[]) {
    this.#lines = lines;
    this.configuration = {
      name: 'PCI configuration space',
      read: (offset, size) => {
        const found = this.#functionAt(offset);
        if (!found) return allOnes(size);
        const at = offset % functionStride;
        // A conventional function has no more than 256 bytes.
        return at + size <= configurationSize ? found.readConfiguration(at, size) : allOnes(size);
      },
      write: (offset, size, value) => {
        const at = offset % functionStride;
        if (at + size <= configurationSize) this.#functionAt(offset)?.writeConfiguration(at, size, value);
      },
    };
  }

  /** Plugs a function into a slot. @throws RangeError when the slot is taken */
  plug(slot: number, plugged: PciFunction, interruptPin: number): void {
    if (slot < 1 || slot >= slots || this.#functions.has(slot)) {
      throw new RangeError(`PCI slot ${slot} is taken or does not exist`);
    }
    this.#functions.set(slot, plugged);
    // Each slot's pins go to the lines one further than those of the slot before.
    const line = (interruptPin - 1 + slot) % pins;
    plugged.onInterrupt = level => {
      const raised = this.#raised[line]!;
      if (level) raised.add(slot);
      else raised.delete(slot);
      this.#lines[line]?.set(raised.size > 0);
    };
  }

  #functionAt(offset: number): PciFunction | undefined {
    const number = Math.floor(offset / functionStride);
    return number % functionsOfSlot === 0 ? this.#functions.get(number / functionsOfSlot) : undefined;
  }

  /** A window of the bus: physical addresses are the bus's own. */
  memoryWindow(name: string, base: number): MmioRegion {
    const find = (offset: number) => {
      for (const one of this.#functions.values()) {
        const found = one.barAt(base + offset);
        if (found) return found;
      }
      return undefined;
    };
    return {
      name,
      read: (offset, size) => {
        const found = find(offset);
        return found ? found.bar.read(found.offset, size) : allOnes(size);
      },
      write: (offset, size, value) => {
        const found = find(offset);
        found?.bar.write(found.offset, size, value);
      },
    };
  }

  /** As after power on, but for what a device keeps. */
  reset(): void {
    for (const one of this.#functions.values()) one.reset();
  }

  save(): unknown {
    return [...this.#functions].map(([slot, one]) => [slot, one.save()]);
  }

  restore(saved: unknown): void {
    for (const raised of this.#raised) raised.clear();
    for (const line of this.#lines) line.set(false);
    for (const [slot, state] of saved as [number, unknown][]) this.#functions.get(slot)?.restore(state);
  }
}

/** A window through which no function is reached (there are no functions with I/O ports). It has no state. */
export class EmptyPciWindow implements MmioRegion {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  read(_offset: number, size: AccessSize): bigint {
    return allOnes(size);
  }

  write(): void {
    // Nobody listens.
  }
}
