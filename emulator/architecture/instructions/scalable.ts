/**
 * Rows of SVE and SME, for reading: they are decoded, printed, assembled and explained, but have no semantics, as no
 * processor here has those features.
 */
import type { Instruction } from '../instruction.ts';
import type { FamilyRows } from './scalable-notation.ts';
import { sveIntegerPredicated } from './sve-integer.ts';

/** Families by group, with the feature that has them. */
const groups: readonly {
  readonly group: string;
  readonly feature: string;
  readonly families: readonly FamilyRows[];
}[] = [{ group: 'SVE integer (predicated)', feature: 'FEAT_SVE', families: sveIntegerPredicated }];

let rows: readonly Instruction[] | undefined;

/** Every row of SVE and SME; made when they are first asked for, as guests that can run have none. */
export function scalableInstructions(): readonly Instruction[] {
  rows ??= groups.flatMap(({ group, feature, families }) =>
    families.flatMap(family => family(feature)).map(row => ({ ...row, group })),
  );
  return rows;
}
