/**
 * A network inside the machine, laid out as QEMU's user network: the guest is 10.0.2.15, the gateway 10.0.2.2, the name
 * server 10.0.2.3. Addresses are given by DHCP, and pings to gateway and name server are answered. Names are refused, and
 * so are TCP connections, at once and by the protocol's own means, so that a guest need not wait. Only connections with
 * the host's loopback interface leave the machine, and only those that the options allow.
 */

import type { VirtualClock } from '../../bus/types.ts';
import type { Network } from '../virtio/network.ts';
import { Connections, isBeginning } from './connections.ts';
import { answerDhcp, type DhcpConfiguration } from './dhcp.ts';
import {
  type Address,
  address,
  checksum,
  etherType,
  type Frame,
  type MacAddress,
  type Packet,
  protocol,
  readFrame,
  readPacket,
  readWord16,
  readWord32,
  word16,
  word32,
  writeDatagram,
  writeFrame,
  writePacket,
} from './packet.ts';
import { readSegment, resetFor, writeSegment } from './segment.ts';
import type { StreamEvent, StreamNumber, StreamRequest } from './streams.ts';

const network: DhcpConfiguration = {
  guest: address(10, 0, 2, 15),
  netmask: address(255, 255, 255, 0),
  gateway: address(10, 0, 2, 2),
  nameServer: address(10, 0, 2, 3),
};
const hosts: readonly Address[] = [network.gateway, network.nameServer];

/** The hosts' hardware addresses end with their network addresses. */
const macOf = (host: Address): MacAddress => [0x52, 0x55, ...word32(host)];

const port = { dns: 53, dhcpServer: 67, dhcpClient: 68 } as const;
const icmp = { echoReply: 0, unreachable: 3, echoRequest: 8, portUnreachable: 3 } as const;
const dnsRefused = 5;
const dnsResponse = 0x8000;

/** Who may speak with the outside, and how. */
export interface UserNetworkOptions {
  /** Hardware address of the guest, until it has been heard. */
  readonly mac: MacAddress;
  /** The guest may connect to ports of the gateway, which are those of the host's loopback interface. */
  readonly loopback: boolean;
  readonly clock: VirtualClock;
  /** A second in the clock's units. */
  readonly second: number;
  /** Takes what the outside is asked for. */
  readonly request: (request: StreamRequest) => void;
}

export class UserNetwork implements Network {
  readonly #options: UserNetworkOptions;
  readonly #connections: Connections;
  #deliver: (frames: readonly Uint8Array[]) => void = () => {};
  #guest: MacAddress;
  /** Packets for the guest, gathered while something is worked on. */
  #packets: Packet[] = [];

  constructor(options: UserNetworkOptions) {
    this.#options = options;
    this.#guest = options.mac;
    this.#connections = new Connections({
      clock: options.clock,
      second: options.second,
      own: network.gateway,
      request: options.request,
      send: segment => this.#packets.push(writeSegment(segment)),
      resent: () => this.#deliver(this.#framed()),
    });
  }

  connect(deliver: (frames: readonly Uint8Array[]) => void): void {
    this.#deliver = deliver;
  }

  receive(bytes: Uint8Array): readonly Uint8Array[] {
    const frame = readFrame(bytes);
    if (!frame) return [];
    this.#guest = frame.from;
    if (frame.type === etherType.arp) return answerArp(frame);
    if (frame.type !== etherType.ipv4) return [];
    const packet = readPacket(frame.payload);
    if (packet?.protocol === protocol.tcp) this.#receiveSegment(packet);
    else if (packet) this.#packets.push(...answerPacket(packet, frame.payload));
    return this.#framed();
  }

  #receiveSegment(packet: Packet): void {
    const segment = readSegment(packet);
    if (!segment || this.#connections.receive(segment)) return;
    const isNew = isBeginning(segment);
    if (isNew && packet.to === network.gateway && this.#options.loopback && this.#connections.open(segment)) return;
    if (isNew) this.#options.request({ kind: 'refused', ...segment.to });
    const reset = resetFor(segment);
    if (reset) this.#packets.push(writeSegment(reset));
  }

  happened(event: StreamEvent): void {
    if (event.kind === 'accepted') this.#connections.accept(event, event.address ?? network.guest);
    else this.#connections.happened(event);
    this.#deliver(this.#framed());
  }

  room(stream: StreamNumber): number {
    return this.#connections.room(stream);
  }

  /** Breaks every connection: the outside has lost them. */
  breakConnections(): void {
    this.#connections.breakAll();
    this.#deliver(this.#framed());
  }

  #framed(): Uint8Array[] {
    return this.#packets.splice(0).map(packet =>
      writeFrame({
        to: this.#guest,
        from: macOf(hosts.includes(packet.from) ? packet.from : network.gateway),
        type: etherType.ipv4,
        payload: writePacket(packet),
      }),
    );
  }

  reset(): void {
    this.#connections.reset();
    this.#guest = this.#options.mac;
  }

  save(): unknown {
    return { guest: this.#guest, connections: this.#connections.save() };
  }

  restore(saved: unknown): void {
    const { guest, connections } = saved as { guest: MacAddress; connections: unknown };
    this.#guest = guest;
    this.#connections.restore(connections);
  }
}

/** Who has a host's address is told (RFC 826). */
function answerArp({ from, payload }: Frame): Uint8Array[] {
  const request = 1;
  const wanted = readWord32(payload, 24);
  if (payload.length < 28 || readWord16(payload, 6) !== request || !hosts.includes(wanted)) return [];
  const answer = Uint8Array.from([
    ...payload.subarray(0, 6),
    ...word16(2),
    ...[...macOf(wanted), ...word32(wanted)],
    ...payload.subarray(8, 18),
  ]);
  return [writeFrame({ to: from, from: macOf(wanted), type: etherType.arp, payload: answer })];
}

function answerPacket(packet: Packet, whole: Uint8Array): Packet[] {
  switch (packet.protocol) {
    case protocol.icmp:
      return answerEcho(packet);
    case protocol.udp:
      return answerDatagram(packet, whole);
    default:
      return [];
  }
}

/** A ping of a host of the network comes back (RFC 792). */
function answerEcho({ from, to, payload }: Packet): Packet[] {
  if (!hosts.includes(to) || payload[0] !== icmp.echoRequest || payload.length < 8) return [];
  return [icmpPacket(to, from, Uint8Array.from([icmp.echoReply, 0, 0, 0, ...payload.subarray(4)]))];
}

function icmpPacket(from: Address, to: Address, payload: Uint8Array): Packet {
  payload.set(word16(checksum(payload)), 2);
  return { from, to, protocol: protocol.icmp, payload };
}

function answerDatagram(packet: Packet, whole: Uint8Array): Packet[] {
  const { from, to, payload } = packet;
  if (payload.length < 8) return [];
  const sourcePort = readWord16(payload, 0);
  const destinationPort = readWord16(payload, 2);
  const data = payload.subarray(8);
  if (destinationPort === port.dhcpServer) {
    const answer = answerDhcp(data, network);
    if (!answer) return [];
    // A client without an address hears broadcasts.
    const client = { address: address(255, 255, 255, 255), port: port.dhcpClient };
    return [writeDatagram({ address: network.gateway, port: port.dhcpServer }, client, answer)];
  }
  if (to === network.nameServer && destinationPort === port.dns) {
    const answer = refuseName(data);
    const client = { address: from, port: sourcePort };
    return answer ? [writeDatagram({ address: to, port: port.dns }, client, answer)] : [];
  }
  if ((to & network.netmask) >>> 0 !== (network.gateway & network.netmask) >>> 0 || hosts.includes(to)) {
    // Nobody listens: the header of the packet and eight bytes say which one is meant.
    const about = whole.subarray(0, whole.length - payload.length + 8);
    const unreachable = Uint8Array.from([icmp.unreachable, icmp.portUnreachable, 0, 0, 0, 0, 0, 0, ...about]);
    return [icmpPacket(hosts.includes(to) ? to : network.gateway, from, unreachable)];
  }
  return [];
}

/** A question for the name server, with "refused" as its answer (RFC 1035, 4.1.1). */
function refuseName(question: Uint8Array): Uint8Array | undefined {
  if (question.length < 12 || readWord16(question, 2) & dnsResponse) return undefined;
  const answer = question.slice();
  const opcodeAndRecursion = readWord16(question, 2) & 0x7900;
  answer.set(word16(dnsResponse | opcodeAndRecursion | dnsRefused), 2);
  return answer;
}
