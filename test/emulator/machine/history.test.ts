import { describe, expect, test } from 'vitest';
import type { Machine } from '../../../emulator/index.ts';
import { sharedWork } from './shared-work.ts';
import { guest, randomNumbers } from './support.ts';

/** Reads what is typed and the time, is interrupted by its timer, and mixes it all into memory. */
const listener = `
        .globl  _start
_start: ldr     x0, =0x40f00000
        mov     sp, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        ldr     x1, =0x08000000
        mov     w0, #1
        str     w0, [x1]
        mov     w0, #1 << 27                // the virtual timer
        str     w0, [x1, #0x100]
        ldr     x1, =0x08010000
        mov     w0, #0xff
        str     w0, [x1, #4]
        mov     w0, #1
        str     w0, [x1]
        mov     x0, #1000
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        ldr     x20, =0x09000000
        ldr     x21, =0x40c00000
        ldr     x22, =0x5851f42d4c957f2d
        mov     x23, #0
again:  ldr     w0, [x20, #0x18]
        tbnz    w0, #4, 1f
        ldr     w0, [x20]
        str     w0, [x20]                   // echo
        add     x23, x23, x0
1:      mrs     x0, cntvct_el0
        madd    x23, x23, x22, x0
        lsr     x0, x23, #44
        and     x0, x0, #0xffff8
        str     x23, [x21, x0]
        mov     x0, #200
2:      subs    x0, x0, #1
        b.ne    2b
        tbnz    x23, #63, again
        wfi
        b       again
        .balign 2048
vectors: .space 0x280
        stp     x0, x1, [sp, #-16]!
        ldr     x1, =0x08010000
        ldr     w0, [x1, #0xc]
        str     w0, [x1, #0x10]
        add     x23, x23, #1
        mov     x0, #777
        msr     cntv_tval_el0, x0
        ldp     x0, x1, [sp], #16
        eret
        .ltorg
`;

interface Visit {
  readonly position: number;
  readonly hash: string;
}

const visit = (machine: Machine): Visit => ({ position: machine.position, hash: machine.stateHash() });

describe('the way back to any position', () => {
  test.each([
    ['a guest with a timer and serial input', listener, []],
    ['two processing elements', sharedWork(2, 3, true), ['-smp', '2', '-M', 'virt,gic-version=3']],
    ['four processing elements', sharedWork(4, 3, true), ['-smp', '4', '-M', 'virt,gic-version=3']],
  ])('leads to the same state: %s', (_what, program, words) => {
    const seed = Number(process.env['SEED'] ?? 20_261_122 + words.length);
    console.log(`seed ${seed}`);
    const random = randomNumbers(seed);
    const { machine, output } = guest(program, words);
    const visits = new Map<number, string>();
    const note = () => {
      const { position, hash } = visit(machine);
      visits.set(position, hash);
    };
    // Watched bytes stop the run in the middle of turns.
    const watched = [{ id: 1, address: 0x40c0_0000, length: 0x1000, access: 'write' as const }];
    for (let piece = 0; piece < 8; piece++) {
      machine.setWatchpoints(piece % 3 === 2 ? watched : []);
      const stop = machine.run(1 + random(random(2) ? 700_000 : 3000));
      if (stop.kind === 'ended' || stop.kind === 'idle') break;
      if (piece % 2) machine.sendSerialInput(Uint8Array.of(65 + random(26), 97 + random(26)));
      if (piece % 5 === 4) machine.change(() => machine.core.units[0]!.state.writeX(25, BigInt(piece)));
      note();
    }
    machine.setWatchpoints([]);
    // Far enough for a second snapshot.
    machine.run(Math.max(2_200_000 - machine.position, 1));
    note();
    const known = [...visits.keys()];
    const written = output();
    const now = machine.history.newest;
    for (let travel = 0; travel < 8; travel++) {
      const position = known[random(known.length)] as number;
      // On the way, somewhere else, sometimes going on from there by hand.
      if (random(2)) {
        machine.travelTo(random(now));
        if (random(2)) machine.run(random(now - machine.position));
      }
      machine.travelTo(position);
      expect(visit(machine), `travel ${travel}`).toEqual({ position, hash: visits.get(position) });
    }
    expect(output()).toBe(written);
  });

  test('one instruction back from anywhere is where the machine was one instruction before', () => {
    const { machine } = guest(sharedWork(2, 3, true), ['-smp', '2', '-M', 'virt,gic-version=3']);
    machine.run(9_996);
    const trail: Visit[] = [visit(machine)];
    while (trail.length < 12) {
      machine.run(1);
      trail.push(visit(machine));
    }
    for (const { position, hash } of trail.reverse()) {
      machine.travelTo(position);
      expect(visit(machine)).toEqual({ position, hash });
    }
  });

  test('forgets the future when something is changed in the past', () => {
    const { machine, output } = guest(listener);
    machine.run(1_000_000);
    machine.sendSerialInput(Uint8Array.of(0x61));
    machine.run(100_000);
    expect(output()).toBe('a');
    machine.travelTo(500_000);
    machine.sendSerialInput(Uint8Array.of(0x62));
    expect(machine.history.newest).toBe(500_000);
    machine.run(600_000);
    expect(output()).toBe('ab');
  });
});
