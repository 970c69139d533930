import { describe, expect, test } from 'vitest';
import {
  semihostingOperation as op,
  Semihosting,
  type SemihostingFiles,
  type SemihostingHost,
} from '../../../emulator/firmware/semihosting.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A guest with 4 KiB of memory at 0x1000 and a block of parameters at 0x1000. */
function guest(options: { files?: SemihostingFiles; typed?: string } = {}) {
  const memory = new Uint8Array(0x1000);
  const typed = [...(options.typed ?? '')].map(c => c.charCodeAt(0));
  const state = { console: '', exit: undefined as number | undefined };
  const inside = (address: bigint, length: number) => address >= 0x1000n && address + BigInt(length) <= 0x2000n;
  const host: SemihostingHost = {
    readMemory: (address, length) =>
      inside(address, length) ? memory.slice(Number(address) - 0x1000, Number(address) - 0x1000 + length) : undefined,
    writeMemory(address, bytes) {
      if (!inside(address, bytes.length)) return false;
      memory.set(bytes, Number(address) - 0x1000);
      return true;
    },
    writeConsole: bytes => (state.console += text(bytes)),
    readConsole: () => typed.shift(),
    commandLine: ['guest.elf', 'fast'],
    heap: { base: 0x10n, limit: 0x20n, stackBase: 0x30n, stackLimit: 0x40n },
    nanoseconds: () => 1_230_000_000n,
    seconds: () => 1_735_689_600n,
    exit: status => (state.exit = status),
    files: options.files,
  };
  const semihosting = new Semihosting(host);
  const put = (address: number, value: string | readonly bigint[]) => {
    if (typeof value === 'string') memory.set(new TextEncoder().encode(`${value}\0`), address - 0x1000);
    else new BigUint64Array(memory.buffer, address - 0x1000, value.length).set(value);
  };
  return {
    state,
    memory,
    semihosting,
    put,
    raw: (operation: number, parameter: bigint) => semihosting.call(operation, parameter),
    call(operation: number, ...block: readonly bigint[]) {
      put(0x1000, block);
      const result = semihosting.call(operation, 0x1000n);
      return result.kind === 'result' ? BigInt.asIntN(64, result.x0) : result.kind;
    },
    at: (address: number, length: number) => text(memory.slice(address - 0x1000, address - 0x1000 + length)),
  };
}

describe('semihosting writes to the console', () => {
  test('a character, a string and a block', () => {
    const { state, call, raw, put } = guest();
    put(0x1100, 'Hello');
    raw(op.SYS_WRITEC, 0x1100n);
    raw(op.SYS_WRITE0, 0x1101n);
    put(0x1200, ':tt');
    const handle = call(op.SYS_OPEN, 0x1200n, 4n, 3n);
    expect(handle).toBe(1n);
    expect(call(op.SYS_ISTTY, 1n)).toBe(1n);
    expect(call(op.SYS_WRITE, 1n, 0x1100n, 2n)).toBe(0n);
    expect(state.console).toBe('HelloHe');
  });

  test('but not from memory that is not there', () => {
    const { state, raw, call } = guest();
    expect(raw(op.SYS_WRITE0, 0x9000n)).toEqual({ kind: 'result', x0: 0xffff_ffff_ffff_ffffn });
    expect(call(op.SYS_ERRNO)).toBe(14n);
    expect(state.console).toBe('');
  });
});

describe('semihosting reads from the console', () => {
  test('what was typed, and waits where a character is asked for', () => {
    const { call, put, at } = guest({ typed: 'abc' });
    expect(call(op.SYS_READC)).toBe(0x61n);
    put(0x1200, ':tt');
    call(op.SYS_OPEN, 0x1200n, 0n, 3n);
    expect(call(op.SYS_READ, 1n, 0x1300n, 10n)).toBe(8n);
    expect(at(0x1300, 2)).toBe('bc');
    expect(call(op.SYS_READC)).toBe('waits for input');
  });
});

describe('semihosting ends the run', () => {
  test('with the status of the application', () => {
    const { call, state } = guest();
    expect(call(op.SYS_EXIT, 0x2_0026n, 7n)).toBe('exited');
    expect(state.exit).toBe(7);
  });

  test('with a failure when the application did not end by itself', () => {
    const { call, state } = guest();
    call(op.SYS_EXIT_EXTENDED, 0x2_0023n, 0n);
    expect(state.exit).toBe(1);
  });
});

describe('semihosting tells', () => {
  test('time, command line, heap and features', () => {
    const { call, put, at, memory } = guest();
    expect(call(op.SYS_CLOCK)).toBe(123n);
    expect(call(op.SYS_TIME)).toBe(1_735_689_600n);
    expect(call(op.SYS_TICKFREQ)).toBe(1_000_000_000n);
    expect(call(op.SYS_GET_CMDLINE, 0x1100n, 100n)).toBe(0n);
    expect(at(0x1100, 15)).toBe('guest.elf fast\0');
    expect(new BigUint64Array(memory.buffer, 8, 1)[0]).toBe(14n);
    expect(call(op.SYS_GET_CMDLINE, 0x1100n, 3n)).toBe(-1n);
    expect(call(op.SYS_HEAPINFO, 0x1200n)).toBe(0n);
    expect([...new BigUint64Array(memory.buffer, 0x200, 4)]).toEqual([0x10n, 0x20n, 0x30n, 0x40n]);
    put(0x1300, ':semihosting-features');
    expect(call(op.SYS_OPEN, 0x1300n, 0n, 21n)).toBe(1n);
    expect(call(op.SYS_FLEN, 1n)).toBe(5n);
    expect(call(op.SYS_READ, 1n, 0x1400n, 8n)).toBe(3n);
    expect(at(0x1400, 4)).toBe('SHFB');
    expect(call(op.SYS_ISERROR, 0xffff_ffff_ffff_ffffn)).toBe(1n);
    expect(call(0x99)).toBe(-1n);
  });
});

describe('semihosting files', () => {
  test('are off when the host offers none', () => {
    const { call, put } = guest();
    put(0x1100, '/etc/passwd');
    expect(call(op.SYS_OPEN, 0x1100n, 0n, 11n)).toBe(-1n);
    expect(call(op.SYS_ERRNO)).toBe(2n);
    expect(call(op.SYS_READ, 1n, 0x1300n, 4n)).toBe(-1n);
    expect(call(op.SYS_ERRNO)).toBe(9n);
  });

  test('are opened, read, sought and closed where it does', () => {
    const content = new TextEncoder().encode('0123456789');
    let position = 0;
    const log: string[] = [];
    const files: SemihostingFiles = {
      open: (path, mode) => {
        log.push(`open ${path} ${JSON.stringify(mode)}`);
        return path === 'data' ? 42 : { errno: 13 };
      },
      close: handle => log.push(`close ${handle}`) - log.length,
      read: (_handle, length) => content.slice(position, (position += length)),
      write: (_handle, bytes) => Math.min(3, bytes.length),
      seek: (_handle, to) => (position = to) - to,
      length: () => content.length,
      remove: () => 0,
      rename: () => ({ errno: 1 }),
    };
    const { call, put, at } = guest({ files });
    put(0x1100, 'data');
    expect(call(op.SYS_OPEN, 0x1100n, 3n, 4n)).toBe(1n);
    expect(log[0]).toBe('open data {"access":"read","update":true,"binary":true}');
    expect(call(op.SYS_FLEN, 1n)).toBe(10n);
    expect(call(op.SYS_SEEK, 1n, 6n)).toBe(0n);
    expect(call(op.SYS_READ, 1n, 0x1300n, 6n)).toBe(2n);
    expect(at(0x1300, 4)).toBe('6789');
    expect(call(op.SYS_WRITE, 1n, 0x1300n, 5n)).toBe(2n);
    expect(call(op.SYS_CLOSE, 1n)).toBe(0n);
    expect(call(op.SYS_CLOSE, 1n)).toBe(-1n);
    expect(call(op.SYS_OPEN, 0x1100n, 0n, 3n)).toBe(-1n);
    expect(call(op.SYS_ERRNO)).toBe(13n);
  });

  test('that are open are part of a snapshot', () => {
    const { call, put, semihosting } = guest({ typed: 'x' });
    put(0x1200, ':tt');
    call(op.SYS_OPEN, 0x1200n, 4n, 3n);
    const saved = structuredClone(semihosting.save());
    call(op.SYS_CLOSE, 1n);
    semihosting.restore(saved);
    expect(call(op.SYS_ISTTY, 1n)).toBe(1n);
  });
});
