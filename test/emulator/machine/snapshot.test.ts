import { describe, expect, test } from 'vitest';
import { SnapshotError } from '../../../emulator/index.ts';
import { decodeSavedData, encodeSavedData } from '../../../emulator/machine/saved-data.ts';
import { sharedWork } from './shared-work.ts';
import { guest } from './support.ts';

/** Writes a dot for every turn of a long loop, and every key with its successor. */
const typist = `
        .globl  _start
_start: ldr     x20, =0x09000000
again:  mov     x0, #20000
1:      subs    x0, x0, #1
        b.ne    1b
        mov     w0, #'.'
        str     w0, [x20]
        ldr     w0, [x20, #0x18]
        tbnz    w0, #4, again
        ldr     w0, [x20]
        str     w0, [x20]
        add     w0, w0, #1
        str     w0, [x20]
        b       again
        .ltorg
`;

describe('a snapshot', () => {
  test.each([
    ['serial output', typist, []],
    ['two elements and GICv2', sharedWork(2, 2, true), ['-smp', '2', '-M', 'virt,gic-version=2']],
    ['four elements and GICv3', sharedWork(4, 3, true), ['-smp', '4', '-M', 'virt,gic-version=3']],
  ])('goes on in another machine as the first one does: %s', (_what, program, words) => {
    const first = guest(program, words);
    first.machine.run(300_123);
    const snapshot = first.machine.saveSnapshot();
    const taken = first.machine.stateHash();
    const second = guest(program, words);
    second.machine.run(77_777);
    second.machine.restoreSnapshot(snapshot);
    expect(second.machine.position).toBe(300_123);
    expect(second.machine.stateHash()).toBe(taken);
    for (const { machine } of [first, second]) {
      machine.sendSerialInput(Uint8Array.of(65));
      machine.run(2_500_000);
    }
    expect(second.machine.stateHash()).toBe(first.machine.stateHash());
    expect(first.output().endsWith(second.output().slice(-20))).toBe(true);
    // Its history begins where it was taken up, and leads back there.
    expect(second.machine.history.oldest).toBe(300_123);
    for (const { machine } of [first, second]) machine.travelTo(300_123);
    expect(second.machine.stateHash()).toBe(first.machine.stateHash());
  });

  test('is small when little memory is used, whatever was there at power on', () => {
    const { machine } = guest(typist, ['-m', '256']);
    machine.run(100_000);
    const snapshot = machine.saveSnapshot();
    expect(snapshot.length).toBeLessThan(1_000_000);
    const other = guest('        .globl  _start\n_start: b       .\n', ['-m', '256']);
    other.machine.restoreSnapshot(snapshot);
    other.machine.run(200_000);
    expect(other.output()).toMatch(/^\.+$/);
  });

  test('is refused by another machine, which says what differs and stays as it was', () => {
    const { machine } = guest(typist, ['-m', '32', '-cpu', 'cortex-a72']);
    machine.run(1000);
    const snapshot = machine.saveSnapshot();
    const other = guest(typist, ['-m', '16', '-smp', '2', '-cpu', 'cortex-a72']);
    other.machine.run(1000);
    const before = other.machine.stateHash();
    expect(() => other.machine.restoreSnapshot(snapshot)).toThrow(
      'the snapshot is of another machine: processing elements 1 there and 2 here, memory size 33554432 there and 16777216 here',
    );
    expect(other.machine.stateHash()).toBe(before);
  });

  test('that is cut off, of another version or no snapshot at all is refused', () => {
    const { machine } = guest(typist);
    machine.run(1000);
    const snapshot = machine.saveSnapshot();
    const restore = (bytes: Uint8Array) => () => machine.restoreSnapshot(bytes);
    expect(restore(new Uint8Array(100))).toThrow('this is no snapshot of a machine');
    expect(restore(snapshot.slice(0, -1))).toThrow('the snapshot is cut off');
    expect(restore(snapshot.slice(0, 200))).toThrow(SnapshotError);
    const later = snapshot.slice();
    later[8] = 99;
    expect(restore(later)).toThrow('the snapshot is of version 99');
  });
});

describe('saved data', () => {
  test('comes back as it was', () => {
    const data = {
      numbers: [0, 1, -1, 1.5, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY, -0],
      big: [0n, 1n, -1n, 2n ** 64n, -(2n ** 70n)],
      text: ['', 'ä€😀', '\0'],
      nothing: [undefined, null, true, false],
      views: [Uint8Array.of(1, 2), new Float64Array([0.5]), BigUint64Array.of(2n ** 63n), new Uint32Array(0)],
      map: new Map<unknown, unknown>([
        [1, 'a'],
        ['b', new Set([1, 'c'])],
      ]),
    };
    const bytes = encodeSavedData(data);
    expect(decodeSavedData(bytes)).toEqual(data);
    // Within a larger buffer, as Node's functions give it.
    const larger = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
    expect(decodeSavedData(larger.subarray(6, 6 + bytes.length))).toEqual(data);
  });

  test('is refused when a byte of its structure is wrong, without more than an error', () => {
    const whole = encodeSavedData({ list: [1, 'two', 3n], map: new Map([[1, Uint8Array.of(1)]]) });
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 9, 12, 0x7f, 0xff]) {
        const damaged = whole.slice();
        damaged[at] = value;
        try {
          decodeSavedData(damaged);
        } catch (problem) {
          expect((problem as Error).name).toBe('SavedDataError');
        }
      }
    }
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeSavedData(whole.subarray(0, length))).toThrow('saved');
  });
});
