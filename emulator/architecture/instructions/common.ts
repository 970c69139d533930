/** Pieces of meaning that many rows share, named as Arm's pseudocode names them where it does. */
import type { I32, I64, RegisterRef, SemanticsBuilder, Value } from '../semantics.ts';

type Integer = 'i32' | 'i64';

/** The value type of a general-purpose operation: `sf` = 1 is 64 bits. */
export const typeOf = (sf: number): Integer => (sf ? 'i64' : 'i32');

/** Sets N and Z from a result and clears C and V, as logical operations do. */
export function setLogicalFlags(b: SemanticsBuilder, result: Value<Integer>): void {
  setNZ(b, result);
  b.setState('c', b.i32(0));
  b.setState('v', b.i32(0));
}

function setNZ(b: SemanticsBuilder, result: Value<Integer>): void {
  b.setState('n', signBit(b, result));
  b.setState('z', b.isZero(result));
}

/** The top bit as 0 or 1. */
export function signBit(b: SemanticsBuilder, value: Value<Integer>): I32 {
  return value.type === 'i64' ? b.wrap(b.shrUnsigned(value as I64, b.i64(63))) : b.shrUnsigned(value as I32, b.i32(31));
}

/** `x + y`, setting NZCV when asked (AddWithCarry with carry 0). */
export function addSetting<T extends Integer>(
  b: SemanticsBuilder,
  x: Value<T>,
  y: Value<T>,
  setFlags: boolean,
): Value<T> {
  const result = b.add(x, y);
  if (setFlags) {
    setNZ(b, result);
    b.setState('c', b.lessUnsigned(result, x));
    b.setState('v', signBit(b, b.and(b.xor(x, result), b.xor(y, result))));
  }
  return result;
}

/** `x - y`, setting NZCV when asked: C is the inverted borrow. */
export function subSetting<T extends Integer>(
  b: SemanticsBuilder,
  x: Value<T>,
  y: Value<T>,
  setFlags: boolean,
): Value<T> {
  const result = b.sub(x, y);
  if (setFlags) {
    setNZ(b, result);
    b.setState('c', b.atLeastUnsigned(x, y));
    b.setState('v', signBit(b, b.and(b.xor(x, y), b.xor(x, result))));
  }
  return result;
}

/** `x + y + C`, setting NZCV when asked (ADC; SBC passes `not y`). */
export function addWithCarry<T extends Integer>(
  b: SemanticsBuilder,
  x: Value<T>,
  y: Value<T>,
  setFlags: boolean,
): Value<T> {
  const carry = b.state('c');
  const partial = b.add(x, y);
  const result = b.add(partial, b.resize(x.type, carry));
  if (setFlags) {
    setNZ(b, result);
    b.setState('c', b.or(b.lessUnsigned(partial, x), b.lessUnsigned(result, partial)));
    b.setState('v', signBit(b, b.and(b.xor(x, result), b.xor(y, result))));
  }
  return result;
}

/** Whether a condition known when the handler is made holds (ConditionHolds). */
export function conditionHolds(b: SemanticsBuilder, condition: number): I32 {
  const base = (() => {
    switch (condition >> 1) {
      case 0:
        return b.state('z');
      case 1:
        return b.state('c');
      case 2:
        return b.state('n');
      case 3:
        return b.state('v');
      case 4:
        return b.and(b.state('c'), b.isZero(b.state('z')));
      case 5:
        return b.equal(b.state('n'), b.state('v'));
      case 6:
        return b.and(b.isZero(b.state('z')), b.equal(b.state('n'), b.state('v')));
      default:
        return undefined;
    }
  })();
  if (!base) return b.i32(1);
  return condition & 1 ? b.isZero(base) : base;
}

/** For each NZCV (N the highest of four bits), which conditions hold, as a 16-bit set. */
const CONDITION_SETS = Array.from({ length: 16 }, (_, nzcv) => {
  const [n, z, c, v] = [(nzcv >> 3) & 1, (nzcv >> 2) & 1, (nzcv >> 1) & 1, nzcv & 1];
  const bases = [z, c, n, v, c && !z, n === v, !z && n === v, true].map(Boolean);
  return bases.reduce((set, holds, i) => set | (i === 7 ? 3 << 14 : (holds ? 1 : 2) << (2 * i)), 0);
});

/** Sets by condition: bit `nzcv` of entry `condition`, packed four conditions to a 64-bit constant. */
const NZCV_SETS = Array.from({ length: 16 }, (_, condition) =>
  CONDITION_SETS.reduce((set, holding, nzcv) => set | (((holding >> condition) & 1) << nzcv), 0),
);

/** Whether a condition read from an operand holds: a bit test in a table of constants. */
export function conditionHoldsAtRunTime(b: SemanticsBuilder, condition: I32): I32 {
  const packed = (from: number) =>
    b.i64([0, 1, 2, 3].reduce((all, i) => all | (BigInt(NZCV_SETS[from + i] as number) << BigInt(16 * i)), 0n));
  const nzcv = b.or(
    b.or(b.shl(b.state('n'), b.i32(3)), b.shl(b.state('z'), b.i32(2))),
    b.or(b.shl(b.state('c'), b.i32(1)), b.state('v')),
  );
  const upper = b.and(condition, b.i32(8));
  const odd = b.and(condition, b.i32(4));
  const set = b.select(upper, b.select(odd, packed(12), packed(8)), b.select(odd, packed(4), packed(0)));
  const position = b.or(b.shl(b.and(condition, b.i32(3)), b.i32(4)), nzcv);
  return b.and(b.wrap(b.shrUnsigned(set, b.zeroExtend(position))), b.i32(1));
}

/**
 * Jumps to or calls a computed address. Where pages are guarded the branch leaves PSTATE.BTYPE behind, which the
 * processing element checks before the next instruction (FEAT_BTI).
 */
export function branchIndirectly(b: SemanticsBuilder, target: I64, way: 'jump' | 'call'): void {
  if (way === 'call') b.writeLink(b.add(b.pc(), b.i64(4)));
  b.if(b.state('guardedPagesSeen'), () => {
    b.setWideState('exitAddress', target);
    b.system(way === 'call' ? 'guardedCall' : 'guardedJump');
  });
  b.branchTo(target);
}

/** Reads a base register; SP must be aligned where SCTLR_ELx says so (CheckSPAlignment). */
export function baseAddress(b: SemanticsBuilder, base: RegisterRef, isSp: number): I64 {
  const address = b.read('i64', base);
  if (isSp)
    b.if(b.and(b.wrap(address), b.state('spAlignMask')), () => {
      b.raise('spAlignment');
    });
  return address;
}

/** The shape value that tells SP as a base from other registers. */
export const baseIsSp = { values: [0, 1], of: (fields: { readonly Rn: number }) => Number(fields.Rn === 31) } as const;

/** Applies a shift of a shifted-register operand: 0 LSL, 1 LSR, 2 ASR, 3 ROR (ShiftReg). */
export function shiftRegister<T extends Integer>(
  b: SemanticsBuilder,
  value: Value<T>,
  type: number,
  amount: Value<T>,
): Value<T> {
  switch (type) {
    case 0:
      return b.shl(value, amount);
    case 1:
      return b.shrUnsigned(value, amount);
    case 2:
      return b.shrSigned(value, amount);
    default:
      return b.rotateRight(value, amount);
  }
}

/** Extends a register value as ADD (extended register) and register-offset addresses do (ExtendReg). */
export function extendRegister(b: SemanticsBuilder, register: RegisterRef, option: number): I64 {
  const value = b.read('i64', register);
  switch (option) {
    case 0:
      return b.and(value, b.i64(0xff));
    case 1:
      return b.and(value, b.i64(0xffff));
    case 2:
      return b.and(value, b.i64(0xffff_ffff));
    case 4:
      return b.signExtendLow(value, 8);
    case 5:
      return b.signExtendLow(value, 16);
    case 6:
      return b.signExtendLow(value, 32);
    default:
      return value;
  }
}
