/** Reliability: deferred errors and error records (Arm ARM D24.2, RAS extension). */
import { bits, on, res0, systemRegister } from '../system-register.ts';
import { fineGrained, readOnly, readWrite, toEL2, toEL3 } from './vocabulary.ts';

export const rasRegisters = [
  systemRegister('DISR_EL1', [3, 0, 12, 1, 1], {
    brief: 'An SError that ESB deferred.',
    access: readWrite(1),
    feature: 'FEAT_RAS',
    handler: 'pe',
    redirects: [{ from: [1], on: 'access', to: 'VDISR_EL2', when: [on('HCR_EL2', 'AMO')] }],
    fields: [
      res0('63:32'),
      bits('31', 'A', 'An SError was deferred'),
      res0('30:25'),
      bits('24', 'IDS', 'Syndrome format'),
      res0('23:19'),
      bits('18', 'WnRV', 'WnR is valid'),
      bits('17', 'WnR', 'The access was a write'),
      res0('16:13'),
      bits('12:10', 'AET', 'Severity'),
      bits('9', 'EA', 'External abort type'),
      res0('8:6'),
      bits('5:0', 'DFSC', 'Fault status'),
    ],
  }),
  systemRegister('VDISR_EL2', [3, 4, 12, 1, 1], {
    brief: 'A virtual SError that ESB deferred.',
    access: readWrite(2),
    feature: 'FEAT_RAS',
    nested: { offset: 0x500, when: 'always' },
    fields: [
      res0('63:32'),
      bits('31', 'A', 'A virtual SError was deferred'),
      res0('30:25'),
      bits('24', 'IDS', 'Syndrome format'),
      bits('23:0', 'ISS', 'Syndrome'),
    ],
  }),
  systemRegister('VSESR_EL2', [3, 4, 5, 2, 3], {
    brief: 'The syndrome a virtual SError reports.',
    access: readWrite(2),
    feature: 'FEAT_RAS',
    nested: { offset: 0x508, when: 'always' },
    fields: [res0('63:25'), bits('24', 'IDS', 'Syndrome format'), bits('23:0', 'ISS', 'Syndrome')],
  }),
  systemRegister('ERRIDR_EL1', [3, 0, 5, 3, 0], {
    brief: 'Number of error records.',
    access: readOnly(1),
    feature: 'FEAT_RAS',
    traps: [
      toEL2('read', on('HCR_EL2', 'TERR')),
      ...fineGrained('HFG', 'ERRIDR_EL1', 'read'),
      toEL3('read', on('SCR_EL3', 'TERR')),
    ],
    fields: [res0('63:16'), bits('15:0', 'NUM', 'Highest record number plus one')],
  }),
];
