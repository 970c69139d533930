/** Entropy device (virtio 1.2, 5.4). What it gives comes from a seed: the same run gets the same numbers. */

import { RandomStream } from '../random-stream.ts';
import { features, transportFeature, type VirtioDevice, type VirtioPort } from './device.ts';

/** Bytes made at once, however much room a driver gives. */
const piece = 0x1_0000;

export class VirtioEntropy implements VirtioDevice {
  readonly name = 'virtio-rng';
  readonly id = 4;
  readonly features = 0n;
  readonly legacyFeatures = features(transportFeature.anyLayout);
  readonly queueSizes = [8];
  readonly configuration = [];
  readonly #random: RandomStream;
  #port: VirtioPort | undefined;

  constructor(seed: number) {
    this.#random = new RandomStream(seed);
  }

  attach(port: VirtioPort): void {
    this.#port = port;
  }

  notified(index: number): void {
    const queue = this.#port!.queue(index);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      while (chain.room > 0) chain.write(this.#random.bytes(Math.min(piece, chain.room)));
      queue.give(chain);
    }
    queue.signal();
  }

  reset(): void {
    // The stream goes on: a driver that starts again must not get the same numbers.
  }

  save(): unknown {
    return this.#random.save();
  }

  restore(saved: unknown): void {
    this.#random.restore(saved);
  }
}
