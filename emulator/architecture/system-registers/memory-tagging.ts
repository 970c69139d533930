/** Allocation tags: random tags, what tag checks have found (Arm ARM D10, D24.2). */
import { bits, off, on, res0, systemRegister, withHostAlias } from '../system-register.ts';
import {
  hostRedirect,
  nestedRedirect,
  nestedStateTrap,
  nestedWithMemory,
  readOnly,
  readWrite,
  toEL2,
  toEL3,
  trap,
} from './vocabulary.ts';

const feature = 'FEAT_MTE2';
const fromEL2 = toEL3('access', off('SCR_EL3', 'ATA'));
const fromEL1 = [toEL2('access', off('HCR_EL2', 'ATA')), fromEL2];

const lower = bits('0', 'TF0', 'A check failed in the lower half of the addresses', { feature: 'FEAT_MTE_ASYNC' });
const upper = bits('1', 'TF1', 'A check failed in the upper half of the addresses', { feature: 'FEAT_MTE_ASYNC' });
const bothHalves = [res0('63:2'), upper, lower];

export const memoryTaggingRegisters = [
  systemRegister('RGSR_EL1', [3, 0, 1, 0, 5], {
    brief: 'Where the random tags of IRG come from.',
    access: readWrite(1),
    feature,
    traps: fromEL1,
    fields: [
      res0('63:56'),
      bits('55:8', 'SEED', 'State of the random sequence; 16 bits are used'),
      res0('7:4'),
      bits('3:0', 'TAG', 'The last tag that was given'),
    ],
  }),
  systemRegister('GCR_EL1', [3, 0, 1, 0, 6], {
    brief: 'Which tags IRG, ADDG and SUBG may choose.',
    access: readWrite(1),
    feature,
    traps: fromEL1,
    fields: [
      res0('63:17'),
      bits('16', 'RRND', 'How IRG chooses', { values: { 0: 'by RGSR_EL1', 1: "in the implementation's own way" } }),
      bits('15:0', 'Exclude', 'Tags that are not chosen, one bit each'),
    ],
  }),
  systemRegister('TFSRE0_EL1', [3, 0, 5, 6, 1], {
    brief: 'Tag checks of EL0 that have failed without an exception.',
    access: readWrite(1),
    feature,
    traps: fromEL1,
    fields: bothHalves,
  }),
  ...withHostAlias(
    systemRegister('TFSR_EL1', [3, 0, 5, 6, 0], {
      brief: 'Tag checks of EL1 that have failed without an exception.',
      access: readWrite(1),
      feature,
      nested: { offset: 0x190, when: 'NV1' },
      traps: [nestedStateTrap, ...fromEL1],
      redirects: [hostRedirect('TFSR_EL2')],
      fields: bothHalves,
    }),
    [fromEL2],
  ),
  systemRegister('TFSR_EL2', [3, 4, 5, 6, 0], {
    brief: 'Tag checks of EL2 that have failed without an exception.',
    access: readWrite(2),
    feature,
    traps: [
      trap(2, 'access', [1], [...nestedWithMemory, off('HCR_EL2', 'ATA')]),
      trap(3, 'access', [1], [...nestedWithMemory, off('SCR_EL3', 'ATA')]),
      fromEL2,
    ],
    redirects: [nestedRedirect('TFSR_EL1')],
    fields: bothHalves,
  }),
  systemRegister('TFSR_EL3', [3, 6, 5, 6, 0], {
    brief: 'Tag checks of EL3 that have failed without an exception.',
    access: readWrite(3),
    feature,
    fields: [res0('63:1'), lower],
  }),
  systemRegister('GMID_EL1', [3, 1, 0, 0, 4], {
    brief: 'How many tags LDGM and STGM move.',
    access: readOnly(1),
    feature,
    reset: 6n,
    traps: [trap(1, 'read', [0], [], { feature: 'FEAT_IDST' }), toEL2('read', on('HCR_EL2', 'TID5'))],
    fields: [res0('63:4'), bits('3:0', 'BS', 'Log2 of the bytes that have these tags, in words')],
  }),
];
