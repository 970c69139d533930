/**
 * What a virtio device is to its transport, and a transport to its device (virtio 1.2, chapter 2). A device declares
 * its number, features, configuration and queues; where its registers are and how it interrupts is the transport's
 * business.
 */

import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { Virtqueue } from './virtqueue.ts';

/** Feature bits that belong to the transport and its queues, by number (virtio 1.2, 6). */
export const transportFeature = {
  /** Legacy: the device also interrupts when it has used up everything, whatever the driver asks for. */
  notifyOnEmpty: 24,
  /** Legacy: no assumption is made about how a message is cut into descriptors. */
  anyLayout: 27,
  indirectDescriptors: 28,
  eventIndex: 29,
  version1: 32,
} as const;

/** Set of features, given by their numbers. */
export const features = (...bits: readonly number[]): bigint =>
  bits.reduce((all, bit) => all | (1n << BigInt(bit)), 0n);

/** A field of the device's configuration space. */
export interface ConfigurationField {
  readonly name: string;
  readonly offset: number;
  readonly brief: string;
  /** Its bytes as they are now; their number never changes. */
  readonly bytes: () => Uint8Array;
  /** Takes over what a driver writes; without it the field is read-only. */
  readonly write?: (bytes: Uint8Array) => void;
}

/** A number in the configuration space, little-endian. */
export const numberField = (
  name: string,
  offset: number,
  size: 1 | 2 | 4 | 8,
  brief: string,
  value: () => number,
  write?: (value: number) => void,
): ConfigurationField => ({
  name,
  offset,
  brief,
  bytes: () => Uint8Array.from({ length: size }, (_, i) => Math.floor(value() / 2 ** (8 * i)) % 256),
  ...(write && { write: (bytes: Uint8Array) => write(bytes.reduceRight((all, byte) => all * 256 + byte, 0)) }),
});

/** What a device may ask of its transport. */
export interface VirtioPort {
  readonly memory: DirectMemoryAccess;
  /** The driver has said that it is ready; queues may be used. */
  readonly running: boolean;
  queue(index: number): Virtqueue;
  /** Whether the driver has accepted a feature. */
  negotiated(feature: number): boolean;
  /** Tells the driver that the configuration has changed. */
  configurationChanged(): void;
  /** Carries out what the device does on its own accord, with the driver's mistakes caught. */
  work(action: () => void): void;
  /** The driver has broken the protocol: the device stops until it is reset. */
  fail(problem: string): void;
}

/** A device without its transport. */
export interface VirtioDevice {
  /** Such as `virtio-blk`. */
  readonly name: string;
  /** Device ID (virtio 1.2, 5). */
  readonly id: number;
  /** Features of this kind of device. */
  readonly features: bigint;
  /** Features that only a driver of the legacy interface is offered. */
  readonly legacyFeatures: bigint;
  /** Size of each queue, in descriptors. */
  readonly queueSizes: readonly number[];
  readonly configuration: readonly ConfigurationField[];
  /** Called once, when the device is plugged in. */
  attach(port: VirtioPort): void;
  /** The driver has put something into a queue. */
  notified(queue: number): void;
  /** The driver is ready, or has stopped. */
  statusChanged?(): void;
  /** Forgets everything that a reset forgets. */
  reset(): void;
  /** State beside that of the queues, as structured-cloneable data. */
  save(): unknown;
  restore(saved: unknown): void;
}
