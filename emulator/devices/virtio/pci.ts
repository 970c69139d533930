/**
 * Virtio over PCI (virtio 1.2, 4.1): a function whose capabilities say where the registers are. Only the modern
 * interface is there, as with QEMU's `disable-legacy=on`.
 */

import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { AccessSize } from '../../bus/types.ts';
import { type Capability, type MemoryBar, PciFunction } from '../pci/function.ts';
import { Msix, msixSize, noVector, type SendMessage } from '../pci/msix.ts';
import type { VirtioDevice } from './device.ts';
import { deviceStatus, VirtioEndpoint } from './endpoint.ts';

const vendor = 0x1af4;
const firstDevice = 0x1040;
const subsystem = 0x1100;

/** Class codes by device ID, as on QEMU; a device of no known class is "unclassified". */
const classCodes: Readonly<Record<number, number>> = {
  1: 0x02_0000,
  2: 0x01_0000,
  3: 0x07_8000,
  4: 0x00_ff00,
  9: 0x00_0200,
};

const vendorCapability = 0x09;
const structure = { common: 1, notify: 2, isr: 3, device: 4, window: 5 } as const;
const registerBar = 4;
const messageBar = 1;
const registersSize = 0x4000;
/** Where each structure is in the range of registers, each of one page. */
const place = { common: 0x0000, isr: 0x1000, device: 0x2000, notify: 0x3000 } as const;
const page = 0x1000;
const notifyMultiplier = 4;

const common = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  configurationVector: 0x10,
  queues: 0x12,
  status: 0x14,
  generation: 0x15,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueVector: 0x1a,
  queueEnable: 0x1c,
  queueNotifyOffset: 0x1e,
  descriptors: 0x20,
  available: 0x28,
  used: 0x30,
} as const;

const interrupt = { usedBuffer: 1, configurationChanged: 2 } as const;

interface VirtioPciState {
  deviceFeatureSelect: number;
  driverFeatureSelect: number;
  driverFeatures: [number, number];
  queueSelect: number;
  isr: number;
  configurationVector: number;
  queueVectors: number[];
}

const initialState = (): VirtioPciState => ({
  deviceFeatureSelect: 0,
  driverFeatureSelect: 0,
  driverFeatures: [0, 0],
  queueSelect: 0,
  isr: 0,
  configurationVector: noVector,
  queueVectors: [],
});

/** One vector for the configuration and one for queues, or for each direction of a network. */
const messageVectors = (device: VirtioDevice) => (device.id === 1 ? 3 : 2);

const le32 = (value: number): number[] => [0, 8, 16, 24].map(shift => (value >>> shift) & 0xff);

const virtioCapability = (
  type: number,
  at: number,
  length: number,
  more: readonly number[] = [],
  bar: number = registerBar,
): Capability => ({
  id: vendorCapability,
  body: [16 + more.length, type, bar, 0, 0, 0, ...le32(at), ...le32(length), ...more],
});

export interface VirtioPciOptions {
  readonly device: VirtioDevice;
  readonly memory: DirectMemoryAccess;
  /** Takes a message that the function sends. */
  readonly send: SendMessage;
}

export class VirtioPci extends PciFunction {
  readonly endpoint: VirtioEndpoint;
  readonly #msix: Msix;
  readonly #windowAt: number;
  #state = initialState();

  constructor({ device, memory, send }: VirtioPciOptions) {
    const vectors = messageVectors(device);
    const at = { msix: 0, window: 0 };
    const registers: MemoryBar = {
      ...{ index: registerBar, size: registersSize, wide: true, prefetchable: true },
      read: (offset, size) => this.#read(offset, size),
      write: (offset, size, value) => this.#write(offset, size, value),
    };
    const messages: MemoryBar = {
      ...{ index: messageBar, size: msixSize, wide: false, prefetchable: false },
      read: (offset, size) => this.#msix.read(offset, size),
      write: (offset, size, value) => this.#msix.write(offset, size, value),
    };
    const window: Capability = {
      ...virtioCapability(structure.window, 0, 0, [0, 0, 0, 0], 0),
      writable: [0, 0, 0xff, 0, 0, 0, ...Array<number>(12).fill(0xff)],
      placed: offset => {
        at.window = offset;
      },
    };
    super(
      {
        vendor,
        device: firstDevice + device.id,
        revision: 1,
        classCode: classCodes[device.id] ?? 0x00_ff00,
        ...{ subsystemVendor: vendor, subsystem, interruptPin: 1 },
      },
      [messages, registers],
      [
        virtioCapability(structure.common, place.common, page),
        virtioCapability(structure.isr, place.isr, page),
        virtioCapability(structure.device, place.device, page),
        virtioCapability(structure.notify, place.notify, page, le32(notifyMultiplier)),
        window,
        Msix.capability(vectors, messageBar, offset => {
          at.msix = offset;
        }),
      ],
    );
    this.#windowAt = at.window;
    this.#msix = new Msix(
      vectors,
      (address, data) => this.isBusMaster && send(address, data),
      () => Number(super.readConfiguration(at.msix + 3, 1)),
    );
    const mastered: DirectMemoryAccess = {
      read: (address, length) => (this.isBusMaster ? memory.read(address, length) : undefined),
      write: (address, bytes) => this.isBusMaster && memory.write(address, bytes),
    };
    this.endpoint = new VirtioEndpoint({
      device,
      memory: mastered,
      legacy: false,
      interrupt: queue => this.#interrupt(queue),
    });
  }

  #interrupt(queue: number | undefined): void {
    this.#state.isr |= queue === undefined ? interrupt.configurationChanged : interrupt.usedBuffer;
    if (!this.#msix.enabled) {
      this.setInterrupt(true);
      return;
    }
    const vector = queue === undefined ? this.#state.configurationVector : this.#state.queueVectors[queue];
    this.#msix.raise(vector ?? noVector);
  }

  override readConfiguration(at: number, size: AccessSize): bigint {
    const window = this.#window(at);
    return window ? window.bar.read(window.offset, window.size) : super.readConfiguration(at, size);
  }

  override writeConfiguration(at: number, size: AccessSize, value: bigint): void {
    const window = this.#window(at);
    if (window) window.bar.write(window.offset, window.size, value);
    else super.writeConfiguration(at, size, value);
    this.#msix.maskChanged();
  }

  /** The window onto the registers that is in the configuration space (4.1.4.9), if `at` is its data. */
  #window(at: number): { readonly bar: MemoryBar; readonly offset: number; readonly size: AccessSize } | undefined {
    if (at !== this.#windowAt + 16) return undefined;
    const bar = this.bar(Number(super.readConfiguration(this.#windowAt + 4, 1)));
    const offset = Number(super.readConfiguration(this.#windowAt + 8, 4));
    const size = Number(super.readConfiguration(this.#windowAt + 12, 4));
    if (!bar || (size !== 1 && size !== 2 && size !== 4) || offset % size !== 0 || offset + size > bar.size) {
      return undefined;
    }
    return { bar, offset, size };
  }

  #read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.#read(offset, 4) | (this.#read(offset + 4, 4) << 32n);
    if (offset < place.isr) return BigInt.asUintN(8 * size, BigInt(this.#readCommon(offset) >>> 0));
    if (offset < place.device) return offset === place.isr ? this.#readIsr() : 0n;
    if (offset < place.notify) {
      let value = 0n;
      for (let i = size - 1; i >= 0; i--) {
        value = (value << 8n) | BigInt(this.endpoint.readConfiguration(offset - place.device + i));
      }
      return value;
    }
    return 0n;
  }

  /** Reading the interrupt status clears it. */
  #readIsr(): bigint {
    const { isr } = this.#state;
    this.#state.isr = 0;
    this.setInterrupt(false);
    return BigInt(isr);
  }

  #readCommon(offset: number): number {
    const state = this.#state;
    const { endpoint } = this;
    const queue = endpoint.queues[state.queueSelect];
    const half = (address: number) => (offset & 4 ? Math.floor(address / 2 ** 32) : address % 2 ** 32);
    switch (offset) {
      case common.deviceFeatureSelect:
        return state.deviceFeatureSelect;
      case common.deviceFeature:
        return this.#featureWord(endpoint.offered, state.deviceFeatureSelect);
      case common.driverFeatureSelect:
        return state.driverFeatureSelect;
      case common.driverFeature:
        return state.driverFeatures[state.driverFeatureSelect] ?? 0;
      case common.configurationVector:
        return state.configurationVector;
      case common.queues:
        return endpoint.queues.length;
      case common.status:
        return endpoint.status;
      case common.generation:
        return endpoint.generation;
      case common.queueSelect:
        return state.queueSelect;
      case common.queueSize:
        return queue?.size ?? 0;
      case common.queueVector:
        return state.queueVectors[state.queueSelect] ?? noVector;
      case common.queueEnable:
        return queue?.ready ? 1 : 0;
      case common.queueNotifyOffset:
        return state.queueSelect;
      case common.descriptors:
      case common.descriptors + 4:
        return half(queue?.addresses.descriptors ?? 0);
      case common.available:
      case common.available + 4:
        return half(queue?.addresses.available ?? 0);
      case common.used:
      case common.used + 4:
        return half(queue?.addresses.used ?? 0);
      default:
        return 0;
    }
  }

  #featureWord(all: bigint, select: number): number {
    return select > 1 ? 0 : Number((all >> BigInt(32 * select)) & 0xffff_ffffn);
  }

  #write(offset: number, size: AccessSize, value: bigint): void {
    if (size === 8) {
      this.#write(offset, 4, value & 0xffff_ffffn);
      this.#write(offset + 4, 4, value >> 32n);
    } else if (offset < place.isr) this.#writeCommon(offset, Number(value));
    else if (offset >= place.notify) this.endpoint.notify((offset - place.notify) / notifyMultiplier);
    else if (offset >= place.device) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
      this.endpoint.writeConfiguration(offset - place.device, bytes);
    }
  }

  #writeCommon(offset: number, value: number): void {
    const state = this.#state;
    const { endpoint } = this;
    switch (offset) {
      case common.deviceFeatureSelect:
        state.deviceFeatureSelect = value;
        return;
      case common.driverFeatureSelect:
        state.driverFeatureSelect = value;
        return;
      case common.driverFeature:
        if (state.driverFeatureSelect > 1) return;
        state.driverFeatures[state.driverFeatureSelect as 0 | 1] = value;
        endpoint.acceptFeatures(BigInt(state.driverFeatures[0]) | (BigInt(state.driverFeatures[1]) << 32n));
        return;
      case common.configurationVector:
        state.configurationVector = this.#vector(value);
        return;
      case common.status:
        if ((value & 0xff) === 0) this.#resetDevice();
        else endpoint.setStatus(value & (0xff & ~deviceStatus.needsReset));
        return;
      case common.queueSelect:
        state.queueSelect = value & 0xffff;
        return;
    }
    const queue = endpoint.queues[state.queueSelect];
    if (!queue) return;
    const { descriptors, available, used } = queue.addresses;
    const half = (address: number) =>
      offset & 4 ? (address % 2 ** 32) + value * 2 ** 32 : address - (address % 2 ** 32) + value;
    switch (offset) {
      case common.queueSize:
        if (value <= queue.maximumSize) queue.configure({ size: value });
        break;
      case common.queueVector:
        state.queueVectors[state.queueSelect] = this.#vector(value);
        break;
      case common.queueEnable:
        // Only a reset disables a queue.
        if (value & 1) queue.configure({ ready: true });
        break;
      case common.descriptors:
      case common.descriptors + 4:
        queue.configure({ descriptors: half(descriptors) });
        break;
      case common.available:
      case common.available + 4:
        queue.configure({ available: half(available) });
        break;
      case common.used:
      case common.used + 4:
        queue.configure({ used: half(used) });
        break;
    }
  }

  /** A vector that there is, or none. */
  #vector(value: number): number {
    return value < messageVectors(this.endpoint.device) ? value : noVector;
  }

  #resetDevice(): void {
    this.endpoint.reset();
    this.#state = initialState();
    this.setInterrupt(false);
  }

  override reset(): void {
    super.reset();
    this.#msix.reset();
    this.#resetDevice();
  }

  override save(): unknown {
    return {
      function: super.save(),
      own: structuredClone(this.#state),
      msix: this.#msix.save(),
      endpoint: this.endpoint.save(),
    };
  }

  override restore(saved: unknown): void {
    const state = saved as { function: unknown; own: VirtioPciState; msix: unknown; endpoint: unknown };
    this.#state = structuredClone(state.own);
    this.#msix.restore(state.msix);
    this.endpoint.restore(state.endpoint);
    super.restore(state.function);
  }
}
