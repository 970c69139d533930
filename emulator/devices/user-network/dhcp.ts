/** A DHCP server with one address to give (RFC 2131, RFC 2132). It has no state: everybody gets that address. */

import { type Address, readWord32, word32 } from './packet.ts';

export interface DhcpConfiguration {
  /** Address that a guest gets. */
  readonly guest: Address;
  readonly netmask: Address;
  readonly gateway: Address;
  readonly nameServer: Address;
}

const request = 1;
const reply = 2;
const cookie = 0x6382_5363;
const optionsAt = 240;
const broadcastFlagAt = 10;

const option = {
  netmask: 1,
  router: 3,
  nameServer: 6,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  end: 255,
} as const;

const message = { discover: 1, offer: 2, request: 3, acknowledge: 5, refuse: 6 } as const;
const leaseSeconds = 86_400;

/** The answer to a message of a client; undefined when there is none. */
export function answerDhcp(bytes: Uint8Array, configuration: DhcpConfiguration): Uint8Array | undefined {
  if (bytes.length < optionsAt || bytes[0] !== request || readWord32(bytes, 236) !== cookie) return undefined;
  const options = readOptions(bytes);
  const type = options.get(option.messageType)?.[0];
  if (type !== message.discover && type !== message.request) return undefined;
  const wanted = options.get(option.requestedAddress);
  const server = options.get(option.serverIdentifier);
  if (type === message.request && server && readWord32(server, 0) !== configuration.gateway) return undefined;
  const refused = type === message.request && wanted !== undefined && readWord32(wanted, 0) !== configuration.guest;
  const answer = refused ? message.refuse : type === message.discover ? message.offer : message.acknowledge;

  const head = new Uint8Array(optionsAt);
  head.set([reply, 1, 6, 0]);
  head.set(bytes.subarray(4, 8), 4); // transaction
  head.set(bytes.subarray(broadcastFlagAt, 12), broadcastFlagAt);
  if (!refused) {
    head.set(word32(configuration.guest), 16);
    head.set(word32(configuration.gateway), 20);
  }
  head.set(bytes.subarray(28, 44), 28); // hardware address of the client
  head.set(word32(cookie), 236);
  const lease = [
    ...[option.netmask, 4, ...word32(configuration.netmask)],
    ...[option.router, 4, ...word32(configuration.gateway)],
    ...[option.nameServer, 4, ...word32(configuration.nameServer)],
    ...[option.leaseTime, 4, ...word32(leaseSeconds)],
  ];
  return Uint8Array.from([
    ...head,
    ...[option.messageType, 1, answer],
    ...[option.serverIdentifier, 4, ...word32(configuration.gateway)],
    ...(refused ? [] : lease),
    option.end,
  ]);
}

function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = optionsAt; at < bytes.length && bytes[at] !== option.end; ) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    const value = bytes.subarray(at + 2, at + 2 + length);
    if (value.length === length) found.set(bytes[at]!, value);
    at += 2 + length;
  }
  return found;
}
