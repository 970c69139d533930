/** Pointer authentication with FEAT_PAuth2, FEAT_FPAC and FEAT_FPACCOMBINE, by what the manual makes of the same codes. */
import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';
import { Random } from '../translation/random.ts';

const SEED = 0xfac;
const keys = ['ia', 'ib', 'da', 'db'];
const combined = [
  { name: 'braa', text: 'braa x0, x1', failure: 0, modified: true },
  { name: 'blrabz', text: 'blrabz x0', failure: 1, modified: false },
  {
    name: 'retaa',
    text: 'mov x30, x0\n        mov x9, sp\n        mov sp, x1\nat_retaa: retaa',
    failure: 0,
    modified: true,
  },
  { name: 'ldraa', text: 'ldraa x2, [x0]', failure: 2, modified: false },
  { name: 'ldrab', text: 'ldrab x2, [x0]!', failure: 3, modified: false },
];
const program = `        .globl  _start
_start: ldr     x0, =vectors
        msr     vbar_el1, x0
${['apia', 'apib', 'apda', 'apdb'].flatMap((key, i) => ['lo', 'hi'].map((half, j) => `        ldr     x0, =0x${(0x84be85ce9804e94bn + BigInt(0x1010101 * (2 * i + j))).toString(16)}\n        msr     ${key}key${half}_el1, x0`)).join('\n')}
        ldr     x0, =0x${((25n << 16n) | 25n).toString(16)}
        msr     tcr_el1, x0
        ldr     x0, =0xc8002000
        mrs     x1, sctlr_el1
        orr     x0, x0, x1
        msr     sctlr_el1, x0
        isb
ready:  b       ready
        .ltorg
${keys.map(key => `pac${key}:  pac${key}   x0, x1\n        b       done\naut${key}:  aut${key}   x0, x1\n        b       done`).join('\n')}
${combined.map(({ name, text }) => `${name}:  ${text}\n        b       done`).join('\n')}
target: b       done
done:   b       done
        .balign 2048
vectors: .space 512
fault:  b       fault
        .space  1532
        .data
        .balign 16
value:  .quad   42
`;

function machineWith(...words: string[]) {
  const { machine, symbols } = guest(program, ['-cpu', ...words]);
  const { state } = machine.core.units[0]!;
  const address = (name: string) => symbols.get(name) as bigint;
  const run = (label: string, pointer = 0n, modifier = 0n) => {
    machine.change(() => {
      state.writeX(0, pointer);
      state.writeX(1, modifier);
      state.pc = address(label);
    });
    machine.setBreakpoints(new Set([address('done'), address('fault'), address('ready')]));
    machine.run(1000);
    if (state.pc !== address('fault')) return state.readX(0);
    const syndrome = state.read('ESR_EL1');
    return `class ${syndrome >> 26n}, ISS ${syndrome & 0x1ff_ffffn} at ${state.read('ELR_EL1') - address(label)}`;
  };
  run('_start');
  return { run, address };
}

const TOP = 39n;
const CODE = ((1n << 64n) - (1n << TOP)) & ~(1n << 55n);

describe(`Enhanced pointer authentication (seed ${SEED})`, () => {
  for (const algorithm of ['', ',pauth-impdef=on']) {
    const plain = machineWith(`max${algorithm}`);
    const enhanced = machineWith(`trapdoor${algorithm}`);
    const what = algorithm ? 'a quick hash' : 'QARMA5';

    test(`codes of ${what} are exclusive-ORed into pointers, and authentication gives the pointers back`, () => {
      const random = new Random(SEED);
      for (let i = 0; i < 40; i++) {
        const key = random.pick(keys);
        const modifier = random.bits(64);
        const lower = random.bits(39);
        const upper = lower | ((1n << 64n) - (1n << TOP));
        // For an address the code is known from the other model.
        const codes = [lower, upper].map(pointer => (plain.run(`pac${key}`, pointer, modifier) as bigint) & CODE);
        expect(enhanced.run(`pac${key}`, lower, modifier)).toBe(lower | (codes[0] as bigint));
        expect(enhanced.run(`pac${key}`, upper, modifier)).toBe(upper ^ (codes[1] as bigint));
        for (const pointer of [lower, upper]) {
          const signed = enhanced.run(`pac${key}`, pointer, modifier) as bigint;
          expect(enhanced.run(`aut${key}`, signed, modifier)).toBe(pointer);
        }
        // What is no address is signed as the address that its top bit names.
        const wild = lower | (random.bits(8) << 42n);
        expect(enhanced.run(`pac${key}`, wild, modifier)).toBe(wild ^ (codes[0] as bigint));
      }
    });

    test(`a wrong code of ${what} is an exception that tells the key`, () => {
      const random = new Random(SEED);
      for (const [number, key] of keys.entries()) {
        const modifier = random.bits(64);
        const signed = enhanced.run(`pac${key}`, random.bits(39), modifier) as bigint;
        const at = 1n << BigInt(39 + random.below(16));
        expect(enhanced.run(`aut${key}`, signed ^ at, modifier)).toBe(`class 28, ISS ${number} at 0`);
        expect(typeof plain.run(`aut${key}`, signed ^ at, modifier)).toBe('bigint');
      }
    });
  }

  test('branches, returns and loads that authenticate raise it themselves, before anything else', () => {
    const { run, address } = machineWith('trapdoor');
    for (const { name, failure, modified } of combined) {
      const to = address(failure > 1 ? 'value' : 'target');
      const modifier = modified ? 0x8000n : 0n;
      const signed = run(`pac${keys[failure]}`, to, modifier) as bigint;
      const after = run(name, signed, modifier);
      expect(typeof after, `${name}: ${after}`).toBe('bigint');
      const offset = name === 'retaa' ? 12 : 0;
      expect(run(name, signed ^ (1n << 44n), modifier), name).toBe(`class 28, ISS ${failure} at ${offset}`);
    }
  });
});
