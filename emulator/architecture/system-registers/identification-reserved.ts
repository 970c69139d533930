/** The rest of the identification space, which reads as zero (Arm ARM D24.2, op0 = 3, op1 = 0, CRn = 0). */
import { on, res0, type SystemRegister, systemRegister } from '../system-register.ts';
import { readOnly, toEL2, trap } from './vocabulary.ts';

const zero = <const Name extends string>(name: Name, crm: number, op2: number, brief: string): SystemRegister<Name> =>
  systemRegister(name, [3, 0, 0, crm, op2], {
    brief,
    access: readOnly(1),
    traps: [trap(1, 'read', [0], [], { feature: 'FEAT_IDST' }), toEL2('read', on('HCR_EL2', 'TID3'))],
    fields: [res0('63:0')],
    storage: 'none',
  });

/** CRm and op2 of the encodings that no register has yet. */
const unallocated = [
  [3, 3],
  [3, 7],
  [4, 3],
  [4, 6],
  [5, 3],
  [5, 6],
  [5, 7],
  [6, 4],
  [6, 5],
  [6, 6],
  [6, 7],
  [7, 5],
  [7, 6],
  [7, 7],
] as const;

export const reservedIdentificationRegisters = [
  zero('ID_AA64DFR2_EL1', 5, 2, 'Debug features, part 2.'),
  zero('ID_AA64FPFR0_EL1', 4, 7, 'Floating-point features.'),
  ...unallocated.map(([crm, op2]) => zero(`S3_0_C0_C${crm}_${op2}`, crm, op2, 'Reserved for identification.')),
];
