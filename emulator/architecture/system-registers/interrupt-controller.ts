/** The CPU interface of GICv3 (GIC specification, chapter 12). */
import { bits, type Condition, eachBit, off, on, res0, systemRegister, type TrapDraft } from '../system-register.ts';
import {
  type Access,
  atLeast,
  family,
  fineGrained,
  readOnly,
  readWrite,
  toEL2,
  toEL3,
  trap,
  upTo4,
  upTo16,
  writeOnly,
} from './vocabulary.ts';

/** Priorities are active in words of 32: word n exists with 5 + n preemption bits; the fields hold one less. */
const preemptionBitsFor = (n: number): number => (n === 0 ? 0 : n === 1 ? 5 : 6);

/** All of these are served by the interrupt controller, which keeps what they hold. */
const inController = { feature: 'FEAT_GICv3', handler: 'gic', storage: 'none' } as const;

/** Interrupts that a register of the interface is about. */
interface Interrupts {
  /** The fields of ICH_HCR_EL2 that trap a guest's access. */
  readonly trappedBy: readonly string[];
  /** They go to EL3. */
  readonly toEL3: Condition;
  /** A guest has none of its own, so that its register is not the virtual one. */
  readonly notVirtual: readonly Condition[];
}

const group0: Interrupts = {
  trappedBy: ['TALL0'],
  toEL3: on('SCR_EL3', 'FIQ'),
  notVirtual: [off('HCR_EL2', 'FMO')],
};
const group1: Interrupts = {
  trappedBy: ['TALL1'],
  toEL3: on('SCR_EL3', 'IRQ'),
  notVirtual: [off('HCR_EL2', 'IMO')],
};
const bothGroups: Interrupts = {
  trappedBy: ['TC'],
  toEL3: on('SCR_EL3', 'IRQ,FIQ', 3),
  notVirtual: [...group0.notVirtual, ...group1.notVirtual],
};

const noInterfaceAtEL1 = (access: Access): TrapDraft => trap(1, access, [1], [off('ICC_SRE_EL1', 'SRE')]);
const noInterfaceAtEL2 = (access: Access): TrapDraft => trap(2, access, [2], [off('ICC_SRE_EL2', 'SRE')]);
const noInterfaceAtEL3 = (access: Access): TrapDraft => trap(3, access, [3], [off('ICC_SRE_EL3', 'SRE')]);

const ofInterface = (access: Access, interrupts: Interrupts): TrapDraft[] => [
  noInterfaceAtEL1(access),
  ...interrupts.trappedBy.map(name => toEL2(access, on('ICH_HCR_EL2', name))),
  trap(3, access, [1], [interrupts.toEL3, ...interrupts.notVirtual]),
  noInterfaceAtEL2(access),
  trap(3, access, [2], [interrupts.toEL3]),
  noInterfaceAtEL3(access),
];

const ofVirtualInterface = (access: Access): TrapDraft[] => [noInterfaceAtEL2(access), noInterfaceAtEL3(access)];

/** A register whose writing interrupts other PEs. */
const sendsInterrupt = {
  traps: [
    noInterfaceAtEL1('write'),
    toEL2('write', on('ICH_HCR_EL2', 'TC')),
    toEL2('write', on('HCR_EL2', 'FMO')),
    toEL2('write', on('HCR_EL2', 'IMO')),
    noInterfaceAtEL2('write'),
    toEL3('write', on('SCR_EL3', 'IRQ,FIQ', 3)),
    noInterfaceAtEL3('write'),
  ],
  fields: [
    res0('63:56'),
    bits('55:48', 'Aff3', 'Affinity 3 of the targets'),
    bits('47:44', 'RS', 'Range of the target list'),
    res0('43:41'),
    bits('40', 'IRM', 'Targets', { values: { 0: 'those listed', 1: 'all other PEs' } }),
    bits('39:32', 'Aff2', 'Affinity 2 of the targets'),
    res0('31:28'),
    bits('27:24', 'INTID', 'Interrupt number'),
    bits('23:16', 'Aff1', 'Affinity 1 of the targets'),
    bits('15:0', 'TargetList', 'Targets by affinity 0'),
  ],
};

export const interruptControllerRegisters = [
  systemRegister('ICC_PMR_EL1', [3, 0, 4, 6, 0], {
    brief: 'Interrupts of this priority or lower are not signalled.',
    access: readWrite(1),
    ...inController,
    traps: ofInterface('access', bothGroups),
    fields: [res0('63:8'), bits('7:0', 'Priority', 'Priority mask')],
  }),
  systemRegister('ICC_IAR0_EL1', [3, 0, 12, 8, 0], {
    brief: 'Acknowledges the highest pending Group 0 interrupt and reads its number.',
    access: readOnly(1),
    ...inController,
    traps: ofInterface('read', group0),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number; 1023 when there is none')],
  }),
  systemRegister('ICC_IAR1_EL1', [3, 0, 12, 12, 0], {
    brief: 'Acknowledges the highest pending Group 1 interrupt and reads its number.',
    access: readOnly(1),
    ...inController,
    traps: ofInterface('read', group1),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number; 1023 when there is none')],
  }),
  systemRegister('ICC_EOIR0_EL1', [3, 0, 12, 8, 1], {
    brief: 'Ends a Group 0 interrupt: drops its priority.',
    access: writeOnly(1),
    ...inController,
    traps: ofInterface('write', group0),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number')],
  }),
  systemRegister('ICC_EOIR1_EL1', [3, 0, 12, 12, 1], {
    brief: 'Ends a Group 1 interrupt: drops its priority.',
    access: writeOnly(1),
    ...inController,
    traps: ofInterface('write', group1),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number')],
  }),
  systemRegister('ICC_HPPIR0_EL1', [3, 0, 12, 8, 2], {
    brief: 'The highest pending Group 0 interrupt, not acknowledged.',
    access: readOnly(1),
    ...inController,
    traps: ofInterface('read', group0),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number')],
  }),
  systemRegister('ICC_HPPIR1_EL1', [3, 0, 12, 12, 2], {
    brief: 'The highest pending Group 1 interrupt, not acknowledged.',
    access: readOnly(1),
    ...inController,
    traps: ofInterface('read', group1),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number')],
  }),
  systemRegister('ICC_BPR0_EL1', [3, 0, 12, 8, 3], {
    brief: 'How Group 0 priorities split into group priority and subpriority.',
    access: readWrite(1),
    ...inController,
    traps: ofInterface('access', group0),
    fields: [res0('63:3'), bits('2:0', 'BinaryPoint', 'Binary point')],
  }),
  systemRegister('ICC_BPR1_EL1', [3, 0, 12, 12, 3], {
    brief: 'How Group 1 priorities split into group priority and subpriority.',
    access: readWrite(1),
    ...inController,
    traps: ofInterface('access', group1),
    fields: [res0('63:3'), bits('2:0', 'BinaryPoint', 'Binary point')],
  }),
  systemRegister('ICC_DIR_EL1', [3, 0, 12, 11, 1], {
    brief: 'Deactivates an interrupt whose priority was dropped before.',
    access: writeOnly(1),
    ...inController,
    traps: ofInterface('write', { ...bothGroups, trappedBy: ['TDIR', ...bothGroups.trappedBy] }),
    fields: [res0('63:24'), bits('23:0', 'INTID', 'Interrupt number')],
  }),
  systemRegister('ICC_RPR_EL1', [3, 0, 12, 11, 3], {
    brief: 'The priority of the active interrupt.',
    access: readOnly(1),
    ...inController,
    traps: ofInterface('read', bothGroups),
    fields: [res0('63:8'), bits('7:0', 'Priority', 'Running priority')],
  }),
  systemRegister('ICC_SGI0R_EL1', [3, 0, 12, 11, 7], {
    brief: 'Sends a Secure Group 0 interrupt to other PEs.',
    access: writeOnly(1),
    ...inController,
    ...sendsInterrupt,
  }),
  systemRegister('ICC_SGI1R_EL1', [3, 0, 12, 11, 5], {
    brief: 'Sends a Group 1 interrupt of this Security state to other PEs.',
    access: writeOnly(1),
    ...inController,
    ...sendsInterrupt,
  }),
  systemRegister('ICC_ASGI1R_EL1', [3, 0, 12, 11, 6], {
    brief: 'Sends a Group 1 interrupt of the other Security state to other PEs.',
    access: writeOnly(1),
    ...inController,
    ...sendsInterrupt,
  }),
  systemRegister('ICC_CTLR_EL1', [3, 0, 12, 12, 4], {
    brief: 'Control of the CPU interface: end-of-interrupt mode, and what it implements.',
    access: readWrite(1),
    ...inController,
    traps: ofInterface('access', bothGroups),
    fields: [
      res0('63:20'),
      bits('19', 'ExtRange', 'INTIDs 1024 to 8191 are supported'),
      bits('18', 'RSS', 'Targeted interrupts with affinity 0 up to 255'),
      res0('17:16'),
      bits('15', 'A3V', 'Affinity 3 may be nonzero'),
      bits('14', 'SEIS', 'SErrors can be generated locally'),
      bits('13:11', 'IDbits', 'INTID size', { values: { 0: '16 bits', 1: '24 bits' } }),
      bits('10:8', 'PRIbits', 'Priority bits minus one'),
      res0('7'),
      bits('6', 'PMHE', 'The priority mask is a hint for distribution'),
      res0('5:2'),
      bits('1', 'EOImode', 'What EOIR does', {
        values: { 0: 'priority drop and deactivation', 1: 'priority drop only' },
      }),
      bits('0', 'CBPR', 'BPR0 serves both groups'),
    ],
  }),
  systemRegister('ICC_CTLR_EL3', [3, 6, 12, 12, 4], {
    brief: 'Control of the CPU interface as EL3 sees it.',
    access: readWrite(3),
    ...inController,
    traps: [noInterfaceAtEL3('access')],
    fields: [
      res0('63:20'),
      bits('19', 'ExtRange', 'INTIDs 1024 to 8191 are supported'),
      bits('18', 'RSS', 'Targeted interrupts with affinity 0 up to 255'),
      bits('17', 'nDS', 'Security cannot be disabled'),
      res0('16'),
      bits('15', 'A3V', 'Affinity 3 may be nonzero'),
      bits('14', 'SEIS', 'SErrors can be generated locally'),
      bits('13:11', 'IDbits', 'INTID size', { values: { 0: '16 bits', 1: '24 bits' } }),
      bits('10:8', 'PRIbits', 'Priority bits minus one'),
      res0('7'),
      bits('6', 'PMHE', 'The priority mask is a hint for distribution'),
      bits('5', 'RM', 'Routing modifier'),
      bits('4', 'EOImode_EL1NS', 'End-of-interrupt mode of Non-secure EL1 and EL2'),
      bits('3', 'EOImode_EL1S', 'End-of-interrupt mode of Secure EL1'),
      bits('2', 'EOImode_EL3', 'End-of-interrupt mode of EL3'),
      bits('1', 'CBPR_EL1NS', 'BPR0 serves Non-secure Group 1 too'),
      bits('0', 'CBPR_EL1S', 'BPR0 serves Secure Group 1 too'),
    ],
  }),
  systemRegister('ICC_SRE_EL1', [3, 0, 12, 12, 5], {
    brief: 'Whether EL1 uses the system-register interface.',
    access: readWrite(1),
    ...inController,
    traps: [toEL2('access', off('ICC_SRE_EL2', 'Enable')), toEL3('access', off('ICC_SRE_EL3', 'Enable'))],
    fields: [
      res0('63:3'),
      bits('2', 'DIB', 'IRQ bypass is disabled'),
      bits('1', 'DFB', 'FIQ bypass is disabled'),
      bits('0', 'SRE', 'System-register interface on'),
    ],
  }),
  systemRegister('ICC_SRE_EL2', [3, 4, 12, 9, 5], {
    brief: 'Whether EL2 uses the system-register interface.',
    access: readWrite(2),
    ...inController,
    traps: [toEL3('access', off('ICC_SRE_EL3', 'Enable'))],
    fields: [
      res0('63:4'),
      bits('3', 'Enable', 'Lower levels may access their ICC_SRE_ELx', { values: { 0: 'trapped', 1: 'permitted' } }),
      bits('2', 'DIB', 'IRQ bypass is disabled'),
      bits('1', 'DFB', 'FIQ bypass is disabled'),
      bits('0', 'SRE', 'System-register interface on'),
    ],
  }),
  systemRegister('ICC_SRE_EL3', [3, 6, 12, 12, 5], {
    brief: 'Whether EL3 uses the system-register interface.',
    access: readWrite(3),
    ...inController,
    fields: [
      res0('63:4'),
      bits('3', 'Enable', 'Lower levels may access their ICC_SRE_ELx', { values: { 0: 'trapped', 1: 'permitted' } }),
      bits('2', 'DIB', 'IRQ bypass is disabled'),
      bits('1', 'DFB', 'FIQ bypass is disabled'),
      bits('0', 'SRE', 'System-register interface on'),
    ],
  }),
  systemRegister('ICC_IGRPEN0_EL1', [3, 0, 12, 12, 6], {
    brief: 'Signals Group 0 interrupts or not.',
    access: readWrite(1),
    ...inController,
    traps: [
      noInterfaceAtEL1('access'),
      noInterfaceAtEL2('access'),
      trap(3, 'access', [2], [on('SCR_EL3', 'FIQ')]),
      noInterfaceAtEL3('access'),
      ...fineGrained('HFG', 'ICC_IGRPENn_EL1', 'access'),
      toEL2('access', on('ICH_HCR_EL2', 'TALL0')),
      trap(3, 'access', [1], [on('SCR_EL3', 'FIQ'), off('HCR_EL2', 'FMO')]),
    ],
    fields: [res0('63:1'), bits('0', 'Enable', 'Group 0 is signalled')],
  }),
  systemRegister('ICC_IGRPEN1_EL1', [3, 0, 12, 12, 7], {
    brief: 'Signals Group 1 interrupts or not.',
    access: readWrite(1),
    ...inController,
    traps: [
      noInterfaceAtEL1('access'),
      noInterfaceAtEL2('access'),
      trap(3, 'access', [2], [on('SCR_EL3', 'IRQ')]),
      noInterfaceAtEL3('access'),
      ...fineGrained('HFG', 'ICC_IGRPENn_EL1', 'access'),
      toEL2('access', on('ICH_HCR_EL2', 'TALL1')),
      trap(3, 'access', [1], [on('SCR_EL3', 'IRQ'), off('HCR_EL2', 'IMO')]),
    ],
    fields: [res0('63:1'), bits('0', 'Enable', 'Group 1 is signalled')],
  }),
  systemRegister('ICC_IGRPEN1_EL3', [3, 6, 12, 12, 7], {
    brief: 'Signals Group 1 interrupts of both Security states or not.',
    access: readWrite(3),
    ...inController,
    traps: [noInterfaceAtEL3('access')],
    fields: [
      res0('63:2'),
      bits('1', 'EnableGrp1S', 'Secure Group 1 is signalled'),
      bits('0', 'EnableGrp1NS', 'Non-secure Group 1 is signalled'),
    ],
  }),
  ...family(upTo4, n =>
    systemRegister(`ICC_AP0R${n}_EL1`, [3, 0, 12, 8, 4 + n], {
      brief: `Which Group 0 priorities are active, part ${n}.`,
      access: readWrite(1),
      ...inController,
      unless: atLeast('ICC_CTLR_EL1', 'PRIbits', preemptionBitsFor(n), 7),
      traps: ofInterface('access', group0),
      fields: [res0('63:32'), bits('31:0', 'IMPLEMENTATION_DEFINED')],
    }),
  ),
  ...family(upTo4, n =>
    systemRegister(`ICC_AP1R${n}_EL1`, [3, 0, 12, 9, n], {
      brief: `Which Group 1 priorities are active, part ${n}.`,
      access: readWrite(1),
      ...inController,
      unless: atLeast('ICC_CTLR_EL1', 'PRIbits', preemptionBitsFor(n), 7),
      traps: ofInterface('access', group1),
      fields: [res0('63:32'), bits('31:0', 'IMPLEMENTATION_DEFINED')],
    }),
  ),
  systemRegister('ICH_HCR_EL2', [3, 4, 12, 11, 0], {
    brief: 'Control of the virtual CPU interface and its maintenance interrupt.',
    access: readWrite(2),
    ...inController,
    nested: { offset: 0x4c0, when: 'always' },
    traps: ofVirtualInterface('access'),
    fields: [
      res0('63:32'),
      bits('31:27', 'EOIcount', 'Ends of interrupts without a list register'),
      res0('26:16'),
      bits('15', 'DVIM', 'Directly injected virtual interrupts are masked'),
      bits('14', 'TDIR', 'ICC_DIR_EL1 at EL1 traps'),
      bits('13', 'TSEI', 'Locally generated SErrors trap'),
      bits('12', 'TALL1', 'Group 1 registers at EL1 trap'),
      bits('11', 'TALL0', 'Group 0 registers at EL1 trap'),
      bits('10', 'TC', 'Registers common to both groups at EL1 trap'),
      res0('9:8'),
      bits('7', 'VGrp1DIE', 'Maintenance interrupt when the guest disables Group 1'),
      bits('6', 'VGrp1EIE', 'Maintenance interrupt when the guest enables Group 1'),
      bits('5', 'VGrp0DIE', 'Maintenance interrupt when the guest disables Group 0'),
      bits('4', 'VGrp0EIE', 'Maintenance interrupt when the guest enables Group 0'),
      bits('3', 'NPIE', 'Maintenance interrupt when nothing is pending'),
      bits('2', 'LRENPIE', 'Maintenance interrupt when EOIcount is not zero'),
      bits('1', 'UIE', 'Maintenance interrupt when at most one list register is in use'),
      bits('0', 'En', 'Virtual CPU interface on'),
    ],
  }),
  systemRegister('ICH_VTR_EL2', [3, 4, 12, 11, 1], {
    brief: 'What the virtual CPU interface implements.',
    access: readOnly(2),
    ...inController,
    traps: ofVirtualInterface('read'),
    fields: [
      res0('63:32'),
      bits('31:29', 'PRIbits', 'Virtual priority bits minus one'),
      bits('28:26', 'PREbits', 'Virtual preemption bits minus one'),
      bits('25:23', 'IDbits', 'Virtual INTID size', { values: { 0: '16 bits', 1: '24 bits' } }),
      bits('22', 'SEIS', 'Virtual SErrors can be generated'),
      bits('21', 'A3V', 'Affinity 3 may be nonzero'),
      bits('20', 'nV4', 'Direct injection is absent'),
      bits('19', 'TDS', 'ICH_HCR_EL2.TDIR is implemented'),
      bits('18', 'DVIM', 'ICH_HCR_EL2.DVIM is implemented'),
      res0('17:5'),
      bits('4:0', 'ListRegs', 'List registers minus one'),
    ],
  }),
  systemRegister('ICH_MISR_EL2', [3, 4, 12, 11, 2], {
    brief: 'Why the maintenance interrupt is asserted.',
    access: readOnly(2),
    ...inController,
    traps: ofVirtualInterface('read'),
    fields: [
      res0('63:8'),
      bits('7', 'VGrp1D', 'Group 1 is disabled'),
      bits('6', 'VGrp1E', 'Group 1 is enabled'),
      bits('5', 'VGrp0D', 'Group 0 is disabled'),
      bits('4', 'VGrp0E', 'Group 0 is enabled'),
      bits('3', 'NP', 'Nothing is pending'),
      bits('2', 'LRENP', 'EOIcount is not zero'),
      bits('1', 'U', 'At most one list register is in use'),
      bits('0', 'EOI', 'A list register asks for it at its end of interrupt'),
    ],
  }),
  systemRegister('ICH_EISR_EL2', [3, 4, 12, 11, 3], {
    brief: 'Which list registers ended and asked for a maintenance interrupt.',
    access: readOnly(2),
    ...inController,
    traps: ofVirtualInterface('read'),
    fields: [res0('63:16'), ...eachBit('15:0', 'Status', 0, 'This list register ended')],
  }),
  systemRegister('ICH_ELRSR_EL2', [3, 4, 12, 11, 5], {
    brief: 'Which list registers are free.',
    access: readOnly(2),
    ...inController,
    traps: ofVirtualInterface('read'),
    fields: [res0('63:16'), ...eachBit('15:0', 'Status', 0, 'This list register is free')],
  }),
  systemRegister('ICH_VMCR_EL2', [3, 4, 12, 11, 7], {
    brief: "The guest's view of the CPU interface controls.",
    access: readWrite(2),
    ...inController,
    nested: { offset: 0x4c8, when: 'always' },
    traps: ofVirtualInterface('access'),
    fields: [
      res0('63:32'),
      bits('31:24', 'VPMR', 'Priority mask'),
      bits('23:21', 'VBPR0', 'Binary point of Group 0'),
      bits('20:18', 'VBPR1', 'Binary point of Group 1'),
      res0('17:10'),
      bits('9', 'VEOIM', 'End-of-interrupt mode'),
      res0('8:5'),
      bits('4', 'VCBPR', 'Common binary point'),
      bits('3', 'VFIQEn', 'Group 0 interrupts are FIQs'),
      bits('2', 'VAckCtl', 'Acknowledge both groups alike'),
      bits('1', 'VENG1', 'Group 1 on'),
      bits('0', 'VENG0', 'Group 0 on'),
    ],
  }),
  ...family(upTo16, n =>
    systemRegister(`ICH_LR${n}_EL2`, [3, 4, 12, 12 + (n >> 3), n & 7], {
      brief: `A virtual interrupt for the guest, list register ${n}.`,
      access: readWrite(2),
      ...inController,
      unless: atLeast('ICH_VTR_EL2', 'ListRegs', n, 31),
      nested: { offset: 0x400 + 8 * n, when: 'always' },
      traps: ofVirtualInterface('access'),
      fields: [
        bits('63:62', 'State', 'State', {
          values: { 0: 'invalid', 1: 'pending', 2: 'active', 3: 'pending and active' },
        }),
        bits('61', 'HW', 'Linked to a physical interrupt'),
        bits('60', 'Group', 'Group', { values: { 0: 'Group 0, FIQ', 1: 'Group 1, IRQ' } }),
        res0('59:56'),
        bits('55:48', 'Priority', 'Priority of the virtual interrupt'),
        res0('47:45'),
        bits(
          '44:32',
          'pINTID',
          'Physical interrupt number, when HW is 1; else bit 41 asks for a maintenance interrupt at its end',
        ),
        bits('31:0', 'vINTID', 'Virtual interrupt number'),
      ],
    }),
  ),
  ...family(upTo4, n =>
    systemRegister(`ICH_AP0R${n}_EL2`, [3, 4, 12, 8, n], {
      brief: `Which virtual Group 0 priorities are active, part ${n}.`,
      access: readWrite(2),
      ...inController,
      unless: atLeast('ICH_VTR_EL2', 'PREbits', preemptionBitsFor(n), 7),
      nested: { offset: 0x480 + 8 * n, when: 'always' },
      traps: ofVirtualInterface('access'),
      fields: [res0('63:32'), bits('31:0', 'P', 'Active priorities, one bit for each')],
    }),
  ),
  ...family(upTo4, n =>
    systemRegister(`ICH_AP1R${n}_EL2`, [3, 4, 12, 9, n], {
      brief: `Which virtual Group 1 priorities are active, part ${n}.`,
      access: readWrite(2),
      ...inController,
      unless: atLeast('ICH_VTR_EL2', 'PREbits', preemptionBitsFor(n), 7),
      nested: { offset: 0x4a0 + 8 * n, when: 'always' },
      traps: ofVirtualInterface('access'),
      fields: [res0('63:32'), bits('31:0', 'P', 'Active priorities, one bit for each')],
    }),
  ),
];
