/** Random but meaningful scripts for a GICv2: interrupts come, are acknowledged and ended, in the host and its guest. */
import type { InterruptController } from '../../../../emulator/devices/gic/index.ts';
import type { Step } from './access-script.ts';
import type { GeneratedScript } from './gic-v3-script.ts';
import { stepOnModel } from './model-run.ts';
import type { Random } from './random.ts';
import { pins, read, write } from './steps.ts';

/**
 * Interrupts that scripts play with. PPIs only with one processing element: QEMU 7.2 does not make a PPI, or an SPI
 * without a target, pending by GICD_ISPENDR when there are several.
 */
const sgis = [0, 1, 5, 15];
const ppis = [17, 22, 24, 31];
const spis = [44, 45, 63, 90, 127, 128, 287];
const priorities = [0x00, 0x20, 0x41, 0x48, 0x80, 0x82, 0xa0, 0xa8, 0xb0, 0xd0, 0xe0, 0xf0, 0xf8];

const bit = (intid: number) => 2 ** (intid & 31);
const bitmapAt = (register: number, intid: number) => register + 4 * (intid >> 5);

export interface ScriptOptions {
  readonly processingElements: number;
  /** Includes the virtual interface and a guest. */
  readonly virtual: boolean;
  readonly length: number;
}

/** Makes a script by running it on a controller, so that it can end the interrupts that it acknowledges. */
export function generateGicV2Script(gic: InterruptController, random: Random, options: ScriptOptions): GeneratedScript {
  const steps: Step[] = [];
  const values: bigint[] = [];
  const issue = (step: Step): number => {
    steps.push(step);
    const value = stepOnModel(gic, step);
    if (value !== undefined) values.push(value);
    return Number(value ?? 0n);
  };
  const home = 'el2';
  const several = options.processingElements > 1;
  const pendable = several ? spis : [...ppis, ...spis];
  const pool = [...sgis, ...pendable];
  const distributor = (offset: number, value: number, size: 1 | 4 = 4) =>
    issue(write(home, 'GICD', offset, value, size));
  const acknowledged: number[] = [];
  const guestAcknowledged: number[] = [];

  distributor(0, 3);
  for (const intid of pool) {
    if (several && intid >= 32) distributor(0x800 + intid, 1, 1);
    if (random.chance(90)) distributor(bitmapAt(0x100, intid), bit(intid));
    if (random.chance(50)) distributor(bitmapAt(0x080, intid), bit(intid));
    distributor(0x400 + intid, random.pick(priorities), 1);
  }
  for (const word of [1, 2, 3, 5, 7, 8, 17]) distributor(0xc00 + 4 * word, random.next() & 0xaaaa_aaaa);
  issue(write(home, 'GICC', 4, 0xff));
  issue(write(home, 'GICC', 0, 3 | (random.next() & 0x21c)));
  if (options.virtual) {
    issue(write(home, 'GICH', 8, 0xf84c_0003 + (random.next() & 0x20c)));
    issue(write(home, 'GICH', 0, 1));
  }

  const acknowledge = (frame: 'GICC' | 'GICV', list: number[]) => {
    // QEMU 7.2 answers 1022 also for an interrupt that is not urgent enough to be signalled.
    const { irq, fiq, vIrq, vFiq } = gic.pins(0);
    if (!(frame === 'GICC' ? irq || fiq : vIrq || vFiq)) return;
    const value = issue(read(frame === 'GICC' ? home : 'guest', frame, 0x0c));
    if ((value & 0x3ff) < 1020) list.push(value);
  };
  const holdsActive = (intid: number) =>
    gic
      .describe()
      .processingElements[0]!.virtual.listRegisters.some(lr => lr.virtualId === intid && lr.state.includes('active'));
  const running = (intid: number) => gic.describe().interrupts.some(i => i.intid === intid && i.pe !== 1 && i.active);

  const physical: readonly (readonly [number, () => void])[] = [
    [14, () => (i => distributor(bitmapAt(0x200, i), bit(i)))(random.pick(pendable))],
    [3, () => (i => distributor(bitmapAt(0x280, i), bit(i)))(random.pick(pendable))],
    [2, () => (i => distributor(bitmapAt(0x100, i), bit(i)))(random.pick(pool))],
    [1, () => (i => distributor(bitmapAt(0x180, i), bit(i)))(random.pick(pool))],
    [4, () => distributor(0x400 + random.pick(pool), random.pick(priorities), 1)],
    [
      8,
      () =>
        distributor(
          0xf00,
          random.pick([0x0001_0000, 0x0003_0000, 0x0100_0000, 0x0200_0000, 0x0002_0000]) + random.pick(sgis),
        ),
    ],
    [2, () => distributor(0xf20 + random.pick(sgis), 1, 1)],
    [1, () => distributor(0xf10 + random.pick(sgis), random.pick([1, several ? 3 : 1]), 1)],
    [1, () => issue(write(home, 'GICC', 4, random.pick([0xff, 0xff, 0xff, 0xa0, 0x88, 0x50])))],
    [1, () => issue(write(home, 'GICC', random.pick([8, 0x1c]), random.below(8)))],
    [1, () => issue(write(home, 'GICC', 0, 3 | (random.next() & 0x21c)))],
    [14, () => acknowledge('GICC', acknowledged)],
    [
      12,
      () => {
        const value = acknowledged.pop();
        if (value === undefined || !running(value & 0x3ff)) return;
        issue(write(home, 'GICC', 0x10, value));
        if (random.chance(60) && (issue(read(home, 'GICC', 0)) & 0x200) !== 0) {
          issue(write(home, 'GICC', 0x1000, value));
        }
      },
    ],
    [2, () => issue(read(home, 'GICC', 0x14))],
    [3, () => issue(read(home, 'GICC', random.pick([0, 4, 8, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc, 0xe0, 0xe4, 0xe8, 0xec])))],
    [4, () => issue(read(home, 'GICD', bitmapAt(random.pick([0x80, 0x100, 0x200, 0x300]), random.pick(pool))))],
    [2, () => issue(read(home, 'GICD', random.pick([0x400, 0x404, 0x410, 0x42c, 0xc00, 0xc04, 0x82c, 0xf10, 0xf20])))],
  ];

  /** An interrupt must not stand in two list registers. */
  const listRegister = (index: number) => {
    const hardware = random.chance(30);
    const { listRegisters } = gic.describe().processingElements[0]!.virtual;
    const taken = listRegisters.filter(lr => lr.index !== index && lr.state !== 'invalid').map(lr => lr.virtualId);
    const intid = random.pick(pool.filter(id => !taken.includes(id) && (!hardware || id >= 16)));
    const sender = intid < 16 ? random.below(8) : 0;
    const field = hardware ? intid : (random.chance(40) ? 0x200 : 0) | sender;
    return (
      (hardware ? 2 ** 31 : 0) +
      (random.chance(50) ? 2 ** 30 : 0) +
      random.pick([0, 1, 1, 1, 2, 3]) * 2 ** 28 +
      (random.pick(priorities) >> 3) * 2 ** 23 +
      field * 2 ** 10 +
      intid
    );
  };
  const guestControl = () => issue(read('guest', 'GICV', 0));
  const virtual: readonly (readonly [number, () => void])[] = [
    [14, () => (index => issue(write(home, 'GICH', 0x100 + 4 * index, listRegister(index))))(random.below(4))],
    [3, () => issue(write(home, 'GICH', 0, (random.chance(90) ? 1 : 0) | (random.next() & 0xfe)))],
    [
      2,
      () => {
        // Both groups stay on: in QEMU 7.2 an interrupt of a disabled group hides less urgent ones of the other. The
        // Group 1 binary point is at least 3; QEMU 7.2 keeps what is written.
        const group1 = 3 + random.below(5);
        const mask = random.pick([0xf8, 0xf8, 0xa0, 0x40]) * 2 ** 24;
        issue(write(home, 'GICH', 8, mask + (random.below(8) << 21) + (group1 << 18) + 3 + (random.next() & 0x21c)));
      },
    ],
    [1, () => issue(write(home, 'GICH', 0xf0, 0))],
    [3, () => issue(read(home, 'GICH', 0x100 + 4 * random.below(4)))],
    [10, () => issue(read(home, 'GICH', random.pick([0, 8, 0x10, 0x20, 0x30, 0xf0])))],
    [3, () => issue(read(home, 'GICD', 0x200))],
    [14, () => acknowledge('GICV', guestAcknowledged)],
    [
      12,
      () => {
        const last = random.chance(85) ? guestAcknowledged.pop() : undefined;
        const value = last ?? random.pick(pool);
        const split = (guestControl() & 0x200) !== 0;
        // To end an interrupt while none runs is unpredictable, and QEMU 7.2 counts priority drops in EOIcount.
        const { runningPriority } = gic.describe().processingElements[0]!.virtual;
        if (runningPriority === 0xff || (!holdsActive(value & 0x3ff) && split)) return;
        issue(write('guest', 'GICV', 0x10, value));
        if (random.chance(60) && split) issue(write('guest', 'GICV', 0x1000, value));
      },
    ],
    [1, () => issue(write('guest', 'GICV', 4, random.pick([0xf8, 0xf8, 0xa0, 0x50])))],
    [1, () => issue(write('guest', 'GICV', 8, random.below(8)))],
    [1, () => issue(write('guest', 'GICV', 0x1c, 3 + random.below(5)))],
    [1, () => issue(write('guest', 'GICV', 0, 3 | (random.next() & 0x21c)))],
    [2, () => issue(read('guest', 'GICV', 0x14))],
    [3, () => issue(read('guest', 'GICV', random.pick([0, 4, 8, 0x1c, 0xd0])))],
  ];

  while (steps.length < options.length) {
    random.weighted(options.virtual && random.chance(60) ? virtual : physical)();
    issue(pins(options.virtual ? random.pick([home, 'guest'] as const) : home));
  }
  return { steps, values };
}
