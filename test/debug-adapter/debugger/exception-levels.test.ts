import { describe, expect, test } from 'vitest';
import { ExceptionLevelStacks } from '../../../debug-adapter/debugger/exception-levels.ts';
import type { ExceptionRecord } from '../../../debug-adapter/debugger/target.ts';

/** `0^2` is an exception from EL0 to EL2, `2v1` a return; `:1` adds a VMID and makes it an exit or entry of a guest. */
function recordsOf(text: string): ExceptionRecord[] {
  return text.split(' ').map((word, position): ExceptionRecord => {
    const [, from, sign, to, vmid] = /^(\d)([\^v])(\d)(?::(\d+))?$/.exec(word)!;
    const guest = vmid === undefined ? {} : { vmid: Number(vmid), guest: sign === '^' ? 'exit' : 'entry' };
    const common = { pe: 0, position, from: Number(from), to: Number(to), instruction: 0n, target: 0n, ...guest };
    const more =
      sign === '^'
        ? { kind: 'exception', cause: 'synchronous', syndrome: 0n, preferredReturn: 0n }
        : { kind: 'return', savedState: 0n, illegal: false };
    return { ...common, ...more } as ExceptionRecord;
  });
}

/** What is unfinished after these. */
function crossingsOf(text: string) {
  const records = recordsOf(text);
  const log = { first: 0, end: records.length, at: (index: number) => records[index], registersAt: () => undefined };
  return new ExceptionLevelStacks(log).of(0);
}

/** The same in the words of the records. */
function unfinished(text: string): string {
  const words = text.split(' ');
  return crossingsOf(text)
    .map(({ index }) => words[index])
    .join(' ');
}

describe('what a processing element has not finished', () => {
  test.each([
    ['a handled exception', '0^1 1v0 0^1', '0^1'],
    ['a hypervisor that runs a guest', '2v1:1 1^2:1', '2v1:1 1^2:1'],
    ['a guest that goes on', '2v1:1 1^2:1 2v1:1', '2v1:1'],
    ['a host with VHE that runs its guest within a system call', '0^2 2v1:1 1^2:1', '0^2 2v1:1 1^2:1'],
    ['the system call that comes back to the program', '0^2 2v1:1 1^2:1 2v0', ''],
    ['a host without VHE that calls its hypervisor, which enters the guest', '0^1 1^2:0 2v1:3', '0^1 1^2:0 2v1:3'],
    ['its exit, which goes back to the host', '0^1 1^2:0 2v1:3 1^2:3 2v1:0', '0^1'],
    ['a program of a guest that calls its kernel, which exits', '2v1:1 1v0 0^1 1^2:1', '2v1:1 1v0 0^1 1^2:1'],
    ['a kernel that was dropped to EL1 and moves back up to EL2', '2v1:0 1^2:0 2v2', ''],
    ['firmware that starts a hypervisor that starts a guest', '3v2 2v1:1', '3v2 2v1:1'],
    ['programs that are started one after the other', '2v1:1 1v0 1v0 1v0', '2v1:1 1v0'],
    ['an interrupt in the handler of a system call', '0^1 1^1', '0^1 1^1'],
  ])('%s', (_what, records, left) => {
    expect(unfinished(records)).toBe(left);
  });

  test('a guest that is entered again after the host has been elsewhere goes on, unlike one that begins', () => {
    const [, begins] = crossingsOf('0^2 2v1:1');
    expect(begins?.reentry).toBeUndefined();
    const [, goesOn] = crossingsOf('0^2 2v1:1 1^2:1 2v0 0^2 2v1:1');
    expect(goesOn?.reentry).toBe(true);
    const [, another] = crossingsOf('0^2 2v1:1 1^2:1 2v0 0^2 2v1:2');
    expect(another?.reentry).toBeUndefined();
  });
});
