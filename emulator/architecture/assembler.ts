/** Words of written instructions: which rows a mnemonic may mean, and which of them the operands fit. */
import type { AssemblyOperand, IdentifierOperand, OperandFixup, OperandSpan } from './assembly-operand.ts';
import type { Alias, Instruction } from './instruction.ts';
import { matchTemplate, type Template } from './instruction-text.ts';
import { instructions } from './instructions/index.ts';
import { scalableInstructions } from './instructions/scalable.ts';
import { type Fields, insertFields } from './pattern.ts';

/** One way to write an instruction. */
export interface Spelling {
  readonly row: Instruction;
  readonly template: Template;
  /** The alias it is a spelling of, if it is one. */
  readonly alias?: Alias;
}

/** What an instruction becomes, or why it becomes nothing. */
export type AssembledInstruction =
  | { readonly word: number; readonly fixups: readonly OperandFixup[] }
  | { readonly problem: string; readonly span?: OperandSpan };

/** What assembling may need to know beyond the statement. */
export interface AssemblyContext {
  /** Address of the instruction, for labels written as absolute addresses; without it they become fixups. */
  readonly pc?: bigint;
}

type Spellings = ReadonlyMap<string, readonly Spelling[]>;

/** Gives the spellings of rows by mnemonic; they are made when the first is asked for. */
function spellingsBy(rows: () => readonly Instruction[]): () => Spellings {
  let made: Spellings | undefined;
  return () => {
    if (made) return made;
    const lists = new Map<string, Spelling[]>();
    const add = (spelling: Spelling) => {
      const list = lists.get(spelling.template.mnemonic);
      if (list) list.push(spelling);
      else lists.set(spelling.template.mnemonic, [spelling]);
    };
    for (const row of rows()) {
      for (const template of row.syntaxes) add({ row, template });
      for (const alias of row.aliases) add({ row, template: alias.syntax, alias });
    }
    made = lists;
    return lists;
  };
}

/** Where spellings are looked for, one after the other: most programs are without SVE. */
const places = [spellingsBy(() => instructions), spellingsBy(scalableInstructions)];

const conditions = 'eq ne cs hs cc lo mi pl vs vc hi ls ge lt gt le al nv'.split(' ');
/** `beq` and its kin: the older spelling of `b.eq`. */
const dotless = new Map(conditions.map(condition => [`b${condition}`, `b.${condition}`]));

/** Every mnemonic as written, conditions included. */
export function mnemonics(): readonly string[] {
  const all = new Set(places.flatMap(spellings => [...spellings().keys()]));
  return [...all].flatMap(mnemonic =>
    mnemonic.endsWith('.') ? conditions.map(condition => mnemonic + condition) : [mnemonic],
  );
}

/** Whether some instruction has this mnemonic (lower case, with its condition: `b.eq`). */
export function isMnemonic(mnemonic: string): boolean {
  return places.some(spellings => split(mnemonic, spellings()) !== undefined);
}

/** The ways in which an instruction of that mnemonic (lower case) may be written. */
export function spellingsOf(mnemonic: string): readonly Spelling[] {
  return places.flatMap(spellings => split(mnemonic, spellings())?.spellings ?? []);
}

/** Finds the spellings of a mnemonic, and the part of it that is an operand. */
function split(
  mnemonic: string,
  spellings: Spellings,
): { spellings: readonly Spelling[]; suffix?: string } | undefined {
  const whole = spellings.get(mnemonic);
  if (whole) return { spellings: whole };
  const written = dotless.get(mnemonic) ?? mnemonic;
  const dot = written.indexOf('.');
  const prefixed = dot < 0 ? undefined : spellings.get(written.slice(0, dot + 1));
  return prefixed && { spellings: prefixed, suffix: written.slice(dot + 1) };
}

/**
 * Chooses the encoding that the operands fit: the first spelling that matches, in the rows' order. When none does, the problem is that of
 * the spelling that got farthest.
 */
export function assembleInstruction(
  mnemonic: string,
  operands: readonly AssemblyOperand[],
  context: AssemblyContext = {},
): AssembledInstruction {
  let best: { problem: string; span?: OperandSpan; progress: number } | undefined;
  for (const spellings of places) {
    const found = split(mnemonic, spellings());
    let second: AssembledInstruction | undefined;
    for (const { row, template, alias } of found?.spellings ?? []) {
      const kinds = alias?.operands ?? row.operands;
      let fixed: Fields = alias?.fixed ?? {};
      if (template.mnemonicOperand !== undefined) {
        const suffix = kinds[template.mnemonicOperand]?.parse({
          operands: [word(found?.suffix ?? '')],
          at: 0,
          fields: fixed,
        });
        if (!suffix || 'problem' in suffix) continue;
        fixed = { ...fixed, ...suffix.fields };
      }
      const match = matchTemplate(template, kinds, operands, fixed, context.pc);
      if ('problem' in match) {
        if (!best || match.progress > best.progress) best = match;
        continue;
      }
      const fields: Fields = { ...row.defaults, ...match.fields };
      if (!row.allocated(fields)) {
        best ??= { problem: 'this combination of operands has no encoding', progress: 0 };
        continue;
      }
      const assembled = { word: insertFields(row.pattern, fields), fixups: match.fixups };
      // An alias that is not how this word would be printed (MOV by ADD without SP) comes after all others.
      if (!alias || alias.when(fields)) return assembled;
      second ??= assembled;
    }
    if (second) return second;
  }
  if (!best) return { problem: `\`${mnemonic}\` is not an instruction` };
  return { problem: best.problem, ...(best.span && { span: best.span }) };
}

function word(text: string): IdentifierOperand {
  const span = { start: 0, end: 0 };
  return {
    kind: 'identifier',
    name: text,
    asImmediate: { kind: 'immediate', expression: undefined, hash: false, span },
    span,
  };
}
