/**
 * Virtio over MMIO (virtio 1.2, 4.2): registers in 512 bytes, one interrupt. A transport is either version 1 (the
 * legacy interface, 4.2.4, which is what QEMU's `virt` board has unless told otherwise) or version 2, never both. One
 * without a device says so by device ID 0.
 */

import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { AccessSize, InterruptLine, MmioRegion, Snapshotable } from '../../bus/types.ts';
import type { VirtioDevice } from './device.ts';
import { VirtioEndpoint } from './endpoint.ts';

/** Offsets of the registers (virtio 1.2, tables 4.1 and 4.2). */
const register = {
  magic: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSelect: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSelect: 0x024,
  legacyPageSize: 0x028,
  queueSelect: 0x030,
  queueSizeMaximum: 0x034,
  queueSize: 0x038,
  legacyQueueAlign: 0x03c,
  legacyQueuePage: 0x040,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAcknowledge: 0x064,
  status: 0x070,
  descriptorsLow: 0x080,
  descriptorsHigh: 0x084,
  availableLow: 0x090,
  availableHigh: 0x094,
  usedLow: 0x0a0,
  usedHigh: 0x0a4,
  sharedMemoryLengthLow: 0x0b0,
  sharedMemoryLengthHigh: 0x0b4,
  configurationGeneration: 0x0fc,
  configuration: 0x100,
} as const;

/** "virt" */
const magic = 0x7472_6976;
/** "QEMU", as its drivers may expect. */
const vendor = 0x554d_4551;
/** Largest size of a queue that the register tells, whatever the queue's usual size. */
const largestQueue = 1024;

const interrupt = { usedBuffer: 1, configurationChanged: 2 } as const;

interface TransportState {
  deviceFeaturesSelect: number;
  driverFeaturesSelect: number;
  /** Features that the driver has written, before it says FEATURES_OK. */
  driverFeatures: [number, number];
  /** Legacy: log2 of the page size. */
  pageShift: number;
  queueSelect: number;
  interruptStatus: number;
  /** Legacy: alignment of each queue's used ring. */
  alignments: number[];
}

const initialState = (): TransportState => ({
  deviceFeaturesSelect: 0,
  driverFeaturesSelect: 0,
  driverFeatures: [0, 0],
  pageShift: 0,
  queueSelect: 0,
  interruptStatus: 0,
  alignments: [],
});

export interface VirtioMmioOptions {
  /** Number of the transport on its board. */
  readonly index: number;
  readonly line: InterruptLine;
  readonly memory: DirectMemoryAccess;
  /** Version 1. */
  readonly legacy: boolean;
  readonly device?: VirtioDevice;
}

/** A transport with or without a device. */
export class VirtioMmio implements MmioRegion, Snapshotable {
  readonly name: string;
  readonly endpoint: VirtioEndpoint | undefined;
  readonly #line: InterruptLine;
  readonly #legacy: boolean;
  #state = initialState();

  constructor({ index, line, memory, legacy, device }: VirtioMmioOptions) {
    this.name = `virtio-mmio transport ${index}`;
    this.#line = line;
    this.#legacy = legacy;
    this.endpoint =
      device &&
      new VirtioEndpoint({
        device,
        memory,
        legacy,
        interrupt: queue => this.#raise(queue === undefined ? interrupt.configurationChanged : interrupt.usedBuffer),
      });
  }

  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.read(offset, 4) | (this.read(offset + 4, 4) << 32n);
    const { endpoint } = this;
    if (endpoint && offset >= register.configuration) {
      let value = 0;
      for (let i = size - 1; i >= 0; i--) {
        value = value * 256 + endpoint.readConfiguration(offset - register.configuration + i);
      }
      return BigInt(value);
    }
    return size === 4 ? BigInt(this.#readRegister(offset) >>> 0) : 0n;
  }

  #readRegister(offset: number): number {
    const { endpoint } = this;
    switch (offset) {
      case register.magic:
        return magic;
      case register.version:
        return this.#legacy ? 1 : 2;
      case register.vendorId:
        return vendor;
    }
    if (!endpoint) return 0;
    const state = this.#state;
    const queue = endpoint.queues[state.queueSelect];
    switch (offset) {
      case register.deviceId:
        return endpoint.device.id;
      case register.deviceFeatures:
        if (state.deviceFeaturesSelect > (this.#legacy ? 0 : 1)) return 0;
        return Number((endpoint.offered >> BigInt(32 * state.deviceFeaturesSelect)) & 0xffff_ffffn);
      case register.queueSizeMaximum:
        return queue ? largestQueue : 0;
      case register.interruptStatus:
        return state.interruptStatus;
      case register.status:
        return endpoint.status;
      case register.legacyQueuePage:
        return this.#legacy && queue ? Math.floor(queue.addresses.descriptors / 2 ** state.pageShift) : 0;
      case register.queueReady:
        return !this.#legacy && queue?.ready ? 1 : 0;
      case register.configurationGeneration:
        return this.#legacy ? 0 : endpoint.generation;
      case register.sharedMemoryLengthLow:
      case register.sharedMemoryLengthHigh:
        return 0xffff_ffff; // no shared memory
      default:
        return 0;
    }
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    if (size === 8) {
      this.write(offset, 4, value & 0xffff_ffffn);
      this.write(offset + 4, 4, value >> 32n);
      return;
    }
    const { endpoint } = this;
    if (!endpoint) return;
    if (offset >= register.configuration) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
      endpoint.writeConfiguration(offset - register.configuration, bytes);
    } else if (size === 4) {
      this.#writeRegister(endpoint, offset, Number(value & 0xffff_ffffn));
    }
  }

  #writeRegister(endpoint: VirtioEndpoint, offset: number, value: number): void {
    const state = this.#state;
    switch (offset) {
      case register.deviceFeaturesSelect:
        state.deviceFeaturesSelect = value;
        return;
      case register.driverFeatures:
        this.#writeDriverFeatures(endpoint, value);
        return;
      case register.driverFeaturesSelect:
        state.driverFeaturesSelect = value;
        return;
      case register.queueSelect:
        if (value < largestQueue) state.queueSelect = value;
        return;
      case register.queueNotify:
        endpoint.notify(value);
        return;
      case register.interruptAcknowledge:
        state.interruptStatus &= ~value;
        this.#updateLine();
        return;
      case register.status:
        if (!this.#legacy && value & 8) endpoint.acceptFeatures(this.#acceptedFeatures());
        if ((value & 0xff) === 0) this.#reset(endpoint);
        else endpoint.setStatus(value & 0xff);
        return;
    }
    const queue = endpoint.queues[state.queueSelect];
    if (!queue) return;
    if (offset === register.queueSize) {
      if (value <= largestQueue) queue.configure({ size: value });
      if (this.#legacy) this.#placeLegacyQueue(endpoint);
    } else if (this.#legacy) this.#writeLegacyQueue(endpoint, offset, value);
    else this.#writeQueue(endpoint, offset, value);
  }

  #writeDriverFeatures(endpoint: VirtioEndpoint, value: number): void {
    const state = this.#state;
    const select = state.driverFeaturesSelect;
    if (select > 1) return;
    if (this.#legacy) {
      if (select === 0) endpoint.acceptFeatures(BigInt(value));
      return;
    }
    state.driverFeatures[select as 0 | 1] = value;
  }

  #acceptedFeatures(): bigint {
    const [low, high] = this.#state.driverFeatures;
    return BigInt(low) | (BigInt(high) << 32n);
  }

  #writeQueue(endpoint: VirtioEndpoint, offset: number, value: number): void {
    const queue = endpoint.queue(this.#state.queueSelect);
    const { descriptors, available, used } = queue.addresses;
    const low = (address: number) => address - (address % 2 ** 32) + value;
    const high = (address: number) => (address % 2 ** 32) + value * 2 ** 32;
    switch (offset) {
      case register.queueReady:
        queue.configure({ ready: (value & 1) !== 0 });
        break;
      case register.descriptorsLow:
        queue.configure({ descriptors: low(descriptors) });
        break;
      case register.descriptorsHigh:
        queue.configure({ descriptors: high(descriptors) });
        break;
      case register.availableLow:
        queue.configure({ available: low(available) });
        break;
      case register.availableHigh:
        queue.configure({ available: high(available) });
        break;
      case register.usedLow:
        queue.configure({ used: low(used) });
        break;
      case register.usedHigh:
        queue.configure({ used: high(used) });
        break;
    }
  }

  #writeLegacyQueue(endpoint: VirtioEndpoint, offset: number, value: number): void {
    const state = this.#state;
    switch (offset) {
      case register.legacyPageSize:
        state.pageShift = value === 0 ? 0 : 31 - Math.clz32(value & -value);
        break;
      case register.legacyQueueAlign:
        state.alignments[state.queueSelect] = value;
        this.#placeLegacyQueue(endpoint);
        break;
      case register.legacyQueuePage:
        // Taking the queue away resets the whole device.
        if (value === 0) this.#reset(endpoint);
        else {
          endpoint.queue(state.queueSelect).configure({ ready: true, descriptors: value * 2 ** state.pageShift });
          this.#placeLegacyQueue(endpoint);
        }
        break;
    }
  }

  /** A legacy queue is one piece: descriptors, available ring, and aligned the used ring (virtio 1.2, 2.7.2). */
  #placeLegacyQueue(endpoint: VirtioEndpoint): void {
    const state = this.#state;
    const queue = endpoint.queue(state.queueSelect);
    const align = state.alignments[state.queueSelect] || 4096;
    const available = queue.addresses.descriptors + 16 * queue.size;
    queue.configure({ available, used: Math.ceil((available + 6 + 2 * queue.size) / align) * align });
  }

  #reset(endpoint: VirtioEndpoint): void {
    endpoint.reset();
    const { pageShift } = this.#state;
    this.#state = { ...initialState(), ...(this.#legacy && { pageShift }) };
    this.#updateLine();
  }

  /** As after power on, but for what a device keeps. */
  reset(): void {
    this.endpoint?.reset();
    this.#state = initialState();
    this.#updateLine();
  }

  #raise(bit: number): void {
    this.#state.interruptStatus |= bit;
    this.#updateLine();
  }

  #updateLine(): void {
    this.#line.set(this.#state.interruptStatus !== 0);
  }

  save(): unknown {
    return { ...structuredClone(this.#state), endpoint: this.endpoint?.save() };
  }

  restore(saved: unknown): void {
    const { endpoint, ...state } = structuredClone(saved as TransportState & { endpoint: unknown });
    this.#state = state;
    this.endpoint?.restore(endpoint);
    this.#updateLine();
  }
}
