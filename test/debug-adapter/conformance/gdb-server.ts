/** As much of gdb's remote protocol as it needs to look at a machine that stands still. */
import { createServer, type Server, type Socket } from 'node:net';

export interface Inspected {
  /** X0–X30, SP, PC (64 bits each) and PSTATE (32 bits). */
  registers(): { readonly wide: readonly bigint[]; readonly pstate: number };
  read(address: bigint, length: number): Uint8Array | undefined;
}

const bytesOf = (value: bigint, size: number) =>
  Array.from({ length: size }, (_, index) => Number((value >> BigInt(index * 8)) & 0xffn));
const hexOf = (bytes: Iterable<number>) => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

function answer(packet: string, inspected: Inspected): string {
  if (packet.startsWith('qSupported')) return 'PacketSize=4000';
  if (packet === '?') return 'S05';
  if (packet === 'qAttached') return '1';
  if (packet.startsWith('H')) return 'OK';
  if (packet === 'g') {
    const { wide, pstate } = inspected.registers();
    return hexOf([...wide.flatMap(value => bytesOf(value, 8)), ...bytesOf(BigInt(pstate), 4)]);
  }
  const memory = /^m([0-9a-f]+),([0-9a-f]+)$/.exec(packet);
  if (memory) {
    const bytes = inspected.read(BigInt(`0x${memory[1]}`), Number.parseInt(memory[2]!, 16));
    return bytes ? hexOf(bytes) : 'E01';
  }
  return '';
}

/** Serves one gdb after the other, and calls `connected` before each; resolves to the server when it listens on a port of its own. */
export function serveGdb(inspected: Inspected, connected: () => void): Promise<Server> {
  const server = createServer((socket: Socket) => {
    connected();
    let pending = '';
    socket.on('data', data => {
      pending += data.toString('latin1');
      for (let match = /\$([^#]*)#../.exec(pending); match; match = /\$([^#]*)#../.exec(pending)) {
        pending = pending.slice(match.index + match[0].length);
        const text = answer(match[1]!, inspected);
        const sum = [...text].reduce((total, character) => (total + character.charCodeAt(0)) & 0xff, 0);
        socket.write(`+$${text}#${sum.toString(16).padStart(2, '0')}`);
      }
    });
    socket.on('error', () => undefined);
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}
