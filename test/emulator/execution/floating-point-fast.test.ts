/** The fast ways of generated code against the exact arithmetic, which other tests compare with QEMU. */
import { describe, expect, test } from 'vitest';
import {
  floatAdd,
  floatCompare,
  floatDivide,
  floatMaximum,
  floatMaximumNumber,
  floatMinimum,
  floatMinimumNumber,
  floatMultiply,
  floatMultiplyAdd,
  floatMultiplyExtended,
  floatReciprocalSquareRootStep,
  floatReciprocalStep,
  floatSquareRoot,
  floatSubtract,
} from '../../../emulator/architecture/instructions/floating-point-arithmetic.ts';
import {
  convertFormat,
  fromInteger,
  roundToIntegral,
  roundToSized,
  toInteger,
  toJavaScriptInteger,
} from '../../../emulator/architecture/instructions/floating-point-conversions.ts';
import {
  DOUBLE,
  type FloatType,
  HALF,
  type HelperByType,
  SINGLE,
} from '../../../emulator/architecture/instructions/floating-point-values.ts';
import {
  addVectors,
  divideVectors,
  multiplyAddVectors,
  multiplyVectors,
  squareRootVectors,
  subtractVectors,
} from '../../../emulator/architecture/instructions/simd-floating-point-arithmetic.ts';
import { type Helper, helper, type I64, type V128 } from '../../../emulator/architecture/semantics.ts';
import { hostHelperFunctions } from '../../../emulator/execution/host-helpers.ts';
import { helperBody, hostHelpersBelow } from '../../../emulator/execution/interpreter/helpers.ts';
import { at, type Callees } from '../../../emulator/execution/interpreter/place.ts';
import { ModuleBuilder } from '../../../emulator/execution/lowering/module.ts';
import { Random } from '../translation/random.ts';
import { randomFloat } from './random-floats.ts';

type Argument = bigint | number;
type Generate = (random: Random, tame: boolean) => Argument;

interface Case {
  readonly name: string;
  readonly helper: Helper;
  readonly operands: readonly Generate[];
  /** The exact outcome's bits. */
  readonly exact: (operands: readonly Argument[], fpcr: number) => Argument | { bits: bigint; flags: number };
}

const host = (name: string, ...args: readonly Argument[]): Argument =>
  (hostHelperFunctions(name) as unknown as (...all: readonly Argument[]) => Argument)(...args);
const hostFlags = () => Number(host('floatFlags'));

const floatOf =
  (type: FloatType): Generate =>
  (random, tame) => {
    const bits = randomFloat(random, type, tame);
    return type === DOUBLE ? BigInt.asIntN(64, bits) : Number(BigInt.asIntN(32, bits));
  };

/** An integer of 64 bits: of any length, with a few bits at its ends. */
const integer =
  (width: 32 | 64, unsigned: boolean): Generate =>
  random => {
    const length = 1 + random.below(width);
    let value = random.bits(length);
    if (random.chance(0.4)) value = (1n << BigInt(length)) - BigInt(random.below(3)) - 1n;
    if (random.chance(0.2)) value &= random.bits(8) << BigInt(random.below(width));
    if (random.chance(0.3)) value = -value;
    const cut = unsigned ? BigInt.asUintN(width, value) : BigInt.asIntN(width, value);
    return BigInt.asIntN(64, cut);
  };

const types = [SINGLE, DOUBLE] as const;
const allTypes = [HALF, SINGLE, DOUBLE] as const;
const each = (name: string, helpers: HelperByType, count: number): Case[] =>
  allTypes.map(type => ({
    name: `${name} (${type.what})`,
    helper: helpers[type.letter],
    operands: Array.from({ length: count }, () => floatOf(type)),
    exact: (operands, fpcr) => host(`${name}${type.width}`, ...operands, fpcr),
  }));

const binary = {
  floatAdd,
  floatSubtract,
  floatMultiply,
  floatMultiplyExtended,
  floatDivide,
  floatMaximum,
  floatMinimum,
  floatMaximumNumber,
  floatMinimumNumber,
  floatReciprocalStep,
  floatReciprocalSquareRootStep,
};

const NUMBERS = { nearest: 0, plus: 1, minus: 2, zero: 3, away: 4 } as const;
const roundings = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
const currentMode = (fpcr: number) => (fpcr >>> 22) & 3;

const cases: readonly Case[] = [
  ...Object.entries(binary).flatMap(([name, helpers]) => each(name, helpers, 2)),
  ...each('floatMultiplyAdd', floatMultiplyAdd, 3),
  ...each('floatSquareRoot', floatSquareRoot, 1),
  ...allTypes.flatMap(type =>
    [0, 1].map(
      (signal): Case => ({
        name: `floatCompare ${signal ? 'signalling ' : ''}(${type.what})`,
        helper: floatCompare[type.letter],
        operands: [floatOf(type), floatOf(type), () => signal],
        exact: (operands, fpcr) => host(`floatCompare${type.width}`, ...operands, fpcr),
      }),
    ),
  ),
  ...types.flatMap(type =>
    ([...roundings, 'current'] as const).flatMap(rounding =>
      [false, true].map(
        (exact): Case => ({
          name: `to integral ${rounding}${exact ? ' exact' : ''} (${type.what})`,
          helper: roundToIntegral(rounding, exact)[type.letter],
          operands: [floatOf(type)],
          exact: ([x], fpcr) => {
            const mode = rounding === 'current' ? currentMode(fpcr) : NUMBERS[rounding];
            return host(`floatRoundToIntegral${type.width}`, x!, mode | (exact ? 8 : 0), fpcr);
          },
        }),
      ),
    ),
  ),
  ...types.flatMap(type =>
    (['zero', 'current'] as const).flatMap(rounding =>
      ([32, 64] as const).map(
        (size): Case => ({
          name: `to integral of ${size} bits ${rounding} (${type.what})`,
          helper: roundToSized(rounding, size)[type.letter],
          operands: [floatOf(type)],
          exact: ([x], fpcr) =>
            host(
              `floatRoundToSized${type.width}`,
              x!,
              (rounding === 'zero' ? 3 : currentMode(fpcr)) | (size << 8),
              fpcr,
            ),
        }),
      ),
    ),
  ),
  ...types.flatMap(type =>
    ([32, 64] as const).flatMap(width =>
      [false, true].flatMap((unsigned): Case[] => {
        const sign = unsigned ? 'unsigned' : 'signed';
        const how = (unsigned ? 8 : 0) | (width << 8);
        return [
          ...roundings.map(
            (rounding): Case => ({
              name: `to ${sign} ${width} ${rounding} (${type.what})`,
              helper: toInteger(rounding, { width, unsigned }, false)[type.letter],
              operands: [floatOf(type)],
              exact: ([x], fpcr) => host(`floatToInteger${type.width}`, x!, how | NUMBERS[rounding], fpcr),
            }),
          ),
          {
            name: `to ${sign} ${width} fixed-point (${type.what})`,
            helper: toInteger('zero', { width, unsigned }, true)[type.letter],
            operands: [floatOf(type), random => 1 + random.below(width)],
            exact: ([x, bits], fpcr) =>
              host(`floatToInteger${type.width}`, x!, how | NUMBERS.zero | (Number(bits) << 16), fpcr),
          },
          {
            name: `from ${sign} ${width} (${type.what})`,
            helper: fromInteger({ width, unsigned }, false)[type.letter],
            operands: [integer(width, unsigned)],
            exact: ([x], fpcr) => host(`floatFromInteger${type.width}`, x!, how, fpcr),
          },
          {
            name: `from ${sign} ${width} fixed-point (${type.what})`,
            helper: fromInteger({ width, unsigned }, true)[type.letter],
            operands: [integer(width, unsigned), random => 1 + random.below(width)],
            exact: ([x, bits], fpcr) => host(`floatFromInteger${type.width}`, x!, how | (Number(bits) << 16), fpcr),
          },
        ];
      }),
    ),
  ),
  ...allTypes.flatMap(from =>
    allTypes
      .filter(to => to !== from)
      .map(
        (to): Case => ({
          name: `${from.what} to ${to.what}`,
          helper: convertFormat(from, to),
          operands: [floatOf(from)],
          exact: ([x], fpcr) => host(`floatConvert${from.width}To${to.width}`, x!, fpcr),
        }),
      ),
  ),
  {
    name: 'JavaScript integer',
    helper: toJavaScriptInteger,
    operands: [floatOf(DOUBLE)],
    exact: ([x], fpcr) => host('floatToJavaScriptInteger', x!, fpcr),
  },
];

/** A module that exports helpers by their numbers, on a memory with the state that they use. */
function instantiate(roots: readonly Helper[], memory: WebAssembly.Memory): WebAssembly.Instance {
  const module = new ModuleBuilder();
  const env: WebAssembly.ModuleImports = { memory };
  const indexes = new Map<string, number>();
  for (const { name, parameters, result } of hostHelpersBelow([], roots)) {
    indexes.set(name, module.importFunction(name, parameters, [result]));
    env[name] = hostHelperFunctions(name) as WebAssembly.ImportValue;
  }
  const none = { 2: -1, 4: -1, 8: -1 };
  const callees: Callees = {
    slowLoad: -1,
    slowStore: -1,
    unalignedLoad: none,
    unalignedStore: none,
    systemOperation: () => -1,
    helper: h => {
      const known = indexes.get(h.name);
      if (known !== undefined) return known;
      const index = module.declareFunction(h.parameters, [h.result]);
      indexes.set(h.name, index);
      module.define(index, helperBody(h, callees));
      return index;
    },
  };
  roots.forEach((h, i) => {
    module.export(`helper${i}`, callees.helper(h));
  });
  return new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env });
}

const INEXACT = 16;

/** A helper of whole vectors as one that gives 64 bits of its result, with 64 bits of an operand in each argument. */
const half = (of: Helper, index: number): Helper =>
  helper(
    `${of.name} ${index}`,
    of.parameters.flatMap(() => ['i64', 'i64'] as const),
    'i64',
    (b, ...halves: I64[]) => {
      const vectors = of.parameters.map((_, i): V128 => {
        const low: V128 = b.wasm('v128', 'i64x2.splat', [halves[2 * i]!]);
        return b.wasm('v128', 'i64x2.replace_lane', [low, halves[2 * i + 1]!], 1);
      });
      return b.wasm('i64', 'i64x2.extract_lane', [b.call('v128', of, ...vectors)], index);
    },
  );

const wholeVectors = {
  floatAdd: addVectors,
  floatSubtract: subtractVectors,
  floatMultiply: multiplyVectors,
  floatDivide: divideVectors,
  floatSquareRoot: squareRootVectors,
  floatMultiplyAdd: multiplyAddVectors,
};

/** Both halves of a vector are operands; the flags are those of all lanes. */
const vectorCases: readonly Case[] = Object.entries(wholeVectors).flatMap(([name, helpers]) =>
  types.flatMap(type =>
    [0, 1].map((index): Case => {
      const of = helpers[type === DOUBLE ? 'd' : 's'];
      const perHalf = 64 / type.width;
      return {
        name: `vectors, half ${index}, ${name} (${type.what})`,
        helper: half(of, index),
        // Vectors without anything special in any lane must be frequent.
        operands: of.parameters.flatMap(() =>
          [0, 1].map(() => (random: Random, tame: boolean) => {
            let bits = 0n;
            for (let i = 0; i < perHalf; i++) bits |= randomFloat(random, type, tame) << BigInt(i * type.width);
            return BigInt.asIntN(64, bits);
          }),
        ),
        exact: (halves, fpcr) => {
          let result = 0n;
          let flags = 0;
          for (let i = 0; i < 2 * perHalf; i++) {
            const shift = BigInt((i % perHalf) * type.width);
            const values = of.parameters.map((_, n) => {
              const bits = BigInt.asUintN(64, BigInt(halves[2 * n + Math.floor(i / perHalf)]!)) >> shift;
              return type === DOUBLE ? BigInt.asIntN(64, bits) : Number(BigInt.asIntN(32, bits));
            });
            const value = BigInt.asUintN(type.width, BigInt(host(`${name}${type.width}`, ...values, fpcr)));
            flags |= hostFlags();
            if (Math.floor(i / perHalf) === index) result |= value << shift;
          }
          return { bits: BigInt.asIntN(64, result), flags };
        },
      };
    }),
  ),
);
const hex = (value: Argument) => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
/** A pattern of 32 bits may come with either sign. */
const bits = (type: 'i32' | 'i64', value: Argument) =>
  hex(type === 'i32' ? BigInt.asUintN(32, BigInt(value)) : BigInt.asUintN(64, BigInt(value)));

const all = [...cases, ...vectorCases];
const SEED = 20_250;
const COUNT = 2000;

describe(`Floating point in generated code has the bits and the flags of the exact arithmetic (seed ${SEED})`, () => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports } = instantiate(
    all.map(one => one.helper),
    memory,
  );
  const view = new DataView(memory.buffer);

  for (const [index, { name, helper, operands, exact }] of all.entries())
    test(name, () => {
      const random = new Random(SEED + index);
      const run = exports[`helper${index}`] as (...args: Argument[]) => Argument;
      let wrong = '';
      for (let i = 0; i < COUNT && !wrong; i++) {
        const tame = random.chance(0.5);
        const values = operands.map(generate => generate(random, tame));
        const mode = random.chance(0.6) ? 0 : random.below(4) << 22;
        const bit = (position: number) => (random.chance(0.2) ? 1 << position : 0);
        const fpcr = mode | bit(19) | bit(24) | bit(25) | bit(26);
        const before = random.chance(0.5) ? INEXACT : 0;
        view.setBigUint64(at('fpcr'), BigInt(fpcr), true);
        view.setBigUint64(at('fpsr'), BigInt(before), true);
        const ours = run(...values);
        const flags = Number(view.getBigUint64(at('fpsr'), true));
        const outcome = exact(values, fpcr);
        const expected = typeof outcome === 'object' ? outcome.bits : outcome;
        const expectedFlags = before | (typeof outcome === 'object' ? outcome.flags : hostFlags());
        const type = helper.result as 'i32' | 'i64';
        if (bits(type, ours) !== bits(type, expected) || flags !== expectedFlags)
          wrong = `${values.map(hex).join(', ')} with FPCR ${hex(fpcr)}: ${bits(type, ours)}, FPSR ${hex(flags)}, not ${bits(type, expected)}, FPSR ${hex(expectedFlags)}`;
      }
      expect(wrong).toBe('');
    });
});
