/** The Generic Timer (Arm ARM D12, D24.8). */
import {
  bits,
  off,
  on,
  type Redirect,
  res0,
  systemRegister,
  type TrapDraft,
  withHostAlias,
} from '../system-register.ts';
import {
  e2h,
  inHost,
  nestedWithMemory,
  noE2h,
  notInHost,
  onlySecureEl2,
  readOnly,
  readWrite,
  toEL1,
  toEL2,
  toEL3,
  trap,
  undefinedAt,
} from './vocabulary.ts';

/** A hypervisor with VHE at EL1 reaches its guest's timer in memory, unless this control traps it (FEAT_ECV). */
const aliasTrap = (control: string): TrapDraft =>
  trap(2, 'access', [1], [...nestedWithMemory, off('HCR_EL2', 'NV1'), on('CNTHCTL_EL2', control)]);

/** A host at EL2 and its EL0 reach EL2's own timer by the names of EL1's: in Secure state that of Secure EL2. */
const hostTimer = (timer: 'HP' | 'HV', register: 'CTL' | 'CVAL' | 'TVAL'): Redirect[] =>
  [
    { to: `CNT${timer}S_${register}_EL2`, state: off('SCR_EL3', 'NS') },
    { to: `CNT${timer}_${register}_EL2`, state: on('SCR_EL3', 'NS') },
  ].flatMap(({ to, state }): Redirect[] => [
    { from: [0], on: 'access', to, when: [inHost, state] },
    { from: [2], on: 'access', to, when: [e2h, state] },
  ]);

/** A timer of Secure EL2. `CRm` of the encodings names it. */
const secureEl2Timer = <const Name extends string>(name: Name, CRm: number, brief: string) => {
  const common = {
    access: readWrite(2),
    feature: 'FEAT_SEL2',
    handler: 'timer',
    traps: onlySecureEl2,
  } as const;
  return [
    systemRegister(`${name}_CTL_EL2`, [3, 4, 14, CRm, 1], {
      ...common,
      brief: `Control of the ${brief}.`,
      fields: [
        res0('63:3'),
        bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
        bits('1', 'IMASK', 'The interrupt is masked'),
        bits('0', 'ENABLE', 'Timer on'),
      ],
    }),
    systemRegister(`${name}_CVAL_EL2`, [3, 4, 14, CRm, 2], {
      ...common,
      brief: `The count at which the ${brief} fires.`,
      fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
    }),
    systemRegister(`${name}_TVAL_EL2`, [3, 4, 14, CRm, 0], {
      ...common,
      storage: 'none',
      brief: `Ticks until the ${brief} fires, signed.`,
      fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
    }),
  ] as const;
};

export const timerRegisters = [
  systemRegister('CNTFRQ_EL0', [3, 3, 14, 0, 0], {
    brief: 'The frequency of the counter in Hz, as firmware tells it.',
    access: readOnly(0),
    reset: 0x3b9aca0n,
    traps: [
      toEL1('read', notInHost, off('CNTKCTL_EL1', 'EL0PCTEN,EL0VCTEN')),
      trap(2, 'read', [0], [inHost, off('CNTHCTL_EL2', 'EL0PCTEN,EL0VCTEN')]),
    ],
    fields: [res0('63:32'), bits('31:0', 'ClockFreq', 'Frequency in Hz')],
  }),
  systemRegister('CNTPCT_EL0', [3, 3, 14, 0, 1], {
    brief: 'The physical count.',
    access: readOnly(0),
    handler: 'timer',
    storage: 'none',
    traps: [
      toEL1('read', notInHost, off('CNTKCTL_EL1', 'EL0PCTEN')),
      trap(2, 'read', [0], [noE2h, off('CNTHCTL_EL2', 'EL1PCTEN')]),
      trap(2, 'read', [0], [e2h, off('CNTHCTL_EL2', 'EL1PCTEN'), off('HCR_EL2', 'TGE')]),
      trap(2, 'read', [0], [inHost, off('CNTHCTL_EL2', 'EL0PCTEN')]),
      trap(2, 'read', [1], [off('CNTHCTL_EL2', 'EL1PCTEN')]),
    ],
    fields: [bits('63:0', 'PhysicalCount', 'Physical count')],
  }),
  systemRegister('CNTVCT_EL0', [3, 3, 14, 0, 2], {
    brief: 'The virtual count: the physical count less CNTVOFF_EL2.',
    access: readOnly(0),
    handler: 'timer',
    storage: 'none',
    traps: [
      toEL1('read', notInHost, off('CNTKCTL_EL1', 'EL0VCTEN')),
      trap(2, 'read', [0], [inHost, off('CNTHCTL_EL2', 'EL0VCTEN')]),
      toEL2('read', notInHost, on('CNTHCTL_EL2', 'EL1TVCT')),
    ],
    fields: [bits('63:0', 'VirtualCount', 'Virtual count')],
  }),
  systemRegister('CNTPCTSS_EL0', [3, 3, 14, 0, 5], {
    brief: 'The physical count, not read ahead of earlier instructions.',
    access: readOnly(0),
    feature: 'FEAT_ECV',
    handler: 'timer',
    storage: 'none',
    traps: [
      toEL1('read', notInHost, off('CNTKCTL_EL1', 'EL0PCTEN')),
      trap(2, 'read', [0], [noE2h, off('CNTHCTL_EL2', 'EL1PCTEN')]),
      trap(2, 'read', [0], [e2h, off('CNTHCTL_EL2', 'EL1PCTEN'), off('HCR_EL2', 'TGE')]),
      trap(2, 'read', [0], [inHost, off('CNTHCTL_EL2', 'EL0PCTEN')]),
      trap(2, 'read', [1], [off('CNTHCTL_EL2', 'EL1PCTEN')]),
    ],
    fields: [bits('63:0', 'SSPhysicalCount', 'Physical count')],
  }),
  systemRegister('CNTVCTSS_EL0', [3, 3, 14, 0, 6], {
    brief: 'The virtual count, not read ahead of earlier instructions.',
    access: readOnly(0),
    feature: 'FEAT_ECV',
    handler: 'timer',
    storage: 'none',
    traps: [
      toEL1('read', notInHost, off('CNTKCTL_EL1', 'EL0VCTEN')),
      trap(2, 'read', [0], [inHost, off('CNTHCTL_EL2', 'EL0VCTEN')]),
      toEL2('read', notInHost, on('CNTHCTL_EL2', 'EL1TVCT')),
    ],
    fields: [bits('63:0', 'SSVirtualCount', 'Virtual count')],
  }),
  ...withHostAlias(
    systemRegister('CNTKCTL_EL1', [3, 0, 14, 1, 0], {
      brief: 'Which counters and timers EL0 may use, and the event stream.',
      access: readWrite(1),
      redirects: [{ from: [2], on: 'write', to: 'CNTHCTL_EL2', when: [e2h] }],
      fields: [
        res0('63:18'),
        bits('17', 'EVNTIS', 'The event stream uses bits 23:8 of the counter', { feature: 'FEAT_ECV' }),
        res0('16:10'),
        bits('9', 'EL0PTEN', 'EL0 may use the physical timer', { values: { 0: 'trapped', 1: 'permitted' } }),
        bits('8', 'EL0VTEN', 'EL0 may use the virtual timer', { values: { 0: 'trapped', 1: 'permitted' } }),
        bits('7:4', 'EVNTI', 'Counter bit that makes events'),
        bits('3', 'EVNTDIR', 'Edge that makes an event', { values: { 0: '0 to 1', 1: '1 to 0' } }),
        bits('2', 'EVNTEN', 'Event stream on'),
        bits('1', 'EL0VCTEN', 'EL0 may read the virtual count', { values: { 0: 'trapped', 1: 'permitted' } }),
        bits('0', 'EL0PCTEN', 'EL0 may read the physical count', { values: { 0: 'trapped', 1: 'permitted' } }),
      ],
    }),
  ),
  systemRegister('CNTHCTL_EL2', [3, 4, 14, 1, 0], {
    brief: 'Which counters and timers the levels below EL2 may use, and the event stream.',
    access: readWrite(2),
    reset: 0x3n,
    fields: [
      res0('63:18'),
      bits('17', 'EVNTIS', 'The event stream uses bits 23:8 of the counter', { feature: 'FEAT_ECV' }),
      bits('16', 'EL1NVVCT', 'Virtual counter of a nested guest traps', { feature: 'FEAT_ECV' }),
      bits('15', 'EL1NVPCT', 'Physical counter of a nested guest traps', { feature: 'FEAT_ECV' }),
      bits('14', 'EL1TVCT', 'Reads of the virtual count below EL2 trap', { feature: 'FEAT_ECV' }),
      bits('13', 'EL1TVT', 'The virtual timer below EL2 traps', { feature: 'FEAT_ECV' }),
      bits('12', 'ECV', 'CNTPOFF_EL2 is in use', { feature: 'FEAT_ECV_POFF' }),
      res0('11:8'),
      bits('7:4', 'EVNTI', 'Counter bit that makes events'),
      bits('3', 'EVNTDIR', 'Edge that makes an event', { values: { 0: '0 to 1', 1: '1 to 0' } }),
      bits('2', 'EVNTEN', 'Event stream on'),
      bits('1', 'EL1PCEN', 'EL1 and EL0 may use the physical timer', {
        values: { 0: 'trapped to EL2', 1: 'permitted' },
      }),
      bits('0', 'EL1PCTEN', 'EL1 and EL0 may read the physical count', {
        values: { 0: 'trapped to EL2', 1: 'permitted' },
      }),
    ],
    layouts: [
      {
        name: 'host',
        when: [e2h],
        fields: [
          res0('63:18'),
          bits('17', 'EVNTIS', 'The event stream uses bits 23:8 of the counter', { feature: 'FEAT_ECV' }),
          bits('16', 'EL1NVVCT', 'Virtual counter of a nested guest traps', { feature: 'FEAT_ECV' }),
          bits('15', 'EL1NVPCT', 'Physical counter of a nested guest traps', { feature: 'FEAT_ECV' }),
          bits('14', 'EL1TVCT', 'Reads of the virtual count below EL2 trap', { feature: 'FEAT_ECV' }),
          bits('13', 'EL1TVT', 'The virtual timer below EL2 traps', { feature: 'FEAT_ECV' }),
          bits('12', 'ECV', 'CNTPOFF_EL2 is in use', { feature: 'FEAT_ECV_POFF' }),
          bits('11', 'EL1PTEN', 'EL1 and EL0 may use the physical timer', {
            values: { 0: 'trapped to EL2', 1: 'permitted' },
          }),
          bits('10', 'EL1PCTEN', 'EL1 and EL0 may read the physical count', {
            values: { 0: 'trapped to EL2', 1: 'permitted' },
          }),
          bits('9', 'EL0PTEN', 'EL0 may use the physical timer', { values: { 0: 'trapped to EL2', 1: 'permitted' } }),
          bits('8', 'EL0VTEN', 'EL0 may use the virtual timer', { values: { 0: 'trapped to EL2', 1: 'permitted' } }),
          bits('7:4', 'EVNTI', 'Counter bit that makes events'),
          bits('3', 'EVNTDIR', 'Edge that makes an event', { values: { 0: '0 to 1', 1: '1 to 0' } }),
          bits('2', 'EVNTEN', 'Event stream on'),
          bits('1', 'EL0VCTEN', 'EL0 may read the virtual count', { values: { 0: 'trapped to EL2', 1: 'permitted' } }),
          bits('0', 'EL0PCTEN', 'EL0 may read the physical count', { values: { 0: 'trapped to EL2', 1: 'permitted' } }),
        ],
      },
    ],
  }),
  systemRegister('CNTVOFF_EL2', [3, 4, 14, 0, 3], {
    brief: 'The offset of the virtual count from the physical count.',
    access: readWrite(2),
    handler: 'timer',
    nested: { offset: 0x60, when: 'always' },
    fields: [bits('63:0', 'VOffset')],
  }),
  systemRegister('CNTPOFF_EL2', [3, 4, 14, 0, 6], {
    brief: 'The offset of the physical count that EL1 and EL0 see.',
    access: readWrite(2),
    feature: 'FEAT_ECV_POFF',
    handler: 'timer',
    nested: { offset: 0x1a8, when: 'always' },
    traps: [toEL3('access', off('SCR_EL3', 'ECVEn'))],
    fields: [bits('63:0', 'PO')],
  }),
  ...withHostAlias(
    systemRegister('CNTP_CTL_EL0', [3, 3, 14, 2, 1], {
      brief: 'Control of the EL1 physical timer.',
      access: readWrite(0),
      handler: 'timer',
      nested: { offset: 0x180, when: 'NV1' },
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0PTEN')),
        toEL2('access', noE2h, off('CNTHCTL_EL2', 'EL1PCEN')),
        toEL2('access', e2h, off('CNTHCTL_EL2', 'EL1PTEN'), off('HCR_EL2', 'TGE')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0PTEN')]),
      ],
      redirects: hostTimer('HP', 'CTL'),
      fields: [
        res0('63:3'),
        bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
        bits('1', 'IMASK', 'The interrupt is masked'),
        bits('0', 'ENABLE', 'Timer on'),
      ],
    }),
    [aliasTrap('EL1NVPCT')],
  ),
  ...withHostAlias(
    systemRegister('CNTP_CVAL_EL0', [3, 3, 14, 2, 2], {
      brief: 'The count at which the EL1 physical timer fires.',
      access: readWrite(0),
      handler: 'timer',
      nested: { offset: 0x178, when: 'NV1' },
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0PTEN')),
        toEL2('access', noE2h, off('CNTHCTL_EL2', 'EL1PCEN')),
        toEL2('access', e2h, off('CNTHCTL_EL2', 'EL1PTEN'), off('HCR_EL2', 'TGE')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0PTEN')]),
      ],
      redirects: hostTimer('HP', 'CVAL'),
      fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
    }),
    [aliasTrap('EL1NVPCT')],
  ),
  ...withHostAlias(
    systemRegister('CNTP_TVAL_EL0', [3, 3, 14, 2, 0], {
      brief: 'Ticks until the EL1 physical timer fires, signed.',
      access: readWrite(0),
      handler: 'timer',
      storage: 'none',
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0PTEN')),
        toEL2('access', noE2h, off('CNTHCTL_EL2', 'EL1PCEN')),
        toEL2('access', e2h, off('CNTHCTL_EL2', 'EL1PTEN'), off('HCR_EL2', 'TGE')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0PTEN')]),
      ],
      redirects: hostTimer('HP', 'TVAL'),
      fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
    }),
  ),
  ...withHostAlias(
    systemRegister('CNTV_CTL_EL0', [3, 3, 14, 3, 1], {
      brief: 'Control of the EL1 virtual timer.',
      access: readWrite(0),
      handler: 'timer',
      nested: { offset: 0x170, when: 'NV1' },
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0VTEN')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0VTEN')]),
        toEL2('access', notInHost, on('CNTHCTL_EL2', 'EL1TVT')),
      ],
      redirects: hostTimer('HV', 'CTL'),
      fields: [
        res0('63:3'),
        bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
        bits('1', 'IMASK', 'The interrupt is masked'),
        bits('0', 'ENABLE', 'Timer on'),
      ],
    }),
    [aliasTrap('EL1NVVCT')],
  ),
  ...withHostAlias(
    systemRegister('CNTV_CVAL_EL0', [3, 3, 14, 3, 2], {
      brief: 'The virtual count at which the EL1 virtual timer fires.',
      access: readWrite(0),
      handler: 'timer',
      nested: { offset: 0x168, when: 'NV1' },
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0VTEN')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0VTEN')]),
        toEL2('access', notInHost, on('CNTHCTL_EL2', 'EL1TVT')),
      ],
      redirects: hostTimer('HV', 'CVAL'),
      fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
    }),
    [aliasTrap('EL1NVVCT')],
  ),
  ...withHostAlias(
    systemRegister('CNTV_TVAL_EL0', [3, 3, 14, 3, 0], {
      brief: 'Ticks until the EL1 virtual timer fires, signed.',
      access: readWrite(0),
      handler: 'timer',
      storage: 'none',
      traps: [
        toEL1('access', notInHost, off('CNTKCTL_EL1', 'EL0VTEN')),
        trap(2, 'access', [0], [inHost, off('CNTHCTL_EL2', 'EL0VTEN')]),
        toEL2('access', notInHost, on('CNTHCTL_EL2', 'EL1TVT')),
      ],
      redirects: hostTimer('HV', 'TVAL'),
      fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
    }),
  ),
  systemRegister('CNTHP_CTL_EL2', [3, 4, 14, 2, 1], {
    brief: 'Control of the EL2 physical timer.',
    access: readWrite(2),
    handler: 'timer',
    fields: [
      res0('63:3'),
      bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
      bits('1', 'IMASK', 'The interrupt is masked'),
      bits('0', 'ENABLE', 'Timer on'),
    ],
  }),
  systemRegister('CNTHP_CVAL_EL2', [3, 4, 14, 2, 2], {
    brief: 'The count at which the EL2 physical timer fires.',
    access: readWrite(2),
    handler: 'timer',
    fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
  }),
  systemRegister('CNTHP_TVAL_EL2', [3, 4, 14, 2, 0], {
    brief: 'Ticks until the EL2 physical timer fires, signed.',
    access: readWrite(2),
    handler: 'timer',
    storage: 'none',
    fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
  }),
  systemRegister('CNTHV_CTL_EL2', [3, 4, 14, 3, 1], {
    brief: 'Control of the EL2 virtual timer.',
    access: readWrite(2),
    feature: 'FEAT_VHE',
    handler: 'timer',
    fields: [
      res0('63:3'),
      bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
      bits('1', 'IMASK', 'The interrupt is masked'),
      bits('0', 'ENABLE', 'Timer on'),
    ],
  }),
  systemRegister('CNTHV_CVAL_EL2', [3, 4, 14, 3, 2], {
    brief: 'The count at which the EL2 virtual timer fires.',
    access: readWrite(2),
    feature: 'FEAT_VHE',
    handler: 'timer',
    fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
  }),
  systemRegister('CNTHV_TVAL_EL2', [3, 4, 14, 3, 0], {
    brief: 'Ticks until the EL2 virtual timer fires, signed.',
    access: readWrite(2),
    feature: 'FEAT_VHE',
    handler: 'timer',
    storage: 'none',
    fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
  }),
  ...secureEl2Timer('CNTHPS', 5, 'Secure EL2 physical timer'),
  ...secureEl2Timer('CNTHVS', 4, 'Secure EL2 virtual timer'),
  systemRegister('CNTPS_CTL_EL1', [3, 7, 14, 2, 1], {
    brief: 'Control of the Secure physical timer.',
    access: readWrite(1),
    handler: 'timer',
    traps: [
      undefinedAt(1, on('SCR_EL3', 'NS')),
      undefinedAt(2),
      trap(3, 'access', [1], [off('SCR_EL3', 'NS'), off('SCR_EL3', 'ST')]),
    ],
    fields: [
      res0('63:3'),
      bits('2', 'ISTATUS', 'The condition is met', { values: { 0: 'not yet', 1: 'met' } }),
      bits('1', 'IMASK', 'The interrupt is masked'),
      bits('0', 'ENABLE', 'Timer on'),
    ],
  }),
  systemRegister('CNTPS_CVAL_EL1', [3, 7, 14, 2, 2], {
    brief: 'The count at which the Secure physical timer fires.',
    access: readWrite(1),
    handler: 'timer',
    traps: [
      undefinedAt(1, on('SCR_EL3', 'NS')),
      undefinedAt(2),
      trap(3, 'access', [1], [off('SCR_EL3', 'NS'), off('SCR_EL3', 'ST')]),
    ],
    fields: [bits('63:0', 'CompareValue', 'Count at which the condition is met')],
  }),
  systemRegister('CNTPS_TVAL_EL1', [3, 7, 14, 2, 0], {
    brief: 'Ticks until the Secure physical timer fires, signed.',
    access: readWrite(1),
    handler: 'timer',
    storage: 'none',
    traps: [
      undefinedAt(1, on('SCR_EL3', 'NS')),
      undefinedAt(2),
      trap(3, 'access', [1], [off('SCR_EL3', 'NS'), off('SCR_EL3', 'ST')]),
    ],
    fields: [res0('63:32'), bits('31:0', 'TimerValue', 'Ticks to go, 32 bits, signed')],
  }),
];
