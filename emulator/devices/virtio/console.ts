/**
 * Console device with several ports (virtio 1.2, 5.3). Port 0 has queues 0 and 1, control messages have 2 and 3, port n
 * has 2n+2 and 2n+3. A port is a console, or a named channel that user space opens.
 */

import {
  type ConfigurationField,
  features,
  numberField,
  transportFeature,
  type VirtioDevice,
  type VirtioPort,
} from './device.ts';

const feature = { multiport: 1, emergencyWrite: 2 } as const;

/** Events of control messages. */
const event = {
  deviceReady: 0,
  portAdd: 1,
  portReady: 3,
  consolePort: 4,
  portOpen: 6,
  portName: 7,
} as const;

const controlReceive = 2;
const controlTransmit = 3;
const messageSize = 8;
/** Bytes that wait for a driver to give room; more are dropped, as a real line would. */
const mostWaiting = 0x1_0000;

/** One port of the device. */
export interface ConsolePort {
  /** Number of the port; only a console has number 0. */
  readonly number: number;
  readonly isConsole: boolean;
  /** Name by which user space finds a channel. */
  readonly name?: string;
  /** Where the guest's bytes go; absent when nobody listens. */
  readonly transmit?: (byte: number) => void;
}

interface PortState {
  /** Bytes from outside that the driver has given no room for. */
  waiting: number[];
  guestOpen: boolean;
}

interface ConsoleState {
  ports: PortState[];
  /** Control messages that the driver has given no room for. */
  messages: Uint8Array[];
}

export class VirtioConsole implements VirtioDevice {
  readonly name = 'virtio-serial';
  readonly id = 3;
  readonly features = features(feature.multiport, feature.emergencyWrite);
  readonly legacyFeatures = features(transportFeature.anyLayout);
  readonly queueSizes: readonly number[];
  readonly configuration: readonly ConfigurationField[];
  readonly #ports: readonly ConsolePort[];
  #port: VirtioPort | undefined;
  #state: ConsoleState;

  /** @param mostPorts number of ports that the device has queues for */
  constructor(ports: readonly ConsolePort[], mostPorts = 31) {
    this.#ports = ports;
    this.#state = this.#initial();
    this.queueSizes = Array.from({ length: 2 * mostPorts + 2 }, (_, i) => (i === 2 || i === 3 ? 32 : 128));
    this.configuration = [
      numberField('cols', 0x0, 2, 'width in characters: unknown', () => 0),
      numberField('rows', 0x2, 2, 'height in characters: unknown', () => 0),
      numberField('max_nr_ports', 0x4, 4, 'number of ports there can be', () => mostPorts),
      numberField(
        'emerg_wr',
        0x8,
        4,
        'writes one character without a queue',
        () => 0,
        value => this.#ports.find(port => port.number === 0)?.transmit?.(value & 0xff),
      ),
    ];
  }

  #initial(): ConsoleState {
    return { ports: this.#ports.map(() => ({ waiting: [], guestOpen: false })), messages: [] };
  }

  attach(port: VirtioPort): void {
    this.#port = port;
  }

  /** Bytes from outside for a port. */
  receive(number: number, bytes: Uint8Array): void {
    const index = this.#ports.findIndex(port => port.number === number);
    const state = this.#state.ports[index];
    if (!state) return;
    for (const byte of bytes) if (state.waiting.length < mostWaiting) state.waiting.push(byte);
    this.#deliver(index);
  }

  notified(queue: number): void {
    if (queue === controlReceive) this.#sendMessages();
    else if (queue === controlTransmit) this.#takeMessages();
    else {
      const number = queue < 2 ? 0 : (queue >> 1) - 1;
      const index = this.#ports.findIndex(port => port.number === number);
      if (queue & 1) this.#transmit(queue, this.#ports[index]);
      else this.#deliver(index);
    }
  }

  /** The guest's output. What it writes to a port that is not there is lost. */
  #transmit(index: number, port: ConsolePort | undefined): void {
    const queue = this.#port!.queue(index);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      while (chain.left > 0) for (const byte of chain.read(4096)) port?.transmit?.(byte);
      queue.give(chain);
    }
    queue.signal();
  }

  #deliver(index: number): void {
    const state = this.#state.ports[index];
    const port = this.#ports[index];
    if (!state || !port || !this.#port!.running) return;
    if (!port.isConsole && this.#port!.negotiated(feature.multiport) && !state.guestOpen) return;
    const queue = this.#port!.queue(port.number === 0 ? 0 : 2 * port.number + 2);
    while (state.waiting.length > 0) {
      const chain = queue.take();
      if (!chain) break;
      const count = chain.write(Uint8Array.from(state.waiting.slice(0, chain.writableLength)));
      state.waiting.splice(0, count);
      queue.give(chain);
    }
    queue.signal();
  }

  #takeMessages(): void {
    const queue = this.#port!.queue(controlTransmit);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      const bytes = chain.read(messageSize);
      if (bytes.length === messageSize) {
        const view = new DataView(bytes.buffer);
        this.#message(view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true));
      }
      queue.give(chain);
    }
    queue.signal();
    this.#sendMessages();
  }

  #message(number: number, what: number, value: number): void {
    if (what === event.deviceReady) {
      if (value) for (const port of this.#ports) this.#say(port.number, event.portAdd, 1);
      return;
    }
    const index = this.#ports.findIndex(port => port.number === number);
    const port = this.#ports[index];
    const state = this.#state.ports[index];
    if (!port || !state) return;
    if (what === event.portReady && value) {
      if (port.isConsole) this.#say(number, event.consolePort, 1);
      if (port.name !== undefined) this.#say(number, event.portName, 1, `${port.name}\0`);
      if (port.isConsole || port.transmit) this.#say(number, event.portOpen, 1);
    } else if (what === event.portOpen) {
      state.guestOpen = value !== 0;
      this.#deliver(index);
    }
  }

  #say(number: number, what: number, value: number, text = ''): void {
    const bytes = new Uint8Array(messageSize + text.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, number, true);
    view.setUint16(4, what, true);
    view.setUint16(6, value, true);
    bytes.set(new TextEncoder().encode(text), messageSize);
    this.#state.messages.push(bytes);
  }

  #sendMessages(): void {
    const queue = this.#port!.queue(controlReceive);
    const { messages } = this.#state;
    while (messages.length > 0) {
      const chain = queue.take();
      if (!chain) break;
      chain.write(messages.shift()!);
      queue.give(chain);
    }
    queue.signal();
  }

  reset(): void {
    this.#state = this.#initial();
  }

  save(): unknown {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as ConsoleState);
  }
}
