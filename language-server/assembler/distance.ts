import type { Distance } from './expression.ts';

/** Longest distance that can be told before sections are laid out: within what has a known offset already. */
export const distanceBeforeLayout: Distance = (from, to) => {
  if (from.fragment === to.fragment) return BigInt(to.offset - from.offset);
  if (from.fragment.section !== to.fragment.section) return undefined;
  if (from.fragment.offset === undefined || to.fragment.offset === undefined) return undefined;
  return BigInt(to.fragment.offset + to.offset - (from.fragment.offset + from.offset));
};
