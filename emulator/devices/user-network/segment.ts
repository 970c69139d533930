/** TCP segments as bytes (RFC 9293, 3.1; options of RFC 7323). */

import {
  type Address,
  checksum,
  type Packet,
  protocol,
  pseudoHeaderSum,
  readWord16,
  readWord32,
  word16,
  word32,
} from './packet.ts';

export const tcpFlag = { finish: 0x01, synchronize: 0x02, reset: 0x04, push: 0x08, acknowledge: 0x10 } as const;

/** One side of a connection. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface Segment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Number of the first byte (32 bits). */
  readonly sequence: number;
  /** Number of the byte that is expected next; zero without the flag `acknowledge`. */
  readonly acknowledged: number;
  readonly flags: number;
  /** As it stands in the segment, before scaling (16 bits). */
  readonly window: number;
  readonly options: SegmentOptions;
  readonly data: Uint8Array;
}

export interface SegmentOptions {
  /** Most bytes of data that the sender takes in one segment. */
  readonly maximumSize?: number;
  /** Power of two by which the sender's later windows are to be multiplied. */
  readonly windowScale?: number;
}

const headerSize = 20;
const option = { end: 0, nothing: 1, maximumSize: 2, windowScale: 3 } as const;
const largestScale = 14;

/** A whole segment; undefined when it is damaged. */
export function readSegment({ from, to, payload, protocol: number }: Packet): Segment | undefined {
  if (payload.length < headerSize) return undefined;
  const dataAt = (payload[12]! >> 4) * 4;
  if (dataAt < headerSize || dataAt > payload.length) return undefined;
  if (checksum(payload, pseudoHeaderSum({ from, to, payload, protocol: number })) !== 0) return undefined;
  return {
    from: { address: from, port: readWord16(payload, 0) },
    to: { address: to, port: readWord16(payload, 2) },
    sequence: readWord32(payload, 4),
    acknowledged: readWord32(payload, 8),
    flags: payload[13]!,
    window: readWord16(payload, 14),
    options: readOptions(payload.subarray(headerSize, dataAt)),
    data: payload.subarray(dataAt),
  };
}

function readOptions(bytes: Uint8Array): SegmentOptions {
  let maximumSize: number | undefined;
  let windowScale: number | undefined;
  for (let at = 0; at < bytes.length && bytes[at] !== option.end; ) {
    if (bytes[at] === option.nothing) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    if (bytes[at] === option.maximumSize && length === 4) maximumSize = readWord16(bytes, at + 2);
    if (bytes[at] === option.windowScale && length === 3) windowScale = Math.min(bytes[at + 2]!, largestScale);
    at += length;
  }
  return { ...(maximumSize !== undefined && { maximumSize }), ...(windowScale !== undefined && { windowScale }) };
}

export function writeSegment({ from, to, sequence, acknowledged, flags, window, options, data }: Segment): Packet {
  const { maximumSize, windowScale } = options;
  const optionBytes = [
    ...(maximumSize === undefined ? [] : [option.maximumSize, 4, ...word16(maximumSize)]),
    ...(windowScale === undefined ? [] : [option.nothing, option.windowScale, 3, windowScale]),
  ];
  const dataAt = headerSize + optionBytes.length;
  const payload = new Uint8Array(dataAt + data.length);
  payload.set([
    ...[...word16(from.port), ...word16(to.port)],
    ...[...word32(sequence), ...word32(acknowledged)],
    ...[(dataAt / 4) << 4, flags, ...word16(window)],
    ...[0, 0, 0, 0],
    ...optionBytes,
  ]);
  payload.set(data, dataAt);
  const packet = { from: from.address, to: to.address, protocol: protocol.tcp, payload };
  payload.set(word16(checksum(payload, pseudoHeaderSum(packet))), 16);
  return packet;
}

/** The reset that answers a segment for a connection nobody has (RFC 9293, 3.10.7.1); none answers a reset. */
export function resetFor({ from, to, sequence, acknowledged, flags, data }: Segment): Segment | undefined {
  if (flags & tcpFlag.reset) return undefined;
  const isAcknowledgement = (flags & tcpFlag.acknowledge) !== 0;
  const taken = data.length + (flags & tcpFlag.synchronize ? 1 : 0) + (flags & tcpFlag.finish ? 1 : 0);
  return {
    from: to,
    to: from,
    sequence: isAcknowledgement ? acknowledged : 0,
    acknowledged: isAcknowledgement ? 0 : (sequence + taken) >>> 0,
    flags: tcpFlag.reset | (isAcknowledgement ? 0 : tcpFlag.acknowledge),
    window: 0,
    options: {},
    data: new Uint8Array(0),
  };
}
