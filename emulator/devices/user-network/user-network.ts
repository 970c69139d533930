/**
 * A network that exists only inside the machine, laid out as QEMU's user network: the guest is 10.0.2.15, the gateway
 * 10.0.2.2, the name server 10.0.2.3. Addresses are given by DHCP, and pings to gateway and name server are answered.
 * Nothing leaves the machine: names are refused, and so is every TCP connection, at once and by the protocol's own
 * means, so that a guest need not wait.
 */

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
  pseudoHeaderSum,
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
const tcpFlag = { finish: 0x01, synchronize: 0x02, reset: 0x04, acknowledge: 0x10 } as const;
const dnsRefused = 5;
const dnsResponse = 0x8000;

/** The answers of the network to one frame of the guest. It has no state. */
export function answerFrame(bytes: Uint8Array): readonly Uint8Array[] {
  const frame = readFrame(bytes);
  if (!frame) return [];
  if (frame.type === etherType.arp) return answerArp(frame);
  if (frame.type !== etherType.ipv4) return [];
  const packet = readPacket(frame.payload);
  if (!packet) return [];
  return answerPacket(packet, frame.payload).map(answer =>
    writeFrame({
      to: frame.from,
      from: macOf(hosts.includes(answer.from) ? answer.from : network.gateway),
      type: etherType.ipv4,
      payload: writePacket(answer),
    }),
  );
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
    case protocol.tcp:
      return refuseConnection(packet);
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

/** The reset that answers a segment for a connection nobody has (RFC 9293, 3.10.7.1). */
function refuseConnection({ from, to, payload }: Packet): Packet[] {
  if (payload.length < 20) return [];
  const flags = payload[13]!;
  if (flags & tcpFlag.reset) return [];
  const headerLength = (payload[12]! >> 4) * 4;
  const acknowledged = (flags & tcpFlag.acknowledge) !== 0;
  const extra = (flags & tcpFlag.synchronize ? 1 : 0) + (flags & tcpFlag.finish ? 1 : 0);
  const next = readWord32(payload, 4) + Math.max(0, payload.length - headerLength) + extra;
  const segment = Uint8Array.from([
    ...payload.subarray(2, 4),
    ...payload.subarray(0, 2),
    ...(acknowledged ? payload.subarray(8, 12) : word32(0)),
    ...(acknowledged ? word32(0) : word32(next >>> 0)),
    ...[0x50, tcpFlag.reset | (acknowledged ? 0 : tcpFlag.acknowledge)],
    ...[0, 0, 0, 0, 0, 0],
  ]);
  const answer = { from: to, to: from, protocol: protocol.tcp, payload: segment };
  segment.set(word16(checksum(segment, pseudoHeaderSum(answer))), 16);
  return [answer];
}
