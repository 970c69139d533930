/**
 * The short notation in which rows of SVE and SME are written: families as lists, beside the encodings of the manual.
 *
 *   family('vectors, predicated', '00000100 size:2 0 ????? 000 Pg:3 Zm:5 Zdn:5', 'Zdn.bhsd, Pg/m, Zdn.bhsd, Zm.bhsd',
 *     'add 00000, sub 00001, subr 00011')
 *
 * The bits behind a name take the places of the pattern's `?`. What else stands behind it replaces `@1`, `@2` … in the
 * syntax and the form; `@0` is the name, for aliases. Operands are written as `scalable-operand-notation.ts` tells.
 */
import { type Instruction, instruction, type Trait } from '../instruction.ts';
import type { ReadingKind } from '../operands/scalable.ts';
import type { Fields } from '../pattern.ts';
import { briefOf } from './scalable-briefs.ts';
import { layoutOf, operandOf } from './scalable-operand-notation.ts';

interface FamilyOptions {
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

/** Rows of a family, made for the feature that has them. */
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
        const words = [mnemonic, ...rest.slice(at)];
        const fill = (text: string) => text.replace(/@(\d)/g, (_, which: string) => words[Number(which)] ?? '');
        return makeRow(feature, mnemonic, fill(form), withBits(pattern, bits), fill(syntax), {
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
  feature: string,
  mnemonic: string,
  form: string,
  patternText: string,
  syntax: string,
  { traits = [], aliases = [] }: FamilyOptions,
): Instruction {
  const own = template(syntax, patternText);
  const others = aliases.map(({ syntax: text, never, when, fixed }) => {
    const space = text.indexOf(' ');
    const { operands, text: rest, same } = template(text.slice(space + 1), patternText);
    return {
      syntax: `${text.slice(0, space)} ${rest}`,
      operands,
      preferred: !never,
      fixed: fixed ?? {},
      when: (fields: Fields) => same(fields) && isPossible(operands, fields) && (when?.(fields) ?? true),
    };
  });
  const words = [feature.startsWith('FEAT_SME') ? 'SME' : 'SVE', form].filter(Boolean).join(', ');
  return instruction(`${mnemonic.toUpperCase()} (${words})`, patternText, {
    operands: own.operands,
    syntax: `${mnemonic} ${own.text}`.trim(),
    aliases: others,
    brief: briefOf(mnemonic),
    feature,
    traits: ['vector', ...traits],
    allocated: fields => isPossible(own.operands, fields),
  });
}

const isPossible = (operands: Readonly<Record<string, ReadingKind>>, fields: Fields) =>
  Object.values(operands).every(kind => kind.isPossible?.(fields) ?? true);

interface Operands {
  readonly operands: Readonly<Record<string, ReadingKind>>;
  /** A template of `instruction-text.ts`. */
  readonly text: string;
  /** Whether fields that the text writes once are the same. */
  readonly same: (fields: Fields) => boolean;
}

/** Operands by their text and the fields they may use: those of a family are made once. */
const known = new Map<string, Operands>();

function template(syntax: string, pattern: string): Operands {
  const layout = layoutOf(pattern);
  const key = `${syntax} ${layout.key}`;
  const before = known.get(key);
  if (before) return before;
  const operands: Record<string, ReadingKind> = {};
  const tokens: Record<string, string> = {};
  const twins: string[][] = [];
  const text = syntax.replace(/\{[^}]*\}(\*\d)?|[^\s,[\]]+(\[[^\]]*\])?/g, token => {
    const name = token === '#0.0' ? 'zero' : /[a-z]\w*/i.exec(token)![0];
    const key = (tokens[name] ?? token) === token ? name : `${name}_`;
    tokens[key] = token;
    operands[key] ??= operandOf(token, layout);
    if (token.includes('=')) twins.push(/^[\w=]+/.exec(token)![0].split('='));
    return `{${key}}`;
  });
  const same = (fields: Fields) =>
    twins.every(names => names.every(field => fields[field] === fields[names[0] as string]));
  const made = { operands, text, same };
  known.set(key, made);
  return made;
}
