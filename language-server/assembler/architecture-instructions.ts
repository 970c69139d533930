import {
  type Alias,
  type AssemblyOperand,
  type Fields,
  findSystemInstruction,
  type IdentifierOperand,
  type ImmediateOperand,
  type Instruction,
  insertFields,
  instructions,
  matchTemplate,
  systemInstructions,
  type Template,
} from '../architecture.ts';
import type { AssembledInstruction, InstructionSet } from './instruction-set.ts';

/** One way to write an instruction. */
export interface Spelling {
  readonly row: Instruction;
  readonly template: Template;
  /** The alias it is a spelling of, if it is one. */
  readonly alias?: Alias;
}

const byMnemonic = new Map<string, Spelling[]>();
for (const row of instructions) {
  for (const template of row.syntaxes) add({ row, template });
  for (const alias of row.aliases) add({ row, template: alias.syntax, alias });
}

function add(spelling: Spelling): void {
  const list = byMnemonic.get(spelling.template.mnemonic);
  if (list) list.push(spelling);
  else byMnemonic.set(spelling.template.mnemonic, [spelling]);
}

const conditions = 'eq ne cs hs cc lo mi pl vs vc hi ls ge lt gt le al nv'.split(' ');
/** `beq` and its kin: the older spelling of `b.eq`. */
const dotless = new Map(conditions.map(condition => [`b${condition}`, `b.${condition}`]));

const systemMnemonics: ReadonlySet<string> = new Set(systemInstructions.map(row => row.mnemonic.toLowerCase()));

/** Every mnemonic as written, conditions included. */
export const mnemonics: readonly string[] = [...byMnemonic.keys(), ...systemMnemonics].flatMap(mnemonic =>
  mnemonic.endsWith('.') ? conditions.map(condition => mnemonic + condition) : [mnemonic],
);

/** The ways in which an instruction of that mnemonic (lower case) may be written. */
export function spellingsOf(mnemonic: string): readonly Spelling[] {
  return split(mnemonic)?.spellings ?? [];
}

/** Finds the spellings of a mnemonic, and the part of it that is an operand. */
function split(mnemonic: string): { spellings: readonly Spelling[]; suffix?: string } | undefined {
  const whole = byMnemonic.get(mnemonic);
  if (whole) return { spellings: whole };
  const written = dotless.get(mnemonic) ?? mnemonic;
  const dot = written.indexOf('.');
  const prefixed = dot < 0 ? undefined : byMnemonic.get(written.slice(0, dot + 1));
  return prefixed && { spellings: prefixed, suffix: written.slice(dot + 1) };
}

/** The instructions of the architecture's tables. */
export const architectureInstructions: InstructionSet = {
  knows: mnemonic => split(mnemonic) !== undefined || systemMnemonics.has(mnemonic),
  assemble(mnemonic, operands) {
    if (systemMnemonics.has(mnemonic)) return assembleSystemInstruction(mnemonic, operands);
    const found = split(mnemonic);
    let best: { problem: string; span?: { start: number; end: number }; progress: number } | undefined;
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
      const match = matchTemplate(template, kinds, operands, fixed);
      if ('problem' in match) {
        if (!best || match.progress > best.progress) best = match;
        continue;
      }
      const fields: Fields = { ...row.defaults, ...match.fields };
      // The table leaves no field to chance; one that nothing gives is a gap in a row.
      const gap = row.pattern.fields.find(one => fields[one.name] === undefined);
      if (gap || !row.allocated(fields)) {
        best ??= { problem: 'this combination of operands has no encoding', progress: 0 };
        continue;
      }
      const assembled = { word: insertFields(row.pattern, fields), fixups: match.fixups };
      // An alias that is not how this word would be printed (MOV by ADD without SP) comes after all others.
      if (!alias || alias.when(fields)) return assembled;
      second ??= assembled;
    }
    if (second) return second;
    if (!best) return { problem: `\`${mnemonic}\` is not an instruction` };
    return { problem: best.problem, ...(best.span && { span: best.span }) };
  },
};

/** `tlbi vae2is, x3` is another spelling of `sys #4, c8, c3, #1, x3`; the table of system instructions tells which. */
function assembleSystemInstruction(mnemonic: string, operands: readonly AssemblyOperand[]): AssembledInstruction {
  const [operation, register, extra] = operands;
  if (operation?.kind !== 'identifier') {
    return {
      problem: `${mnemonic} is followed by the name of an operation`,
      ...(operation && { span: operation.span }),
    };
  }
  const name = `${mnemonic} ${operation.name}`.toUpperCase();
  const row = findSystemInstruction(name);
  if (!row) return { problem: `\`${operation.name}\` is not an operation of ${mnemonic}`, span: operation.span };
  if (extra) return { problem: 'one operand too many', span: extra.span };
  if (row.takesRegister && !register) return { problem: `${name} needs a register`, span: operation.span };
  if (!row.takesRegister && register) return { problem: `${name} takes no register`, span: register.span };
  const [, op1, n, m, op2] = row.encoding;
  const parts = [number(op1), word(`c${n}`), word(`c${m}`), number(op2), ...(register ? [register] : [])];
  return architectureInstructions.assemble('sys', parts);
}

function number(value: number): ImmediateOperand {
  return { kind: 'immediate', value: BigInt(value), expression: undefined, hash: true, span: { start: 0, end: 0 } };
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
