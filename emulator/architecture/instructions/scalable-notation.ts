/**
 * The short notation in which rows of SVE and SME are written: families as lists, beside the encodings of the manual.
 *
 *   family('vectors, predicated', '00000100 size:2 0 ????? 000 Pg:3 Zm:5 Zdn:5', 'Zdn.bhsd, Pg/m, Zdn.bhsd, Zm.bhsd',
 *     'add 00000, sub 00001, subr 00011')
 *
 * The bits behind a name take the places of the pattern's `?`. What else stands behind it replaces `@1`, `@2` … in the
 * pattern, the syntax and the form. Names of operands begin with the field that holds them:
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
 *   #imm #±imm #imm+1 #±imm*16  numbers; `#left`, `#right` shift elements; `#byte`, `#±byte`, `#mask`, `#~mask`, `#float`
 *   #0.5|1.0(i1) #rot(rot) #turn(rot)  choices of numbers; quarter turns, 90 or 270 degrees
 *   pattern pattern*imm4 prfop  names
 *   ZAda.s ZAthv.h[Rs+off3] {ZAthv.h[Rs+off3]} ZA[Rv+off4] {tiles} Pm.low/4[Rv+i1:tszh:tszl]  tiles, slices, elements
 *   [Xn|SP, #±imm4*2vl]    addresses: in vector lengths, `#imm5*4?` in bytes; `Xm<<2` never, `Xm?<<2` perhaps the zero
 *                          register, `Xm??` perhaps left out; `Zm.d/xs<<2`, `Zm.d/sxtw<<msz`, `Zm.d<<1` vectors
 */
import { type Instruction, instruction, type Trait } from '../instruction.ts';
import type { OperandKind } from '../operand.ts';
import { fieldGroup } from '../operands/field-group.ts';
import { floatZero } from '../operands/floating-point.ts';
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
  float8,
  integer,
  rotation,
  scalablePrefetch,
  shiftedByte,
} from '../operands/scalable-immediate.ts';
import { type Fields, type Pattern, parsePattern } from '../pattern.ts';
import { briefOf } from './scalable-briefs.ts';

interface FamilyOptions {
  readonly feature?: string;
  readonly traits?: readonly Trait[];
  /** Other ways to write the family, in the notation of the syntax, with a mnemonic of their own. */
  readonly aliases?: readonly FamilyAlias[];
}

export interface FamilyAlias {
  /** `mov Zd.d, Zn=Zm.d`. */
  readonly syntax: string;
  /** Disassembly never chooses it. */
  readonly never?: boolean;
  /** It means an encoding only when this holds, besides that fields which it writes once are the same. */
  readonly when?: (fields: Fields) => boolean;
  readonly fixed?: Fields;
  /** Of which of the family's names it is an alias; all of them without it. */
  readonly of?: string;
}

/** Rows of a family without their feature: a file names one for all that have none of their own. */
export type FamilyRows = (feature: string) => Instruction[];

/** Rows that differ in their mnemonics and in bits of the pattern. */
export function family(
  form: string,
  pattern: string,
  syntax: string,
  names: string,
  options: FamilyOptions = {},
): FamilyRows {
  return feature =>
    names
      .split(',')
      .map(entry => entry.trim().split(/\s+/))
      .filter(([mnemonic]) => mnemonic)
      .map(([mnemonic = '', ...rest]) => {
        let open = pattern.split('?').length - 1;
        let at = 0;
        for (; open > 0 && at < rest.length; at++) open -= (rest[at] as string).length;
        const bits = rest.slice(0, at).join('');
        const others = rest.slice(at);
        const fill = (text: string) => text.replace(/@(\d)/g, (_, which: string) => others[Number(which) - 1] ?? '');
        return makeRow(mnemonic, fill(form), withBits(fill(pattern), bits), fill(syntax), {
          feature,
          ...options,
          aliases: (options.aliases ?? [])
            .filter(({ of }) => of === undefined || of.split(' ').includes(mnemonic))
            .map(alias => ({ ...alias, syntax: fill(alias.syntax) })),
        });
      });
}

function withBits(pattern: string, bits: string): string {
  let used = 0;
  const filled = pattern.replaceAll('?', () => bits[used++] ?? '?');
  if (used !== bits.length || /[^01]/.test(bits)) throw new Error(`"${pattern}" does not take the bits ${bits}`);
  return filled;
}

function makeRow(
  mnemonic: string,
  form: string,
  patternText: string,
  syntax: string,
  { feature, traits = [], aliases = [] }: FamilyOptions,
): Instruction {
  const pattern = parsePattern(patternText);
  const own = template(syntax, pattern);
  const others = aliases.map(({ syntax: text, never, when, fixed }) => {
    const space = text.indexOf(' ');
    const { operands, text: rest, same } = template(text.slice(space + 1), pattern);
    return {
      syntax: `${text.slice(0, space)} ${rest}`,
      operands,
      preferred: !never,
      fixed: fixed ?? {},
      when: (fields: Fields) => same(fields) && isPossible(operands, fields) && (when?.(fields) ?? true),
    };
  });
  const words = [feature?.startsWith('FEAT_SME') ? 'SME' : 'SVE', form].filter(Boolean).join(', ');
  return instruction(`${mnemonic.toUpperCase()} (${words})`, patternText, {
    operands: own.operands,
    syntax: `${mnemonic} ${own.text}`.trim(),
    aliases: others,
    brief: briefOf(mnemonic),
    ...(feature !== undefined && { feature }),
    traits: ['vector', ...traits],
    allocated: fields => isPossible(own.operands, fields),
    rare: true,
  });
}

const isPossible = (operands: Readonly<Record<string, ReadingKind>>, fields: Fields) =>
  Object.values(operands).every(kind => kind.isPossible?.(fields) ?? true);

/** The notation's text as a template of `instruction-text.ts`, with its operands. */
function template(syntax: string, pattern: Pattern) {
  const operands: Record<string, ReadingKind> = {};
  const twins: string[][] = [];
  const text = syntax.replace(/\{[^}]*\}(\*\d)?|[^\s,[\]]+(\[[^\]]*\])?/g, token => {
    const name = token === '#0.0' ? 'zero' : /[a-z]\w*/i.exec(token)![0];
    const key = operands[name] && described.get(operands[name]) !== token ? `${name}_` : name;
    if (!operands[key]) {
      const kind = operandOf(token, pattern);
      described.set(kind, token);
      operands[key] = kind;
    }
    if (token.includes('=')) twins.push(/^[\w=]+/.exec(token)![0].split('='));
    return `{${key}}`;
  });
  const same = (fields: Fields) =>
    twins.every(names => names.every(field => fields[field] === fields[names[0] as string]));
  return { operands, text, same };
}

/** The token that an operand was made from. */
const described = new WeakMap<ReadingKind, string>();

const WIDE = /^(?:[bhsdq]|[bhsdq-]{2}|[bhsdq-]{4})$/;

function operandOf(token: string, pattern: Pattern): ReadingKind {
  const widthOf = (field: string): number => {
    const found = pattern.fields.find(({ name }) => name === field);
    if (!found) throw new Error(`"${token}": "${pattern.text}" has no field ${field}`);
    return found.width;
  };
  const has = (field: string) => pattern.fields.some(({ name }) => name === field);
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
  if (is(/^Xm(\?\??)?(?:<<(\d))?$/) && token !== 'Xm') {
    const zero = part(1) === '??' ? 'left out' : part(1) === '?' ? 'possible' : 'impossible';
    return scalarIndex('Rm', Number(part(2) || '0'), zero);
  }
  if (is(/^([XW])(\w+)(\|SP)?$/)) {
    const make = part(3) === '' ? generalRegister : generalRegisterOrSp;
    return asText(make(`R${part(2)}`, part(1) === 'X' ? 64 : 32));
  }
  if (is(/^(R\w+)(\|SP)?\.([wx-]+)$/))
    return generalOfElement(part(1), part(3).length === 2 ? oneBit() : 'size', part(3), part(2) !== '');
  if (token === 'prfop') return scalablePrefetch;
  if (is(/^pattern(?:\*(\w+))?$/)) return elementPattern('pattern', part(1) || undefined);
  if (token === '#0.0') return floatZero;
  if (token === '#float') return float8;
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
  if (is(/^#(±?)([\w:]+)(\+1)?(?:\*(\d+))?$/))
    return integer(group(part(2)), {
      signed: part(1) !== '',
      offset: part(3) ? 1 : 0,
      scale: Number(part(4) || '1'),
    });
  throw new Error(`"${token}" is no operand of the notation`);
}

/** A kind that has semantics, as an operand of a row that has none. */
function asText({ fields, describe, print, parse }: OperandKind): ReadingKind {
  return { role: 'text', fields, describe, print, parse };
}
