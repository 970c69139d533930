import { describe, expect, test } from 'vitest';
import { cpuModels } from '../../../emulator/architecture/cpu-model.ts';
import { guest } from './support.ts';
import { taggedProgram } from './tagged-program.ts';

const words = ['-M', 'virt,mte=on'];

/** X0 to X30 after a program has switched the machine off. */
function registersAfter(body: string): bigint[] {
  const { machine, runToEnd } = guest(taggedProgram(body), words);
  expect(runToEnd()).toMatchObject({ kind: 'ended', how: 'shutdown' });
  const { state } = machine.core.units[0]!;
  return Array.from({ length: 31 }, (_, n) => state.readX(n));
}

describe('Memory with allocation tags', () => {
  test('gives a Data Abort to an address with another tag, and tells which', () => {
    const x = registersAfter(`
        bl      tag_page
        str     x0, [x21]
        ldr     x1, [x21, #8]
        str     x0, [x20, #40]`);
    expect(x[19]).toBe(1n);
    expect(x[22]).toBe(0x9600_0051n);
    expect(x[23]).toBe(0x4020_0028n);
  });

  test('is checked although the page was reached directly before its tags changed', () => {
    const x = registersAfter(`
        bl      tag_page
        mov     x2, #100
1:      ldr     x1, [x21, #64]
        subs    x2, x2, #1
        b.ne    1b
        add     x3, x21, #64
        addg    x4, x3, #0, #1
        stg     x4, [x4]
        ldr     x1, [x21, #64]
        ldr     x1, [x4]
        ldr     x1, [x21, #48]`);
    expect(x[19]).toBe(1n);
    expect(x[23]).toBe(0x0500_0000_4020_0040n);
  });

  test('is not checked relative to SP, but with write-back it is', () => {
    const x = registersAfter(`
        bl      tag_page
        mov     sp, x20
        ldr     x1, [sp, #16]
        stp     x1, x2, [sp]
        mov     x25, x19
        ldr     x1, [sp], #16`);
    expect([x[25], x[19]]).toEqual([0n, 1n]);
  });

  test('is not checked while PSTATE.TCO is set, and an exception sets it', () => {
    const x = registersAfter(`
        bl      tag_page
        msr     tco, #1
        ldr     x1, [x20]
        mov     x25, x19
        msr     tco, #0
        ldr     x1, [x20]`);
    expect([x[25], x[19]]).toEqual([0n, 1n]);
  });

  test('is checked by DC ZVA, which reports a write and the granule', () => {
    const x = registersAfter(`
        bl      tag_page
        dc      zva, x21
        mov     x25, x19
        add     x3, x20, #0x90
        stg     x3, [x3]
        add     x3, x21, #0x80
        dc      zva, x3`);
    expect([x[25], x[19]]).toEqual([0n, 1n]);
    expect(x[22]).toBe(0x9600_0051n);
    expect(x[23]).toBe(0x0500_0000_4020_0090n);
  });

  test('keeps failed checks in TFSR_EL1 where they raise nothing', () => {
    const x = registersAfter(`
        bl      tag_page
        mrs     x0, sctlr_el1
        eor     x0, x0, #(3 << 40)              // TCF = 2
        msr     sctlr_el1, x0
        isb
        mrs     x25, tfsr_el1
        ldr     x1, [x20]
        mrs     x26, tfsr_el1`);
    expect([x[19], x[25], x[26]]).toEqual([0n, 0n, 1n]);
  });

  test('says in PAR_EL1 that it is tagged', () => {
    const x = registersAfter(`
        at      s1e1r, x20
        isb
        mrs     x25, par_el1`);
    expect(x[25]! >> 56n).toBe(0xf0n);
  });

  test('has its tags in the state hash, in history and in snapshots; a reset clears them', () => {
    const make = () => guest(taggedProgram('bl tag_page\n1: nop\n ldr x1, [x21]\n b 1b'), words).machine;
    const machine = make();
    const tag = (one = machine) => one.allocationTag(0x4020_0ff0);
    machine.run(100);
    const early = machine.stateHash();
    expect(tag()).toBe(0);
    machine.run(20_000);
    const late = machine.stateHash();
    expect(tag()).toBe(5);
    machine.travelTo(100);
    expect([tag(), machine.stateHash()]).toEqual([0, early]);
    machine.travelTo(20_100);
    expect([tag(), machine.stateHash()]).toEqual([5, late]);
    const other = make();
    other.restoreSnapshot(machine.saveSnapshot());
    expect([tag(other), other.stateHash()]).toEqual([5, late]);
    machine.reset();
    expect(tag()).toBe(0);
  });
});

test('Without mte=on there are no tags, and their instructions are UNDEFINED', () => {
  const { machine } = guest('.global _start\n_start: irg x0, x0\n');
  machine.run(2);
  expect(machine.allocationTag(0x4000_0000)).toBeUndefined();
  expect(machine.exceptions.latest(1)[0]).toMatchObject({ record: { kind: 'exception', exceptionClass: 0 } });
});

test.each(cpuModels.filter(({ hasProperties }) => !hasProperties).map(({ name }) => name))(
  'A %s has no memory tagging: mte=on is refused',
  name => {
    expect(() => guest('.global _start\n_start: nop\n', [...words, '-cpu', name])).toThrow(/needs a CPU with memory/);
  },
);
