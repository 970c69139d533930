/** The key that asks the guest to switch off: an input of a GPIO that is high while the key is held. */

import type { ScheduledEvent, Snapshotable, VirtualClock } from '../bus/types.ts';

export interface PowerKeyOptions {
  readonly clock: VirtualClock;
  /** How long the key is held, in instruction units: long enough for a driver that looks at the level. */
  readonly duration: number;
  readonly onLevel: (level: boolean) => void;
}

export class PowerKey implements Snapshotable {
  readonly name = 'power key';
  readonly #options: PowerKeyOptions;
  #release: ScheduledEvent | undefined;

  constructor(options: PowerKeyOptions) {
    this.#options = options;
  }

  /** Presses the key; it is released by itself. */
  press(): void {
    const { clock, duration, onLevel } = this.#options;
    if (this.#release) clock.cancel(this.#release);
    onLevel(true);
    this.#releaseAt(clock.now() + duration);
  }

  #releaseAt(time: number): void {
    this.#release = this.#options.clock.schedule(time, () => {
      this.#release = undefined;
      this.#options.onLevel(false);
    });
  }

  save(): unknown {
    return { releaseAt: this.#release?.at };
  }

  /** The level itself belongs to the GPIO's state. The clock has been restored, and has forgotten its events. */
  restore(saved: unknown): void {
    const { releaseAt } = saved as { releaseAt: number | undefined };
    this.#release = undefined;
    if (releaseAt !== undefined) this.#releaseAt(releaseAt);
  }
}
