/** When a breakpoint that was reached counts: `5` (the fifth time on), `==5`, `>5`, `>=5`, `<5`, `%5` (each fifth time). */

export type HitCondition = (hits: number) => boolean;

/** Undefined when the text is no hit condition. */
export function parseHitCondition(text: string): HitCondition | undefined {
  const match = /^\s*(>=|<=|==|=|>|<|%)?\s*(\d+)\s*$/.exec(text);
  if (!match) return undefined;
  const count = Number(match[2]);
  switch (match[1]) {
    case undefined:
    case '>=':
      return hits => hits >= count;
    case '>':
      return hits => hits > count;
    case '<':
      return hits => hits < count;
    case '<=':
      return hits => hits <= count;
    case '%':
      return count === 0 ? undefined : hits => hits % count === 0;
    default:
      return hits => hits === count;
  }
}
