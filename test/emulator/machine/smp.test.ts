import { describe, expect, test } from 'vitest';
import { sharedWork } from './shared-work.ts';
import { guest, randomNumbers } from './support.ts';

const doubleword = (machine: ReturnType<typeof guest>['machine'], at: bigint) =>
  machine.board.memory.view.getBigUint64(machine.board.memory.linearAddress(Number(at)) as number, true);

describe.each([2, 4])('%i processing elements', count => {
  test.each([2, 3] as const)(
    'started by PSCI share a counter under a lock and wake each other by interrupts of GICv%i',
    version => {
      const { machine, symbols, runToEnd } = guest(sharedWork(count, version), [
        ...['-smp', String(count), '-M', `virt,gic-version=${version}`],
      ]);
      expect(runToEnd()).toMatchObject({ kind: 'ended', how: 'shutdown' });
      expect(doubleword(machine, symbols.get('counter')!)).toBe(BigInt(count * 500));
      expect(doubleword(machine, symbols.get('greeted')!)).toBe(BigInt(count - 1));
    },
  );

  test('do the same again, however the run is cut into pieces', () => {
    const words = ['-smp', String(count), '-M', 'virt,gic-version=3'];
    const whole = guest(sharedWork(count, 3), words);
    whole.runToEnd();
    const seed = (count * 0x9e37_79b9) >>> 0;
    console.log(`seed ${seed}`);
    const random = randomNumbers(seed);
    const cut = guest(sharedWork(count, 3), words).machine;
    for (;;) {
      const stop = cut.run(1 + random(random(4) === 0 ? 5000 : 20));
      if (stop.kind !== 'budget') break;
    }
    expect(cut.position).toBe(whole.machine.position);
    expect(cut.stateHash()).toBe(whole.machine.stateHash());
  });
});
