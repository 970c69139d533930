/**
 * The outside of a guest's network: sockets of this computer's loopback interface, for those connections that the
 * options allow. What the guest asks for is done at once; what comes back waits until the machine stands still and is at
 * its present, so that each event has a position in its history.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Machine, MachineOptions, NetworkRequest, PortForwardOptions, StreamEvent } from '../../emulator/index.ts';
import { UserProblem } from '../debugger/target.ts';

const loopback = '127.0.0.1';
/** Bytes that wait here for the guest before the other side has to. */
const mostWaiting = 256 * 1024;
/** The machine is looked after at least so often while all its elements wait. */
const longestRest = 10;

/** So many different refusals are told. */
const mostRefusals = 8;

interface Stream {
  readonly network: number;
  readonly number: number;
  readonly socket: Socket;
  /** The first event, until the machine knows. */
  beginning: StreamEvent | undefined;
  /** Bytes for the guest. */
  readonly received: Uint8Array[];
  receivedLength: number;
  /** Bytes of the guest that have gone out, of which it has not been told. */
  taken: number;
  /** The other side sends no more; the guest has been told. */
  ended: boolean;
  endTold: boolean;
  failed: boolean;
  closed: boolean;
}

/** Whether a machine has something to say to the outside. */
export const hasNetwork = ({ devices }: MachineOptions): boolean =>
  devices.some(device => device.kind === 'network' && device.network);

export class HostNetwork {
  /** Takes what a person should know. */
  onNotice: ((text: string) => void) | undefined;
  readonly #machine: Machine;
  readonly #streams = new Map<string, Stream>();
  #servers: Server[] = [];
  #accepted = 0;
  readonly #refused = new Set<string>();
  /** Virtual time up to which the guest may idle. */
  #idleLimit = 0;
  #wake: () => void = () => {};

  constructor(machine: Machine) {
    this.#machine = machine;
    machine.streams.onRequest = request => this.#request(request);
    machine.streams.onAbandon = () => this.#abandon();
  }

  /** Opens the ports of this computer that are the guest's. Throws `UserProblem` when one cannot be had. */
  async listen(): Promise<void> {
    for (const [network, device] of this.#machine.options.devices.entries()) {
      if (device.kind !== 'network') continue;
      for (const forward of device.network?.forwards ?? []) await this.#forward(network, forward);
    }
  }

  #forward(network: number, { hostPort, guestAddress, guestPort }: PortForwardOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true }, socket => {
        const number = 2 * this.#accepted++ + 1;
        const event = { kind: 'accepted', stream: number, port: guestPort } as const;
        this.#add(network, number, socket, guestAddress === undefined ? event : { ...event, address: guestAddress });
        this.#wake();
      });
      server.once('error', ({ message }) => {
        this.close();
        reject(new UserProblem(`port ${hostPort} of this computer cannot be the guest's: ${message}`));
      });
      server.listen(hostPort, loopback, resolve);
      this.#servers.push(server);
    });
  }

  #request(request: NetworkRequest): void {
    if (request.kind === 'refused') {
      this.#refuse(request.address, request.port);
      return;
    }
    const { network, stream: number } = request;
    if (request.kind === 'open') {
      const socket = connect({ host: loopback, port: request.port, allowHalfOpen: true });
      const stream = this.#add(network, number, socket, undefined);
      socket.once('connect', () => {
        stream.beginning = { kind: 'opened', stream: number };
        this.#wake();
      });
      return;
    }
    const stream = this.#streams.get(keyOf(network, number));
    if (!stream) return;
    switch (request.kind) {
      case 'send': {
        const { length } = request.bytes;
        stream.socket.write(request.bytes, problem => {
          if (problem) return;
          stream.taken += length;
          this.#wake();
        });
        break;
      }
      case 'finish':
        stream.socket.end();
        break;
      case 'abort':
        this.#drop(stream);
        break;
    }
  }

  #add(network: number, number: number, socket: Socket, beginning: StreamEvent | undefined): Stream {
    const stream: Stream = {
      ...{ network, number, socket, beginning },
      ...{ received: [], receivedLength: 0, taken: 0 },
      ...{ ended: false, endTold: false, failed: false, closed: false },
    };
    this.#streams.set(keyOf(network, number), stream);
    socket.setNoDelay(true);
    socket.on('data', bytes => {
      stream.received.push(bytes);
      stream.receivedLength += bytes.length;
      if (stream.receivedLength >= mostWaiting) socket.pause();
      this.#wake();
    });
    socket.on('end', () => {
      stream.ended = true;
      this.#wake();
    });
    socket.on('error', () => {
      stream.failed = true;
    });
    socket.on('close', () => {
      stream.closed = true;
      this.#wake();
    });
    return stream;
  }

  #refuse(address: number, port: number): void {
    const to = [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.');
    const name = `${to} port ${port}`;
    if (this.#refused.has(name) || this.#refused.size >= mostRefusals) return;
    this.#refused.add(name);
    this.onNotice?.(
      `the guest's connection to ${name} was refused: its network reaches this computer's loopback interface alone, as 10.0.2.2 and with loopback=on`,
    );
  }

  /** Tells the machine what has happened, in its present only: its past is as it was. */
  deliver(): void {
    const machine = this.#machine;
    if (!machine.history.isAtPresent) return;
    for (const stream of [...this.#streams.values()]) this.#deliverStream(stream);
  }

  #deliverStream(stream: Stream): void {
    const { network, number, socket } = stream;
    const tell = (event: StreamEvent) => this.#machine.networkEvent(network, event);
    if (stream.beginning) {
      tell(stream.beginning);
      stream.beginning = undefined;
    }
    if (stream.taken > 0) {
      tell({ kind: 'taken', stream: number, count: stream.taken });
      stream.taken = 0;
    }
    for (let bytes = stream.received[0]; bytes; bytes = stream.received[0]) {
      const room = this.#machine.streamRoom({ network, stream: number });
      if (room === 0) break;
      const part = bytes.subarray(0, room);
      if (part.length === bytes.length) stream.received.shift();
      else stream.received[0] = bytes.subarray(room);
      stream.receivedLength -= part.length;
      tell({ kind: 'received', stream: number, bytes: part.slice() });
    }
    if (socket.isPaused() && stream.receivedLength < mostWaiting / 2) socket.resume();
    if (stream.received.length > 0) return;
    if (stream.failed) {
      this.#drop(stream);
      tell({ kind: 'aborted', stream: number });
      return;
    }
    if (stream.ended && !stream.endTold) {
      stream.endTold = true;
      tell({ kind: 'finished', stream: number });
    }
    if (stream.closed) this.#drop(stream);
  }

  #drop(stream: Stream): void {
    this.#streams.delete(keyOf(stream.network, stream.number));
    stream.socket.resetAndDestroy();
  }

  /** Something may come from outside: the guest's time then goes no faster than this computer's. */
  get isActive(): boolean {
    return this.#streams.size > 0 || this.#servers.length > 0;
  }

  /** How far virtual time may go while the guest idles. */
  get idleLimit(): number {
    return this.isActive ? this.#idleLimit : Number.POSITIVE_INFINITY;
  }

  /** All elements wait, until a virtual time at most: waits for the outside or that time; undefined when for neither. */
  rest(until: number): Promise<void> | undefined {
    if (!this.isActive) return undefined;
    const { core, options } = this.#machine;
    const unitsPerMillisecond = (options.counter.frequency * options.counter.instructionsPerTick) / 1000;
    const from = Math.max(this.#idleLimit, core.time());
    const milliseconds = Math.min(longestRest, Math.ceil((until - from) / unitsPerMillisecond));
    const started = performance.now();
    return new Promise(resolve => {
      const finish = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        this.#idleLimit = from + (performance.now() - started) * unitsPerMillisecond;
        resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      this.#wake = finish;
    });
  }

  #abandon(): void {
    for (const stream of [...this.#streams.values()]) this.#drop(stream);
  }

  close(): void {
    this.#abandon();
    for (const server of this.#servers) server.close();
    this.#servers = [];
    this.#machine.streams.onRequest = undefined;
    this.#machine.streams.onAbandon = undefined;
  }
}

const keyOf = (network: number, stream: number): string => `${network}/${stream}`;
