/** The one registers scope: what runs now, the general registers, and the banks of each Exception level. */
import { type SystemRegister, systemRegisters } from '../debugger/architecture.ts';
import { liveContext } from '../debugger/code-context.ts';
import type { Debugger } from '../debugger/debugger.ts';
import { hex } from '../debugger/expression/value.ts';
import type { CodeFrame } from '../debugger/frame.ts';
import { pstateFields } from '../debugger/registers.ts';
import type { TargetProcessingElement } from '../debugger/target.ts';
import type { VariableNode } from '../variables.ts';
import { parseNumber, systemRegisterNode, write } from './system-register.ts';

interface Group {
  readonly name: string;
  /** What it holds, for the type column. */
  readonly brief: string;
  readonly holds: (name: string) => boolean;
}

const translationNames =
  /^(TTBR|TCR|MAIR|AMAIR|SCTLR|VTTBR|VTCR|VSTTBR|VSTCR|PAR|CONTEXTIDR|HPFAR|FAR|TCR2|PIR|POR|S2PIR)/;
const hypervisorNames =
  /^(HCR|HCRX|HFG|HDFG|HAFG|HSTR|HACR|HPFAR|CPTR_EL2|MDCR_EL2|VTTBR|VTCR|VSTTBR|VSTCR|VPIDR|VMPIDR|VNCR|VDISR|VSESR|CNTHCTL|CNTVOFF|CNTPOFF|ICH_HCR|ICH_VMCR)/;
const timerNames = /^CNT/;
const interruptNames = /^(IC[CHV]_|ISR_EL1)/;
const debugNames = /^(DBG|MDSCR|MDCR|MDCC|MDRAR|OS(LAR|LSR|DLR|DTR|ECCR)|DBGDTR|SDER|DLR|DSPSR|TRF)/;
const performanceNames = /^PM/;
const identificationNames = /^(ID_|MIDR|MPIDR|REVIDR|AIDR|CTR_|DCZID|CCSIDR|CLIDR|CSSELR|VPIDR|VMPIDR|GMID)/;
const floatingPointNames = /^(FPCR|FPSR|FPEXC32|MVFR)/;

const isSpecial = (name: string) =>
  timerNames.test(name) ||
  interruptNames.test(name) ||
  debugNames.test(name) ||
  performanceNames.test(name) ||
  identificationNames.test(name);

/** `_EL12` and `_EL02` are other names of registers that are shown under their own. */
const isAlias = (name: string) => /_EL[01]2$/.test(name);

const bank = (el: number, brief: string): Group => ({
  name: `EL${el}`,
  brief,
  holds: name => name.endsWith(`_EL${el}`) && !isSpecial(name),
});

const groups: readonly Group[] = [
  bank(0, 'Registers of applications'),
  bank(1, 'Registers of the kernel'),
  bank(2, 'Registers of the hypervisor'),
  bank(3, 'Registers of the secure monitor'),
  { name: 'Hypervisor', brief: 'What EL2 controls of a guest', holds: name => hypervisorNames.test(name) },
  { name: 'Translation', brief: 'Where addresses lead', holds: name => translationNames.test(name) },
  { name: 'Timers', brief: 'Generic timers', holds: name => timerNames.test(name) },
  { name: 'Interrupts', brief: 'GIC CPU interface and list registers', holds: name => interruptNames.test(name) },
  { name: 'Debug', brief: 'Self-hosted debug', holds: name => debugNames.test(name) },
  { name: 'Performance monitors', brief: 'PMU', holds: name => performanceNames.test(name) },
  { name: 'Identification', brief: 'What this processing element is', holds: name => identificationNames.test(name) },
];

/** What a person who debugs exceptions looks for first; the others follow in the tables' order. */
const prominent =
  'HCR ESR FAR HPFAR ELR SPSR SP VBAR SCTLR TTBR0 TTBR1 TCR MAIR VTTBR VTCR CPACR CPTR TPIDR TPIDRRO CONTEXTIDR'.split(
    ' ',
  );

function byProminence(rows: readonly SystemRegister[]): readonly SystemRegister[] {
  const rank = ({ name }: SystemRegister): number => {
    const place = prominent.indexOf(name.replace(/_EL\d$/, ''));
    return place < 0 ? prominent.length : place;
  };
  return [...rows].sort((one, other) => rank(one) - rank(other));
}

const virtual = { kind: 'virtual' } as const;

export function registerGroups(session: Debugger, pe: number, frame: CodeFrame): readonly VariableNode[] {
  const element = session.target.processingElements[pe]!;
  const banks = groups.map(group => ({
    group,
    rows: byProminence(systemRegisters.filter(row => group.holds(row.name) && !isAlias(row.name))),
  }));
  return [
    {
      name: 'Current',
      value: currentText(session, element),
      hint: virtual,
      children: () => current(session, element, frame),
    },
    { name: 'General', value: 'X0–X30, SP, PC', hint: virtual, children: () => general(session, element, frame) },
    ...banks
      .filter(({ rows }) => rows.some(row => element.readRegister(row.name.toLowerCase()) !== undefined))
      .map(({ group, rows }) => ({
        name: group.name,
        value: group.brief,
        hint: virtual,
        children: () => bankNodes(element, rows),
      })),
    { name: 'FP/SIMD', value: 'V0–V31, FPCR, FPSR', hint: virtual, children: () => floatingPoint(element) },
  ];
}

function bankNodes(element: TargetProcessingElement, rows: readonly SystemRegister[]): VariableNode[] {
  return rows.map(row => systemRegisterNode(element, row)).filter(node => node !== undefined);
}

function currentText(session: Debugger, element: TargetProcessingElement): string {
  const pc = element.readRegister('pc') ?? 0n;
  return `EL${element.el}${element.secure ? ' secure' : ''} at ${session.images.nameOf(pc, liveContext(element)) ?? hex(pc)}`;
}

function current(session: Debugger, element: TargetProcessingElement, frame: CodeFrame): VariableNode[] {
  const pstate = Object.entries(pstateFields).flatMap(([name, brief]): VariableNode[] => {
    const value = element.readRegister(name);
    if (value === undefined) return [];
    return [
      {
        name: name.toUpperCase(),
        value: name === 'daif' ? daifText(value) : value.toString(),
        type: brief,
        evaluateName: `$${name}`,
        set: text => write(element, name, parseNumber(text)),
      },
    ];
  });
  return [
    addressNode(session, element, 'PC', frame.pc, frame.isLive),
    addressNode(session, element, 'SP', frame.registers.sp, frame.isLive),
    {
      name: 'PSTATE',
      value: pstateText(element),
      type: 'Processor state',
      children: () => pstate,
    },
    { name: 'Security', value: element.secure ? 'secure' : 'non-secure', type: 'Security state' },
    {
      name: 'Position',
      value: session.target.position.toString(),
      type: 'Instructions retired by the whole machine',
      evaluateName: 'position',
    },
  ];
}

/** Bits 9:6 are the masks of debug exceptions, SError, IRQ and FIQ. */
function daifText(value: bigint): string {
  return [...'DAIF'].map((letter, index) => ((value >> BigInt(9 - index)) & 1n ? letter : '-')).join('');
}

function pstateText(element: TargetProcessingElement): string {
  const flag = (name: string, letter: string) => (element.readRegister(name) ? letter : '-');
  const flags = flag('n', 'N') + flag('z', 'Z') + flag('c', 'C') + flag('v', 'V');
  return `${flags} ${daifText(element.readRegister('daif') ?? 0n)} EL${element.el}${element.readRegister('spsel') === 0n ? 't' : 'h'}`;
}

function general(session: Debugger, element: TargetProcessingElement, frame: CodeFrame): VariableNode[] {
  return [
    ...Array.from({ length: 31 }, (_, n) => addressNode(session, element, `X${n}`, frame.registers.x(n), frame.isLive)),
    addressNode(session, element, 'SP', frame.registers.sp, frame.isLive),
    addressNode(session, element, 'PC', frame.pc, frame.isLive),
  ];
}

function addressNode(
  session: Debugger,
  element: TargetProcessingElement,
  name: string,
  value: bigint | undefined,
  isLive: boolean,
): VariableNode {
  if (value === undefined) return { name, value: '<not saved>', type: 'lost in this frame' };
  const symbol = value === 0n ? undefined : session.images.nameOf(value, liveContext(element));
  return {
    name,
    value: symbol === undefined ? hex(value, 16) : `${hex(value, 16)}  ${symbol}`,
    evaluateName: `$${name.toLowerCase()}`,
    memoryReference: hex(value),
    ...(isLive && { set: (text: string) => write(element, name.toLowerCase(), parseNumber(text)) }),
  };
}

function floatingPoint(element: TargetProcessingElement): VariableNode[] {
  const vectors = Array.from({ length: 32 }, (_, n): VariableNode | undefined => {
    const value = element.readRegister(`v${n}`);
    return value === undefined
      ? undefined
      : { name: `V${n}`, value: hex(value, 32), evaluateName: `$v${n}`, children: () => vectorViews(value) };
  });
  const controls = systemRegisters
    .filter(row => floatingPointNames.test(row.name))
    .map(row => systemRegisterNode(element, row));
  return [...controls, ...vectors].filter(node => node !== undefined);
}

function vectorViews(value: bigint): VariableNode[] {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setBigUint64(0, value & ((1n << 64n) - 1n), true);
  bytes.setBigUint64(8, value >> 64n, true);
  const lanes = (size: number, read: (at: number) => string) =>
    Array.from({ length: 16 / size }, (_, lane) => read(lane * size)).join(' ');
  return [
    { name: 'd (double)', value: lanes(8, at => String(bytes.getFloat64(at, true))) },
    { name: 's (single)', value: lanes(4, at => String(bytes.getFloat32(at, true))) },
    { name: '2d', value: lanes(8, at => hex(bytes.getBigUint64(at, true), 16)) },
    { name: '4s', value: lanes(4, at => hex(bytes.getUint32(at, true), 8)) },
    { name: '8h', value: lanes(2, at => hex(bytes.getUint16(at, true), 4)) },
    { name: '16b', value: lanes(1, at => bytes.getUint8(at).toString(16).padStart(2, '0')) },
  ];
}
