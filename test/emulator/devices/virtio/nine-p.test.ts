import { describe, expect, test } from 'vitest';
import type { SharedEntry, SharedFolder } from '../../../../emulator/devices/virtio/shared-folder.ts';
import { randomNumbers } from '../../machine/support.ts';
import { MmioDriver, ownBoard } from './driver.ts';

const words = [
  ...['-fsdev', 'local,id=f,path=shared,security_model=none,readonly=on'],
  ...['-device', 'virtio-9p-device,fsdev=f,mount_tag=host0'],
];

const file = (name: string, text: string, executable = false): SharedEntry => {
  const bytes = new TextEncoder().encode(text);
  return {
    ...{ kind: 'file', name, modified: 1_700_000_000, executable },
    content: { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) },
  };
};
const folder = (name: string, ...entries: SharedEntry[]): SharedFolder => ({
  ...{ kind: 'folder', name, modified: 1_600_000_000 },
  children: () => entries,
});
const shared = folder('', file('run.sh', '#!/bin/sh\n', true), folder('sub', file('a.txt', 'hello from the host')));

/** Numbers and texts as 9P writes them: `[4, 7]` is 7 in four bytes. */
type Field = readonly [1 | 2 | 4 | 8, number] | string;

function message(type: number, ...fields: Field[]): Uint8Array {
  const body = fields.flatMap(field => {
    if (typeof field === 'string') {
      const bytes = [...new TextEncoder().encode(field)];
      return [bytes.length & 0xff, bytes.length >> 8, ...bytes];
    }
    const [size, value] = field;
    return Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
  });
  const length = 7 + body.length;
  return Uint8Array.from([length & 0xff, length >> 8, 0, 0, type, 0x34, 0x12, ...body]);
}

async function mounted() {
  const driver = new MmioDriver(ownBoard(words, new Map(), shared), 0, { legacy: true });
  await driver.start(1);
  /** Gives the type of the answer and its body. */
  const ask = async (type: number, ...fields: Field[]) => {
    const { length, bytes } = await driver.request(0, [message(type, ...fields), 4096]);
    const view = new DataView(bytes.buffer, 0, length);
    expect(view.getUint32(0, true)).toBe(length);
    expect(view.getUint16(5, true)).toBe(0x1234);
    return { type: bytes[4], body: bytes.subarray(7, length), view: new DataView(bytes.buffer, 7) };
  };
  await ask(100, [4, 8192], '9P2000.L');
  await ask(104, [4, 0], [4, 0xffff_ffff], 'root', '', [4, 0]);
  const walk = (fid: number, ...names: string[]) => ask(110, [4, 0], [4, fid], [2, names.length], ...names);
  return { driver, ask, walk };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('a folder of the host', () => {
  test('is found by its tag', async () => {
    const { driver } = await mounted();
    expect(await driver.configuration(8)).toEqual([5, 0, ...new TextEncoder().encode('host0'), 0xff]);
  });

  test('lists its entries in the order of their names', async () => {
    const { ask } = await mounted();
    await ask(12, [4, 0], [4, 0o200000]);
    const list = async (offset: number) => {
      const { body, view } = await ask(40, [4, 0], [8, offset], [4, 1000]);
      const names: string[] = [];
      for (let at = 4; at < body.length; ) {
        const length = view.getUint16(at + 22, true);
        names.push(text(body.subarray(at + 24, at + 24 + length)));
        at += 24 + length;
      }
      return names;
    };
    expect(await list(0)).toEqual(['.', '..', 'run.sh', 'sub']);
    expect(await list(3)).toEqual(['sub']);
  });

  test('gives the bytes of its files', async () => {
    const { ask, walk } = await mounted();
    expect((await walk(1, 'sub', 'a.txt')).view.getUint16(0, true)).toBe(2);
    await ask(12, [4, 1], [4, 0]);
    expect(text((await ask(116, [4, 1], [8, 6], [4, 8])).body.subarray(4))).toBe('from the');
    expect((await ask(116, [4, 1], [8, 1000], [4, 8])).body).toEqual(new Uint8Array(4));
  });

  test('tells modes, sizes and times', async () => {
    const { ask, walk } = await mounted();
    await walk(1, 'run.sh');
    const { view } = await ask(24, [4, 1], [8, 0x7ff]);
    expect(view.getUint32(21, true).toString(8)).toBe('100555');
    expect(view.getBigUint64(49, true)).toBe(10n);
    expect(view.getBigUint64(89, true)).toBe(1_700_000_000n);
  });

  test('does not let anybody out of it', async () => {
    const { walk } = await mounted();
    const { type, view } = await walk(1, '..', '..', 'sub');
    expect([type, view.getUint16(0, true)]).toEqual([111, 3]);
    expect((await walk(2, '..', 'etc', 'passwd')).view.getUint16(0, true)).toBe(1);
    expect(await walk(3, 'sub/a.txt')).toMatchObject({ type: 7 });
    expect(await walk(3, '../..')).toMatchObject({ type: 7 });
  });

  test.each([
    ['create a file', 14, [[4, 0], 'new', [4, 1], [4, 0o644], [4, 0]]],
    ['make a folder', 72, [[4, 0], 'new', [4, 0o755], [4, 0]]],
    [
      'write',
      118,
      [
        [4, 0],
        [8, 0],
        [4, 1],
        [1, 65],
      ],
    ],
    ['remove', 76, [[4, 0], 'run.sh', [4, 0]]],
    [
      'open for writing',
      12,
      [
        [4, 0],
        [4, 1],
      ],
    ],
  ] as const)('answers “read-only file system” to a wish to %s', async (_, type, fields) => {
    const { ask } = await mounted();
    const answer = await ask(type, ...fields);
    expect([answer.type, answer.view.getUint32(0, true)]).toEqual([7, 30]);
  });

  test('never fails, whatever a guest sends', async () => {
    const seed = 0x9b;
    console.info(`seed 0x${seed.toString(16)}`);
    const next = randomNumbers(seed);
    const { driver } = await mounted();
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from({ length: next(40) + 1 }, () => next(256));
      bytes[4] = [8, 12, 24, 40, 100, 104, 110, 116, 120][next(9)]!;
      if (next(2)) bytes.fill(0, 5, 11);
      const { length } = await driver.request(0, [bytes, 64]);
      expect(length).toBeLessThanOrEqual(64);
    }
  });
});
