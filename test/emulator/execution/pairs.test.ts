import { describe, expect, test } from 'vitest';
import { instructions } from '../../../emulator/architecture/index.ts';
import { frequentPairs, hotRows, isHot } from '../../../emulator/execution/interpreter/hot.ts';
import { visitStatements } from '../../../emulator/execution/record.ts';
import { planHandlers } from '../../../emulator/execution/variants.ts';
import { guest } from '../machine/support.ts';

const plan = planHandlers(instructions, { isHot, pairs: frequentPairs });

describe('the choice of handlers', () => {
  test('names rows that there are', () => {
    const names = new Set(instructions.map(row => row.name));
    expect([...hotRows.keys()].filter(name => !names.has(name))).toEqual([]);
  });

  test('has pairs, each once', () => {
    const keys = plan.pairs.map(({ first, second }) => `${plan.numbers.get(first)} ${plan.numbers.get(second)}`);
    expect(keys.length).toBeGreaterThan(40);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('pairs nothing with what follows a store: it may have changed', () => {
    const storing = plan.pairs.filter(({ first }) => {
      let stores = false;
      visitStatements(first.statements, {
        statement: ({ op }) => {
          stores ||= op === 'store' || op === 'system';
        },
      });
      return stores;
    });
    expect(storing.map(({ first }) => first.row.name)).toEqual([]);
  });
});

/** Counts X0 down to zero, adding up in X1; then goes on at `out`. */
const loop = `
        .globl  _start
_start: mov     x0, #100
        mov     x1, #0
again:  add     x1, x1, x0
        subs    x0, x0, #1
branch: b.ne    again
out:    b       out
`;

const x = ({ machine }: ReturnType<typeof guest>, n: number) => machine.core.units[0]?.state.readX(n);
const pc = ({ machine }: ReturnType<typeof guest>) => machine.core.units[0]?.state.pc;

describe('a comparison done together with its branch', () => {
  test('counts as two instructions', () => {
    const one = guest(loop);
    one.machine.run(2 + 3 * 10 + 2);
    expect([x(one, 0), pc(one)]).toEqual([89n, one.symbols.get('branch')]);
    one.machine.run(5000);
    expect([x(one, 1), pc(one)]).toEqual([5050n, one.symbols.get('out')]);
  });

  test('stops at a breakpoint on the branch, set before and after it was executed', () => {
    const one = guest(loop);
    one.machine.run(50);
    const { symbols, machine } = one;
    const before = x(one, 0) as bigint;
    machine.setBreakpoints(new Set([symbols.get('branch') as bigint]));
    for (let i = 1n; i <= 3n; i++) {
      expect(machine.run(1_000_000).kind).toBe('breakpoint');
      expect([x(one, 0), pc(one)]).toEqual([before - i, symbols.get('branch')]);
    }
    machine.setBreakpoints(new Set());
    machine.run(5000);
    expect([x(one, 1), pc(one)]).toEqual([5050n, symbols.get('out')]);
  });

  test('is entered at the branch alone by who jumps there', () => {
    const one = guest(`
        .globl  _start
_start: mov     x2, #3
again:  cmp     x2, #0
        b       middle
        cmp     x2, x2
middle: b.eq    out
        sub     x2, x2, #1
        add     x1, x1, #1
        b       again
out:    b       out
`);
    one.machine.run(1000);
    expect([x(one, 1), pc(one)]).toEqual([3n, one.symbols.get('out')]);
  });

  test('lies across two pages', () => {
    const one = guest(`
        .globl  _start
_start: mov     x0, #9
        b       again
        .balign 4096
        .space  4096 - 8
again:  add     x1, x1, #1
        subs    x0, x0, #1
        b.ne    again
out:    b       out
`);
    one.machine.run(1000);
    expect([x(one, 1), pc(one)]).toEqual([9n, one.symbols.get('out')]);
  });

  test('follows a branch that the guest has rewritten', () => {
    const one = guest(`
        .globl  _start
_start: adr     x3, branch
        ldr     w4, other
        mov     x0, #10
again:  add     x1, x1, #1
        cmp     x1, #5
        b.ne    on
        str     w4, [x3]                    // from now on: b.eq out
        ic      ivau, x3
        isb
on:     subs    x0, x0, #1
branch: b.ne    again
        b       .
out:    add     x2, x2, #1
        b       .
other:  .word   0x54000040                  // b.eq, two words on
`);
    one.machine.run(10_000);
    // At the fifth turn x0 is 6, not zero: the new branch falls through.
    expect([x(one, 0), x(one, 1), x(one, 2)]).toEqual([5n, 5n, 0n]);
  });
});
