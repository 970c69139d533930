import { describe, expect, test } from 'vitest';
import {
  address,
  etherType,
  protocol,
  readFrame,
  readPacket,
  writeFrame,
  writePacket,
} from '../../../../emulator/devices/user-network/packet.ts';
import { readSegment, type Segment, tcpFlag, writeSegment } from '../../../../emulator/devices/user-network/segment.ts';
import type { StreamRequest } from '../../../../emulator/devices/user-network/streams.ts';
import { UserNetwork } from '../../../../emulator/devices/user-network/user-network.ts';
import { MachineClock } from '../../../../emulator/machine/virtual-clock.ts';
import { randomNumbers } from '../../machine/support.ts';

const mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const gateway = { address: address(10, 0, 2, 2), port: 8080 };
const own = { address: address(10, 0, 2, 15), port: 40_000 };
const { finish, synchronize, reset, acknowledge } = tcpFlag;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

/** A guest that says exactly what a test wants, at the network that it is connected with. */
class Guest {
  readonly clock = new MachineClock();
  readonly asked: StreamRequest[] = [];
  readonly network: UserNetwork;
  heard: Segment[] = [];
  sequence = 1000;
  expected = 0;

  constructor({ loopback = true } = {}) {
    this.network = new UserNetwork({
      mac,
      loopback,
      clock: this.clock,
      second: 1000,
      request: r => this.asked.push(r),
    });
    this.network.connect(frames => this.#hear(frames));
  }

  #hear(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const packet = readPacket(readFrame(frame)!.payload)!;
      expect(packet.protocol).toBe(protocol.tcp);
      const segment = readSegment(packet);
      expect(segment, 'the checksum is right').toBeDefined();
      this.heard.push(segment!);
    }
  }

  /** Sends a segment; gives what is answered at once. */
  send(flags: number, data = new Uint8Array(0), more: Partial<Segment> = {}): Segment[] {
    const segment = {
      ...{ from: own, to: gateway, sequence: this.sequence, acknowledged: this.expected },
      ...{ flags, window: 0xffff, options: {}, data },
      ...more,
    };
    const packet = writePacket(writeSegment(segment));
    this.#hear(this.network.receive(writeFrame({ to: mac, from: mac, type: etherType.ipv4, payload: packet })));
    if (more.sequence === undefined) this.sequence += data.length + (flags & (synchronize | finish) ? 1 : 0);
    return this.takeHeard();
  }

  takeHeard(): Segment[] {
    return this.heard.splice(0);
  }

  /** Everything that the network sends without pause, acknowledged as it comes. */
  receiveAll(): Uint8Array {
    let all = '';
    for (let heard = this.takeHeard(); heard.length > 0; heard = this.send(acknowledge)) {
      for (const { sequence, data, flags } of heard) {
        if (sequence !== this.expected >>> 0) continue;
        this.expected += data.length + (flags & finish ? 1 : 0);
        all += String.fromCharCode(...data);
      }
      if (!heard.some(({ data, flags }) => data.length > 0 || flags & finish)) break;
    }
    return Uint8Array.from(all, character => character.charCodeAt(0));
  }

  /** Connects; gives the stream. */
  connected(options: Segment['options'] = { maximumSize: 1460, windowScale: 2 }): number {
    this.send(synchronize, undefined, { options });
    const { stream } = this.asked.splice(0)[0] as Extract<StreamRequest, { kind: 'open' }>;
    this.network.happened({ kind: 'opened', stream });
    const [greeting] = this.takeHeard();
    this.expected = greeting!.sequence + 1;
    this.send(acknowledge);
    return stream;
  }
}

describe('a connection of the guest with the host', () => {
  test('is answered when the host has answered, and not before', () => {
    const guest = new Guest();
    expect(guest.send(synchronize, undefined, { sequence: 1000, options: { windowScale: 7 } })).toEqual([]);
    expect(guest.send(synchronize, undefined, { sequence: 1000 }), 'the SYN again').toEqual([]);
    expect(guest.asked).toEqual([{ kind: 'open', stream: 2, port: 8080 }]);
    guest.network.happened({ kind: 'opened', stream: 2 });
    const [answer, ...more] = guest.takeHeard();
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ from: gateway, to: own, flags: synchronize | acknowledge, acknowledged: 1001 });
    expect(answer!.options).toEqual({ maximumSize: 1460, windowScale: 3 });
  });

  test('is refused as the host refuses it', () => {
    const guest = new Guest();
    guest.send(synchronize);
    guest.network.happened({ kind: 'aborted', stream: 2 });
    expect(guest.takeHeard()).toMatchObject([{ flags: reset | acknowledge, sequence: 0, acknowledged: 1001 }]);
  });

  test('is refused at once where the guest may not reach the host, and elsewhere', () => {
    for (const [guest, to] of [
      [new Guest({ loopback: false }), gateway],
      [new Guest(), { address: address(10, 0, 2, 3), port: 80 }],
      [new Guest(), { address: address(127, 0, 0, 1), port: 80 }],
    ] as const) {
      expect(guest.send(synchronize, undefined, { to })).toMatchObject([{ from: to, flags: reset | acknowledge }]);
      expect(guest.asked).toEqual([{ kind: 'refused', ...to }]);
    }
  });

  test('carries bytes both ways', () => {
    const guest = new Guest();
    const stream = guest.connected();
    expect(guest.send(acknowledge, bytes('hello'))).toMatchObject([{ flags: acknowledge, acknowledged: 1006 }]);
    expect(guest.asked.splice(0)).toEqual([{ kind: 'send', stream, bytes: bytes('hello') }]);
    guest.network.happened({ kind: 'received', stream, bytes: bytes('world') });
    expect(text(guest.receiveAll())).toBe('world');
  });

  test('takes a byte once, however often it comes', () => {
    const guest = new Guest();
    guest.connected();
    guest.send(acknowledge, bytes('abc'));
    guest.asked.length = 0;
    expect(guest.send(acknowledge, bytes('bcd'), { sequence: 1002 })).toMatchObject([{ acknowledged: 1005 }]);
    expect(guest.asked).toMatchObject([{ kind: 'send', bytes: bytes('d') }]);
    expect(guest.send(acknowledge, bytes('z'), { sequence: 1009 }), 'behind a gap').toMatchObject([
      { acknowledged: 1005 },
    ]);
    expect(guest.send(acknowledge, undefined, { sequence: 1000 }), 'a question whether it lives').toHaveLength(1);
  });

  test('ends one way at a time', () => {
    const guest = new Guest();
    const stream = guest.connected();
    expect(guest.send(finish | acknowledge)).toMatchObject([{ flags: acknowledge, acknowledged: 1002 }]);
    expect(guest.asked.splice(0)).toEqual([{ kind: 'finish', stream }]);
    guest.network.happened({ kind: 'received', stream, bytes: bytes('still here') });
    guest.network.happened({ kind: 'finished', stream });
    expect(text(guest.receiveAll())).toBe('still here');
    // It is forgotten now: what comes later is for nobody.
    expect(guest.send(acknowledge)).toMatchObject([{ flags: reset }]);
  });

  test('ends when the host began it', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.network.happened({ kind: 'finished', stream });
    expect(guest.heard).toMatchObject([{ flags: expect.any(Number), data: new Uint8Array(0) }]);
    guest.receiveAll();
    expect(guest.send(acknowledge, bytes('bye'))).toMatchObject([{ flags: acknowledge }]);
    expect(guest.send(finish | acknowledge)).toMatchObject([{ flags: acknowledge, acknowledged: guest.sequence }]);
    expect(guest.asked).toMatchObject([{ kind: 'send' }, { kind: 'finish', stream }]);
    expect(guest.send(acknowledge)).toMatchObject([{ flags: reset }]);
  });

  test('breaks on either side', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.network.happened({ kind: 'aborted', stream });
    expect(guest.takeHeard()).toMatchObject([{ flags: reset | acknowledge, sequence: guest.expected }]);
    const other = new Guest();
    const its = other.connected();
    expect(other.send(reset)).toEqual([]);
    expect(other.asked).toEqual([{ kind: 'abort', stream: its }]);
  });

  test('sends no more than the guest has room for, and goes on when there is', () => {
    const guest = new Guest();
    const stream = guest.connected({ maximumSize: 100 });
    guest.send(acknowledge, undefined, { window: 250 });
    guest.network.happened({ kind: 'received', stream, bytes: new Uint8Array(1000).fill(7) });
    expect(guest.takeHeard().map(({ data }) => data.length)).toEqual([100, 100, 50]);
    guest.expected += 250;
    expect(guest.send(acknowledge, undefined, { window: 0 })).toEqual([]);
    expect(guest.send(acknowledge, undefined, { window: 120 }).map(({ data }) => data.length)).toEqual([100, 20]);
  });

  test('lets the guest send no more than has gone out, and says when there is room', () => {
    const guest = new Guest();
    const stream = guest.connected();
    let sent = 0;
    let last: Segment | undefined;
    do {
      [last] = guest.send(acknowledge, new Uint8Array(1024));
      sent += 1024;
    } while (last!.window > 0 && sent < 2 ** 20);
    expect(sent).toBe(256 * 1024);
    const before = guest.asked.length;
    expect(guest.send(acknowledge, bytes('x'), { sequence: guest.sequence })).toMatchObject([{ window: 0 }]);
    expect(guest.asked.length, 'what was not promised is not taken').toBe(before);
    guest.network.happened({ kind: 'taken', stream, count: 1024 });
    expect(guest.takeHeard()).toEqual([]);
    guest.network.happened({ kind: 'taken', stream, count: 100_000 });
    expect(guest.takeHeard()).toMatchObject([{ window: (101_024 & ~7) >> 3 }]);
  });

  test('takes only what there is room for from outside', () => {
    const guest = new Guest();
    const stream = guest.connected();
    expect(guest.network.room(stream)).toBe(256 * 1024);
    guest.network.happened({ kind: 'received', stream, bytes: new Uint8Array(200_000) });
    expect(guest.network.room(stream)).toBe(256 * 1024 - 200_000);
    expect(() => guest.network.happened({ kind: 'received', stream, bytes: new Uint8Array(100_000) })).toThrow('room');
  });

  test('is sent again until the guest has it, and given up some day', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.network.happened({ kind: 'received', stream, bytes: bytes('lost') });
    guest.takeHeard();
    guest.clock.advanceTo(999);
    expect(guest.heard).toEqual([]);
    guest.clock.advanceTo(1000);
    expect(text(guest.receiveAll())).toBe('lost');
    guest.clock.advanceTo(50_000);
    expect(guest.takeHeard()).toEqual([]);
    guest.network.happened({ kind: 'received', stream, bytes: bytes('in vain') });
    guest.clock.advanceTo(1_000_000);
    const heard = guest.takeHeard();
    expect(heard.filter(({ data }) => data.length > 0)).toHaveLength(8);
    expect(heard.at(-1)!.flags & reset).toBe(reset);
    expect(guest.asked.at(-1)).toEqual({ kind: 'abort', stream });
  });

  test('goes on from a saved state as if nothing had been', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.network.happened({ kind: 'received', stream, bytes: bytes('saved') });
    guest.takeHeard();
    const saved = guest.network.save();
    guest.network.breakConnections();
    guest.takeHeard();
    guest.network.restore(saved);
    guest.clock.advanceTo(1000);
    expect(text(guest.receiveAll())).toBe('saved');
  });
});

describe('a connection from outside', () => {
  test('greets the guest, and carries bytes both ways', () => {
    const guest = new Guest();
    guest.network.happened({ kind: 'accepted', stream: 1, port: 22 });
    guest.network.happened({ kind: 'received', stream: 1, bytes: bytes('early') });
    const [greeting] = guest.takeHeard();
    expect(greeting).toMatchObject({ to: { address: own.address, port: 22 }, flags: synchronize, acknowledged: 0 });
    const ends = { from: greeting!.to, to: greeting!.from };
    guest.expected = greeting!.sequence + 1;
    const options = { maximumSize: 1460 };
    const answers = guest.send(synchronize | acknowledge, undefined, { ...ends, options });
    expect(answers.map(({ data }) => text(data))).toEqual(['', 'early']);
    guest.expected += 5;
    guest.send(acknowledge, bytes('hello'), ends);
    expect(guest.asked).toEqual([{ kind: 'send', stream: 1, bytes: bytes('hello') }]);
  });

  test('is refused as the guest refuses it, and is called again while the guest is not up', () => {
    const guest = new Guest();
    guest.network.happened({ kind: 'accepted', stream: 1, port: 22 });
    guest.clock.advanceTo(1000);
    const [greeting, again] = guest.takeHeard();
    expect(again).toEqual(greeting);
    guest.send(reset | acknowledge, undefined, {
      ...{ from: greeting!.to, to: greeting!.from, sequence: 0, acknowledged: greeting!.sequence + 1 },
    });
    expect(guest.asked).toEqual([{ kind: 'abort', stream: 1 }]);
  });
});

test('connections of a hostile guest never fail', () => {
  const seed = 0x7c9;
  console.info(`seed 0x${seed.toString(16)}`);
  const next = randomNumbers(seed);
  const guest = new Guest();
  for (let i = 0; i < 2000; i++) {
    const from = { ...own, port: 40_000 + next(3) };
    const sequence = (next(2) ? 1000 + next(300) : next(2 ** 30) * 4) >>> 0;
    const acknowledged = (next(2) ? next(2 ** 30) * 4 : (guest.heard.at(-1)?.sequence ?? 0) + next(4)) >>> 0;
    const data = new Uint8Array(next(2) ? next(200) : 0);
    const options = next(2) ? { maximumSize: next(2000), windowScale: next(255) } : {};
    guest.heard = guest.heard.slice(-1);
    guest.send(next(64), data, { from, sequence, acknowledged, window: next(0x10000), options });
    const opened = guest.asked.filter(request => request.kind === 'open').at(-1);
    if (!opened) continue;
    const { stream } = opened;
    const room = guest.network.room(stream);
    if (next(2)) guest.network.happened({ kind: 'opened', stream });
    if (next(4) === 0) guest.network.happened({ kind: 'received', stream, bytes: new Uint8Array(next(room + 1)) });
    if (next(40) === 0) guest.network.happened({ kind: 'finished', stream });
    if (next(10) === 0) guest.network.happened({ kind: 'taken', stream, count: next(1000) });
    guest.clock.advanceTo(guest.clock.now() + next(500));
  }
});
