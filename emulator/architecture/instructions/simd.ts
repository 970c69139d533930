/** Advanced SIMD on integers and bits (Arm ARM C4.1.96), by the manual's groups. */
import { simdCopy } from './simd-copy.ts';
import { simdImmediate } from './simd-immediate.ts';
import { threeSame } from './simd-three-same.ts';

export const simd = [...threeSame, ...simdCopy, ...simdImmediate];
