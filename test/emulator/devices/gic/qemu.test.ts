/**
 * The interrupt controllers against QEMU: the same accesses give the same values. Where the architecture says otherwise
 * than QEMU 7.2 the scripts stay away, with a note at the place. `SEED=n` runs one other random script of each kind.
 */
import { describe, expect } from 'vitest';
import { GicV2, GicV3 } from '../../../../emulator/devices/gic/index.ts';
import { testWith } from '../../../support/requires.ts';
import { encodings, inWords, type Step, type World } from './access-script.ts';
import { generateGicV2Script } from './gic-v2-script.ts';
import { generateGicV3Script } from './gic-v3-script.ts';
import { runOnModel } from './model-run.ts';
import { type QemuMachine, runOnQemu } from './qemu-run.ts';
import { Random } from './random.ts';
import { mrs, msr, read, write } from './steps.ts';

const withQemu = testWith('qemu-system-aarch64', 'aarch64-linux-gnu-as', 'aarch64-linux-gnu-ld');

const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3];
const scriptLength = 1500;

/** Compares value by value; the first difference is told with the steps before it. */
function expectAgreement(machine: QemuMachine, steps: readonly Step[], ours: readonly bigint[], seed?: number): void {
  const theirs = runOnQemu(machine, steps);
  let value = 0;
  for (const [index, step] of steps.entries()) {
    if (step.do === 'write' || step.do === 'msr') continue;
    if (ours[value] !== theirs[value]) {
      const before = steps.slice(Math.max(0, index - 12), index + 1).map(inWords);
      const hex = (x: bigint | undefined) => (x === undefined ? 'nothing' : `0x${x.toString(16)}`);
      expect.fail(
        [
          `${seed === undefined ? '' : `seed ${seed}, `}step ${index}: ours ${hex(ours[value])}, QEMU ${hex(theirs[value])}`,
          ...before,
        ].join('\n'),
      );
    }
    value++;
  }
  expect(theirs).toHaveLength(value);
}

/** Every register of a range, read. */
const readAll = (at: World, frame: 'GICD' | 'GICR' | 'GICC' | 'GICH' | 'GICV', from: number, to: number): Step[] =>
  Array.from({ length: (to - from) / 4 }, (_, i) => read(at, frame, from + 4 * i));

/** All ones, then two patterns, written to a register and read back. */
const probe = (at: World, frame: 'GICD' | 'GICR' | 'GICC' | 'GICH' | 'GICV', offset: number): Step[] =>
  [0xffff_ffff, 0xaaaa_aaaa, 0x5555_5555].flatMap(value => [write(at, frame, offset, value), read(at, frame, offset)]);

const without = (steps: readonly Step[], ...accesses: readonly (readonly [frame: string, offset: number])[]): Step[] =>
  steps.filter(step => !accesses.some(([f, o]) => 'frame' in step && step.frame === f && step.offset === o));

describe('a GICv3 agrees with QEMU', () => {
  for (const secure of [false, true]) {
    const home: World = secure ? 'el3' : 'el2';
    const machine: QemuMachine = { gicVersion: 3, secure, cpus: 2 };
    const gic = () => new GicV3({ affinities: [0, 1], securityExtensions: secure });
    const where = secure ? 'with EL3' : 'without EL3';

    withQemu(`${where}: registers after reset`, () => {
      const readable = Object.keys(encodings).filter(
        name => !/EOIR|DIR|SGI/.test(name) && (secure ? name !== 'ICC_CTLR_EL3' : !name.endsWith('EL3')),
      );
      const steps = without(
        [
          ...readAll(home, 'GICD', 0, 0x1000),
          ...readAll(home, 'GICD', 0x6100, 0x6a00),
          ...readAll(home, 'GICD', 0xffd0, 0x1_0000),
          ...readAll(home, 'GICR', 0, 0x100),
          ...readAll(home, 'GICR', 0xffd0, 0x1_1000),
          ...readable.map(name => mrs(home, name)),
        ],
        // Ours has no LPIs; it routes to any processing element; QEMU 7.2 counts one word of interrupts too few.
        ['GICD', 4],
        ['GICR', 0],
        ['GICR', 8],
      );
      expectAgreement(machine, steps, runOnModel(gic(), steps));
    });

    withQemu(`${where}: which bits of registers can be written`, () => {
      const words = (register: number) => [0, 1, 7, 8, 9, 31].map(word => register + 4 * word);
      const steps = [
        ...[0x080, 0x100, 0x200, 0x300, 0xc00, 0xd00, 0xe00].flatMap(words).flatMap(o => probe(home, 'GICD', o)),
        ...[0x400, 0x41c, 0x420, 0x51c, 0x520].flatMap(o => probe(home, 'GICD', o)),
        ...[0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x41c, 0x420, 0xc00, 0xc04, 0xc08, 0xd00, 0xe00]
          .map(o => 0x1_0000 + o)
          .flatMap(o => probe(home, 'GICR', o)),
        ...probe(home, 'GICR', 0x14),
        write(home, 'GICD', 0x421, 0xff, 1),
        read(home, 'GICD', 0x421, 1),
        read(home, 'GICD', 0x420),
        write(home, 'GICD', 0x101, 0xff, 1),
        read(home, 'GICD', 0x101, 1),
        write(home, 'GICD', 0x6200, 0xff_80ff_ffffn, 8),
        read(home, 'GICD', 0x6200, 8),
        write(home, 'GICD', 0x6200, 1),
        write(home, 'GICD', 0x6204, 2),
        read(home, 'GICD', 0x6200, 8),
        write(home, 'GICD', 0, 0xffff_ffff),
        read(home, 'GICD', 0),
        ...['ICC_BPR0_EL1', 'ICC_BPR1_EL1', 'ICC_CTLR_EL1', 'ICC_IGRPEN0_EL1', 'ICC_IGRPEN1_EL1', 'ICC_PMR_EL1']
          .concat('ICC_AP0R0_EL1', 'ICC_AP1R0_EL1', 'ICC_SRE_EL1', 'ICC_SRE_EL2', 'ICH_AP0R0_EL2', 'ICH_AP1R0_EL2')
          .flatMap(name => [0, 1, 2, 5, 7].flatMap(value => [msr(home, name, value), mrs(home, name)])),
        msr(home, 'ICH_HCR_EL2', 0xffff_ffff),
        mrs(home, 'ICH_HCR_EL2'),
        ...[0xf8fc_021f, 0].flatMap(v => [msr(home, 'ICH_VMCR_EL2', v), mrs(home, 'ICH_VMCR_EL2')]),
        ...[0, 1, 2, 3].flatMap(n => [
          msr(home, `ICH_LR${n}_EL2`, 0xf0ff_03ff_ffff_ffffn),
          mrs(home, `ICH_LR${n}_EL2`),
        ]),
      ];
      expectAgreement(machine, steps, runOnModel(gic(), steps));
    });
  }

  for (const seed of seeds) {
    withQemu(`interrupts of a hypervisor, seed ${seed}`, () => {
      const { steps, values } = generateGicV3Script(new GicV3({ affinities: [0, 1] }), new Random(seed), {
        worlds: ['el2'],
        virtual: false,
        length: scriptLength,
      });
      expectAgreement({ gicVersion: 3, secure: false, cpus: 2 }, steps, values, seed);
    });

    withQemu(`interrupts of a hypervisor and its guest, seed ${seed}`, () => {
      const { steps, values } = generateGicV3Script(new GicV3({ affinities: [0, 1] }), new Random(seed), {
        worlds: ['el2'],
        virtual: true,
        length: scriptLength,
      });
      expectAgreement({ gicVersion: 3, secure: false, cpus: 2 }, steps, values, seed);
    });

    withQemu(`interrupts of two security states, seed ${seed}`, () => {
      const gic = new GicV3({ affinities: [0], securityExtensions: true });
      const { steps, values } = generateGicV3Script(gic, new Random(seed), {
        worlds: ['el3', 'secureEl1', 'nonSecureEl2'],
        virtual: false,
        length: scriptLength,
      });
      expectAgreement({ gicVersion: 3, secure: true, cpus: 1 }, steps, values, seed);
    });
  }
});

describe('a GICv2 agrees with QEMU', () => {
  for (const cpus of [1, 2]) {
    withQemu(`registers after reset, with ${cpus} processing element${cpus > 1 ? 's' : ''}`, () => {
      const steps = without(
        [
          ...readAll('el2', 'GICD', 0, 0x1000),
          ...readAll('el2', 'GICC', 0, 0x100),
          ...readAll('el2', 'GICH', 0, 0x200),
          ...readAll('el2', 'GICV', 0, 0x100),
        ],
        // QEMU 7.2 lacks the aliased acknowledge and highest-pending registers.
        ['GICC', 0x20],
        ['GICC', 0x28],
        ['GICV', 0x20],
        ['GICV', 0x28],
      );
      const gic = new GicV2({ processingElements: cpus });
      expectAgreement({ gicVersion: 2, secure: false, cpus }, steps, runOnModel(gic, steps));
    });
  }

  for (const seed of seeds) {
    for (const cpus of [1, 2]) {
      withQemu(`interrupts of a hypervisor, -smp ${cpus}, seed ${seed}`, () => {
        const gic = new GicV2({ processingElements: cpus });
        const options = { processingElements: cpus, virtual: false, length: scriptLength };
        const { steps, values } = generateGicV2Script(gic, new Random(seed), options);
        expectAgreement({ gicVersion: 2, secure: false, cpus }, steps, values, seed);
      });
    }

    withQemu(`interrupts of a hypervisor and its guest, seed ${seed}`, () => {
      const gic = new GicV2({ processingElements: 2 });
      const options = { processingElements: 2, virtual: true, length: scriptLength };
      const { steps, values } = generateGicV2Script(gic, new Random(seed), options);
      expectAgreement({ gicVersion: 2, secure: false, cpus: 2 }, steps, values, seed);
    });
  }
});
