/**
 * What becomes of MRS and MSR at EL1 under each setting of HCR_EL2.{NV2,NV1} with NV set, with and without E2H, for every
 * register. QEMU 9.0 and newer have FEAT_NV2; what it answered is kept in test/data/conformance/nested.txt, so that
 * tests need no such QEMU.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { configureCpu, findCpuModel } from '../../../emulator/architecture/cpu-model.ts';
import { systemEncodingKey } from '../../../emulator/architecture/system-register.ts';
import {
  findSystemRegister,
  systemRegisterSlot,
  systemRegisters,
} from '../../../emulator/architecture/system-registers/index.ts';
import { resetProcessingElement } from '../../../emulator/processing-element/reset.ts';
import { raiseBreakpointInstruction } from '../../../emulator/processing-element/synchronous-exceptions.ts';
import {
  executeReadSystemRegister,
  executeWriteSystemRegister,
} from '../../../emulator/processing-element/system-instructions.ts';
import { Bench, bit, HCR, SCR } from './bench.ts';
import { askQemuNested, COMPLETED, type Control, type NestedOutcome, type Trial } from './qemu-access-oracle.ts';

const FILE = 'test/data/conformance/nested.txt';

export type Direction = 'read' | 'write';

/** HCR_EL2 in the order of a line's columns. */
const SETTINGS = [0n, HCR.E2H].flatMap(host =>
  [0n, HCR.NV1, HCR.NV2, HCR.NV1 | HCR.NV2].map(more => HCR.NV | more | host),
);

/** All other controls let accesses pass. */
function controls(setting: bigint): Readonly<Record<Control, bigint>> {
  return {
    CPTR_EL2: 0x33ffn | bit(20, 21),
    MDCR_EL2: 6n,
    CNTHCTL_EL2: bit(0, 1, 10, 11),
    SCTLR_EL1: bit(9, 14, 15, 26) | 0x30d0_0800n,
    SCTLR_EL2: 0x30c5_0830n,
    CPACR_EL1: bit(20, 21),
    CNTKCTL_EL1: bit(0, 1, 8, 9),
    PMUSERENR_EL0: 15n,
    MDSCR_EL1: 0n,
    CPTR_EL3: 0n,
    MDCR_EL3: 0n,
    ICH_HCR_EL2: 0n,
    ICC_SRE_EL1: 7n,
    ICC_SRE_EL2: 15n,
    // API, APK, EnSCXT, ATA
    HCR_EL2: HCR.RW | bit(40, 41, 53, 56) | setting,
    // APK, API, EnSCXT, ATA, FGTEn, ECVEn, HXEn
    SCR_EL3: SCR.NS | SCR.RW | SCR.HCE | bit(16, 17, 25, 26, 27, 28, 38),
  };
}

const RT = 1;
const OPCODES: Readonly<Record<Direction, number>> = { read: 0xd520_0000, write: 0xd500_0000 };

/** Writing these would take the ground from under the program. */
const DISRUPTIVE = /^(VBAR_EL1|RMR_)/;
const directionsOf = (name: string): readonly Direction[] => (DISRUPTIVE.test(name) ? ['read'] : ['read', 'write']);

function describe({ to, syndrome, memory }: NestedOutcome): string {
  if (memory !== undefined) return memory.toString(16);
  if (syndrome === COMPLETED) return 'completes';
  const exceptionClass = Number(syndrome >> 26n);
  if (exceptionClass === 0) return 'undefined';
  return exceptionClass === 0x18 ? `EL${to}` : `EL${to}:${exceptionClass.toString(16)}`;
}

/** Writes what QEMU answers. */
export function recordNestedAccesses(): number {
  const accesses = systemRegisters.flatMap(row => directionsOf(row.name).map(direction => ({ row, direction })));
  const trials = accesses.flatMap(({ row, direction }) =>
    SETTINGS.map((setting): Trial => {
      const word = (OPCODES[direction] | (systemEncodingKey(row.encoding) << 5) | RT) >>> 0;
      return { controls: controls(setting), el: 1, word };
    }),
  );
  const outcomes = askQemuNested(trials).map(describe);
  const lines = accesses.map(({ row, direction }, index) => {
    const found = outcomes.slice(index * SETTINGS.length, (index + 1) * SETTINGS.length);
    const shown = found.every(one => one === found[0]) ? found.slice(0, 1) : found;
    return [row.name, direction, ...shown].join(' ');
  });
  writeFileSync(FILE, `${lines.join('\n')}\n`);
  return lines.length;
}

export interface NestedAccess {
  readonly name: string;
  readonly direction: Direction;
  /** What QEMU answered under each setting, or under all of them: an offset in memory, `EL2`, `undefined`, `completes`. */
  readonly expected: readonly string[];
}

const { features } = configureCpu(findCpuModel('trapdoor')!, { el2: true, el3: true, gicV3: true });

/** The recorded accesses to registers that the CPU model “trapdoor” has. */
export function recordedAccesses(): NestedAccess[] {
  return readFileSync(FILE, 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(' '))
    .map(([name, direction, ...expected]) => ({ name: name!, direction: direction as Direction, expected }))
    .filter(({ name }) => {
      const row = findSystemRegister(name);
      return row && (row.feature === undefined || features.has(row.feature));
    });
}

/** What the same accesses become here. */
export function nestedAccesses(): (access: NestedAccess) => readonly string[] {
  const values = new Map<string, bigint>();
  const handlers = Object.fromEntries(
    systemRegisters
      .filter(row => row.handler !== undefined && row.handler !== 'pe')
      .map(({ name }) => [name, { read: () => values.get(name) ?? 0n, write: () => {} }]),
  );
  const bench = new Bench({ el3: true, features: [...features], handlers });
  return ({ name, direction, expected }) => {
    const outcomes = SETTINGS.map(setting => {
      resetProcessingElement(bench.pe);
      bench.records.length = 0;
      bench.nestedAccess = undefined;
      for (const [control, value] of Object.entries(controls(setting)) as [Control, bigint][]) {
        if (systemRegisterSlot(control) === undefined) values.set(control, value);
        else bench.with({ [control]: value });
      }
      values.set('ICC_SRE_EL3', 15n);
      bench.with({ ID_AA64DFR0_EL1: 0x1030_5609n, PMCR_EL0: 6n << 11n });
      bench.at(1);
      const key = systemEncodingKey(findSystemRegister(name)!.encoding);
      if (direction === 'read') executeReadSystemRegister(bench.pe, bench.registers, key, RT);
      else executeWriteSystemRegister(bench.pe, bench.registers, key, RT);
      const memory = bench.nestedAccess === undefined ? undefined : Number(bench.nestedAccess);
      if (bench.records.length === 0) raiseBreakpointInstruction(bench.pe, 0x77);
      const { to, syndrome } = bench.lastException;
      return describe({ to, syndrome, memory });
    });
    return expected.length === 1 && outcomes.every(one => one === outcomes[0]) ? outcomes.slice(0, 1) : outcomes;
  };
}
