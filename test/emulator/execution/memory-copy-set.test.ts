/** Memory copy and memory set (FEAT_MOPS) against a copy byte by byte. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Machine } from '../../../emulator/index.ts';
import { type Guest, guest } from '../machine/support.ts';
import { Random } from '../translation/random.ts';

const SEED = 0x3095;
const suffixes = ',wt,rt,t,wn,wtwn,rtwn,twn,rn,wtrn,rtrn,trn,n,wtn,rtn,tn'.split(',');
const setSuffixes = ',t,n,tn'.split(',');
const stems = [
  ...['cpy', 'cpyf'].flatMap(stem => suffixes.map(suffix => ({ stem, suffix }))),
  ...setSuffixes.map(suffix => ({ stem: 'set', suffix })),
];
const tagStems = setSuffixes.map(suffix => ({ stem: 'setg', suffix }));
const labelOf = (stem: string, suffix: string) => `${stem}_${suffix || 'plain'}`;
const threeOf = (stem: string, suffix: string) =>
  ['p', 'm', 'e'].map(stage =>
    stem.startsWith('set') ? `${stem}${stage}${suffix} [x0]!, x2!, x1` : `${stem}${stage}${suffix} [x0]!, [x1]!, x2!`,
  );

/** 64 pages at this address, wherever the table of the test says. */
const WINDOW = 0x8000_0000n;
const PAGES = 64;
const program = `        .globl  _start
_start: msr     oslar_el1, xzr
        ldr     x0, =vectors
        msr     vbar_el1, x0
        ldr     x0, =level1
        msr     ttbr0_el1, x0
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =0x2500803519
        msr     tcr_el1, x0
        ldr     x1, =level1
        ldr     x0, =0x400007c1
        str     x0, [x1, #8]
        ldr     x0, =level2 + 3
        str     x0, [x1, #16]
        ldr     x1, =level2
        ldr     x0, =level3 + 3
        str     x0, [x1]
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        ldr     x1, =1 << 33
        orr     x0, x0, x1
        msr     sctlr_el1, x0
        isb
ready:  b       ready
forget: tlbi    vmalle1
        dsb     nsh
        isb
        b       ready
${[...stems, ...tagStems].map(({ stem, suffix }) => `${labelOf(stem, suffix)}:\n        ${threeOf(stem, suffix).join('\n        ')}\n        b       done`).join('\n')}
ldg:    ldg     x3, [x0]
done:   b       done
call:   bl      patched
called: b       called
        .balign 4096
patched: mov    x0, #1
        ret
        .balign 2048
vectors: .space 512
fault:  eret
        .space  508
lower:  b       lower
        .space  1020
        .data
        .balign 4096
level1: .space 4096
level2: .space 4096
level3: .space 4096
arena:  .space ${PAGES} * 4096
`;

/** A page of normal memory: access flag, inner shareable, not executable. */
const page = (physical: bigint, user: boolean) => physical | 0x0060_0000_0000_0703n | (user ? 0x40n : 0n);

class World {
  readonly guest: Guest;
  readonly arena: number;
  /** The page of the arena behind each page of the window, and whether EL0 may use it; undefined: none. */
  private readonly window: ({ to: number; user: boolean } | undefined)[] = [];

  constructor(words: readonly string[] = ['-cpu', 'trapdoor'], text = program) {
    this.guest = guest(text, words);
    this.arena = Number(this.address('arena'));
    this.goTo(this.address('_start'), 'ready');
  }
  get machine(): Machine {
    return this.guest.machine;
  }
  get state() {
    return this.machine.core.units[0]!.state;
  }
  address(name: string): bigint {
    return this.guest.symbols.get(name)!;
  }
  get bytes(): Uint8Array {
    return this.machine.board.memory.bytes(this.arena, PAGES * 4096)!;
  }
  map(index: number, to: number | undefined, user = true): void {
    this.window[index] = to === undefined ? undefined : { to, user };
    const entry = to === undefined ? 0n : page(BigInt(this.arena + 4096 * to), user);
    const bytes = new Uint8Array(new BigUint64Array([entry]).buffer);
    this.machine.writeMemory(Number(this.address('level3')) + 8 * index, bytes);
  }
  /** The byte of the arena behind an address of the window. */
  at(address: bigint): number {
    const offset = Number(address - WINDOW);
    return this.window[offset >> 12]!.to * 4096 + (offset & 4095);
  }
  isMapped(address: bigint): boolean {
    return this.window[Number((address - WINDOW) >> 12n)] !== undefined;
  }
  private addresses(stops: readonly (string | bigint)[]): bigint[] {
    return stops.map(stop => (typeof stop === 'string' ? this.address(stop) : stop));
  }
  /** Runs from one address until it is at one of others; gives that. */
  goTo(from: bigint, ...stops: (string | bigint)[]): bigint {
    this.machine.change(() => {
      this.state.pc = from;
    });
    return this.go(...stops);
  }
  go(...stops: (string | bigint)[]): bigint {
    this.machine.setBreakpoints(new Set(this.addresses(stops)));
    for (let i = 0; i < 100; i++) if (this.machine.run(100_000).kind === 'breakpoint') return this.state.pc;
    throw new Error(`did not arrive; PC ${this.state.pc.toString(16)}`);
  }
  /** The table has other pages now. */
  forget(): void {
    this.goTo(this.address('forget'), 'ready');
  }
  /** X0 to X2, past what an exception before left in PSTATE.PAN. */
  set(...values: bigint[]): void {
    this.machine.change(() => {
      this.state.pan = 0;
      values.forEach((value, i) => {
        this.state.writeX(i, value);
      });
    });
  }
  run({ stem, suffix, to, from, size }: Case, ...stops: string[]): bigint {
    this.set(to, from, BigInt(size));
    return this.goTo(this.address(labelOf(stem, suffix)), 'done', ...stops);
  }
  /** What the last exception reported to EL1. */
  report(): { readonly syndrome: bigint; readonly address: bigint } {
    return { syndrome: this.state.read('ESR_EL1'), address: this.state.read('FAR_EL1') };
  }
}

interface Case {
  readonly stem: string;
  readonly suffix: string;
  readonly to: bigint;
  readonly from: bigint;
  readonly size: number;
}

/** What memory should be, byte by byte. */
function expected(world: World, before: Uint8Array, { stem, to, from, size }: Case): Uint8Array {
  const memory = before.slice();
  const backward = stem === 'cpy' && from < to && from + BigInt(size) > to;
  for (let i = 0; i < size; i++) {
    const at = BigInt(backward ? size - 1 - i : i);
    memory[world.at(to + at)] = stem === 'set' ? Number(from & 0xffn) : memory[world.at(from + at)]!;
  }
  return memory;
}

const syndromeFields = (syndrome: bigint) => {
  const field = (low: number, width: number) => Number((syndrome >> BigInt(low)) & ((1n << BigInt(width)) - 1n));
  const flags = field(16, 3).toString(2).padStart(3, '0');
  return [field(24, 1) ? 'set' : 'copy', field(19, 4), flags, [field(10, 5), field(5, 5), field(0, 5)]];
};
const firstDifference = (a: Uint8Array, b: Uint8Array) => a.findIndex((value, i) => value !== b[i]);
const shown = ({ stem, suffix, to, from, size }: Case) =>
  `${stem}${suffix && ` ${suffix}`} to ${to.toString(16)} from ${from.toString(16)}, ${size} bytes`;

describe(`Memory copy and set (seed ${SEED})`, () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  const random = new Random(SEED);
  const randomCase = (): Case => {
    const { stem, suffix } = stems[random.below(stems.length)]!;
    const size = [random.below(40), random.below(6000), 4096 * random.below(6), random.below(50_000)][random.below(4)]!;
    const room = PAGES * 4096 - size;
    const to = WINDOW + BigInt(random.below(room));
    const near = BigInt(random.below(2 * size + 2) - size) + to;
    const anywhere = WINDOW + BigInt(random.below(room));
    const fits = near >= WINDOW && near + BigInt(size) <= WINDOW + BigInt(PAGES * 4096);
    return { stem, suffix, to, from: fits && random.below(2) ? near : anywhere, size };
  };
  const fillArena = () => {
    const bytes = Uint8Array.from({ length: PAGES * 4096 }, () => random.below(256));
    world.machine.writeMemory(world.arena, bytes);
  };
  const mapAll = (user = true) => {
    for (let i = 0; i < PAGES; i++) world.map(i, i, user);
    world.forget();
  };

  test('do what a loop over bytes does, whatever overlaps and whichever options', () => {
    mapAll();
    for (let i = 0; i < 300; i++) {
      if (i % 50 === 0) fillArena();
      if (i === 150) {
        // From now on pages are seen at several addresses.
        for (let at = 0; at < PAGES; at++) world.map(at, random.below(PAGES));
        world.forget();
      }
      const one = randomCase();
      const wanted = expected(world, world.bytes, one);
      world.run(one);
      expect(firstDifference(world.bytes, wanted), shown(one)).toBe(-1);
      expect(world.state.readX(2)).toBe(0n);
    }
  });

  test('meet faults at the byte, keep what was done, and go on', () => {
    mapAll();
    for (let i = 0; i < 150; i++) {
      if (i % 50 === 0) fillArena();
      const one = randomCase();
      const wanted = expected(world, world.bytes, one);
      for (let at = 0; at < PAGES; at++) if (!random.below(3)) world.map(at, undefined);
      world.forget();
      let arrived = world.run(one, 'fault');
      let faults = 0;
      while (arrived === world.address('fault')) {
        expect(++faults, shown(one)).toBeLessThan(2 * PAGES);
        const { syndrome, address } = world.report();
        expect(syndrome >> 26n, shown(one)).toBe(0x25n);
        expect(world.isMapped(address), shown(one)).toBe(false);
        const start = (syndrome >> 6n) & 1n ? one.to : one.from;
        expect(address >= start && address < start + BigInt(one.size), shown(one)).toBe(true);
        const index = Number((address - WINDOW) >> 12n);
        world.map(index, index);
        arrived = world.go('fault', 'done');
      }
      for (let at = 0; at < PAGES; at++) world.map(at, at);
      expect(firstDifference(world.bytes, wanted), shown(one)).toBe(-1);
    }
  });

  test('the three instructions leave to each other what the format of option A says', () => {
    mapAll();
    const base = WINDOW + 0x1100n;
    const stages = (stem: string, to: bigint, from: bigint, size: bigint) => {
      world.set(to, from, size);
      const start = world.address(labelOf(stem, ''));
      const registers = () => [0, 1, 2].map(n => BigInt.asIntN(64, world.state.readX(n)));
      return [0n, 4n, 8n].map(offset => {
        world.goTo(start + offset, start + offset + 4n);
        return registers();
      });
    };
    const ends = [base + 0x3000n, base + 0x8000n];
    expect(stages('cpyf', base, base + 0x5000n, 0x3000n)).toEqual([
      [...ends, -0x2100n],
      [...ends, -0x100n],
      [...ends, 0n],
    ]);
    // Backward, because the destination is within the source.
    expect(stages('cpy', base + 0x800n, base, 0x3000n)).toEqual([
      [base + 0x800n, base, 0x2f00n],
      [base + 0x800n, base, 0xf00n],
      [base + 0x800n, base, 0n],
    ]);
    expect(stages('set', base, 7n, 0x3000n)).toEqual([
      [ends[0], 7n, -0x2100n],
      [ends[0], 7n, -0x100n],
      [ends[0], 7n, 0n],
    ]);
    expect(world.state.c + world.state.n + world.state.z + world.state.v).toBe(0);
  });

  test('registers of the other option or of no predecessor raise the exception that lets a kernel begin anew', () => {
    mapAll();
    const attempt = (label: string, offset: bigint, size: bigint, carry: number) => {
      world.set(WINDOW + 0x8000n, WINDOW + 0x8000n, size);
      world.machine.change(() => {
        world.state.c = carry;
      });
      const at = world.address(label) + offset;
      const arrived = world.goTo(at, 'fault', at + 4n);
      if (arrived !== world.address('fault')) return 'no exception';
      expect(world.state.read('ELR_EL1')).toBe(at);
      const { syndrome } = world.report();
      return [Number(syndrome >> 26n), ...syndromeFields(syndrome)];
    };
    // From the epilogue, wrong option, option A; then destination, source and size.
    expect(attempt('cpy_plain', 4n, 16n, 1)).toEqual([0x27, 'copy', 0, '011', [0, 1, 2]]);
    expect(attempt('cpy_rtwn', 8n, 16n, 1)).toEqual([0x27, 'copy', 6, '111', [0, 1, 2]]);
    expect(attempt('cpyf_tn', 4n, 16n, 0)).toEqual([0x27, 'copy', 15, '001', [0, 1, 2]]);
    expect(attempt('cpyf_plain', 8n, -0x1000n, 0)).toEqual([0x27, 'copy', 0, '101', [0, 1, 2]]);
    expect(attempt('set_n', 4n, 16n, 0)).toEqual([0x27, 'set', 2, '001', [0, 1, 2]]);
    expect(attempt('set_t', 8n, -8n, 1)).toEqual([0x27, 'set', 1, '111', [0, 1, 2]]);
    expect(attempt('cpy_plain', 4n, 16n, 0)).toBe('no exception');
    // Nothing is left to be done.
    expect(attempt('cpy_plain', 4n, 0n, 1)).toBe('no exception');
    expect(attempt('cpyf_plain', 8n, -0xfffn, 0)).toBe('no exception');
    expect(attempt('cpyf_plain', 0n, 16n, 1)).toBe('no exception');
  });

  test('options that say so act with the permissions of EL0', () => {
    mapAll(false);
    const faults = (stem: string, suffix: string) => {
      const one = { stem, suffix, to: WINDOW, from: WINDOW + 0x4000n, size: 8 };
      if (world.run(one, 'fault') === world.address('done')) return 'none';
      const { syndrome } = world.report();
      expect(syndrome & 63n).toBe(0xfn);
      return (syndrome >> 6n) & 1n ? 'write' : 'read';
    };
    for (const stem of ['cpy', 'cpyf']) {
      expect(suffixes.map(suffix => faults(stem, suffix))).toEqual(
        suffixes.map((_, options) => (options & 2 ? 'read' : options & 1 ? 'write' : 'none')),
      );
    }
    expect(setSuffixes.map(suffix => faults('set', suffix))).toEqual(['none', 'write', 'none', 'write']);
    world.machine.change(() => {
      world.state.uao = 1;
    });
    expect(suffixes.map(suffix => faults('cpy', suffix))).toEqual(suffixes.map(() => 'none'));
    world.machine.change(() => {
      world.state.uao = 0;
    });
  });

  test('a watchpoint of the debugger stops before any of it, one of the guest at its byte', () => {
    mapAll();
    world.forget();
    const one = { stem: 'cpyf', suffix: '', to: WINDOW, from: WINDOW + 0x8000n, size: 0x2000 };
    world.machine.setWatchpoints([{ id: 1, address: world.arena + 0x1234, length: 1, access: 'write' }]);
    world.set(one.to, one.from, BigInt(one.size));
    const label = world.address('cpyf_plain');
    world.machine.change(() => {
      world.state.pc = label;
    });
    world.machine.setBreakpoints(new Set([world.address('done')]));
    const stop = world.machine.run(1000);
    expect(stop).toMatchObject({ kind: 'watchpoint', hit: { id: 1, access: 'write', pc: label + 4n } });
    world.machine.setWatchpoints([]);
    expect(world.machine.run(1000).kind).toBe('breakpoint');

    world.machine.change(() => {
      world.state.write('DBGWVR0_EL1', WINDOW + 0x1238n);
      world.state.write('DBGWCR0_EL1', 0x1ff7n);
      world.state.write('MDSCR_EL1', 0xa000n);
      world.state.daif = 0;
      world.machine.core.units[0]!.debugStale = true;
    });
    expect(world.run(one, 'fault')).toBe(world.address('fault'));
    expect(world.report().syndrome >> 26n).toBe(0x35n);
    expect(world.report().address).toBe(WINDOW + 0x1238n);
    expect(world.state.readX(2)).toBe(BigInt.asUintN(64, -(0x2000n - 0x1238n)));
    world.machine.change(() => {
      world.state.write('MDSCR_EL1', 0n);
      world.machine.core.units[0]!.debugStale = true;
    });
  });

  test('a copy can be cut anywhere and gone back into', () => {
    mapAll();
    fillArena();
    const one = { stem: 'cpy', suffix: '', to: WINDOW + 0x1801n, from: WINDOW + 0x1234n, size: 0x4321 };
    world.set(one.to, one.from, BigInt(one.size));
    world.machine.setBreakpoints(new Set());
    world.machine.change(() => {
      world.state.pc = world.address('cpy_plain');
    });
    const start = world.machine.position;
    const hashes = [world.machine.stateHash()];
    for (let i = 0; i < 18; i++) {
      world.machine.run(1);
      hashes.push(world.machine.stateHash());
    }
    expect(world.state.pc).toBe(world.address('done'));
    expect(new Set(hashes).size).toBe(19);
    for (const step of [16, 3, 11, 0, 9]) {
      world.machine.travelTo(start + step);
      expect(world.machine.stateHash(), `position ${step}`).toBe(hashes[step]);
    }
    world.machine.run(9);
    expect(world.machine.stateHash()).toBe(hashes[18]);
  });

  test('code that a copy overwrites is what was written', () => {
    mapAll();
    const code = Number(world.address('patched') - 0x4000_0000n);
    const stub = world.machine.board.memory.bytes(world.arena, 8)!;
    stub.set([0x40, 0x05, 0x80, 0xd2, 0xc0, 0x03, 0x5f, 0xd6]);
    expect(world.goTo(world.address('call'), 'called')).toBe(world.address('called'));
    expect(world.state.readX(0)).toBe(1n);
    world.map(1, (0x4000_0000 + (code & ~0xfff) - world.arena) / 4096);
    world.forget();
    world.run({ stem: 'cpy', suffix: '', to: WINDOW + 0x1000n + BigInt(code & 0xfff), from: WINDOW, size: 8 });
    world.goTo(world.address('call'), 'called');
    expect(world.state.readX(0)).toBe(42n);
  });
});

describe('Controls of memory copy and set', () => {
  test('make the instructions UNDEFINED and route their exception', () => {
    const world = new World(['-cpu', 'trapdoor', '-M', 'virt,virtualization=on']);
    for (let i = 0; i < PAGES; i++) world.map(i, i);
    const [SCTLR, HCRX, MCE2] = [1n << 33n, 1n << 11n, 1n << 10n];
    const attempt = (level: number, controls: { sctlr1?: bigint; sctlr2?: bigint; hcrx?: bigint; hcr?: bigint }) => {
      // Without translation.
      world.set(BigInt(world.arena), 0n, 8n);
      const { sctlr1 = 0n, sctlr2 = 0n, hcrx = 0n, hcr = 1n << 31n } = controls;
      const { state } = world;
      world.machine.change(() => {
        state.write('SCTLR_EL1', sctlr1);
        state.write('SCTLR_EL2', sctlr2);
        state.write('HCRX_EL2', hcrx);
        state.write('HCR_EL2', hcr);
        state.write('VBAR_EL2', world.address('vectors'));
        state.setLevel(level, 0);
        state.c = 1;
      });
      const label = world.address('set_plain');
      const at = level === 1 && hcrx & MCE2 ? label + 4n : label;
      const arrived = world.goTo(at, at + 4n, 'fault', 'lower');
      if (arrived === at + 4n) return 'done';
      const el = state.el as 1 | 2;
      return `${state.read(`ESR_EL${el}`) >> 26n} to EL${el}`;
    };
    expect(attempt(2, {})).toBe('done');
    expect(attempt(1, {})).toBe('0 to EL1');
    expect(attempt(1, { hcrx: HCRX })).toBe('done');
    expect(attempt(0, { hcrx: HCRX })).toBe('0 to EL1');
    expect(attempt(0, { sctlr1: SCTLR })).toBe('0 to EL1');
    expect(attempt(0, { hcrx: HCRX, sctlr1: SCTLR })).toBe('done');
    const host = (1n << 34n) | (1n << 27n);
    expect(attempt(0, { hcrx: HCRX, sctlr1: SCTLR, hcr: host })).toBe('0 to EL2');
    expect(attempt(0, { sctlr2: SCTLR, hcr: host })).toBe('done');
    expect(attempt(1, { hcrx: HCRX | MCE2 })).toBe('39 to EL2');
  });

  test('a CPU without the feature has none of them', () => {
    const world = new World(['-cpu', 'max']);
    for (let i = 0; i < PAGES; i++) world.map(i, i);
    expect(world.run({ stem: 'cpy', suffix: '', to: WINDOW, from: WINDOW, size: 8 }, 'fault')).toBe(
      world.address('fault'),
    );
    expect(world.report().syndrome >> 26n).toBe(0n);
  });
});

describe('Sets with tags', () => {
  test('fill memory, tag its granules, and are checked themselves by no tag', () => {
    const tagged = program
      .replace('mov     x0, #0xff', 'mov     x0, #0xf0')
      .replace('x1, =1 << 33', 'x1, =(1 << 33) + (1 << 43) + 4');
    const world = new World(['-cpu', 'trapdoor', '-M', 'virt,mte=on'], tagged);
    for (let i = 0; i < PAGES; i++) world.map(i, i);
    const tagAt = (address: bigint) => {
      world.set(address);
      world.goTo(world.address('ldg'), 'done');
      return Number((world.state.readX(3) >> 56n) & 15n);
    };
    const [start, size] = [WINDOW + 0x1010n, 0x2fe0];
    for (const [tag, suffix] of [
      [5n, ''],
      [9n, 'tn'],
    ] as const) {
      const one = { stem: 'setg', suffix, to: start | (tag << 56n), from: 0xabn, size };
      expect(world.run(one, 'fault')).toBe(world.address('done'));
      expect(world.bytes.subarray(0x1010, 0x1010 + size).every(byte => byte === 0xab)).toBe(true);
      expect([world.bytes[0x100f], world.bytes[0x1010 + size]]).toEqual([0, 0]);
      const places = [-16n, 0n, 0x800n, 0xff0n, 0x1000n, BigInt(size) - 16n, BigInt(size)];
      expect(places.map(at => tagAt(start + at))).toEqual([0, tag, tag, tag, tag, tag, 0].map(Number));
    }
    expect(world.run({ stem: 'setg', suffix: '', to: start, from: 0n, size: 24 }, 'fault')).toBe(
      world.address('fault'),
    );
    expect(world.report()).toMatchObject({ address: start });
    expect(world.report().syndrome & 0x7fn).toBe(0x61n);

    // A copy into memory with other tags does what lies before them.
    world.machine.change(() => {
      world.state.write('SCTLR_EL1', world.state.read('SCTLR_EL1') | (1n << 40n));
      world.state.tco = 0;
    });
    const to = WINDOW + 0x1003n;
    expect(world.run({ stem: 'cpyf', suffix: '', to, from: WINDOW + 0x8000n, size: 100 }, 'fault')).toBe(
      world.address('fault'),
    );
    expect(world.report()).toMatchObject({ address: start });
    expect(world.report().syndrome & 0x7fn).toBe(0x51n);
    expect([world.state.readX(0), world.state.readX(2)]).toEqual([start, 87n]);
  });
});
