/** Advanced SIMD on integers and bits (Arm ARM C4.1.96), by the manual's groups. */
import { acrossLanes } from './simd-across-lanes.ts';
import { byElement } from './simd-by-element.ts';
import { simdCopy } from './simd-copy.ts';
import { simdImmediate } from './simd-immediate.ts';
import { permute } from './simd-permute.ts';
import { shiftImmediate } from './simd-shift-immediate.ts';
import { threeDifferent } from './simd-three-different.ts';
import { threeSame } from './simd-three-same.ts';
import { threeSameExtra } from './simd-three-same-extra.ts';
import { twoRegister } from './simd-two-register.ts';

export const simd = [
  ...simdCopy,
  ...permute,
  ...threeSame,
  ...threeSameExtra,
  ...twoRegister,
  ...acrossLanes,
  ...threeDifferent,
  ...shiftImmediate,
  ...simdImmediate,
  ...byElement,
];
