import { expect } from 'vitest';
import {
  executeExceptionReturn,
  executeHypervisorCall,
  executeSecureMonitorCall,
} from '../../../emulator/processing-element/call-instructions.ts';
import { resetProcessingElement } from '../../../emulator/processing-element/reset.ts';
import {
  raiseBreakpointInstruction,
  raiseIllegalState,
  raiseSupervisorCall,
  raiseUndefined,
} from '../../../emulator/processing-element/synchronous-exceptions.ts';
import { testWith } from '../../support/requires.ts';
import { Random } from '../translation/random.ts';
import { BARE_METAL_NEEDS } from './bare-metal.ts';
import { Bench, bit, HCR, SCR } from './bench.ts';
import { askQemu, CONTROLS, type Outcome, type Trial } from './qemu-exception-oracle.ts';

/** Instructions that take exceptions or return from them: how they are encoded and executed. */
const INSTRUCTIONS = [
  { name: 'SVC', word: 0xd400_0001, run: (bench: Bench, imm: number) => raiseSupervisorCall(bench.pe, imm) },
  { name: 'HVC', word: 0xd400_0002, run: (bench: Bench, imm: number) => executeHypervisorCall(bench.pe, imm) },
  { name: 'SMC', word: 0xd400_0003, run: (bench: Bench, imm: number) => executeSecureMonitorCall(bench.pe, imm) },
  { name: 'BRK', word: 0xd420_0000, run: (bench: Bench, imm: number) => raiseBreakpointInstruction(bench.pe, imm) },
  { name: 'UDF', word: 0x0000_0000, run: (bench: Bench) => raiseUndefined(bench.pe) },
  { name: 'ERET', word: 0xd69f_03e0, run: (bench: Bench) => executeExceptionReturn(bench.pe) },
] as const;

interface NamedTrial extends Trial {
  readonly instruction: (typeof INSTRUCTIONS)[number];
  readonly immediate: number;
}

const anyOf = (random: Random, bits: readonly number[], chance = 0.5): bigint =>
  bits.reduce((value, n) => (random.chance(chance) ? value | (1n << BigInt(n)) : value), 0n);

/** Condition flags, SSBS, UAO, PAN, masks. BTYPE, DIT and TCO are left out: see the differences below. */
const STATE_BITS = [31, 30, 29, 28, 23, 22, 12, 9, 8, 7, 6];

function randomTrial(random: Random): NamedTrial {
  const el = random.below(3);
  const instruction = el > 0 && random.chance(0.5) ? INSTRUCTIONS[5] : random.pick(INSTRUCTIONS);
  const immediate = instruction.name === 'UDF' || instruction.name === 'ERET' ? 0 : 0x100 + random.below(0x8000);
  const mode = el === 0 ? 0n : BigInt((el << 2) | random.below(2));
  // Not to AArch32, which QEMU has and we do not.
  const savedMode = (): bigint => (random.chance(0.7) ? random.pick([0n, 4n, 5n, 8n, 9n, 13n]) : random.bits(4));
  const saved = (): bigint => anyOf(random, STATE_BITS) | anyOf(random, [20], 0.1) | savedMode();
  const secureEl2 = random.chance(0.5);
  const secure = (secureEl2 || el !== 2) && random.chance(0.3);
  // No TSC: SMC is the program's way out. With TGE there is no EL1 to start in.
  const hcr = anyOf(random, [29, 34], 0.4) | (el === 1 ? 0n : anyOf(random, [27], 0.4)) | HCR.RW;
  return {
    instruction,
    immediate,
    word: (instruction.word | (immediate << 5)) >>> 0,
    entry: anyOf(random, STATE_BITS) | anyOf(random, [20], 0.1) | mode,
    controls: {
      SCTLR_EL1: (0x30d0_0800n & ~bit(23)) | anyOf(random, [23, 44]),
      SCTLR_EL2: (0x30c5_0830n & ~bit(23)) | anyOf(random, [23, 44]),
      MDCR_EL2: 6n | anyOf(random, [8], 0.3),
      SPSR_EL1: saved(),
      SPSR_EL2: saved(),
      HCR_EL2: hcr,
      SCR_EL3: SCR.RW | anyOf(random, [8]) | (secure ? 0n : SCR.NS) | (secureEl2 ? SCR.EEL2 : 0n),
    },
  };
}

const FEATURES = [
  'FEAT_PAN',
  'FEAT_UAO',
  'FEAT_SSBS',
  'FEAT_SSBS2',
  'FEAT_VHE',
  'FEAT_RAS',
  'FEAT_BTI',
  'FEAT_DIT',
  'FEAT_SEL2',
];
const START = 0x4600_0000n;
const VECTOR_MASK = 0x780n;

function examiner(): (trial: NamedTrial) => Outcome {
  const bench = new Bench({ el3: true, features: FEATURES });
  const { pe, state } = bench;
  return ({ controls, entry, instruction, immediate }) => {
    resetProcessingElement(pe);
    bench.records.length = 0;
    for (const name of CONTROLS) bench.with({ [name]: controls[name] });
    bench.with({ ELR_EL1: START + 4n, ELR_EL2: START + 4n, SPSR_EL3: entry, ELR_EL3: START });
    executeExceptionReturn(pe);
    if (state.il === 1) raiseIllegalState(pe);
    else instruction.run(bench, immediate);
    const last = bench.records.at(-1);
    if (last?.kind === 'return') {
      if (state.il === 1) raiseIllegalState(pe);
      else raiseBreakpointInstruction(pe, 0x77);
    }
    const { to, syndrome } = bench.lastException;
    const bits = (state.pan << 22) | (state.uao << 23) | (state.ssbs << 12) | state.daif | state.spSel;
    return {
      to,
      vector: Number(state.pc & VECTOR_MASK),
      syndrome,
      savedState: state.read(`SPSR_EL${to as 1 | 2 | 3}`),
      returns: Number(state.read(`ELR_EL${to as 1 | 2 | 3}`) - START),
      entered: to === 3 ? 0n : BigInt(bits),
    };
  };
}

const describeOutcome = ({ to, vector, syndrome, savedState, returns, entered }: Outcome): string =>
  `EL${to} vector 0x${vector.toString(16)} ESR 0x${syndrome.toString(16)} SPSR 0x${savedState.toString(16)} ` +
  `ELR +${returns} entered with 0x${entered.toString(16)}`;

/**
 * After an illegal return the architecture restores PAN and leaves SSBS and UAO unknown; QEMU keeps all three.
 * The comparison leaves them out there, and DIT, BTYPE and TCO everywhere.
 */
const ILLEGAL_RETURN_UNCERTAIN = ~bit(23, 22, 12);

function comparable(outcome: Outcome, { instruction }: NamedTrial): Outcome {
  const illegal = instruction.name === 'ERET' && outcome.syndrome >> 26n === 0x0en;
  if (!illegal) return outcome;
  return {
    ...outcome,
    savedState: outcome.savedState & ILLEGAL_RETURN_UNCERTAIN,
    entered: outcome.entered & ILLEGAL_RETURN_UNCERTAIN,
  };
}

/** HVC is UNDEFINED at Secure EL1 while Secure EL2 is off; QEMU 7.2 takes it to EL2 all the same. */
function isSecureHypervisorCall({ instruction, controls }: NamedTrial): boolean {
  return instruction.name === 'HVC' && (controls.SCR_EL3 & (SCR.NS | SCR.EEL2)) === 0n;
}

const SEED = Number(process.env.TRAPDOOR_SEED ?? 4_711);
const TRIALS = Number(process.env.TRAPDOOR_TRIALS ?? 4000);

testWith(...BARE_METAL_NEEDS)(`exceptions and exception returns do what they do in QEMU (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const trials = Array.from({ length: TRIALS }, () => randomTrial(random));
  const theirs = askQemu(trials);
  const ours = examiner();
  const differences = trials.flatMap((trial, index) => {
    const expected = describeOutcome(comparable(theirs[index]!, trial));
    const found = describeOutcome(comparable(ours(trial), trial));
    if (expected === found || isSecureHypervisorCall(trial)) return [];
    const controls = CONTROLS.map(name => `${name}=0x${trial.controls[name].toString(16)}`).join(' ');
    return [
      `${trial.instruction.name} entered with 0x${trial.entry.toString(16)}: QEMU ${expected}; ours ${found}; ${controls}`,
    ];
  });
  expect(differences).toEqual([]);
});
