/**
 * Rows of SVE and SME, for reading: they are decoded, printed, assembled and explained, but have no semantics, as no
 * processor here has those features.
 */
import type { Instruction } from '../instruction.ts';
import type { FamilyRows } from './scalable-notation.ts';
import { sme, smeDouble, smeWide } from './sme.ts';
import {
  sve2FloatingPoint,
  sveFloatingPoint,
  sveMatrixMultiplyDouble,
  sveMatrixMultiplySingle,
} from './sve-floating-point.ts';
import { sveInteger } from './sve-integer.ts';
import { sve2Memory, sveLoads, sveLoadsOctwords, svePrefetches, sveStores } from './sve-memory.ts';
import { sve2Permute, svePermute, svePermuteQuadwords } from './sve-permute.ts';
import { sve2Predicate, svePredicate } from './sve-predicate.ts';
import {
  sve2Aes,
  sve2BitPermutation,
  sve2Integer,
  sve2PolynomialMultiply,
  sve2Sha3,
  sve2Sm4,
  sveDotProduct,
} from './sve2-integer.ts';

/** Families by group, with the feature that has them. */
const groups: readonly (readonly [group: string, feature: string, families: readonly FamilyRows[]])[] = [
  ['SVE integer', 'FEAT_SVE', sveInteger],
  ['SVE permutations', 'FEAT_SVE', svePermute],
  ['SVE permutations', 'FEAT_F64MM', svePermuteQuadwords],
  ['SVE permutations', 'FEAT_SVE2', sve2Permute],
  ['SVE predicates', 'FEAT_SVE', svePredicate],
  ['SVE predicates', 'FEAT_SVE2', sve2Predicate],
  ['SVE loads and stores', 'FEAT_SVE', [...sveLoads, ...sveStores, ...svePrefetches]],
  ['SVE loads and stores', 'FEAT_F64MM', sveLoadsOctwords],
  ['SVE loads and stores', 'FEAT_SVE2', sve2Memory],
  ['SVE integer', 'FEAT_SVE', sveDotProduct],
  ['SVE floating point', 'FEAT_SVE', sveFloatingPoint],
  ['SVE floating point', 'FEAT_F32MM', sveMatrixMultiplySingle],
  ['SVE floating point', 'FEAT_F64MM', sveMatrixMultiplyDouble],
  ['SVE2 floating point', 'FEAT_SVE2', sve2FloatingPoint],
  ['SVE2 integer', 'FEAT_SVE2', sve2Integer],
  ['SVE2 integer', 'FEAT_SVE_PMULL128', sve2PolynomialMultiply],
  ['SVE2 integer', 'FEAT_SVE_BitPerm', sve2BitPermutation],
  ['SVE2 cryptography', 'FEAT_SVE_AES', sve2Aes],
  ['SVE2 cryptography', 'FEAT_SVE_SM4', sve2Sm4],
  ['SVE2 cryptography', 'FEAT_SVE_SHA3', sve2Sha3],
  ['SME', 'FEAT_SME', sme],
  ['SME', 'FEAT_SME_F64F64', smeDouble],
  ['SME', 'FEAT_SME_I16I64', smeWide],
];

let rows: readonly Instruction[] | undefined;

/** Every row of SVE and SME; made when they are first asked for, as guests that can run have none. */
export function scalableInstructions(): readonly Instruction[] {
  rows ??= groups.flatMap(([group, feature, families]) =>
    families.flatMap(family => family(feature)).map(row => ({ ...row, group })),
  );
  return rows;
}
