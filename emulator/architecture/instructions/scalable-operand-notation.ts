/**
 * Operands of SVE and SME in the notation of `scalable-notation.ts`. They begin with the field that holds them:
 *
 *   Zd.s Zd.bhsd Zd.sd     a vector; elements of one size, by `size` (a letter for each value, `-` is reserved) or by `sz`
 *   Zd.tsz Zd.tsz+1        by the highest bit of `tszh:tszl`, and twice that; `.one` where only one bit may be set
 *   Zd.mask                by a bitmask immediate
 *   Zn.h[i3h:i3l]          an element by its index; `Zn.low/5[imm2:tsz]`: size by the lowest of the last five bits
 *   {Zt.d} {Zt.d}*3        a list
 *   Pg Pg.b Pg/m Pg/z Pg/zm  predicates
 *   Vd.bhsd                a scalar of the size of an element; `V(Zn).one:imm2:tsz` element 0
 *   Xn Wn Xn|SP Rn.wwwx Rn|SP.wx  general-purpose registers, by `size`, `sz` or `sf`
 *   Zn=Zm.d                one register for two fields
 *   #imm #±imm             numbers; `#left`, `#right` shift elements; `#byte`, `#±byte`, `#mask`, `#~mask`, `#float`
 *   #0.5|1.0(i1) #rot(rot) #turn(rot)  choices of numbers; quarter turns, 90 or 270 degrees
 *   pattern pattern*imm4 prfop  names
 *   ZAda.s ZAthv.h[Rs+off3] {ZAthv.h[Rs+off3]} ZA[Rv+off4] {tiles} Pm.low/4[Rv+i1:tszh:tszl]  tiles, slices, elements
 *   [Xn|SP, #±imm4*2vl]    addresses: in vector lengths, `#imm5*4?` in bytes; `Xm<<2` but not XZR, `Xm?<<2` XZR when it is
 *                          left out; `Zm.d/xs<<2`, `Zm.d/sxtw<<msz`, `Zm.d<<1` vectors
 */
import type { OperandKind } from '../operand.ts';
import { fieldGroup } from '../operands/field-group.ts';
import { floatImmediate, floatZero } from '../operands/floating-point.ts';
import { arrayVector, predicateElement, tile, tileList, tileSlice } from '../operands/matrix.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import {
  elementByLowestBit,
  generalOfElement,
  type Predication,
  predicate,
  type ReadingKind,
  scalableElement,
  scalableList,
  scalableVector,
  scalarOfElement,
} from '../operands/scalable.ts';
import {
  elementOffset,
  type IndexExtension,
  scalarIndex,
  vectorIndex,
  vectorLengths,
} from '../operands/scalable-address.ts';
import {
  type Elements,
  elementsBy,
  elementsByBitmask,
  elementsByHighestBit,
  elementsByLowestBit,
  elementsByOnlyBit,
  fixedElements,
} from '../operands/scalable-elements.ts';
import {
  eitherFloat,
  elementBitmask,
  elementPattern,
  elementShift,
  integer,
  rotation,
  scalablePrefetch,
  shiftedByte,
} from '../operands/scalable-immediate.ts';

/** The fields of a pattern, wherever they are: all that an operand needs to know of it. */
export interface FieldLayout {
  readonly key: string;
  readonly widths: ReadonlyMap<string, number>;
}

const layouts = new Map<string, FieldLayout>();

/** The fields of a pattern text. */
export function layoutOf(pattern: string): FieldLayout {
  const fields = pattern.split(' ').filter(token => !/^[01]/.test(token));
  const key = fields.join(' ');
  let layout = layouts.get(key);
  if (!layout) {
    const widths = fields.map(field => field.split(':') as [string, string?]);
    layout = { key, widths: new Map(widths.map(([name, width]) => [name, Number(width ?? 1)])) };
    layouts.set(key, layout);
  }
  return layout;
}

const WIDE = /^(?:[bhsdq]|[bhsdq-]{2}|[bhsdq-]{4})$/;

/** The operand that a token of the notation stands for. Throws when it stands for none. */
export function operandOf(token: string, { key, widths }: FieldLayout): ReadingKind {
  const has = (field: string) => widths.has(field);
  const widthOf = (field: string): number => {
    const width = widths.get(field);
    if (width === undefined) throw new Error(`"${token}": no field ${field} in "${key}"`);
    return width;
  };
  const group = (names: string) => fieldGroup(names, widthOf);
  const tsz = () => group(has('tszh') ? 'tszh:tszl' : 'tsz');
  const register = (names: string) => {
    const list = names.split('=');
    return { names: list, count: 2 ** widthOf(list[0] as string) };
  };
  const oneBit = () => (has('sz') ? 'sz' : 'sf');
  const elementsOf = (text: string): Elements => {
    if (WIDE.test(text))
      return text.length === 1 ? fixedElements(text) : elementsBy(text.length === 2 ? oneBit() : 'size', text);
    const steps = Number(/\+(\d)$/.exec(text)?.[1] ?? 0);
    if (text.startsWith('tsz')) return elementsByHighestBit(tsz(), steps);
    if (text.startsWith('one')) return elementsByOnlyBit(tsz(), steps);
    if (text === 'mask') return elementsByBitmask;
    throw new Error(`"${token}": no elements ${text}`);
  };
  let match: RegExpExecArray | null;
  const is = (expression: RegExp) => {
    match = expression.exec(token);
    return match !== null;
  };
  const part = (at: number) => match?.[at] ?? '';

  if (is(/^(ZA\w+)\.(\w)$/)) return tile(register(part(1)), part(2));
  if (is(/^(\{?)ZA(\w)hv\.(\w)\[Rs\+(\w*)\]\}?$/)) {
    const numbered = part(2) === '0' ? undefined : register(`ZA${part(2)}`);
    return tileSlice(numbered, part(3), part(4) ? group(part(4)) : undefined, part(1) !== '');
  }
  if (is(/^ZA\[(\w+)\+(\w+)\]$/)) return arrayVector(part(1), group(part(2)));
  if (token === '{tiles}') return tileList('imm8');
  if (is(/^(P\w)\.low\/(\d)\[(\w+)\+([\w:]+)\]$/)) {
    const index = group(part(4));
    return predicateElement(register(part(1)), part(3), elementsByLowestBit(index, Number(part(2))), index);
  }
  if (is(/^(Z[\w=]+)\.low\/(\d)\[([\w:]+)\]$/)) {
    const index = group(part(3));
    return elementByLowestBit(register(part(1)), elementsByLowestBit(index, Number(part(2))), index);
  }
  if (is(/^(Z[\w=]+)\.low\/(\d):([\w:]+)$/))
    return scalableVector(register(part(1)), elementsByLowestBit(group(part(3)), Number(part(2))));
  if (is(/^(Z[\w=]+)\.(\w)\[([\w:]+)\]$/)) return scalableElement(register(part(1)), part(2), group(part(3)));
  if (is(/^(Zm)\.(\w+)(?:\/(xs|sxtw|uxtw))?<<(\w+)$/) || is(/^(Zm)\.(\w+)\/(xs|sxtw|uxtw)()$/)) {
    const shift = /^[a-z]/.test(part(4)) ? group(part(4)) : Number(part(4));
    return vectorIndex(part(1), elementsOf(part(2)), (part(3) || 'lsl') as IndexExtension, shift);
  }
  if (is(/^(Z[\w=]+)(?:\.(\S+))?$/))
    return scalableVector(register(part(1)), part(2) === '' ? undefined : elementsOf(part(2)));
  if (is(/^\{(Z\w+)\.(\S+)\}(?:\*(\d))?$/))
    return scalableList(register(part(1)), Number(part(3) || '1'), elementsOf(part(2)));
  if (is(/^(P[\w=]+)(?:\.([\w-]+))?(?:\/(m|z|zm))?$/))
    return predicate(register(part(1)), {
      elements: part(2) === '' ? undefined : elementsOf(part(2)),
      predication: (part(3) || undefined) as Predication,
    });
  if (is(/^V\((\w+)\)\.one:([\w:]+)$/)) return scalarOfElement(part(1), elementsByOnlyBit(group(part(2)), 0));
  if (is(/^(V\w+)\.([\w-]+)$/)) return scalarOfElement(part(1), elementsOf(part(2)));
  if (is(/^Xm(\?)?<<(\d)$/)) return scalarIndex('Rm', Number(part(2)), part(1) === '?' ? 'left out' : 'impossible');
  if (is(/^([XW])(\w+)(\|SP)?$/)) {
    const make = part(3) === '' ? generalRegister : generalRegisterOrSp;
    return asText(make(`R${part(2)}`, part(1) === 'X' ? 64 : 32));
  }
  if (is(/^(R\w+)(\|SP)?\.([wx-]+)$/))
    return generalOfElement(part(1), part(3).length === 2 ? oneBit() : 'size', part(3), part(2) !== '');
  if (token === 'prfop') return scalablePrefetch;
  if (is(/^pattern(?:\*(\w+))?$/)) return elementPattern('pattern', part(1) || undefined);
  if (token === '#0.0') return floatZero;
  if (token === '#float') return asText(floatImmediate(64, { fields: 'imm8', spread: false }));
  if (token === '#byte' || token === '#±byte') return shiftedByte(token === '#±byte');
  if (token === '#mask' || token === '#~mask') return elementBitmask(token === '#~mask');
  if (token === '#left' || token === '#right')
    return elementShift(group(`${tsz().fields.join(':')}:imm3`), token === '#left' ? 'left' : 'right');
  if (is(/^#rot\((\w+)\)$/)) return rotation(part(1), [0, 90, 180, 270]);
  if (is(/^#turn\((\w+)\)$/)) return rotation(part(1), [90, 270]);
  if (is(/^#([\d.]+)\|([\d.]+)\((\w+)\)$/)) return eitherFloat(part(3), [Number(part(1)), Number(part(2))]);
  if (is(/^#(±?)([\w:]+)\*(\d*)vl$/))
    return vectorLengths(group(part(2)), { signed: part(1) !== '', scale: Number(part(3) || '1') });
  if (is(/^#(±?)([\w:]+)(?:\*(\d+))?\?$/))
    return elementOffset(group(part(2)), { signed: part(1) !== '', scale: Number(part(3) || '1') });
  if (is(/^#(±?)([\w:]+)$/)) return integer(group(part(2)), part(1) !== '');
  throw new Error(`"${token}" is no operand of the notation`);
}

/** A kind that has semantics, as an operand of a row that has none. */
function asText({ fields, describe, print, parse }: OperandKind): ReadingKind {
  return { role: 'text', fields, describe, print, parse };
}
