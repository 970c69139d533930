/** Arithmetic on allocation tags: numbers from 0 to 15 (Arm ARM, ChooseNonExcludedTag). */

const TAGS = 16;

/** The tag `offset` steps behind `tag`, of those without a bit in `exclude`; 0 when all are excluded. */
export function chooseTag(tag: number, offset: number, exclude: number): number {
  if ((exclude & 0xffff) === 0xffff) return 0;
  const next = (from: number): number => {
    let one = from;
    while ((exclude >>> one) & 1) one = (one + 1) % TAGS;
    return one;
  };
  if (offset === 0) return next(tag);
  let chosen = tag;
  for (let left = offset; left > 0; left--) chosen = next((chosen + 1) % TAGS);
  return chosen;
}
