/** Pieces of meaning that SIMD and floating-point rows share. */
import type { I32, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';

/** Every SIMD and floating-point instruction begins with it (CheckFPAdvSIMDEnabled64). */
export function checkFloatingPoint(b: SemanticsBuilder): void {
  b.if(b.state('fpTrapped'), () => {
    b.raise('fpTrap');
  });
}

const LOW_HALF = Array.from({ length: 16 }, (_, i) => (i < 8 ? 0xff : 0));

/** Writes a vector result; an operation on 64 bits (`Q` = 0) clears the upper half. */
export function writeVector(b: SemanticsBuilder, register: RegisterRef, value: V128, Q: number): void {
  b.write(register, Q ? value : b.wasm('v128', 'v128.and', [value, b.v128(LOW_HALF)]));
}

/** Adds exception bits to FPSR; they stay until software clears them. */
export function accumulate(b: SemanticsBuilder, flags: I32): void {
  b.setWideState('fpsr', b.or(b.wideState('fpsr'), b.zeroExtend(flags)));
}
