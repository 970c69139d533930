/**
 * Functions of the host that generated code imports: what is rare and long.
 *
 * Floating-point numbers travel as bit patterns, 64-bit ones as i64 and shorter ones as i32, control words as i32. The
 * FPSR bits that the last of these functions sets are what `floatFlags` gives; generated code asks at once.
 */
import { chooseTag } from './allocation-tag.ts';
import { DOUBLE, type FloatFormat, HALF, Rounding, SINGLE } from './floating-point.ts';
import {
  bfloatDotAdd,
  type FloatResult,
  floatAdd,
  floatCompare,
  floatDivide,
  floatExtreme,
  floatMultiply,
  floatMultiplyAdd,
  floatMultiplyAddHalves,
  floatReciprocalSquareRootStep,
  floatReciprocalStep,
  floatSquareRoot,
} from './floating-point-arithmetic.ts';
import {
  floatConvert,
  floatFromInteger,
  floatRoundToIntegral,
  floatRoundToSized,
  floatToBfloat,
  floatToInteger,
  floatToJavaScriptInteger,
} from './floating-point-conversion.ts';
import {
  floatReciprocalEstimate,
  floatReciprocalExponent,
  floatReciprocalSquareRootEstimate,
} from './floating-point-estimate.ts';

type Function = (...args: never[]) => unknown;
type Bits = bigint | number;

let lastFlags = 0;

const FORMATS: readonly [number, FloatFormat][] = [
  [16, HALF],
  [32, SINGLE],
  [64, DOUBLE],
];

const operand = (format: FloatFormat, value: Bits): bigint => BigInt.asUintN(format.width, BigInt(value));

/** A result as generated code takes it. */
function give(width: number, { bits, flags }: FloatResult): Bits {
  lastFlags = flags;
  return width === 64 ? BigInt.asIntN(64, bits) : Number(bits);
}

type Binary = (format: FloatFormat, x: bigint, y: bigint, fpcr: number) => FloatResult;
type Unary = (format: FloatFormat, x: bigint, fpcr: number) => FloatResult;

const binary: Readonly<Record<string, Binary>> = {
  floatAdd,
  floatSubtract: (format, x, y, fpcr) => floatAdd(format, x, y, fpcr, true),
  floatMultiply,
  floatMultiplyExtended: (format, x, y, fpcr) => floatMultiply(format, x, y, fpcr, true),
  floatDivide,
  floatMaximum: (format, x, y, fpcr) => floatExtreme(format, x, y, fpcr, { minimum: false, number: false }),
  floatMinimum: (format, x, y, fpcr) => floatExtreme(format, x, y, fpcr, { minimum: true, number: false }),
  floatMaximumNumber: (format, x, y, fpcr) => floatExtreme(format, x, y, fpcr, { minimum: false, number: true }),
  floatMinimumNumber: (format, x, y, fpcr) => floatExtreme(format, x, y, fpcr, { minimum: true, number: true }),
  floatReciprocalStep,
  floatReciprocalSquareRootStep,
};

const unary: Readonly<Record<string, Unary>> = {
  floatSquareRoot,
  floatReciprocalEstimate,
  floatReciprocalSquareRootEstimate,
  floatReciprocalExponent,
};

/** `how` of conversions with integers: rounding in bits 2:0, unsigned 3, width 15:8, bits behind the point 23:16. */
const integerFormat = (how: number) => ({
  width: ((how >>> 8) & 0xff) as 16 | 32 | 64,
  unsigned: (how & 8) !== 0,
  fractionBits: (how >>> 16) & 0xff,
});

const functions = new Map<string, Function>([['floatFlags', () => lastFlags]]);
const define = (name: string, fn: (...args: never[]) => unknown) => functions.set(name, fn);

for (const [width, format] of FORMATS) {
  const value = (x: Bits) => operand(format, x);
  for (const [name, compute] of Object.entries(binary))
    define(`${name}${width}`, (x: Bits, y: Bits, fpcr: number) =>
      give(width, compute(format, value(x), value(y), fpcr)),
    );
  for (const [name, compute] of Object.entries(unary))
    define(`${name}${width}`, (x: Bits, fpcr: number) => give(width, compute(format, value(x), fpcr)));
  define(`floatMultiplyAdd${width}`, (a: Bits, x: Bits, y: Bits, fpcr: number) =>
    give(width, floatMultiplyAdd(format, value(a), value(x), value(y), fpcr)),
  );
  define(`floatCompare${width}`, (x: Bits, y: Bits, signal: number, fpcr: number) => {
    const { nzcv, flags } = floatCompare(format, value(x), value(y), signal !== 0, fpcr);
    lastFlags = flags;
    return nzcv;
  });
  define(`floatRoundToIntegral${width}`, (x: Bits, how: number, fpcr: number) =>
    give(width, floatRoundToIntegral(format, value(x), how & 7, (how & 8) !== 0, fpcr)),
  );
  define(`floatRoundToSized${width}`, (x: Bits, how: number, fpcr: number) =>
    give(width, floatRoundToSized(format, value(x), how & 7, ((how >>> 8) & 0xff) as 32 | 64, fpcr)),
  );
  define(`floatToInteger${width}`, (x: Bits, how: number, fpcr: number) =>
    give(64, floatToInteger(format, value(x), integerFormat(how), how & 7, fpcr)),
  );
  define(`floatFromInteger${width}`, (x: bigint, how: number, fpcr: number) => {
    const { unsigned, fractionBits } = integerFormat(how);
    return give(width, floatFromInteger(format, unsigned ? BigInt.asUintN(64, x) : x, fractionBits, fpcr));
  });
  for (const [other, target] of FORMATS)
    if (other !== width)
      define(`floatConvert${width}To${other}`, (x: Bits, fpcr: number) =>
        give(other, floatConvert(format, target, value(x), fpcr)),
      );
}
define('floatNarrowToOdd', (x: bigint, fpcr: number) =>
  give(32, floatConvert(DOUBLE, SINGLE, operand(DOUBLE, x), fpcr, Rounding.odd)),
);
define('floatToBfloat', (x: number, fpcr: number) => give(16, floatToBfloat(operand(SINGLE, x), fpcr)));
define('floatToJavaScriptInteger', (x: bigint, fpcr: number) =>
  give(64, floatToJavaScriptInteger(operand(DOUBLE, x), fpcr)),
);
define('floatMultiplyAddHalves', (a: number, x: number, y: number, fpcr: number) =>
  give(32, floatMultiplyAddHalves(operand(SINGLE, a), operand(HALF, x), operand(HALF, y), fpcr)),
);
define('chooseTag', chooseTag);
/** Two BFloat16 numbers in each of `x` and `y`. */
define('bfloatDotAdd', (a: number, x: number, y: number) => {
  const both = (pair: number): [bigint, bigint] => [BigInt(pair & 0xffff), BigInt(pair >>> 16)];
  return give(32, { bits: bfloatDotAdd(operand(SINGLE, a), both(x), both(y)), flags: 0 });
});

/** The function of a host helper. Throws when nothing implements it. */
export function hostHelperFunctions(name: string): Function {
  const found = functions.get(name);
  if (!found) throw new Error(`no host helper “${name}”`);
  return found;
}
