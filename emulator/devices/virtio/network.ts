/** Network device (virtio 1.2, 5.1) with one pair of queues and no offloading. */

import {
  type ConfigurationField,
  features,
  numberField,
  transportFeature,
  type VirtioDevice,
  type VirtioPort,
} from './device.ts';
import type { DescriptorChain } from './virtqueue.ts';

const feature = { mac: 5, mergeReceiveBuffers: 15, status: 16 } as const;
const receiveQueue = 0;
const transmitQueue = 1;
const queueSize = 256;
const linkUp = 1;
/** Frames larger than this are no Ethernet frames and are dropped. */
const largestFrame = 0x1_0000;
/** Frames that wait for the driver to give room; more are dropped, as on a real network. */
const mostWaiting = 1024;

/** What a device is connected with. */
export interface Network {
  /** Gives the answers to a frame of the guest. */
  receive(frame: Uint8Array): readonly Uint8Array[];
  /** Takes who gets the frames that are no answers. */
  connect(deliver: (frames: readonly Uint8Array[]) => void): void;
  reset(): void;
  save(): unknown;
  restore(saved: unknown): void;
}

export interface NetworkOptions {
  /** Six bytes. */
  readonly mac: readonly number[];
  /** Without it the frames of the guest go nowhere. */
  readonly network?: Network;
}

interface Saved {
  readonly waiting: readonly Uint8Array[];
  readonly network: unknown;
}

export class VirtioNetwork implements VirtioDevice {
  readonly name = 'virtio-net';
  readonly id = 1;
  readonly features = features(feature.mac, feature.mergeReceiveBuffers, feature.status);
  readonly legacyFeatures = features(transportFeature.anyLayout);
  readonly queueSizes = [queueSize, queueSize];
  readonly configuration: readonly ConfigurationField[];
  readonly #network: Network | undefined;
  #port: VirtioPort | undefined;
  /** Frames for the guest that have no room yet. */
  #waiting: Uint8Array[] = [];

  constructor({ mac, network }: NetworkOptions) {
    this.#network = network;
    network?.connect(frames => {
      if (frames.length === 0) return;
      this.#arrived(frames);
      this.#port?.work(() => this.#deliver());
    });
    this.configuration = [
      { name: 'mac', offset: 0, brief: 'hardware address', bytes: () => Uint8Array.from(mac) },
      numberField('status', 6, 2, 'the link is up', () => linkUp),
    ];
  }

  attach(port: VirtioPort): void {
    this.#port = port;
  }

  notified(queue: number): void {
    if (queue === transmitQueue) this.#transmit();
    this.#deliver();
  }

  get #headerSize(): number {
    const port = this.#port!;
    const withCount = port.negotiated(transportFeature.version1) || port.negotiated(feature.mergeReceiveBuffers);
    return withCount ? 12 : 10;
  }

  #transmit(): void {
    const queue = this.#port!.queue(transmitQueue);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      chain.skip(this.#headerSize);
      if (chain.left <= largestFrame) {
        this.#arrived(this.#network?.receive(chain.read(chain.left)) ?? []);
      }
      queue.give(chain);
    }
    queue.signal();
  }

  #arrived(frames: readonly Uint8Array[]): void {
    for (const frame of frames) if (this.#waiting.length < mostWaiting) this.#waiting.push(frame);
  }

  #deliver(): void {
    if (!this.#port!.running) return;
    while (this.#waiting.length > 0 && this.#deliverFrame(this.#waiting[0]!)) this.#waiting.shift();
    this.#port!.queue(receiveQueue).signal();
  }

  /** Writes a frame into the driver's room, or answers that there is not enough. */
  #deliverFrame(frame: Uint8Array): boolean {
    const queue = this.#port!.queue(receiveQueue);
    const headerSize = this.#headerSize;
    const mayMerge = this.#port!.negotiated(feature.mergeReceiveBuffers);
    const chains: DescriptorChain[] = [];
    for (let room = 0; room < headerSize + frame.length; room += chains.at(-1)!.writableLength) {
      const chain = chains.length === 0 || mayMerge ? queue.take() : undefined;
      if (!chain) {
        for (const _ of chains) queue.putBack();
        // Room that can never be enough takes the frame with it.
        return chains.length > 0 && !mayMerge;
      }
      chains.push(chain);
    }
    const bytes = new Uint8Array(headerSize + frame.length);
    if (headerSize === 12) bytes[10] = chains.length;
    bytes.set(frame, headerSize);
    let at = 0;
    for (const chain of chains) {
      at += chain.write(bytes.subarray(at));
      queue.give(chain);
    }
    return true;
  }

  reset(): void {
    this.#waiting = [];
    this.#network?.reset();
  }

  save(): unknown {
    const saved: Saved = { waiting: structuredClone(this.#waiting), network: this.#network?.save() };
    return saved;
  }

  restore(saved: unknown): void {
    const { waiting, network } = saved as Saved;
    this.#waiting = structuredClone([...waiting]);
    this.#network?.restore(network);
  }
}
