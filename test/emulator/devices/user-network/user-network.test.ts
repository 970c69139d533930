import { describe, expect, test } from 'vitest';
import {
  address,
  checksum,
  etherType,
  type Packet,
  protocol,
  pseudoHeaderSum,
  readFrame,
  readPacket,
  word16,
  word32,
  writeDatagram,
  writeFrame,
  writePacket,
} from '../../../../emulator/devices/user-network/packet.ts';
import { UserNetwork } from '../../../../emulator/devices/user-network/user-network.ts';
import { MachineClock } from '../../../../emulator/machine/virtual-clock.ts';
import { randomNumbers } from '../../machine/support.ts';

const guestMac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const guest = address(10, 0, 2, 15);
const gateway = address(10, 0, 2, 2);
const nameServer = address(10, 0, 2, 3);
const everybody = [255, 255, 255, 255, 255, 255];

const inFrame = (packet: Packet) =>
  writeFrame({ to: everybody, from: guestMac, type: etherType.ipv4, payload: writePacket(packet) });

const closed = () =>
  new UserNetwork({ mac: guestMac, loopback: false, clock: new MachineClock(), second: 1000, request: () => {} });
const answerFrame = (frame: Uint8Array) => closed().receive(frame);

/** The one packet that the network answers a packet with. */
function answerTo(packet: Packet): Packet {
  const answers = answerFrame(inFrame(packet));
  expect(answers).toHaveLength(1);
  const frame = readFrame(answers[0]!)!;
  expect(frame.to).toEqual(guestMac);
  return readPacket(frame.payload)!;
}

function dhcp(type: number, ...options: number[]): Packet {
  const message = new Uint8Array(240 + 4 + options.length);
  message.set([1, 1, 6, 0, 0xca, 0xfe, 0xba, 0xbe]);
  message.set(guestMac, 28);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...options, 255], 236);
  return writeDatagram({ address: 0, port: 68 }, { address: 0xffff_ffff, port: 67 }, message);
}

describe('the network inside the machine', () => {
  test('tells the hardware addresses of its hosts, and of nobody else', () => {
    const ask = (wanted: number) =>
      answerFrame(
        writeFrame({
          ...{ to: everybody, from: guestMac, type: etherType.arp },
          payload: Uint8Array.from([
            0,
            1,
            8,
            0,
            6,
            4,
            0,
            1,
            ...guestMac,
            ...word32(guest),
            ...Array(6).fill(0),
            ...word32(wanted),
          ]),
        }),
      );
    const [answer] = ask(gateway);
    expect([...answer!.subarray(6, 12)]).toEqual([0x52, 0x55, 10, 0, 2, 2]);
    expect([...answer!.subarray(14)]).toEqual([
      ...[0, 1, 8, 0, 6, 4, 0, 2, 0x52, 0x55, 10, 0, 2, 2, 10, 0, 2, 2],
      ...[...guestMac, ...word32(guest)],
    ]);
    expect(ask(guest)).toEqual([]);
    expect(ask(address(10, 0, 2, 77))).toEqual([]);
  });

  test('gives 10.0.2.15 by DHCP, with gateway and name server', () => {
    for (const [type, expected] of [
      [1, 2],
      [3, 5],
    ] as const) {
      const { from, to, payload } = answerTo(dhcp(type, 50, 4, ...word32(guest)));
      expect([from, to]).toEqual([gateway, 0xffff_ffff]);
      const message = payload.subarray(8);
      expect([...message.subarray(4, 8)]).toEqual([0xca, 0xfe, 0xba, 0xbe]);
      expect([...message.subarray(16, 20)]).toEqual([10, 0, 2, 15]);
      expect([...message.subarray(240)]).toEqual([
        ...[53, 1, expected, 54, 4, 10, 0, 2, 2, 1, 4, 255, 255, 255, 0],
        ...[3, 4, 10, 0, 2, 2, 6, 4, 10, 0, 2, 3, 51, 4, 0, 1, 0x51, 0x80, 255],
      ]);
    }
  });

  test('refuses another address by DHCP', () => {
    const message = answerTo(dhcp(3, 50, 4, 192, 168, 0, 1)).payload.subarray(8);
    expect([...message.subarray(240, 243)]).toEqual([53, 1, 6]);
  });

  test('answers a ping of its hosts', () => {
    const request = Uint8Array.from([8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
    request.set(word16(checksum(request)), 2);
    const { from, to, payload } = answerTo({ from: guest, to: nameServer, protocol: protocol.icmp, payload: request });
    expect([from, to]).toEqual([nameServer, guest]);
    expect([...payload.subarray(4)]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(payload[0]).toBe(0);
    expect(checksum(payload)).toBe(0);
  });

  test('refuses names, so that nobody waits for them', () => {
    const question = Uint8Array.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 111, 114, 103, 0, 0, 1, 0, 1]);
    const { payload } = answerTo(
      writeDatagram({ address: guest, port: 5000 }, { address: nameServer, port: 53 }, question),
    );
    expect([...payload.subarray(0, 4)]).toEqual([0, 53, ...word16(5000)]);
    expect([...payload.subarray(8, 12)]).toEqual([0x12, 0x34, 0x81, 5]);
  });

  test('says that nobody listens at another port', () => {
    const packet = writeDatagram({ address: guest, port: 5000 }, { address: gateway, port: 9 }, Uint8Array.of(1));
    const { payload } = answerTo(packet);
    expect([...payload.subarray(0, 2)]).toEqual([3, 3]);
    expect([...payload.subarray(8 + 20, 8 + 24)]).toEqual([...word16(5000), ...word16(9)]);
  });

  test('resets a TCP connection at once, wherever it goes', () => {
    for (const to of [gateway, address(93, 184, 216, 34)]) {
      const segment = Uint8Array.from([0x12, 0x34, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
      const packet = { from: guest, to, protocol: protocol.tcp, payload: segment };
      segment.set(word16(checksum(segment, pseudoHeaderSum(packet))), 16);
      const answer = answerTo(packet);
      expect([answer.from, answer.to]).toEqual([to, guest]);
      expect([...answer.payload.subarray(0, 14)]).toEqual([0, 80, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 10, 0x50, 0x14]);
      expect(checksum(answer.payload, pseudoHeaderSum(answer))).toBe(0);
    }
  });

  test('never fails, whatever a guest sends', () => {
    const seed = 0x4e75;
    console.info(`seed 0x${seed.toString(16)}`);
    const next = randomNumbers(seed);
    const good = [
      inFrame(dhcp(1)),
      inFrame(writeDatagram({ address: guest, port: 1 }, { address: nameServer, port: 53 }, new Uint8Array(30))),
      inFrame({ from: guest, to: gateway, protocol: protocol.tcp, payload: new Uint8Array(24) }),
    ];
    for (let i = 0; i < 3000; i++) {
      const frame = good[next(good.length)]!.slice();
      for (let n = next(4); n >= 0; n--) frame[next(frame.length)] = next(256);
      for (const answer of answerFrame(frame.subarray(0, next(2) ? frame.length : next(frame.length)))) {
        expect(answer.length).toBeLessThan(2000);
      }
    }
  });
});
