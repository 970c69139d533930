/** Pure functions of the host that generated code imports: what is rare and long. */
import {
  DOUBLE,
  type FloatFormat,
  type FloatResult,
  floatAdd,
  floatCompare,
  floatDivide,
  floatMultiply,
  floatMultiplyAdd,
  SINGLE,
} from './floating-point.ts';

type Function = (...args: never[]) => unknown;

/** The result and the flags of an operation are asked for separately; the second question repeats the first. */
function resultAndFlags(name: string, compute: (...args: bigint[]) => FloatResult): [string, Function][] {
  const bits = (...args: bigint[]): bigint => compute(...args).bits;
  const flags = (...args: bigint[]): number => compute(...args).flags;
  return [
    [name, bits as Function],
    [`${name}Flags`, flags as Function],
  ];
}

const ofFormat = (suffix: string, format: FloatFormat): [string, Function][] => [
  ...resultAndFlags(`floatAdd${suffix}`, (x, y, fpcr) => floatAdd(format, x!, y!, fpcr!)),
  ...resultAndFlags(`floatSubtract${suffix}`, (x, y, fpcr) => floatAdd(format, x!, y!, fpcr!, true)),
  ...resultAndFlags(`floatMultiply${suffix}`, (x, y, fpcr) => floatMultiply(format, x!, y!, fpcr!)),
  ...resultAndFlags(`floatDivide${suffix}`, (x, y, fpcr) => floatDivide(format, x!, y!, fpcr!)),
  ...resultAndFlags(`floatMultiplyAdd${suffix}`, (a, x, y, fpcr) => floatMultiplyAdd(format, a!, x!, y!, fpcr!)),
  [
    `floatCompare${suffix}`,
    ((x: bigint, y: bigint, signal: number, fpcr: bigint): number => {
      const { nzcv, flags } = floatCompare(format, x, y, signal !== 0, fpcr);
      return (flags << 4) | nzcv;
    }) as Function,
  ],
];

const functions: Readonly<Record<string, Function>> = Object.fromEntries([
  ...ofFormat('32', SINGLE),
  ...ofFormat('64', DOUBLE),
]);

/** The function of a host helper. Throws when nothing implements it. */
export function hostHelperFunctions(name: string): Function {
  const found = functions[name];
  if (!found) throw new Error(`no host helper “${name}”`);
  return found;
}
