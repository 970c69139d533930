/** Keys of pointer authentication (Arm ARM D8.10, D24.2). */
import { bits, off, systemRegister } from '../system-register.ts';
import { fineGrained, readWrite, toEL2, toEL3 } from './vocabulary.ts';

export const pointerAuthenticationRegisters = [
  systemRegister('APIAKeyLo_EL1', [3, 0, 2, 1, 0], {
    brief: 'Instruction key A, lower half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APIAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APIAKeyLo')],
  }),
  systemRegister('APIAKeyHi_EL1', [3, 0, 2, 1, 1], {
    brief: 'Instruction key A, upper half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APIAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APIAKeyHi')],
  }),
  systemRegister('APIBKeyLo_EL1', [3, 0, 2, 1, 2], {
    brief: 'Instruction key B, lower half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APIBKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APIBKeyLo')],
  }),
  systemRegister('APIBKeyHi_EL1', [3, 0, 2, 1, 3], {
    brief: 'Instruction key B, upper half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APIBKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APIBKeyHi')],
  }),
  systemRegister('APDAKeyLo_EL1', [3, 0, 2, 2, 0], {
    brief: 'Data key A, lower half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APDAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APDAKeyLo')],
  }),
  systemRegister('APDAKeyHi_EL1', [3, 0, 2, 2, 1], {
    brief: 'Data key A, upper half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APDAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APDAKeyHi')],
  }),
  systemRegister('APDBKeyLo_EL1', [3, 0, 2, 2, 2], {
    brief: 'Data key B, lower half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APDBKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APDBKeyLo')],
  }),
  systemRegister('APDBKeyHi_EL1', [3, 0, 2, 2, 3], {
    brief: 'Data key B, upper half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APDBKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APDBKeyHi')],
  }),
  systemRegister('APGAKeyLo_EL1', [3, 0, 2, 3, 0], {
    brief: 'Generic key, lower half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APGAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APGAKeyLo')],
  }),
  systemRegister('APGAKeyHi_EL1', [3, 0, 2, 3, 1], {
    brief: 'Generic key, upper half.',
    access: readWrite(1),
    feature: 'FEAT_PAuth',
    traps: [
      toEL2('access', off('HCR_EL2', 'APK')),
      ...fineGrained('HFG', 'APGAKey', 'access'),
      toEL3('access', off('SCR_EL3', 'APK')),
    ],
    fields: [bits('63:0', 'APGAKeyHi')],
  }),
];
