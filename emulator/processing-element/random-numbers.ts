/**
 * The generator behind RNDR and RNDRRS (FEAT_RNG). Its numbers look random and follow from the machine's seed, so that a
 * run can be repeated; they are no secret. The state is the storage of RNDR, so that it is part of every snapshot
 * (SplitMix64, by Steele, Lea and Flood).
 */
import type { ProcessingElement } from './processing-element.ts';

const MASK = (1n << 64n) - 1n;
const STEP = 0x9e37_79b9_7f4a_7c15n;

function mix(value: bigint): bigint {
  const first = ((value ^ (value >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK;
  const second = ((first ^ (first >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK;
  return second ^ (second >> 31n);
}

/** Where the generator of a processing element begins. */
export const randomStart = (seed: number, index: number): bigint =>
  mix((BigInt(seed) * STEP + mix(BigInt(index))) & MASK);

/** The next number. NZCV = 0 tells that there was one: this generator never runs dry. */
export function readRandomNumber({ state }: ProcessingElement, reseed: boolean): bigint {
  const before = state.read('RNDR');
  const next = ((reseed ? mix(before ^ STEP) : before) + STEP) & MASK;
  state.write('RNDR', next);
  state.n = state.z = state.c = state.v = 0;
  return mix(next);
}
