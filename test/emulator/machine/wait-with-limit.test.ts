/** WFET and WFIT: waiting for an event or an interrupt, at most until the virtual count has reached a register. */
import { describe, expect, test } from 'vitest';
import { guest } from './support.ts';

const cpu = ['-cpu', 'trapdoor'];
const begin = '        .globl  _start\n';

describe('Waiting with a limit', () => {
  test.each(['wfit', 'wfet'])('%s takes no instructions: virtual time is at the limit', name => {
    const { machine, symbols } = guest(
      `${begin}_start: mrs     x1, cntvct_el0
        ldr     x0, =1000000
        add     x0, x0, x1
        ${name}    x0
        mrs     x2, cntvct_el0
done:   b       done
`,
      cpu,
    );
    machine.setBreakpoints(new Set([symbols.get('done')!]));
    expect(machine.run(1000).kind).toBe('breakpoint');
    const { state } = machine.core.units[0]!;
    expect(state.readX(2)).toBe(state.readX(0));
    expect(machine.position).toBeLessThan(100);
  });

  test('a limit that has passed, and an event that is there, let it go on at once', () => {
    const { machine, symbols } = guest(
      `${begin}_start: mrs     x0, cntvct_el0
        wfit    x0
        wfet    x0
        mov     x1, #-1
        sevl
        wfet    x1
done:   b       done
`,
      cpu,
    );
    machine.setBreakpoints(new Set([symbols.get('done')!]));
    expect(machine.run(1000).kind).toBe('breakpoint');
  });

  test('without a limit within reach it ends by an interrupt alone', () => {
    const program = (arm: string) => `${begin}_start: mov     x0, #-1
        mrs     x1, cntvct_el0
${arm}
        wfit    x0
        mrs     x2, cntvct_el0
        sub     x2, x2, x1
done:   b       done
`;
    const { machine } = guest(program(''), cpu);
    expect(machine.run(1000).kind).toBe('idle');
    // The timer's interrupt is enabled in the redistributor, and masked.
    const timer = `        ldr     x3, =0x080b0000
        mov     w4, #-1
        str     w4, [x3, #0x80]
        mov     w4, #1 << 27
        str     w4, [x3, #0x100]
        mov     x4, #1
        msr     s3_0_c12_c12_7, x4
        mov     x4, #0xff
        msr     s3_0_c4_c6_0, x4
        ldr     x3, =0x08000000
        mov     w4, #2
        str     w4, [x3]
        mov     x3, #5000
        msr     cntv_tval_el0, x3
        mov     x3, #1
        msr     cntv_ctl_el0, x3`;
    const other = guest(program(timer), [...cpu, '-M', 'virt,gic-version=3']);
    other.machine.setBreakpoints(new Set([other.symbols.get('done')!]));
    expect(other.machine.run(1000).kind).toBe('breakpoint');
    const waited = other.machine.core.units[0]!.state.readX(2);
    expect(waited >= 5000n && waited < 5100n).toBe(true);
  });

  const pair = `${begin}_start: ldr     x0, =0xc4000003
        mov     x1, #1
        adr     x2, second
        mov     x3, #0
        hvc     #0
        mov     x0, #0
1:      add     x0, x0, #1
        cmp     x0, #30, lsl #12
        b.ne    1b
        sev
2:      b       2b
second: mrs     x1, cntvct_el0
        ldr     x0, =0x100000000
        add     x0, x0, x1
        wfet    x0
        mrs     x2, cntvct_el0
        sub     x2, x2, x1
        ldr     x0, =3000
        mrs     x1, cntvct_el0
        add     x0, x0, x1
        wfit    x0
        mrs     x3, cntvct_el0
        sub     x3, x3, x1
done:   b       done
`;

  test('an event of another element ends WFET, time that of WFIT, while the others go on', () => {
    const { machine, symbols } = guest(pair, [...cpu, '-smp', '2']);
    machine.setBreakpoints(new Set([symbols.get('done')!]));
    expect(machine.run(2_000_000)).toMatchObject({ kind: 'breakpoint', pe: 1 });
    const { state } = machine.core.units[1]!;
    // Three instructions a round, sixteen instructions a tick; a turn of the other element may come before.
    const expected = BigInt((3 * 30 * 4096) / 16);
    expect(Number(state.readX(2) - expected)).toBeLessThan(2000);
    expect(state.readX(2)).toBeGreaterThanOrEqual(expected - 10n);
    expect(state.readX(3)).toBeGreaterThanOrEqual(3000n);
    expect(Number(state.readX(3))).toBeLessThan(3000 + 2000);
  });

  test('the same happens in pieces, and from within a wait', () => {
    const whole = guest(pair, [...cpu, '-smp', '2']).machine;
    whole.run(500_000);
    const cut = guest(pair, [...cpu, '-smp', '2']).machine;
    const hashes = new Map<number, string>();
    while (cut.position < 500_000) {
      cut.run(Math.min(39_973, 500_000 - cut.position));
      hashes.set(cut.position, cut.stateHash());
    }
    expect(cut.stateHash()).toBe(whole.stateHash());
    for (const position of [...hashes.keys()].filter((_, i) => i % 5 === 2)) {
      cut.travelTo(position);
      expect(cut.stateHash()).toBe(hashes.get(position));
    }
    const copy = guest(pair, [...cpu, '-smp', '2']).machine;
    const [middle] = [...hashes.keys()].filter((_, i) => i === 4);
    cut.travelTo(middle as number);
    copy.restoreSnapshot(cut.saveSnapshot());
    copy.run(500_000 - (middle as number));
    expect(copy.stateHash()).toBe(whole.stateHash());
  });
});
