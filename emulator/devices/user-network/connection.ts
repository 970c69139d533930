/**
 * The network's end of one TCP connection with the guest (RFC 9293). Bytes of the guest go outside as they come; bytes
 * from outside wait here until the guest has acknowledged them. The link loses nothing, but a guest may drop what it has
 * no memory for, or not be up yet: what is not acknowledged in time is sent again.
 */

import { type Endpoint, type Segment, tcpFlag } from './segment.ts';
import type { StreamNumber, StreamRequest } from './streams.ts';

/** Structured-cloneable. Numbers of bytes have 32 bits and wrap. */
export interface ConnectionState {
  readonly stream: StreamNumber;
  readonly guest: Endpoint;
  readonly host: Endpoint;
  /** The outside is asked; our SYN is under way; both sides have agreed. */
  phase: 'asking' | 'greeting' | 'open';
  /** The guest began it. */
  readonly fromGuest: boolean;

  /** Number of the first byte that the guest has not acknowledged; of our SYN while that is under way. */
  unacknowledged: number;
  /** Number of what is sent next. */
  next: number;
  /** Bytes for the guest that it has not acknowledged, sent or not. */
  pending: Uint8Array;
  /** The outside sends no more: a FIN follows what is pending. */
  finishing: boolean;
  /** The guest has acknowledged our FIN. */
  finished: boolean;
  /** Bytes that the guest has room for. */
  window: number;
  /** Power of two by which the guest's windows are multiplied; undefined when it does not know scaling. */
  windowScale: number | undefined;
  /** Most bytes of a segment for the guest. */
  maximumSize: number;

  /** Number of the byte that is expected next of the guest. */
  expected: number;
  /** Number behind the last byte that the guest has been told it may send. */
  promised: number;
  /** Bytes of the guest that have not gone out yet. */
  outstanding: number;
  guestFinished: boolean;

  /** When what is under way is sent again, in the clock's units. */
  resendAt: number | undefined;
  attempts: number;
}

/** The network around a connection. */
export interface ConnectionHost {
  send(segment: Segment): void;
  request(request: StreamRequest): void;
  /** Virtual time. */
  now(): number;
  /** A second of it. */
  readonly second: number;
}

/** Bytes that may wait in each direction. */
const mostWaiting = 256 * 1024;
/** A guest that waits for room is told when there is so much more. */
const worthTelling = 32 * 1024;
/** Largest window that can be told without scaling. */
const largestWindow = 0xffff;
/** Power of two by which our windows are divided before they are told. */
const ownScale = 3;
/** What fits an Ethernet frame: 1500 bytes less two headers. */
const largestSegment = 1460;
/** What a segment may hold when its receiver does not say (RFC 9293, 3.7.1). */
const defaultSegment = 536;
/** What is not acknowledged is sent again after 1, 2, 4 … seconds, so many times. */
const mostAttempts = 7;

const none = new Uint8Array(0);
const plus = (number: number, count: number): number => (number + count) >>> 0;
/** How far `to` is behind `from`; more than half of all numbers is before it. */
const distance = (from: number, to: number): number => (to - from) >>> 0;
const isBefore = (number: number, than: number): boolean => distance(than, number) >= 2 ** 31;

export class Connection {
  readonly state: ConnectionState;
  readonly #host: ConnectionHost;
  #aborted = false;

  constructor(state: ConnectionState, host: ConnectionHost) {
    this.state = state;
    this.#host = host;
  }

  /** Answers the guest's SYN when the outside has: it is asked here. `initial` is the number of our SYN. */
  static fromGuest(syn: Segment, stream: StreamNumber, initial: number, host: ConnectionHost): Connection {
    const connection = new Connection(beginning(stream, syn.from, syn.to, initial, true), host);
    connection.#learn(syn);
    host.request({ kind: 'open', stream, port: syn.to.port });
    return connection;
  }

  /** Somebody outside has connected: greets the guest. */
  static fromOutside(
    { guest, own }: { readonly guest: Endpoint; readonly own: Endpoint },
    stream: StreamNumber,
    initial: number,
    host: ConnectionHost,
  ): Connection {
    const connection = new Connection(beginning(stream, guest, own, initial, false), host);
    connection.#greet();
    return connection;
  }

  /** Nothing is left to do: it can be forgotten. */
  get isGone(): boolean {
    return this.#aborted || (this.state.finished && this.state.guestFinished);
  }

  /** Bytes that it can take from outside now. */
  get room(): number {
    return this.state.finishing ? 0 : mostWaiting - this.state.pending.length;
  }

  // ---- from the guest
  receive(segment: Segment): void {
    const { state } = this;
    const { flags, acknowledged } = segment;
    if (flags & tcpFlag.reset) {
      // It counts where the next byte is expected (RFC 9293, 3.10.7.4), or as the answer to our SYN.
      const isRefusal = state.phase === 'greeting' && !state.fromGuest && acknowledged === state.next;
      if (isRefusal || segment.sequence === state.expected) this.#giveUp();
      return;
    }
    if (state.phase === 'asking') return;
    if (state.phase === 'greeting') {
      const isAnswer = flags & tcpFlag.acknowledge && acknowledged === state.next;
      const hasGreeting = (flags & tcpFlag.synchronize) !== 0;
      // The guest repeats its SYN as long as it has not heard ours.
      if (state.fromGuest && hasGreeting) this.#greet();
      if (!isAnswer || hasGreeting === state.fromGuest) return;
      if (hasGreeting) this.#learn(segment);
      else this.#takeWindow(segment);
      state.phase = 'open';
      state.unacknowledged = acknowledged;
      this.#progress();
      if (hasGreeting) {
        this.#send(0, none);
        this.#pump();
        return;
      }
    }
    if (flags & tcpFlag.synchronize) {
      this.#send(0, none);
      return;
    }
    if (!(flags & tcpFlag.acknowledge)) return;
    this.#takeAcknowledgement(segment);
    const isOwed = this.#takeData(segment);
    // What is sent acknowledges as well.
    const sent = this.#pump();
    if (isOwed && !sent) this.#send(0, none);
  }

  /** What a SYN says of its sender. */
  #learn({ sequence, window, options }: Segment): void {
    const { state } = this;
    state.expected = plus(sequence, 1);
    state.promised = state.expected;
    state.window = window;
    state.maximumSize = Math.max(1, Math.min(options.maximumSize ?? defaultSegment, largestSegment));
    state.windowScale = options.windowScale;
  }

  #takeWindow({ window }: Segment): void {
    this.state.window = window << (this.state.windowScale ?? 0);
  }

  #takeAcknowledgement(segment: Segment): void {
    const { state } = this;
    const { acknowledged } = segment;
    if (isBefore(acknowledged, state.unacknowledged) || isBefore(this.#end, acknowledged)) return;
    this.#takeWindow(segment);
    const count = distance(state.unacknowledged, acknowledged);
    if (count === 0) return;
    if (acknowledged === this.#end && state.finishing) state.finished = true;
    state.pending = state.pending.subarray(Math.min(count, state.pending.length));
    state.unacknowledged = acknowledged;
    // What was to be sent again has arrived after all.
    if (isBefore(state.next, acknowledged)) state.next = acknowledged;
    this.#progress();
  }

  /** Gives out what is new; answers whether the segment wants to be acknowledged. */
  #takeData({ sequence, data, flags }: Segment): boolean {
    const { state } = this;
    const isFinish = (flags & tcpFlag.finish) !== 0;
    if (data.length === 0 && !isFinish && sequence === state.expected) return false;
    const known = isBefore(state.expected, sequence) ? undefined : distance(sequence, state.expected);
    // What lies behind a gap comes again, as does what is more than was promised.
    if (known === undefined || state.guestFinished || known > data.length) return true;
    const fresh = data.subarray(known, known + distance(state.expected, this.#edge));
    if (fresh.length > 0) {
      state.expected = plus(state.expected, fresh.length);
      state.outstanding += fresh.length;
      this.#host.request({ kind: 'send', stream: state.stream, bytes: fresh.slice() });
    }
    if (isFinish && known + fresh.length === data.length) {
      state.expected = plus(state.expected, 1);
      state.guestFinished = true;
      this.#host.request({ kind: 'finish', stream: state.stream });
    }
    return true;
  }

  // ---- from outside
  /** The connection that the guest asked for is there. */
  opened(): void {
    if (this.state.phase === 'asking') this.#greet();
  }

  /** More bytes for the guest than there is room for are an error of who drives the machine. */
  received(bytes: Uint8Array): void {
    const { state } = this;
    if (bytes.length > this.room) throw new RangeError(`stream ${state.stream} has room for ${this.room} bytes only`);
    const all = new Uint8Array(state.pending.length + bytes.length);
    all.set(state.pending);
    all.set(bytes, state.pending.length);
    state.pending = all;
    this.#pump();
  }

  taken(count: number): void {
    const { state } = this;
    state.outstanding = Math.max(0, state.outstanding - count);
    if (state.phase === 'open' && distance(state.promised, this.#edge) >= worthTelling) this.#send(0, none);
  }

  finishedOutside(): void {
    this.state.finishing = true;
    this.#pump();
  }

  /** The connection has broken: the guest is told. */
  abort(): void {
    const { state } = this;
    const isRefusal = state.phase === 'asking';
    this.#aborted = true;
    this.#host.send(this.#segment(tcpFlag.reset, isRefusal ? 0 : state.next, none));
  }

  /** What was sent last has not been acknowledged in time. */
  resend(): void {
    const { state } = this;
    if (++state.attempts > mostAttempts) {
      this.abort();
      this.#host.request({ kind: 'abort', stream: state.stream });
      return;
    }
    state.resendAt = undefined;
    state.next = state.unacknowledged;
    if (state.phase === 'greeting') this.#greet();
    else this.#pump();
  }

  // ---- to the guest
  #giveUp(): void {
    this.#aborted = true;
    this.#host.request({ kind: 'abort', stream: this.state.stream });
  }

  /** Number behind the last byte there is, and behind our FIN. */
  get #end(): number {
    const { unacknowledged, pending, finishing, finished } = this.state;
    return plus(unacknowledged, pending.length + (finishing && !finished ? 1 : 0));
  }

  /** Number behind the last byte that there is room for. */
  get #edge(): number {
    const { expected, outstanding, windowScale } = this.state;
    const room = Math.max(0, mostWaiting - outstanding);
    const told = windowScale === undefined ? Math.min(room, largestWindow) : room & -(1 << ownScale);
    // What was promised stays promised.
    const edge = plus(expected, told);
    return isBefore(edge, this.state.promised) ? this.state.promised : edge;
  }

  #greet(): void {
    const { state } = this;
    state.phase = 'greeting';
    state.next = plus(state.unacknowledged, 1);
    const { fromGuest, windowScale } = state;
    const segment = this.#segment(tcpFlag.synchronize, state.unacknowledged, none);
    this.#host.send({
      ...segment,
      ...(!fromGuest && { flags: tcpFlag.synchronize, acknowledged: 0 }),
      // The window of a SYN is not scaled.
      window: largestWindow,
      options: {
        maximumSize: largestSegment,
        ...((!fromGuest || windowScale !== undefined) && { windowScale: ownScale }),
      },
    });
    state.resendAt ??= this.#resendTime();
  }

  /** Sends what the guest has room for; answers whether anything was. */
  #pump(): boolean {
    const { state } = this;
    if (state.phase !== 'open') return false;
    let sent = false;
    for (;;) {
      const underWay = distance(state.unacknowledged, state.next);
      const size = Math.min(state.maximumSize, state.pending.length - underWay, state.window - underWay);
      const isLast = underWay + Math.max(0, size) >= state.pending.length;
      const finish = isLast && state.finishing && !state.finished && underWay <= state.pending.length;
      if (size <= 0 && !finish) break;
      const data = size > 0 ? state.pending.subarray(underWay, underWay + size) : none;
      this.#send((finish ? tcpFlag.finish : 0) | (isLast ? tcpFlag.push : 0), data);
      state.next = plus(state.next, data.length + (finish ? 1 : 0));
      sent = true;
    }
    if (state.next !== state.unacknowledged) state.resendAt ??= this.#resendTime();
    return sent;
  }

  #send(flags: number, data: Uint8Array): void {
    this.#host.send(this.#segment(flags, this.state.next, data));
  }

  #segment(flags: number, sequence: number, data: Uint8Array): Segment {
    const { state } = this;
    const edge = this.#edge;
    state.promised = edge;
    const room = distance(state.expected, edge);
    return {
      from: state.host,
      to: state.guest,
      sequence,
      acknowledged: state.expected,
      flags: flags | tcpFlag.acknowledge,
      window: state.windowScale === undefined ? room : room >> ownScale,
      options: {},
      data,
    };
  }

  /** The guest has acknowledged something. */
  #progress(): void {
    const { state } = this;
    state.attempts = 0;
    state.resendAt = state.next === state.unacknowledged ? undefined : this.#resendTime();
  }

  #resendTime(): number {
    return this.#host.now() + this.#host.second * 2 ** this.state.attempts;
  }
}

function beginning(
  stream: StreamNumber,
  guest: Endpoint,
  host: Endpoint,
  initial: number,
  fromGuest: boolean,
): ConnectionState {
  return {
    stream,
    guest,
    host,
    fromGuest,
    phase: fromGuest ? 'asking' : 'greeting',
    unacknowledged: initial,
    next: initial,
    pending: none,
    finishing: false,
    finished: false,
    window: 0,
    windowScale: undefined,
    maximumSize: defaultSegment,
    expected: 0,
    promised: 0,
    outstanding: 0,
    guestFinished: false,
    resendAt: undefined,
    attempts: 0,
  };
}
