/** Advanced SIMD on integers and bits (Arm ARM C4.1.96), by the manual's groups. */
import { acrossLanes } from './simd-across-lanes.ts';
import { simdCopy } from './simd-copy.ts';
import { simdImmediate } from './simd-immediate.ts';
import { permute } from './simd-permute.ts';
import { shiftImmediate } from './simd-shift-immediate.ts';
import { threeSame } from './simd-three-same.ts';

export const simd = [...simdCopy, ...permute, ...threeSame, ...acrossLanes, ...shiftImmediate, ...simdImmediate];
