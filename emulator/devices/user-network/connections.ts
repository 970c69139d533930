/** All TCP connections between the guest and the outside, and the clock by which they send again. */

import type { ScheduledEvent, VirtualClock } from '../../bus/types.ts';
import { Connection, type ConnectionHost, type ConnectionState } from './connection.ts';
import type { Address } from './packet.ts';
import { type Endpoint, type Segment, tcpFlag } from './segment.ts';
import type { StreamEvent, StreamNumber, StreamRequest } from './streams.ts';

export interface ConnectionsOptions {
  readonly clock: VirtualClock;
  /** A second in the clock's units. */
  readonly second: number;
  /** Where connections from outside come from, as the guest sees it. */
  readonly own: Address;
  readonly request: (request: StreamRequest) => void;
  readonly send: (segment: Segment) => void;
  /** Something has been sent because the time had come. */
  readonly resent: () => void;
}

/** A guest that wants more at once is refused. */
const mostConnections = 256;
/** Ports of connections from outside. */
const ports = { first: 49_152, count: 16_384 } as const;

interface Saved {
  readonly connections: readonly ConnectionState[];
  readonly opened: number;
  readonly accepted: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #host: ConnectionHost;
  /** By both ends. */
  #byEnds = new Map<string, Connection>();
  /** How many connections the guest has opened, and how many have come from outside: they give numbers to the next. */
  #opened = 0;
  #accepted = 0;
  #timer: ScheduledEvent | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#host = {
      send: options.send,
      request: options.request,
      now: () => options.clock.now(),
      second: options.second,
    };
  }

  /** Takes a segment of a connection that is there; answers whether it is. */
  receive(segment: Segment): boolean {
    const connection = this.#byEnds.get(keyOf(segment.from, segment.to));
    if (!connection) return false;
    connection.receive(segment);
    this.#after(connection);
    return true;
  }

  /** The guest's SYN of a new connection; answers whether it may be. */
  open(syn: Segment): boolean {
    if (this.#byEnds.size >= mostConnections) return false;
    const stream = 2 * ++this.#opened;
    this.#add(Connection.fromGuest(syn, stream, this.#initial(stream), this.#host));
    return true;
  }

  /** Somebody outside connects to the guest. */
  accept({ stream, port }: { readonly stream: StreamNumber; readonly port: number }, address: Address): void {
    if (this.#byEnds.size >= mostConnections) {
      this.#options.request({ kind: 'abort', stream });
      return;
    }
    const guest = { address, port };
    let own: Endpoint;
    do own = { address: this.#options.own, port: ports.first + (this.#accepted++ % ports.count) };
    while (this.#byEnds.has(keyOf(guest, own)));
    this.#add(Connection.fromOutside({ guest, own }, stream, this.#initial(stream), this.#host));
  }

  /** What is said of a connection that is gone already is of no interest. */
  happened(event: Exclude<StreamEvent, { kind: 'accepted' }>): void {
    const connection = this.#find(event.stream);
    if (!connection) return;
    switch (event.kind) {
      case 'opened':
        connection.opened();
        break;
      case 'received':
        connection.received(event.bytes);
        break;
      case 'taken':
        connection.taken(event.count);
        break;
      case 'finished':
        connection.finishedOutside();
        break;
      case 'aborted':
        connection.abort();
        break;
    }
    this.#after(connection);
  }

  room(stream: StreamNumber): number {
    return this.#find(stream)?.room ?? 0;
  }

  /** Tells the guest that all connections are gone. */
  breakAll(): void {
    for (const connection of this.#byEnds.values()) connection.abort();
    this.#byEnds.clear();
    this.#schedule();
  }

  /** Numbers of bytes begin at different places, so that nobody takes an old connection's for a new one's. */
  #initial(stream: StreamNumber): number {
    return Math.imul(stream, 0x0101_0fff) >>> 0;
  }

  #find(stream: StreamNumber): Connection | undefined {
    for (const connection of this.#byEnds.values()) if (connection.state.stream === stream) return connection;
    return undefined;
  }

  #add(connection: Connection): void {
    this.#byEnds.set(keyOf(connection.state.guest, connection.state.host), connection);
    this.#schedule();
  }

  #after(connection: Connection): void {
    if (connection.isGone) this.#byEnds.delete(keyOf(connection.state.guest, connection.state.host));
    this.#schedule();
  }

  /** Lets the earliest connection send again at its time. */
  #schedule(): void {
    const { clock } = this.#options;
    let at = Number.POSITIVE_INFINITY;
    for (const { state } of this.#byEnds.values()) at = Math.min(at, state.resendAt ?? at);
    if (this.#timer?.at === at) return;
    if (this.#timer) clock.cancel(this.#timer);
    this.#timer = Number.isFinite(at) ? clock.schedule(at, () => this.#resend()) : undefined;
  }

  #resend(): void {
    this.#timer = undefined;
    const now = this.#options.clock.now();
    for (const connection of [...this.#byEnds.values()]) {
      if ((connection.state.resendAt ?? Number.POSITIVE_INFINITY) > now) continue;
      connection.resend();
      this.#after(connection);
    }
    this.#schedule();
    this.#options.resent();
  }

  /** The network is as at power on; the outside loses its ends. */
  reset(): void {
    for (const { state } of this.#byEnds.values()) this.#options.request({ kind: 'abort', stream: state.stream });
    this.#byEnds.clear();
    this.#schedule();
  }

  save(): unknown {
    const saved: Saved = {
      connections: [...this.#byEnds.values()].map(({ state }) => state),
      opened: this.#opened,
      accepted: this.#accepted,
    };
    return structuredClone(saved);
  }

  /** The clock has been restored, and has forgotten its events. */
  restore(saved: unknown): void {
    const { connections, opened, accepted } = structuredClone(saved as Saved);
    this.#byEnds = new Map(
      connections.map(state => [keyOf(state.guest, state.host), new Connection(state, this.#host)]),
    );
    this.#opened = opened;
    this.#accepted = accepted;
    this.#timer = undefined;
    this.#schedule();
  }
}

/** Segments with nothing but this flag begin connections. */
export const isBeginning = ({ flags }: Segment): boolean =>
  (flags & (tcpFlag.synchronize | tcpFlag.acknowledge | tcpFlag.reset)) === tcpFlag.synchronize;

const keyOf = (guest: Endpoint, host: Endpoint): string =>
  `${guest.address}:${guest.port} ${host.address}:${host.port}`;
