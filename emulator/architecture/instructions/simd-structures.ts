/** Loads and stores of structures (Arm ARM C4.1.94): LD1 to LD4 and ST1 to ST4 of whole vectors or single elements. */
import { instruction } from '../instruction.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import { decimal, immediateAt } from '../operands/immediate.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { byAnySizeAndQ, bySizeAndQ, type ElementIndex, hiddenImmediate } from '../operands/vector.ts';
import { elementList, vectorList } from '../operands/vector-list.ts';
import type { Fields } from '../pattern.ts';
import type { AccessSize, I64, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, keepLow, Lanes } from './simd-lanes.ts';

/** Where the base register goes: nowhere, on by the bytes transferred, or on by a register. */
const WAYS = [
  { suffix: '', bit: '0', Rm: '00000', after: '' },
  { suffix: ', post-index by size', bit: '1', Rm: '11111', after: ', {amount}' },
  { suffix: ', post-index by register', bit: '1', Rm: 'Rm:5', after: ', {m}' },
] as const;
type Way = (typeof WAYS)[number];

/** The bytes transferred, which a post-index address names. */
function transferred(bytes: (fields: Fields) => number, ...fields: string[]): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [],
    describe: 'the number of bytes transferred',
    storedAs: 'u8',
    print: f => decimal(bytes(f)),
    parse: input => {
      const operand = current(input);
      if (!operand) return problem('missing operand: the number of bytes transferred');
      const immediate = immediateAt(input);
      if (operand.kind !== 'immediate' || !immediate)
        return problem('expected the number of bytes transferred', operand.span);
      if (fields.some(field => input.fields[field] === undefined)) return problem('expected a list of registers first');
      const wanted = bytes(input.fields);
      if (immediate.value !== BigInt(wanted)) return problem(`only #${wanted} is possible here`, operand.span, true);
      return { fields: {}, consumed: 1 };
    },
    value: f => BigInt(bytes(f)),
  };
}

const common = { feature: 'FEAT_AdvSIMD', rare: true } as const;
const traits = (load: boolean) => [load ? 'load' : 'store', 'vector'] as const;
const verb = (load: boolean) => (load ? 'Loads' : 'Stores');
const nth = (register: RegisterRef, step: number): RegisterRef => ({ ...register, offset: step });
const moved = (way: Way) => (way.bit === '1' ? ' and moves the base register on' : '');

/** The base register, and whether it is SP: read when the instruction runs, since a shape of it would double the rows' variants. */
const baseOperands = {
  n: generalRegisterOrSp('Rn', 64),
  isSp: hiddenImmediate('whether the base register is SP', f => Number(f['Rn'] === 31)),
};

/** Reads the base register; SP must be aligned where SCTLR_ELx says so (CheckSPAlignment). */
function baseOf(b: SemanticsBuilder, o: { readonly n: RegisterRef; readonly isSp: ImmediateRef }): I64 {
  const address = b.read('i64', o.n);
  const misaligned = b.notEqual(b.and(b.wrap(address), b.state('spAlignMask')), b.i32(0));
  b.if(b.and(misaligned, b.immediate('i32', o.isSp)), () => {
    b.raise('spAlignment');
  });
  return address;
}

/** Finishes a row: the base register moves when everything has been transferred. */
function writeBack(b: SemanticsBuilder, way: Way, o: { n: RegisterRef; m?: RegisterRef }, base: I64, bytes: I64): void {
  if (way.bit === '0') return;
  b.write(o.n, b.add(base, o.m ? b.read('i64', o.m) : bytes));
}

// ---- whole vectors

/** Bytes out of several vectors: `where` says which byte of which source, or none for zero. */
function gather(
  b: SemanticsBuilder,
  sources: readonly V128[],
  where: (byte: number) => { source: number; byte: number } | undefined,
): V128 {
  let result: V128 | undefined;
  for (const [number, source] of sources.entries()) {
    const picks = Array.from({ length: 16 }, (_, byte) => {
      const from = where(byte);
      return from?.source === number ? from.byte : 0xff;
    });
    if (picks.every(pick => pick === 0xff)) continue;
    const straight = picks.every((pick, byte) => pick === byte);
    const part = straight ? source : b.wasm('v128', 'i8x16.swizzle', [source, b.v128(picks)]);
    result = result ? b.wasm('v128', 'v128.or', [result, part]) : part;
  }
  return result ?? b.v128(new Array<number>(16).fill(0));
}

/** Memory of a structure transfer in pieces of at most 16 bytes. */
function pieces(bytes: number): { at: number; size: 8 | 16 }[] {
  const list: { at: number; size: 8 | 16 }[] = [];
  for (let at = 0; at < bytes; at += 16) list.push({ at, size: bytes - at >= 16 ? 16 : 8 });
  return list;
}

function loadVectors(b: SemanticsBuilder, t: RegisterRef, base: I64, shape: Transfer): void {
  const { registers, structure, element, width } = shape;
  const options = { elementSize: element as AccessSize };
  const zero = b.v128(new Array<number>(16).fill(0));
  const memory = pieces(registers * width).map(({ at, size }) => {
    const address = b.add(base, b.i64(at));
    if (size === 16) return b.load128(address, options);
    return b.wasm('v128', 'i64x2.replace_lane', [zero, b.load(address, 8, options)], 0);
  });
  for (let register = 0; register < registers; register++) {
    const value = gather(b, memory, byte => {
      if (byte >= width) return undefined;
      const lane = Math.floor(byte / element);
      const place =
        structure > 1 ? (lane * structure + register) * element + (byte % element) : register * width + byte;
      return { source: place >> 4, byte: place & 15 };
    });
    b.write(nth(t, register), value);
  }
}

function storeVectors(b: SemanticsBuilder, t: RegisterRef, base: I64, shape: Transfer): void {
  const { registers, structure, element, width } = shape;
  const options = { elementSize: element as AccessSize };
  const vectors = Array.from({ length: registers }, (_, register) => b.read('v128', nth(t, register)));
  for (const { at, size } of pieces(registers * width)) {
    const value = gather(b, vectors, byte => {
      const place = at + byte;
      if (byte >= size) return undefined;
      if (structure === 1) return { source: Math.floor(place / width), byte: place % width };
      const number = Math.floor(place / element);
      return { source: number % structure, byte: Math.floor(number / structure) * element + (place % element) };
    });
    const address = b.add(base, b.i64(at));
    if (size === 16) b.store(address, 16, value, options);
    else b.store(address, 8, b.wasm('i64', 'i64x2.extract_lane', [value], 0), options);
  }
}

interface Transfer {
  readonly registers: number;
  /** Elements that belong together; 1 moves vectors as they are. */
  readonly structure: number;
  /** Bytes of an element and of a register. */
  readonly element: number;
  readonly width: number;
}

const FORMS = [
  { names: ['st1', 'ld1'], structure: 1, registers: 1, opcode: '0111' },
  { names: ['st1', 'ld1'], structure: 1, registers: 2, opcode: '1010' },
  { names: ['st1', 'ld1'], structure: 1, registers: 3, opcode: '0110' },
  { names: ['st1', 'ld1'], structure: 1, registers: 4, opcode: '0010' },
  { names: ['st2', 'ld2'], structure: 2, registers: 2, opcode: '1000' },
  { names: ['st3', 'ld3'], structure: 3, registers: 3, opcode: '0100' },
  { names: ['st4', 'ld4'], structure: 4, registers: 4, opcode: '0000' },
] as const;

const REGISTERS = ['', 'one vector', 'two vectors', 'three vectors', 'four vectors'];

const multiple = FORMS.flatMap(({ names, structure, registers, opcode }) =>
  ([1, 0] as const).flatMap(L =>
    WAYS.map(way => {
      const name = names[L];
      const bytes = (f: Fields) => registers * (f['Q'] ? 16 : 8);
      const allowed = (f: Fields) => structure === 1 || f['size'] !== 3 || f['Q'] === 1;
      const operands = {
        t: vectorList('Rt', registers, structure === 1 ? byAnySizeAndQ : bySizeAndQ),
        ...baseOperands,
        amount: transferred(bytes, 'Q'),
        ...(way.Rm === 'Rm:5' && { m: generalRegister('Rm', 64) }),
      };
      return instruction(
        `${name.toUpperCase()} (multiple structures, ${REGISTERS[registers]}${way.suffix})`,
        `0 Q 001100 ${way.bit} ${L} 0 ${way.Rm as 'Rm:5'} ${opcode} size:2 Rn:5 Rt:5`,
        {
          ...common,
          operands,
          syntax: `${name} {t}, [{n}]${way.after}`,
          brief:
            structure === 1
              ? `${verb(L === 1)} ${REGISTERS[registers]} in the order of memory${moved(way)}.`
              : `${verb(L === 1)} structures of ${structure} elements, one vector for each member${moved(way)}.`,
          traits: traits(L === 1),
          allocated: f => allowed(f) && (way.Rm !== 'Rm:5' || f.Rm !== 31),
          shape: ['Q', 'size'],
          possible: f => allowed(f),
          semantics: (b, o, f) => {
            checkFloatingPoint(b);
            const base = baseOf(b, o);
            const shape = { registers, structure, element: 1 << f.size, width: f.Q ? 16 : 8 };
            (L ? loadVectors : storeVectors)(b, o.t, base, shape);
            writeBack(b, way, o, base, b.i64(registers * shape.width));
          },
        },
      );
    }),
  ),
);

// ---- single elements

const ELEMENTS = [
  {
    letter: 'b',
    opcode: '00',
    rest: 'S size:2',
    index: {
      fields: ['Q', 'S', 'size'],
      of: f => (f['Q'] as number) * 8 + (f['S'] as number) * 4 + (f['size'] as number),
      encode: i => ({ Q: i >> 3, S: (i >> 2) & 1, size: i & 3 }),
    },
  },
  {
    letter: 'h',
    opcode: '01',
    rest: 'S size:1 0',
    index: {
      fields: ['Q', 'S', 'size'],
      of: f => (f['Q'] as number) * 4 + (f['S'] as number) * 2 + (f['size'] as number),
      encode: i => ({ Q: i >> 2, S: (i >> 1) & 1, size: i & 1 }),
    },
  },
  {
    letter: 's',
    opcode: '10',
    rest: 'S 00',
    index: {
      fields: ['Q', 'S'],
      of: f => (f['Q'] as number) * 2 + (f['S'] as number),
      encode: i => ({ Q: i >> 1, S: i & 1 }),
    },
  },
  {
    letter: 'd',
    opcode: '10',
    rest: '0 01',
    index: { fields: ['Q'], of: f => f['Q'] as number, encode: i => ({ Q: i }) },
  },
] as const satisfies readonly { letter: string; opcode: string; rest: string; index: ElementIndex }[];

/** A doubleword's low bits in every lane. */
function spread(lanes: Lanes, value: I64): V128 {
  return lanes.splat(lanes.size === 3 ? value : lanes.b.wrap(value));
}

/** Names by L, and of what repeats one element in every lane; the number of members is in `R` and a bit of the opcode. */
const MEMBERS = [
  { names: ['st1', 'ld1'], replicating: 'ld1r', structure: 1, R: '0', low: '0' },
  { names: ['st2', 'ld2'], replicating: 'ld2r', structure: 2, R: '1', low: '0' },
  { names: ['st3', 'ld3'], replicating: 'ld3r', structure: 3, R: '0', low: '1' },
  { names: ['st4', 'ld4'], replicating: 'ld4r', structure: 4, R: '1', low: '1' },
] as const;

const single = MEMBERS.flatMap(({ names, structure, R, low }) =>
  ELEMENTS.flatMap(({ letter, opcode, rest, index }, log2) =>
    ([1, 0] as const).flatMap(L =>
      WAYS.map(way => {
        const name = names[L];
        const element = 1 << log2;
        const operands = {
          t: elementList('Rt', structure, letter, index),
          i: hiddenImmediate('the index of the element', index.of),
          ...baseOperands,
          amount: transferred(() => structure * element),
          ...(way.Rm === 'Rm:5' && { m: generalRegister('Rm', 64) }),
        };
        return instruction(
          `${name.toUpperCase()} (single structure, ${letter}${way.suffix})`,
          `0 Q 001101 ${way.bit} ${L} ${R} ${way.Rm as 'Rm:5'} ${opcode as '00'}${low} ${rest as 'S size:2'} Rn:5 Rt:5`,
          {
            ...common,
            operands,
            syntax: `${name} {t}, [{n}]${way.after}`,
            brief: `${verb(L === 1)} one element of ${REGISTERS[structure]}${moved(way)}.`,
            traits: traits(L === 1),
            allocated: f => way.Rm !== 'Rm:5' || f.Rm !== 31,
            semantics: (b, o) => {
              checkFloatingPoint(b);
              const base = baseOf(b, o);
              const at = (step: number) => b.add(base, b.i64(step * element));
              const lanes = new Lanes(b, log2);
              const number = b.immediate('i32', o.i);
              const steps = Array.from({ length: structure }, (_, step) => step);
              if (L) {
                const loaded = steps.map(step => b.load(at(step), element as 1 | 2 | 4 | 8));
                for (const [step, value] of loaded.entries()) {
                  const old = b.read('v128', nth(o.t, step));
                  b.write(nth(o.t, step), lanes.select(lanes.maskOfElement(number), spread(lanes, value), old));
                }
              } else
                for (const step of steps) {
                  const repeated = lanes.splatElement(b.read('v128', nth(o.t, step)), number);
                  const value = b.wasm<'i64'>('i64', 'i64x2.extract_lane', [repeated], 0);
                  b.store(at(step), element as 1 | 2 | 4 | 8, value);
                }
              writeBack(b, way, o, base, b.i64(structure * element));
            },
          },
        );
      }),
    ),
  ),
);

const replicated = MEMBERS.flatMap(({ replicating: name, structure, R, low }) =>
  WAYS.map(way => {
    const bytes = (f: Fields) => structure << (f['size'] as number);
    const operands = {
      t: vectorList('Rt', structure, byAnySizeAndQ),
      ...baseOperands,
      amount: transferred(bytes, 'size'),
      ...(way.Rm === 'Rm:5' && { m: generalRegister('Rm', 64) }),
    };
    return instruction(
      `${name.toUpperCase()}${way.suffix && ` (${way.suffix.slice(2)})`}`,
      `0 Q 001101 ${way.bit} 1 ${R} ${way.Rm as 'Rm:5'} 11${low} 0 size:2 Rn:5 Rt:5`,
      {
        ...common,
        operands,
        syntax: `${name} {t}, [{n}]${way.after}`,
        brief: `Loads one element for each of ${REGISTERS[structure]} and repeats it in every lane${moved(way)}.`,
        traits: traits(true),
        allocated: f => way.Rm !== 'Rm:5' || f.Rm !== 31,
        shape: ['Q', 'size'],
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const base = baseOf(b, o);
          const element = 1 << f.size;
          const loaded = Array.from({ length: structure }, (_, step) =>
            b.load(b.add(base, b.i64(step * element)), element as 1 | 2 | 4 | 8),
          );
          for (const [step, value] of loaded.entries())
            b.write(nth(o.t, step), keepLow(b, spread(new Lanes(b, f.size), value), extentOf(f.Q)));
          writeBack(b, way, o, base, b.i64(structure * element));
        },
      },
    );
  }),
);

export const simdStructures = [...multiple, ...single, ...replicated];
