/**
 * The machine's only time: a count of instruction units that the engine moves forward, and a queue of events due at
 * given counts. Nothing here knows the host's time.
 */

import type { ScheduledEvent, Snapshotable, VirtualClock } from '../bus/types.ts';

interface QueuedEvent extends ScheduledEvent {
  readonly sequence: number;
  readonly callback: () => void;
  /** Position in the heap, −1 once the event has happened or was cancelled. */
  index: number;
}

/** Virtual time with its event queue (a binary heap). Events of the same time happen in the order of scheduling. */
export class MachineClock implements VirtualClock, Snapshotable {
  readonly name = 'virtual clock';
  /** Called when a new event is the earliest: whoever runs towards an event has to look again. */
  onEarliestChanged: () => void = () => {};
  #now = 0;
  #running: (() => number) | undefined;
  #sequence = 0;
  #heap: QueuedEvent[] = [];

  now(): number {
    return this.#running?.() ?? this.#now;
  }

  /** Takes the time between two checks from an engine that runs: what a guest reads goes on with every instruction. */
  follow(running: () => number): void {
    this.#running = running;
  }

  schedule(at: number, callback: () => void): ScheduledEvent {
    if (!Number.isFinite(at)) throw new RangeError(`an event cannot be scheduled at ${at}`);
    const event: QueuedEvent = { at, sequence: this.#sequence++, callback, index: this.#heap.length };
    this.#heap.push(event);
    this.#up(event.index);
    if (event.index === 0) this.onEarliestChanged();
    return event;
  }

  cancel(event: ScheduledEvent): void {
    const queued = event as QueuedEvent;
    if (this.#heap[queued.index] !== queued) return;
    this.#remove(queued);
  }

  /** Time of the earliest event, or Infinity when none waits. */
  nextEventAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Moves time forward without letting events happen; the engine calls `runDueEvents` at its next safe point. */
  moveTo(time: number): void {
    if (time < this.#now) throw new RangeError(`virtual time cannot go back from ${this.#now} to ${time}`);
    this.#now = time;
  }

  /** Lets every event happen that is due now, including those that the events themselves schedule. */
  runDueEvents(): void {
    for (let event = this.#heap[0]; event && event.at <= this.#now; event = this.#heap[0]) {
      this.#remove(event);
      event.callback();
    }
  }

  /** Moves time forward and lets each event happen at its own time. */
  advanceTo(time: number): void {
    for (let next = this.nextEventAt(); next <= time; next = this.nextEventAt()) {
      this.#now = Math.max(this.#now, next);
      this.runDueEvents();
    }
    this.moveTo(time);
  }

  save(): unknown {
    return this.now();
  }

  /**
   * Puts time back and empties the queue: callbacks cannot be saved, so every device schedules its own events again
   * in its `restore`. The clock is therefore restored before the devices.
   */
  restore(saved: unknown): void {
    if (typeof saved !== 'number') throw new TypeError('saved state of the virtual clock must be a number');
    for (const event of this.#heap) event.index = -1;
    this.#heap = [];
    this.#sequence = 0;
    this.#now = saved;
  }

  #remove(event: QueuedEvent): void {
    const last = this.#heap.pop()!;
    if (last !== event) {
      this.#heap[event.index] = last;
      last.index = event.index;
      this.#up(last.index);
      this.#down(last.index);
    }
    event.index = -1;
  }

  #up(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#isEarlier(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let earliest = index;
      if (left < this.#heap.length && this.#isEarlier(left, earliest)) earliest = left;
      if (right < this.#heap.length && this.#isEarlier(right, earliest)) earliest = right;
      if (earliest === index) return;
      this.#swap(index, earliest);
      index = earliest;
    }
  }

  #isEarlier(a: number, b: number): boolean {
    const first = this.#heap[a]!;
    const second = this.#heap[b]!;
    return first.at < second.at || (first.at === second.at && first.sequence < second.sequence);
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a]!;
    const second = this.#heap[b]!;
    this.#heap[a] = second;
    this.#heap[b] = first;
    second.index = a;
    first.index = b;
  }
}
