/**
 * Floating-point arithmetic as the Arm ARM's pseudocode defines it (A1.5, FPAdd, FPMul, FPDiv, FPMulAdd, FPCompare): exact
 * intermediate results, every rounding mode, NaN rules and the cumulative exception bits.
 *
 * Numbers are bit patterns. A result is computed once and gives both its bits and the FPSR bits to be set.
 */

export interface FloatFormat {
  readonly width: number;
  readonly fraction: number;
}

export const SINGLE: FloatFormat = { width: 32, fraction: 23 };
export const DOUBLE: FloatFormat = { width: 64, fraction: 52 };

/** Cumulative exception bits of FPSR. */
export const FPSR = { IOC: 1, DZC: 2, OFC: 4, UFC: 8, IXC: 16, IDC: 128 } as const;

/** FPCR.RMode. */
const NEAREST = 0;
const TOWARDS_PLUS_INFINITY = 1;
const TOWARDS_MINUS_INFINITY = 2;

interface Control {
  readonly rounding: number;
  readonly flushToZero: boolean;
  readonly defaultNaN: boolean;
}

export interface FloatResult {
  readonly bits: bigint;
  readonly flags: number;
}

type Unpacked =
  | { readonly kind: 'zero' | 'infinity' | 'quiet' | 'signalling'; readonly sign: bigint; readonly bits: bigint }
  /** mantissa * 2^exponent */
  | {
      readonly kind: 'number';
      readonly sign: bigint;
      readonly bits: bigint;
      readonly mantissa: bigint;
      readonly exponent: number;
    };

/** The arithmetic of one format under one FPCR, collecting the exceptions of one operation. */
class Operation {
  private readonly format: FloatFormat;
  private readonly control: Control;
  private readonly exponentBits: number;
  private readonly bias: number;
  private readonly signBit: bigint;
  private readonly infinityBits: bigint;
  private readonly quietBit: bigint;
  flags = 0;

  constructor(format: FloatFormat, fpcr: bigint) {
    this.format = format;
    this.control = {
      rounding: Number((fpcr >> 22n) & 3n),
      flushToZero: (fpcr & (1n << 24n)) !== 0n,
      defaultNaN: (fpcr & (1n << 25n)) !== 0n,
    };
    this.exponentBits = format.width - 1 - format.fraction;
    this.bias = 2 ** (this.exponentBits - 1) - 1;
    this.signBit = 1n << BigInt(format.width - 1);
    this.infinityBits = ((1n << BigInt(this.exponentBits)) - 1n) << BigInt(format.fraction);
    this.quietBit = 1n << BigInt(format.fraction - 1);
  }

  /** FPUnpack: subnormal operands count as zero while FPCR.FZ is set. */
  unpack(value: bigint): Unpacked {
    const { fraction, width } = this.format;
    const bits = BigInt.asUintN(width, value);
    const sign = bits >> BigInt(width - 1);
    const exponent = Number((bits >> BigInt(fraction)) & ((1n << BigInt(this.exponentBits)) - 1n));
    const low = bits & ((1n << BigInt(fraction)) - 1n);
    if (exponent === 2 ** this.exponentBits - 1) {
      if (low === 0n) return { kind: 'infinity', sign, bits };
      return { kind: low & this.quietBit ? 'quiet' : 'signalling', sign, bits };
    }
    if (exponent !== 0) {
      const mantissa = low | (1n << BigInt(fraction));
      return { kind: 'number', sign, bits, mantissa, exponent: exponent - this.bias - fraction };
    }
    if (low === 0n) return { kind: 'zero', sign, bits };
    if (this.control.flushToZero) {
      this.flags |= FPSR.IDC;
      return { kind: 'zero', sign, bits };
    }
    return { kind: 'number', sign, bits, mantissa: low, exponent: 1 - this.bias - fraction };
  }

  defaultNaN(): bigint {
    return this.infinityBits | this.quietBit;
  }
  invalid(): bigint {
    this.flags |= FPSR.IOC;
    return this.defaultNaN();
  }
  infinity(sign: bigint): bigint {
    return (sign ? this.signBit : 0n) | this.infinityBits;
  }
  zero(sign: bigint): bigint {
    return sign ? this.signBit : 0n;
  }

  /** FPProcessNaNs: the first signalling NaN, else the first quiet one, made quiet; undefined when there is none. */
  processNaNs(operands: readonly Unpacked[]): bigint | undefined {
    const chosen = operands.find(o => o.kind === 'signalling') ?? operands.find(o => o.kind === 'quiet');
    if (!chosen) return undefined;
    if (chosen.kind === 'signalling') this.flags |= FPSR.IOC;
    return this.control.defaultNaN ? this.defaultNaN() : chosen.bits | this.quietBit;
  }

  /** FPRound of ±(mantissa + something below its last bit when `sticky`) * 2^exponent; the mantissa is not zero. */
  round(sign: bigint, mantissa: bigint, exponent: number, sticky = false): bigint {
    const { fraction } = this.format;
    const minimum = 1 - this.bias;
    const top = mantissa.toString(2).length - 1 + exponent;
    if (this.control.flushToZero && top < minimum) {
      this.flags |= FPSR.UFC;
      return this.zero(sign);
    }
    const unit = Math.max(top, minimum) - fraction;
    const drop = unit - exponent;
    let kept = drop > 0 ? mantissa >> BigInt(drop) : mantissa << BigInt(-drop);
    const rest = drop > 0 ? mantissa - (kept << BigInt(drop)) : 0n;
    const half = drop > 0 ? 1n << BigInt(drop - 1) : 0n;
    const inexact = rest !== 0n || sticky;
    const tiny = top < minimum;
    if (tiny && inexact) this.flags |= FPSR.UFC;
    if (this.roundsUp(sign, kept, rest, half, inexact, sticky)) kept += 1n;
    let biased = Math.max(top, minimum) + this.bias;
    if (kept >> BigInt(fraction + 1)) {
      kept >>= 1n;
      biased++;
    }
    // A subnormal that rounding made normal has its leading bit now.
    if (!(kept >> BigInt(fraction))) biased = 0;
    if (biased >= 2 ** this.exponentBits - 1) {
      this.flags |= FPSR.OFC | FPSR.IXC;
      return this.overflow(sign);
    }
    if (inexact) this.flags |= FPSR.IXC;
    const low = kept & ((1n << BigInt(fraction)) - 1n);
    return this.zero(sign) | (BigInt(biased) << BigInt(fraction)) | low;
  }

  private roundsUp(sign: bigint, kept: bigint, rest: bigint, half: bigint, inexact: boolean, sticky: boolean): boolean {
    switch (this.control.rounding) {
      case NEAREST:
        return half !== 0n && (rest > half || (rest === half && (sticky || (kept & 1n) === 1n)));
      case TOWARDS_PLUS_INFINITY:
        return inexact && sign === 0n;
      case TOWARDS_MINUS_INFINITY:
        return inexact && sign === 1n;
      default:
        return false;
    }
  }

  private overflow(sign: bigint): bigint {
    const { rounding } = this.control;
    const toInfinity = rounding === NEAREST || rounding === (sign ? TOWARDS_MINUS_INFINITY : TOWARDS_PLUS_INFINITY);
    return toInfinity ? this.infinity(sign) : this.infinity(sign) - 1n;
  }

  /** A sum that is exactly zero: positive, but negative when rounding towards minus infinity. */
  cancelled(): bigint {
    return this.zero(this.control.rounding === TOWARDS_MINUS_INFINITY ? 1n : 0n);
  }

  /** The exact sum of numbers and zeros of which at least one is a number, rounded. */
  sum(a: Unpacked, b: Unpacked): bigint {
    const exponents = [a, b].flatMap(o => (o.kind === 'number' ? [o.exponent] : []));
    const exponent = Math.min(...exponents);
    const signed = (o: Unpacked) => {
      if (o.kind !== 'number') return 0n;
      const value = o.mantissa << BigInt(o.exponent - exponent);
      return o.sign ? -value : value;
    };
    const total = signed(a) + signed(b);
    if (total === 0n) return this.cancelled();
    return total < 0n ? this.round(1n, -total, exponent) : this.round(0n, total, exponent);
  }
}

function outcome(operation: Operation, bits: bigint): FloatResult {
  return { bits, flags: operation.flags };
}

const negated = (value: Unpacked): Unpacked => ({ ...value, sign: value.sign ^ 1n });

function addUnpacked(op: Operation, a: Unpacked, b: Unpacked): bigint {
  if (a.kind === 'infinity' && b.kind === 'infinity' && a.sign !== b.sign) return op.invalid();
  if (a.kind === 'infinity') return op.infinity(a.sign);
  if (b.kind === 'infinity') return op.infinity(b.sign);
  if (a.kind === 'zero' && b.kind === 'zero') return a.sign === b.sign ? op.zero(a.sign) : op.cancelled();
  return op.sum(a, b);
}

export function floatAdd(format: FloatFormat, x: bigint, y: bigint, fpcr: bigint, subtract = false): FloatResult {
  const op = new Operation(format, fpcr);
  const a = op.unpack(x);
  const b = op.unpack(y);
  return outcome(op, op.processNaNs([a, b]) ?? addUnpacked(op, a, subtract ? negated(b) : b));
}

export function floatMultiply(format: FloatFormat, x: bigint, y: bigint, fpcr: bigint): FloatResult {
  const op = new Operation(format, fpcr);
  const a = op.unpack(x);
  const b = op.unpack(y);
  const sign = a.sign ^ b.sign;
  const nan = op.processNaNs([a, b]);
  if (nan !== undefined) return outcome(op, nan);
  const kinds = [a.kind, b.kind];
  if (kinds.includes('infinity')) return outcome(op, kinds.includes('zero') ? op.invalid() : op.infinity(sign));
  if (a.kind !== 'number' || b.kind !== 'number') return outcome(op, op.zero(sign));
  return outcome(op, op.round(sign, a.mantissa * b.mantissa, a.exponent + b.exponent));
}

export function floatDivide(format: FloatFormat, x: bigint, y: bigint, fpcr: bigint): FloatResult {
  const op = new Operation(format, fpcr);
  const a = op.unpack(x);
  const b = op.unpack(y);
  const sign = a.sign ^ b.sign;
  const nan = op.processNaNs([a, b]);
  if (nan !== undefined) return outcome(op, nan);
  if (a.kind === b.kind && a.kind !== 'number') return outcome(op, op.invalid());
  if (a.kind === 'infinity') return outcome(op, op.infinity(sign));
  if (b.kind === 'zero') {
    op.flags |= FPSR.DZC;
    return outcome(op, op.infinity(sign));
  }
  if (a.kind !== 'number' || b.kind !== 'number') return outcome(op, op.zero(sign));
  // Enough bits that the quotient has more than the format, whatever the operands' lengths.
  const shift = 2 * format.fraction + 4;
  const dividend = a.mantissa << BigInt(shift);
  const quotient = dividend / b.mantissa;
  return outcome(op, op.round(sign, quotient, a.exponent - b.exponent - shift, quotient * b.mantissa !== dividend));
}

/** `addend + x * y` with one rounding (FPMulAdd). */
export function floatMultiplyAdd(format: FloatFormat, addend: bigint, x: bigint, y: bigint, fpcr: bigint): FloatResult {
  const op = new Operation(format, fpcr);
  const c = op.unpack(addend);
  const a = op.unpack(x);
  const b = op.unpack(y);
  const kinds = [a.kind, b.kind];
  const invalidProduct = kinds.includes('infinity') && kinds.includes('zero');
  const nan = op.processNaNs([c, a, b]);
  if (c.kind === 'quiet' && invalidProduct) return outcome(op, op.invalid());
  if (nan !== undefined) return outcome(op, nan);
  const sign = a.sign ^ b.sign;
  if (invalidProduct) return outcome(op, op.invalid());
  if (kinds.includes('infinity')) {
    if (c.kind === 'infinity' && c.sign !== sign) return outcome(op, op.invalid());
    return outcome(op, op.infinity(sign));
  }
  const product: Unpacked =
    a.kind === 'number' && b.kind === 'number'
      ? { kind: 'number', sign, bits: 0n, mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent }
      : { kind: 'zero', sign, bits: 0n };
  return outcome(op, addUnpacked(op, c, product));
}

/** NZCV as four bits, N the highest (FPCompare). */
export function floatCompare(
  format: FloatFormat,
  x: bigint,
  y: bigint,
  signalAllNaNs: boolean,
  fpcr: bigint,
): { nzcv: number; flags: number } {
  const op = new Operation(format, fpcr);
  const a = op.unpack(x);
  const b = op.unpack(y);
  const nans = [a.kind, b.kind].filter(kind => kind === 'quiet' || kind === 'signalling');
  if (nans.length > 0) {
    if (signalAllNaNs || nans.includes('signalling')) op.flags |= FPSR.IOC;
    return { nzcv: 0b0011, flags: op.flags };
  }
  const rank = (o: Unpacked): bigint => {
    if (o.kind === 'zero') return 0n;
    const magnitude = o.bits & ~(1n << BigInt(format.width - 1));
    return o.sign ? -magnitude : magnitude;
  };
  const [p, q] = [rank(a), rank(b)];
  return { nzcv: p === q ? 0b0110 : p < q ? 0b1000 : 0b0010, flags: op.flags };
}
