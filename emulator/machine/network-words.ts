/** What `-netdev user,…` and `-nic user,…` say of the network: what may leave the machine. */

import { onOff, type Setting, Settings, unsupported } from './option-values.ts';
import { type NetworkOptions, OptionError, type PortForwardOptions } from './options.ts';

/** @returns the network, and the other settings that `known` names. @throws OptionError */
export function userNetworkSettings(
  word: string,
  list: readonly Setting[],
  known: readonly string[],
): { readonly options: NetworkOptions; readonly rest: Settings } {
  // Only this one may be given more than once.
  const forwards = list.filter(({ key }) => key === 'hostfwd');
  const rest = new Settings(
    word,
    list.filter(({ key }) => key !== 'hostfwd'),
    ['backend', 'restrict', 'loopback', ...known],
  );
  rest.only('backend', 'user');
  const restrict = rest.flag('restrict');
  const loopback = rest.get('loopback');
  const options = {
    loopback: loopback !== undefined && onOff(word, { key: 'loopback', value: loopback }),
    forwards: forwards.map(forward => portForward(word, forward)),
  };
  if (restrict && options.loopback) {
    throw new OptionError(`${word}: restrict=on keeps the guest from the host, and loopback=on lets it reach it`);
  }
  return { options, rest };
}

/** `tcp:[127.0.0.1]:HOSTPORT-[GUESTADDRESS]:GUESTPORT` */
function portForward(word: string, { key, value }: Setting): PortForwardOptions {
  const match = /^(\w*):([^:]*):(\d+)-([\d.]*):(\d+)$/.exec(value);
  const [, protocol, hostAddress, host, guest, guestPort] = match ?? [];
  if (host === undefined || guestPort === undefined) {
    throw new OptionError(`${word} ${key}=${value}: say ${key}=tcp:127.0.0.1:HOSTPORT-:GUESTPORT`);
  }
  if (protocol !== 'tcp' && protocol !== '') throw unsupported(word, { key, value }, `${key}=tcp:…`);
  if (hostAddress !== '127.0.0.1' && hostAddress !== '') {
    throw new OptionError(`${word} ${key}=${value}: only 127.0.0.1 of this computer listens for a guest`);
  }
  const [hostPort, port] = [Number(host), Number(guestPort)];
  if (hostPort > 0xffff || port < 1 || port > 0xffff) {
    throw new OptionError(`${word} ${key}=${value}: ports are 1 to 65535`);
  }
  return {
    hostPort,
    ...(guest && { guestAddress: ipv4Address(word, guest) }),
    guestPort: port,
  };
}

function ipv4Address(word: string, text: string): number {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some(part => !(part <= 255))) {
    throw new OptionError(`${word}: ${text} is no address such as 10.0.2.15`);
  }
  return parts.reduce((address, part) => address * 256 + part, 0);
}
