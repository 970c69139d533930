/**
 * Rows of SVE and SME, for reading: they are decoded, printed, assembled and explained, but have no semantics, as no
 * processor here has those features.
 */
import type { Instruction } from '../instruction.ts';
import type { FamilyRows } from './scalable-notation.ts';
import { sveInteger } from './sve-integer.ts';
import { sve2Memory, sveLoads, sveLoadsOctwords, svePrefetches, sveStores } from './sve-memory.ts';
import { sve2Permute, svePermute, svePermuteQuadwords } from './sve-permute.ts';
import { sve2Predicate, svePredicate } from './sve-predicate.ts';

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
];

let rows: readonly Instruction[] | undefined;

/** Every row of SVE and SME; made when they are first asked for, as guests that can run have none. */
export function scalableInstructions(): readonly Instruction[] {
  rows ??= groups.flatMap(([group, feature, families]) =>
    families.flatMap(family => family(feature)).map(row => ({ ...row, group })),
  );
  return rows;
}
