/** What each mnemonic of SVE and SME does, in one line. */
const briefs: Readonly<Record<string, string>> = {
  add: 'Adds.',
  and: 'Bitwise AND.',
  bic: 'Bitwise AND with the complement.',
  eor: 'Bitwise exclusive OR.',
  mul: 'Multiplies, keeping the low half.',
  orr: 'Bitwise OR.',
  sabd: 'Absolute difference of signed numbers.',
  sdiv: 'Divides signed numbers.',
  sdivr: 'Divides signed numbers, the second by the first.',
  smax: 'The larger of signed numbers.',
  smin: 'The smaller of signed numbers.',
  smulh: 'Multiplies signed numbers, keeping the high half.',
  sub: 'Subtracts.',
  subr: 'Subtracts the first from the second.',
  uabd: 'Absolute difference of unsigned numbers.',
  udiv: 'Divides unsigned numbers.',
  udivr: 'Divides unsigned numbers, the second by the first.',
  umax: 'The larger of unsigned numbers.',
  umin: 'The smaller of unsigned numbers.',
  umulh: 'Multiplies unsigned numbers, keeping the high half.',
};

/** The line of a mnemonic. Throws when it has none. */
export function briefOf(mnemonic: string): string {
  const brief = briefs[mnemonic];
  if (brief === undefined) throw new Error(`${mnemonic} has no description`);
  return brief;
}
