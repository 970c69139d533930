/** Advanced SIMD modified immediate (Arm ARM C4.1.96): MOVI, MVNI, ORR and BIC. FMOV is a floating-point row. */
import { instruction } from '../instruction.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import { hexadecimal, immediateAt } from '../operands/immediate.ts';
import { always, bytesByQ, halfOrFull, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { Fields } from '../pattern.ts';
import type { I64, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, finish, Lanes } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

const immediate8 = (f: Fields) => (f['abc'] as number) * 32 + (f['defgh'] as number);

/** An eight-bit immediate with a shift, as MOVI and MVNI spread it over elements of `bits` bits. */
function spreadImmediate(bits: 8 | 16 | 32, shift: 'lsl' | 'msl', inverted: boolean): OperandKind<ImmediateRef> {
  const step = (f: Fields) => (bits === 8 ? 0 : (f['cmode_amount'] as number));
  const amount = (f: Fields) => (shift === 'msl' ? 8 * (step(f) + 1) : 8 * step(f));
  const last = bits === 8 ? 0 : bits === 16 || shift === 'msl' ? 1 : 3;
  const amounts = Array.from({ length: last + 1 }, (_, i) => 8 * (shift === 'msl' ? i + 1 : i));
  const possible = amounts.length === 1 ? 'only 0' : `${amounts.slice(0, -1).join(', ')} or ${amounts.at(-1)}`;
  return {
    role: 'immediate',
    fields: bits === 8 ? ['abc', 'defgh'] : ['abc', 'defgh', 'cmode_amount'],
    describe: `an immediate, 0 to 255${bits === 8 ? '' : `, optionally with ${shift}`}`,
    storedAs: 'i64',
    print: f => `${hexadecimal(immediate8(f))}${amount(f) ? `, ${shift} #${amount(f)}` : ''}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (immediate?.value === undefined) return problem('expected an immediate, 0 to 255', current(input)?.span);
      // As GNU as does, a negative number stands for its low eight bits.
      if (immediate.value < -128n || immediate.value > 255n)
        return problem(`${immediate.value} is out of range: -128 to 255`, immediate.span, true);
      const next = input.operands[input.at + 1];
      const written = next?.kind === 'shift' ? next : undefined;
      if ((written && written.name !== shift) || (!written && shift === 'msl'))
        return problem(`expected ${shift}`, written?.span ?? immediate.span);
      const by = Number(written?.amount?.value ?? 0n);
      const value = by / 8 - (shift === 'msl' ? 1 : 0);
      if (!Number.isInteger(value) || value < 0 || value > last)
        return problem(`${shift} by ${by} is not possible: ${possible}`, written?.span, true);
      const whole = Number(immediate.value) & 255;
      const fields: Record<string, number> = { abc: whole >> 5, defgh: whole & 31 };
      if (bits !== 8) fields['cmode_amount'] = value;
      return { fields, consumed: written ? 2 : 1 };
    },
    value: f => {
      const by = BigInt(amount(f));
      const element = (BigInt(immediate8(f)) << by) | (shift === 'msl' ? (1n << by) - 1n : 0n);
      let value = 0n;
      for (let at = 0n; at < 64n; at += BigInt(bits)) value |= element << at;
      return inverted ? value ^ ((1n << 64n) - 1n) : value;
    },
  };
}

/** Eight bits, each of which stands for a byte of ones or zeros. */
const byteMask: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: ['abc', 'defgh'],
  describe: 'an immediate of bytes that are all ones or all zeros',
  storedAs: 'i64',
  print: f => hexadecimal(expandBytes(immediate8(f))),
  parse: input => {
    const immediate = immediateAt(input);
    if (immediate?.value === undefined) return problem('expected an immediate', current(input)?.span);
    const given = immediate.value < 0n ? BigInt.asUintN(64, immediate.value) : immediate.value;
    for (let bits = 0; bits < 256; bits++)
      if (expandBytes(bits) === given) return { fields: { abc: bits >> 5, defgh: bits & 31 }, consumed: 1 };
    return problem('every byte of 8 must be 0x00 or 0xff', immediate.span, true);
  },
  value: f => expandBytes(immediate8(f)),
};

function expandBytes(bits: number): bigint {
  let value = 0n;
  for (let i = 0; i < 8; i++) if (bits & (1 << i)) value |= 0xffn << BigInt(8 * i);
  return value;
}

function writeImmediate(b: SemanticsBuilder, register: RegisterRef, value: I64, Q: number): void {
  checkFloatingPoint(b);
  if (Q) b.write(register, b.wasm('v128', 'i64x2.splat', [value]));
  else b.write(register, value);
}

const spreads = (['movi', 'mvni'] as const).flatMap(name =>
  (
    [
      { what: '32-bit', cmode: '0 cmode_amount:2 0', bits: 32, shift: 'lsl', arrangement: halfOrFull('2s', '4s') },
      { what: '16-bit', cmode: '10 cmode_amount 0', bits: 16, shift: 'lsl', arrangement: halfOrFull('4h', '8h') },
      { what: 'ones', cmode: '110 cmode_amount', bits: 32, shift: 'msl', arrangement: halfOrFull('2s', '4s') },
      { what: '8-bit', cmode: '1110', bits: 8, shift: 'lsl', arrangement: bytesByQ },
    ] as const
  )
    .filter(({ bits }) => bits !== 8 || name === 'movi')
    .map(({ what, cmode, bits, shift, arrangement }) =>
      instruction(
        `${name.toUpperCase()} (${what})`,
        `0 Q ${name === 'mvni' ? '1' : '0'} 0111100000 abc:3 ${cmode} 0 1 defgh:5 Rd:5`,
        {
          ...common,
          operands: { d: vectorRegister('Rd', arrangement), imm: spreadImmediate(bits, shift, name === 'mvni') },
          syntax: `${name} {d}, {imm}`,
          brief: `Fills a vector with ${name === 'mvni' ? 'the complement of ' : ''}an immediate.`,
          shape: ['Q'],
          semantics: (b, o, f) => {
            writeImmediate(b, o.d, b.immediate('i64', o.imm), f.Q);
          },
        },
      ),
    ),
);

const masks = [0, 1].map(Q =>
  instruction(`MOVI (64-bit, ${Q ? 'vector' : 'scalar'})`, `0 ${Q as 0} 1 0111100000 abc:3 1110 0 1 defgh:5 Rd:5`, {
    ...common,
    operands: {
      d: Q ? vectorRegister('Rd', always('2d')) : scalarRegister('Rd', 'd'),
      imm: byteMask,
    },
    syntax: 'movi {d}, {imm}',
    brief: 'Fills a vector with an immediate of bytes of ones and zeros.',
    semantics: (b, o) => {
      writeImmediate(b, o.d, b.immediate('i64', o.imm), Q);
    },
  }),
);

/** ORR and BIC change the bits of each element that an immediate has. */
const bits = (['orr', 'bic'] as const).flatMap(name =>
  (
    [
      { bits: 32, cmode: '0 cmode_amount:2 1', arrangement: halfOrFull('2s', '4s') },
      { bits: 16, cmode: '10 cmode_amount 1', arrangement: halfOrFull('4h', '8h') },
    ] as const
  ).map(form =>
    instruction(
      `${name.toUpperCase()} (vector, immediate, ${form.bits}-bit)`,
      `0 Q ${name === 'bic' ? '1' : '0'} 0111100000 abc:3 ${form.cmode} 0 1 defgh:5 Rd:5`,
      {
        ...common,
        operands: {
          d: vectorRegister('Rd', form.arrangement),
          imm: spreadImmediate(form.bits, 'lsl', false),
        },
        syntax: `${name} {d}, {imm}`,
        brief:
          name === 'orr' ? 'ORs each element with an immediate.' : 'Clears the bits of an immediate in each element.',
        shape: ['Q'],
        semantics: (b, o, { Q }) => {
          checkFloatingPoint(b);
          const lanes = new Lanes(b, 3);
          const d = b.read('v128', o.d);
          const immediate = lanes.splat(b.immediate('i64', o.imm));
          finish(lanes, o.d, name === 'orr' ? lanes.or(d, immediate) : lanes.andNot(d, immediate), extentOf(Q));
        },
      },
    ),
  ),
);

export const simdImmediate = [...spreads, ...masks, ...bits];
