/** Random but meaningful scripts for a GICv3: interrupts come, are acknowledged and ended, in the host and its guest. */
import type { InterruptController } from '../../../../emulator/devices/gic/index.ts';
import type { Step, World } from './access-script.ts';
import { stepOnModel } from './model-run.ts';
import type { Random } from './random.ts';
import { mrs, msr, pins, read, write } from './steps.ts';

/** Interrupts that scripts play with; no device of the board drives them. */
const pool = [0, 1, 5, 15, 17, 22, 24, 31, 44, 45, 63, 90, 127, 128, 287];
const priorities = [0x00, 0x20, 0x40, 0x48, 0x80, 0x88, 0xa0, 0xa8, 0xb0, 0xd0, 0xe0, 0xf0, 0xf8];

const redistributorSgi = 0x1_0000;

/** Offset of a bitmap register (by its GICD offset) that holds an interrupt's bit. */
const bitmapAt = (register: number, intid: number) =>
  intid < 32
    ? ({ frame: 'GICR', offset: redistributorSgi + register } as const)
    : ({ frame: 'GICD', offset: register + 4 * (intid >> 5) } as const);

export interface GeneratedScript {
  readonly steps: readonly Step[];
  /** Values that the model answered while the script was made. */
  readonly values: readonly bigint[];
}

export interface ScriptOptions {
  /** Worlds whose accesses the script makes, the first of which sets things up. */
  readonly worlds: readonly World[];
  /** Includes the virtual interface and a guest. */
  readonly virtual: boolean;
  readonly length: number;
}

/** Makes a script by running it on a controller, so that it can end the interrupts that it acknowledges. */
export function generateGicV3Script(gic: InterruptController, random: Random, options: ScriptOptions): GeneratedScript {
  const steps: Step[] = [];
  const values: bigint[] = [];
  const issue = (step: Step): bigint => {
    steps.push(step);
    const value = stepOnModel(gic, step);
    if (value !== undefined) values.push(value);
    return value ?? 0n;
  };
  const home = options.worlds[0]!;
  const world = () => random.pick(options.worlds);
  /** Interrupts acknowledged and not yet ended, and ended but not deactivated: physical and virtual. */
  const acknowledged: { at: World; intid: number; group: 0 | 1 }[] = [];
  const virtualAcknowledged: { intid: number; group: 0 | 1 }[] = [];

  const bitmap = (at: World, register: number, intid: number) => {
    const { frame, offset } = bitmapAt(register, intid);
    issue(write(at, frame, offset, 2 ** (intid & 31)));
  };
  const priority = (at: World, intid: number) => {
    const { frame, offset } =
      intid < 32 ? { frame: 'GICR' as const, offset: redistributorSgi } : { frame: 'GICD' as const, offset: 0 };
    issue(write(at, frame, offset + 0x400 + intid, random.pick(priorities), 1));
  };

  const secure = home === 'el3';
  issue(write(home, 'GICD', 0, secure ? 0x37 : 0x53));
  issue(write(home, 'GICR', 0x14, 0));
  for (const intid of pool) {
    if (random.chance(90)) bitmap(home, 0x100, intid);
    if (random.chance(60)) bitmap(home, 0x080, intid);
    else if (secure && random.chance(50)) bitmap(home, 0xd00, intid);
    priority(home, intid);
  }
  // Edge-triggered and level-sensitive ones.
  issue(write(home, 'GICR', redistributorSgi + 0xc04, random.next() & 0xaaaa_aaaa));
  for (const word of [2, 3, 5, 7, 8, 17]) issue(write(home, 'GICD', 0xc00 + 4 * word, random.next() & 0xaaaa_aaaa));
  for (const at of options.worlds) {
    if (at === 'guest') continue;
    if (at !== 'nonSecureEl2') issue(msr(at, 'ICC_IGRPEN0_EL1', 1));
    issue(msr(at, 'ICC_IGRPEN1_EL1', 1));
    issue(msr(at, 'ICC_PMR_EL1', 0xf8));
    issue(msr(at, 'ICC_CTLR_EL1', random.chance(50) ? 2 : 0));
  }
  if (secure) issue(msr('el3', 'ICC_IGRPEN1_EL3', 3));
  if (options.virtual) {
    issue(msr(home, 'ICH_VMCR_EL2', 0xf84c_0003 | (random.chance(40) ? 0x200 : 0)));
    issue(msr(home, 'ICH_HCR_EL2', 1));
  }

  const splitsEnd = () => ((stepOnModel(gic, mrs('guest', 'ICC_CTLR_EL1')) ?? 0n) & 2n) !== 0n;
  const holdsActive = (intid: number) =>
    gic
      .describe()
      .processingElements[0]!.virtual.listRegisters.some(lr => lr.virtualId === intid && lr.state.includes('active'));

  const group = (): 0 | 1 => (random.chance(40) ? 0 : 1);
  const physical: readonly (readonly [number, () => void])[] = [
    [14, () => bitmap(world(), 0x200, random.pick(pool))],
    [3, () => bitmap(world(), 0x280, random.pick(pool))],
    [2, () => bitmap(world(), 0x100, random.pick(pool))],
    [1, () => bitmap(world(), 0x180, random.pick(pool))],
    [1, () => bitmap(world(), 0x300, random.pick(pool))],
    [2, () => bitmap(world(), 0x380, random.pick(pool))],
    [4, () => priority(world(), random.pick(pool))],
    [
      1,
      () => {
        const { frame, offset } = bitmapAt(0x080, random.pick(pool));
        issue(write(world(), frame, offset, random.next()));
      },
    ],
    [
      1,
      () =>
        issue(write(world(), 'GICD', 0x6000 + 8 * random.pick([44, 63, 127]), random.pick([0n, 1n, 2n, 1n << 32n]), 8)),
    ],
    [1, () => issue(msr(world(), 'ICC_PMR_EL1', random.pick([0xf8, 0xf8, 0xf8, 0xa0, 0x88, 0x50])))],
    [1, () => issue(msr(world(), random.pick(['ICC_BPR0_EL1', 'ICC_BPR1_EL1']), random.below(8)))],
    [1, () => issue(msr(world(), 'ICC_CTLR_EL1', random.below(4)))],
    [
      4,
      () => {
        const target = random.pick([1n, 1n, 2n, 3n, 1n << 40n, 1n | (1n << 16n), 1n | (1n << 32n)]);
        const register = random.pick(['ICC_SGI0R_EL1', 'ICC_SGI1R_EL1', 'ICC_SGI1R_EL1', 'ICC_ASGI1R_EL1']);
        issue(msr(world(), register, target | (BigInt(random.pick([0, 1, 5, 15])) << 24n)));
      },
    ],
    [
      14,
      () => {
        const at = world();
        // Mostly by the register of the interrupt that waits.
        const { highestPending } = gic.describe().processingElements[0]!;
        const waiting = gic.describe().interrupts.find(i => i.intid === highestPending && i.pe !== 1);
        const which = waiting && random.chance(80) ? (waiting.group === 'Group 0' ? 0 : 1) : group();
        const intid = Number(issue(mrs(at, `ICC_IAR${which}_EL1`)));
        if (intid < 1020) acknowledged.push({ at, intid, group: which });
      },
    ],
    [
      10,
      () => {
        const last = random.chance(85) ? acknowledged.pop() : undefined;
        const { at, intid, group: which } = last ?? { at: world(), intid: random.pick(pool), group: group() };
        issue(msr(at, `ICC_EOIR${which}_EL1`, intid));
        if (random.chance(60)) issue(msr(at, 'ICC_DIR_EL1', intid));
      },
    ],
    [1, () => issue(msr(home, random.pick(['ICC_AP0R0_EL1', 'ICC_AP1R0_EL1']), 0))],
    [2, () => issue(mrs(world(), random.pick(['ICC_HPPIR0_EL1', 'ICC_HPPIR1_EL1'])))],
    [2, () => issue(mrs(world(), 'ICC_RPR_EL1'))],
    [
      2,
      () =>
        issue(
          mrs(
            world(),
            random.pick([
              'ICC_AP0R0_EL1',
              'ICC_AP1R0_EL1',
              'ICC_BPR0_EL1',
              'ICC_BPR1_EL1',
              'ICC_PMR_EL1',
              'ICC_CTLR_EL1',
            ]),
          ),
        ),
    ],
    [
      4,
      () => {
        const register = random.pick([0x80, 0x100, 0x200, 0x300]);
        const { frame, offset } = bitmapAt(register, random.pick(pool));
        issue(read(world(), frame, offset));
      },
    ],
    // SGIs that another processing element got; with EL3 there is one alone.
    [secure ? 0 : 1, () => issue(read(world(), 'GICR', 0x2_0000 + redistributorSgi + 0x200))],
    [
      1,
      () =>
        issue(
          read(world(), random.pick(['GICD', 'GICR']), random.pick([0x400, 0x404, 0x410, 0x42c, 0xc00, 0xc04]) + 0),
        ),
    ],
  ];

  const listRegister = () => {
    const hardware = random.chance(30);
    const intid = random.pick(hardware ? pool.filter(id => id >= 16) : pool);
    const state = random.pick([0n, 1n, 1n, 1n, 2n, 3n]);
    const field = hardware ? BigInt(intid) : random.chance(40) ? 0x200n : 0n;
    return (
      (state << 62n) |
      (hardware ? 1n << 61n : 0n) |
      (random.chance(65) ? 1n << 60n : 0n) |
      (BigInt(random.pick(priorities)) << 48n) |
      (field << 32n) |
      BigInt(intid)
    );
  };
  const virtual: readonly (readonly [number, () => void])[] = [
    [14, () => issue(msr(home, `ICH_LR${random.below(4)}_EL2`, listRegister()))],
    // Every maintenance reason except "Group 0 disabled".
    [3, () => issue(msr(home, 'ICH_HCR_EL2', (random.chance(90) ? 1 : 0) | (random.next() & 0xde)))],
    [1, () => issue(msr(home, 'ICH_HCR_EL2', (random.next() & 0xf800_00df) >>> 0))],
    [
      2,
      () => {
        const mask = random.pick([0xf8, 0xf8, 0xf8, 0xa0, 0x40]) * 2 ** 24;
        const enabled = random.chance(80) ? 3 : 0;
        issue(msr(home, 'ICH_VMCR_EL2', mask + ((random.next() & 0xfc_0213) | enabled)));
      },
    ],
    [1, () => issue(msr(home, random.pick(['ICH_AP0R0_EL2', 'ICH_AP1R0_EL2']), 0))],
    [3, () => issue(mrs(home, `ICH_LR${random.below(4)}_EL2`))],
    [8, () => issue(mrs(home, random.pick(['ICH_MISR_EL2', 'ICH_EISR_EL2', 'ICH_ELRSR_EL2', 'ICH_HCR_EL2'])))],
    [3, () => issue(mrs(home, random.pick(['ICH_AP0R0_EL2', 'ICH_AP1R0_EL2', 'ICH_VMCR_EL2'])))],
    [3, () => issue(read(home, 'GICR', redistributorSgi + 0x200))],
    [
      14,
      () => {
        const { vFiq, vIrq } = gic.pins(0);
        const which = (vFiq || vIrq) && random.chance(80) ? (vFiq ? 0 : 1) : group();
        const intid = Number(issue(mrs('guest', `ICC_IAR${which}_EL1`)));
        if (intid < 1020) virtualAcknowledged.push({ intid, group: which });
      },
    ],
    [
      12,
      () => {
        const last = random.chance(85) ? virtualAcknowledged.pop() : undefined;
        const { intid, group: which } = last ?? { intid: random.pick(pool), group: group() };
        // An end that only drops the priority is not counted in ICH_HCR_EL2.EOIcount; QEMU 7.2 counts it.
        if (!splitsEnd() || holdsActive(intid)) issue(msr('guest', `ICC_EOIR${which}_EL1`, intid));
        if (random.chance(60)) issue(msr('guest', 'ICC_DIR_EL1', intid));
      },
    ],
    [1, () => issue(msr('guest', 'ICC_PMR_EL1', random.pick([0xf8, 0xf8, 0xa0, 0x50])))],
    [1, () => issue(msr('guest', random.pick(['ICC_BPR0_EL1', 'ICC_BPR1_EL1']), random.below(8)))],
    [1, () => issue(msr('guest', 'ICC_CTLR_EL1', random.below(4)))],
    [1, () => issue(msr('guest', random.pick(['ICC_IGRPEN0_EL1', 'ICC_IGRPEN1_EL1']), random.chance(85) ? 1 : 0))],
    [2, () => issue(mrs('guest', random.pick(['ICC_HPPIR0_EL1', 'ICC_HPPIR1_EL1', 'ICC_RPR_EL1'])))],
    [
      3,
      () =>
        issue(
          mrs(
            'guest',
            random.pick([
              ...['ICC_BPR0_EL1', 'ICC_BPR1_EL1', 'ICC_PMR_EL1', 'ICC_CTLR_EL1', 'ICC_IGRPEN0_EL1', 'ICC_IGRPEN1_EL1'],
              ...['ICC_AP0R0_EL1', 'ICC_AP1R0_EL1', 'ICC_SRE_EL1'],
            ]),
          ),
        ),
    ],
  ];

  while (steps.length < options.length) {
    random.weighted(options.virtual && random.chance(60) ? virtual : physical)();
    issue(pins(options.virtual ? random.pick([home, 'guest'] as const) : world()));
  }
  return { steps, values };
}
