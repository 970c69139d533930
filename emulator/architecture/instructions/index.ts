/** All instruction rows, in the manual's order of groups. */
import type { Instruction } from '../instruction.ts';
import { addSubtract } from './add-subtract.ts';
import { atomics } from './atomic.ts';
import { bitfield } from './bitfield.ts';
import { branches } from './branch.ts';
import { commonShortSequences } from './common-short-sequences.ts';
import { conditional } from './conditional.ts';
import { crypto } from './crypto.ts';
import { dataProcessingRegister } from './data-processing-register.ts';
import { exceptionGeneration } from './exception-generation.ts';
import { exclusiveAndOrdered } from './exclusive-ordered.ts';
import { flagManipulation } from './flag-manipulation.ts';
import { floatingPoint } from './floating-point.ts';
import { floatingPointInteger } from './floating-point-integer.ts';
import { loadStore } from './load-store.ts';
import { loadStorePair } from './load-store-pair.ts';
import { loadStoreRcpc3 } from './load-store-rcpc3.ts';
import { logical } from './logical.ts';
import { memoryCopySet } from './memory-copy-set.ts';
import { memoryTagging } from './memory-tagging.ts';
import { moveAndAddress } from './move-address.ts';
import { pointerAuthentication, pointerAuthenticationHints } from './pointer-authentication.ts';
import { simd } from './simd.ts';
import { simdFloatingPointAcross } from './simd-floating-point-across.ts';
import { simdFloatingPointComplex } from './simd-floating-point-complex.ts';
import { simdFloatingPointConvert } from './simd-floating-point-convert.ts';
import { simdFloatingPointElement } from './simd-floating-point-element.ts';
import { simdFloatingPointMixed } from './simd-floating-point-mixed.ts';
import { simdFloatingPointThreeSame } from './simd-floating-point-three-same.ts';
import { simdFloatingPointTwoRegister } from './simd-floating-point-two-register.ts';
import { simdLoadStore } from './simd-load-store.ts';
import { simdStructures } from './simd-structures.ts';
import { system } from './system.ts';

const groups: Readonly<Record<string, readonly Instruction[]>> = {
  'Move and address': moveAndAddress,
  'Add and subtract': addSubtract,
  Logical: logical,
  Bitfield: bitfield,
  'Data processing (register)': dataProcessingRegister,
  'Common short sequences': commonShortSequences,
  Conditional: conditional,
  'Flag manipulation': flagManipulation,
  Branches: branches,
  'Exception generation': exceptionGeneration,
  System: [...system, ...pointerAuthenticationHints],
  'Pointer authentication': pointerAuthentication,
  'Loads and stores': loadStore,
  'Pairs of registers': loadStorePair,
  'Exclusive and ordered': [...exclusiveAndOrdered, ...loadStoreRcpc3],
  Atomics: atomics,
  'Memory copy and set': memoryCopySet,
  'Memory tagging': memoryTagging,
  'SIMD loads and stores': simdLoadStore,
  'SIMD structures': simdStructures,
  'Floating point': floatingPoint,
  'Floating point and integers': floatingPointInteger,
  SIMD: simd,
  'SIMD floating point (three same)': simdFloatingPointThreeSame,
  'SIMD floating point (two registers)': simdFloatingPointTwoRegister,
  'SIMD floating point (conversions)': simdFloatingPointConvert,
  'SIMD floating point (across lanes)': simdFloatingPointAcross,
  'SIMD floating point (by element)': simdFloatingPointElement,
  'SIMD floating point (complex)': simdFloatingPointComplex,
  'SIMD floating point (mixed precision)': simdFloatingPointMixed,
  Cryptography: crypto,
};

/** Every instruction row. */
export const instructions: readonly Instruction[] = Object.entries(groups).flatMap(([group, rows]) =>
  rows.map(row => ({ ...row, group })),
);
