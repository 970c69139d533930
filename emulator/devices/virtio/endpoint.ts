/**
 * What every virtio transport does the same: negotiation of features, the device's status, its queues and its
 * configuration space (virtio 1.2, 2 and 3). A transport adds registers and interrupts.
 */

import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { Snapshotable } from '../../bus/types.ts';
import { features, transportFeature, type VirtioDevice, type VirtioPort } from './device.ts';
import { Virtqueue, VirtqueueError } from './virtqueue.ts';

/** Bits of the device status (virtio 1.2, 2.1). */
export const deviceStatus = {
  acknowledge: 0x01,
  driver: 0x02,
  driverOk: 0x04,
  featuresOk: 0x08,
  needsReset: 0x40,
  failed: 0x80,
} as const;

const common = features(transportFeature.indirectDescriptors, transportFeature.eventIndex);
const legacyCommon = features(transportFeature.notifyOnEmpty);
const version1 = features(transportFeature.version1);

interface EndpointState {
  status: number;
  driverFeatures: bigint;
  generation: number;
  problem: string | undefined;
}

export interface EndpointOptions {
  readonly device: VirtioDevice;
  readonly memory: DirectMemoryAccess;
  /** The transport has the legacy interface only. */
  readonly legacy: boolean;
  /** Tells the driver that a queue has used something, or (undefined) that the configuration has changed. */
  readonly interrupt: (queue: number | undefined) => void;
}

/** A device with its queues. */
export class VirtioEndpoint implements VirtioPort, Snapshotable {
  readonly name: string;
  readonly device: VirtioDevice;
  readonly memory: DirectMemoryAccess;
  readonly legacy: boolean;
  readonly queues: readonly Virtqueue[];
  readonly #interrupt: (queue: number | undefined) => void;
  #state: EndpointState = { status: 0, driverFeatures: 0n, generation: 0, problem: undefined };

  constructor({ device, memory, legacy, interrupt }: EndpointOptions) {
    this.name = device.name;
    this.device = device;
    this.memory = memory;
    this.legacy = legacy;
    this.#interrupt = interrupt;
    const modes = {
      eventIndex: () => this.negotiated(transportFeature.eventIndex),
      indirect: () => this.negotiated(transportFeature.indirectDescriptors),
      notifyOnEmpty: () => this.negotiated(transportFeature.notifyOnEmpty),
    };
    this.queues = device.queueSizes.map(
      (maximumSize, index) => new Virtqueue({ index, maximumSize, memory, modes, interrupt: () => interrupt(index) }),
    );
    device.attach(this);
  }

  /** Everything that is offered to the driver. */
  get offered(): bigint {
    const { device, legacy } = this;
    return device.features | common | (legacy ? legacyCommon | device.legacyFeatures : version1);
  }

  get status(): number {
    return this.#state.status;
  }

  get driverFeatures(): bigint {
    return this.#state.driverFeatures;
  }

  /** Changes when the configuration does, so that a driver can read it in one piece. */
  get generation(): number {
    return this.#state.generation;
  }

  /** What the driver did wrong, once it has. */
  get problem(): string | undefined {
    return this.#state.problem;
  }

  get running(): boolean {
    return (this.#state.status & deviceStatus.driverOk) !== 0 && this.#state.problem === undefined;
  }

  negotiated(feature: number): boolean {
    return ((this.#state.driverFeatures >> BigInt(feature)) & 1n) !== 0n;
  }

  queue(index: number): Virtqueue {
    const queue = this.queues[index];
    if (!queue) throw new RangeError(`${this.name} has no queue ${index}`);
    return queue;
  }

  /** The driver accepts features; what was not offered is dropped. */
  acceptFeatures(accepted: bigint): void {
    // A modern driver cannot change its mind once it has said FEATURES_OK.
    if (!this.legacy && this.#state.status & deviceStatus.featuresOk) return;
    this.#state.driverFeatures = accepted & this.offered;
  }

  /** The driver writes the status register; zero resets the device. */
  setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const wasRunning = this.running;
    let status = value | (this.#state.status & deviceStatus.needsReset);
    // Without VERSION_1 a modern device does not go on.
    if (!this.legacy && status & deviceStatus.featuresOk && !this.negotiated(transportFeature.version1)) {
      status &= ~deviceStatus.featuresOk;
    }
    this.#state.status = status;
    if (this.running !== wasRunning) this.#guarded(() => this.device.statusChanged?.());
  }

  reset(): void {
    this.#state = { status: 0, driverFeatures: 0n, generation: this.#state.generation, problem: undefined };
    for (const queue of this.queues) queue.reset();
    this.device.reset();
  }

  /** The driver says that it has put something into a queue. */
  notify(index: number): void {
    const queue = this.queues[index];
    // A legacy driver may use a queue before it says DRIVER_OK.
    if (!queue?.ready || this.#state.problem !== undefined) return;
    this.#guarded(() => this.device.notified(index));
  }

  /** Lets the device work on its own accord, such as when input has come from outside. */
  work(action: () => void): void {
    if (this.#state.problem === undefined) this.#guarded(action);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.fail(error.message);
    }
  }

  configurationChanged(): void {
    this.#state.generation = (this.#state.generation + 1) & 0xff;
    if (this.#state.status & deviceStatus.driverOk) this.#interrupt(undefined);
  }

  fail(problem: string): void {
    this.#state.problem = problem;
    if (!this.negotiated(transportFeature.version1)) return;
    this.#state.status |= deviceStatus.needsReset;
    this.#interrupt(undefined);
  }

  /** A byte of the configuration space; all ones where there is none. */
  readConfiguration(offset: number): number {
    for (const row of this.device.configuration) {
      if (offset < row.offset) continue;
      const byte = row.bytes()[offset - row.offset];
      if (byte !== undefined) return byte;
    }
    return this.#isGap(offset) ? 0 : 0xff;
  }

  /** Whether an offset lies between fields. */
  #isGap(offset: number): boolean {
    return this.device.configuration.some(row => row.offset > offset);
  }

  /** Writes bytes of the configuration space; what they do not name of a field keeps its value. */
  writeConfiguration(offset: number, bytes: Uint8Array): void {
    for (const row of this.device.configuration) {
      if (!row.write) continue;
      const value = row.bytes();
      let touched = false;
      bytes.forEach((byte, i) => {
        const at = offset + i - row.offset;
        if (at < 0 || at >= value.length) return;
        value[at] = byte;
        touched = true;
      });
      if (touched) row.write(value);
    }
  }

  save(): unknown {
    return { ...this.#state, queues: this.queues.map(queue => queue.save()), device: this.device.save() };
  }

  restore(saved: unknown): void {
    const { queues, device, ...state } = saved as EndpointState & { queues: readonly unknown[]; device: unknown };
    this.#state = { ...state };
    this.queues.forEach((queue, index) => {
      queue.restore(queues[index]);
    });
    this.device.restore(device);
  }
}
