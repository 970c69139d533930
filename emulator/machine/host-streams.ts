/**
 * The machine's connections with the outside, kept apart from its history: what the guest asks for happens once, however
 * often its past is run again, and a connection cannot go back in time.
 */

import type { StreamRequest } from '../devices/user-network/streams.ts';

/** Which network device a stream belongs to, by its place among the machine's devices. */
export interface NetworkStream {
  readonly network: number;
  readonly stream: number;
}

export type NetworkRequest = StreamRequest & { readonly network: number };

export class HostStreams {
  /** Takes each request once. */
  onRequest: ((request: NetworkRequest) => void) | undefined;
  /** Every connection of the machine is to be ended outside. */
  onAbandon: (() => void) | undefined;
  /** Requests and events up to the present position, and up to the furthest that was reached. */
  #done = 0;
  #furthest = 0;

  request(request: NetworkRequest): void {
    if (this.#advance()) this.onRequest?.(request);
  }

  /** Something has come from outside, now or again. */
  happened(): void {
    this.#advance();
  }

  /** Whether it is new. */
  #advance(): boolean {
    this.#done++;
    if (this.#done <= this.#furthest) return false;
    this.#furthest = this.#done;
    return true;
  }

  /** Whether connections have gone on behind the present position. */
  get isBehind(): boolean {
    return this.#done < this.#furthest;
  }

  /** What was behind the present position will not happen: the ends outside are of no use any more. */
  abandon(): void {
    this.#furthest = this.#done;
    this.onAbandon?.();
  }

  save(): number {
    return this.#done;
  }

  restore(done: number): void {
    this.#done = done;
  }

  /** The machine begins anew. */
  clear(): void {
    this.#done = 0;
    this.#furthest = 0;
  }
}
