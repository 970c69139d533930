/** Ethernet frames and IPv4 packets as bytes: only what the user network speaks (IEEE 802.3, RFC 791, RFC 1071). */

export const etherType = { ipv4: 0x0800, arp: 0x0806 } as const;
export const protocol = { icmp: 1, tcp: 6, udp: 17 } as const;

export type MacAddress = readonly number[];
/** An IPv4 address as a number. */
export type Address = number;

/** `address(10, 0, 2, 2)` */
export const address = (a: number, b: number, c: number, d: number): Address =>
  ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

export const word16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
export const word32 = (value: number): number[] => [24, 16, 8, 0].map(shift => (value >>> shift) & 0xff);

export function readWord16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readWord32(bytes: Uint8Array, at: number): number {
  return (readWord16(bytes, at) * 0x1_0000 + readWord16(bytes, at + 2)) >>> 0;
}

/** Ones' complement checksum over 16-bit words, beginning with a sum so far. */
export function checksum(bytes: ArrayLike<number>, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface Frame {
  readonly to: MacAddress;
  readonly from: MacAddress;
  readonly type: number;
  readonly payload: Uint8Array;
}

const frameHeader = 14;

export function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < frameHeader) return undefined;
  return {
    to: [...bytes.subarray(0, 6)],
    from: [...bytes.subarray(6, 12)],
    type: readWord16(bytes, 12),
    payload: bytes.subarray(frameHeader),
  };
}

export const writeFrame = ({ to, from, type, payload }: Frame): Uint8Array =>
  Uint8Array.from([...to, ...from, ...word16(type), ...payload]);

export interface Packet {
  readonly from: Address;
  readonly to: Address;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

const packetHeader = 20;

/** A whole IPv4 packet; undefined for fragments and what is damaged. */
export function readPacket(bytes: Uint8Array): Packet | undefined {
  const headerLength = ((bytes[0] ?? 0) & 0xf) * 4;
  const length = readWord16(bytes, 2);
  if (bytes.length < packetHeader || (bytes[0] ?? 0) >> 4 !== 4 || headerLength < packetHeader) return undefined;
  if (length < headerLength || length > bytes.length) return undefined;
  if (checksum(bytes.subarray(0, headerLength)) !== 0) return undefined;
  // Neither more fragments, nor an offset.
  if (readWord16(bytes, 6) & 0x3fff) return undefined;
  return {
    from: readWord32(bytes, 12),
    to: readWord32(bytes, 16),
    protocol: bytes[9]!,
    payload: bytes.subarray(headerLength, length),
  };
}

export function writePacket({ from, to, protocol: number, payload }: Packet): Uint8Array {
  const header = [
    ...[0x45, 0, ...word16(packetHeader + payload.length)],
    ...[0, 0, 0x40, 0], // no identification, not to be fragmented
    ...[64, number, 0, 0],
    ...[...word32(from), ...word32(to)],
  ];
  header.splice(10, 2, ...word16(checksum(header)));
  return Uint8Array.from([...header, ...payload]);
}

/** Sum over the pseudo header that TCP and UDP checksums begin with. */
export function pseudoHeaderSum({ from, to, protocol: number, payload }: Packet): number {
  return (from >>> 16) + (from & 0xffff) + (to >>> 16) + (to & 0xffff) + number + payload.length;
}

/** A UDP packet (RFC 768). */
export function writeDatagram(
  from: { readonly address: Address; readonly port: number },
  to: { readonly address: Address; readonly port: number },
  data: Uint8Array,
): Packet {
  const payload = Uint8Array.from([
    ...word16(from.port),
    ...word16(to.port),
    ...word16(8 + data.length),
    0,
    0,
    ...data,
  ]);
  const packet = { from: from.address, to: to.address, protocol: protocol.udp, payload };
  payload.set(word16(checksum(payload, pseudoHeaderSum(packet)) || 0xffff), 6);
  return packet;
}
