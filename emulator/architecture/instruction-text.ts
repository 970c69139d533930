/**
 * Syntax templates: the text of an instruction with operand names in braces, read in both directions.
 *
 * `ldr {t}, [{n}, {offset}]!` is a mnemonic and a list of elements. An element is a literal word (`lsl`, `#0`),
 * an operand, a memory bracket with elements of its own and an optional `!`, or a register list in `{{ }}`.
 * `b.{cond}` puts an operand into the mnemonic.
 */
import type { AssemblyOperand, OperandFixup, OperandSpan } from './assembly-operand.ts';
import type { OperandKind, PrintContext } from './operand.ts';
import type { Fields } from './pattern.ts';

export type Element =
  | { readonly kind: 'operand'; readonly name: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'memory'; readonly parts: readonly Element[]; readonly writeBack: boolean };

export interface Template {
  readonly text: string;
  /** The mnemonic up to an operand inside it: `b.` for `b.{cond}`. */
  readonly mnemonic: string;
  /** The operand that ends the mnemonic, if any. */
  readonly mnemonicOperand?: string;
  readonly elements: readonly Element[];
  readonly operandNames: readonly string[];
}

/** Parses a template text. */
export function compileTemplate(text: string): Template {
  const trimmed = text.trim();
  const space = trimmed.search(/\s/);
  const head = space < 0 ? trimmed : trimmed.slice(0, space);
  const rest = space < 0 ? '' : trimmed.slice(space).trim();
  const suffix = /^(.*)\{(\w+)\}$/.exec(head);
  const names: string[] = [];
  if (suffix) names.push(suffix[2] as string);
  const elements = rest === '' ? [] : splitElements(rest).map(part => compileElement(part, names));
  return {
    text: trimmed,
    mnemonic: suffix ? (suffix[1] as string) : head,
    ...(suffix && { mnemonicOperand: suffix[2] as string }),
    elements,
    operandNames: names,
  };
}

function splitElements(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function compileElement(text: string, names: string[]): Element {
  const operand = /^\{(\w+)\}$/.exec(text);
  if (operand) {
    names.push(operand[1] as string);
    return { kind: 'operand', name: operand[1] as string };
  }
  const memory = /^\[(.*)\](!?)$/.exec(text);
  if (memory) {
    const parts = splitElements(memory[1] as string).map(part => compileElement(part, names));
    return { kind: 'memory', parts, writeBack: memory[2] === '!' };
  }
  if (/[{}[\]]/.test(text)) throw new Error(`syntax element "${text}" is not understood`);
  return { kind: 'word', text };
}

/** Prints an instruction by a template: lower case, operands separated by `, `. */
export function printTemplate(
  template: Template,
  operands: Readonly<Record<string, OperandKind>>,
  fields: Fields,
  context: PrintContext,
): string {
  const printElement = (element: Element): string => {
    switch (element.kind) {
      case 'operand':
        return (operands[element.name] as OperandKind).print(fields, context);
      case 'word':
        return element.text;
      case 'memory': {
        const parts = element.parts.map(printElement).filter(text => text !== '');
        return `[${parts.join(', ')}]${element.writeBack ? '!' : ''}`;
      }
    }
  };
  const suffix = template.mnemonicOperand
    ? (operands[template.mnemonicOperand] as OperandKind).print(fields, context)
    : '';
  const list = template.elements.map(printElement).filter(text => text !== '');
  return list.length ? `${template.mnemonic}${suffix} ${list.join(', ')}` : `${template.mnemonic}${suffix}`;
}

/** Outcome of matching a statement against one template. */
export type MatchResult =
  | { readonly fields: Record<string, number>; readonly fixups: readonly OperandFixup[] }
  | {
      readonly problem: string;
      readonly span?: OperandSpan;
      /** How far the match got; the farthest problem is the one to report. */
      readonly progress: number;
    };

/**
 * Matches operands against a template. `fixed` are values that the spelling itself gives (an alias, a mnemonic suffix).
 */
export function matchTemplate(
  template: Template,
  kinds: Readonly<Record<string, OperandKind>>,
  statement: readonly AssemblyOperand[],
  fixed: Fields,
  pc?: bigint,
): MatchResult {
  const fields: Record<string, number> = { ...fixed };
  const fixups: OperandFixup[] = [];
  let progress = 0;

  const matchList = (
    elements: readonly Element[],
    list: readonly AssemblyOperand[],
    outerSpan: OperandSpan | undefined,
  ): MatchResult | undefined => {
    let at = 0;
    for (const element of elements) {
      const operand = list[at];
      if (element.kind === 'operand') {
        const kind = kinds[element.name] as OperandKind;
        const result = kind.parse({ operands: list, at, fields, ...(pc !== undefined && { pc }) });
        if ('problem' in result) {
          const span = result.span ?? operand?.span ?? outerSpan;
          return { problem: result.problem, ...(span && { span }), progress: progress + (result.close ? 0.5 : 0) };
        }
        for (const [name, value] of Object.entries(result.fields)) {
          const before = fields[name];
          if (before !== undefined && before !== value) {
            const span = operand?.span ?? outerSpan;
            return { problem: conflict(name, kind), ...(span && { span }), progress };
          }
          fields[name] = value;
        }
        if (result.fixup) fixups.push(result.fixup);
        at += result.consumed;
        // An operand that was left out brings nothing nearer.
        if (result.consumed === 0) progress--;
      } else if (element.kind === 'word') {
        if (!operand || textOf(operand) !== element.text)
          return { problem: `expected ${element.text}`, ...(operand && { span: operand.span }), progress };
        at++;
      } else {
        if (operand?.kind !== 'memory') {
          const span = operand?.span ?? outerSpan;
          return { problem: 'expected an address in brackets', ...(span && { span }), progress };
        }
        if (operand.writeBack !== element.writeBack)
          return {
            problem: element.writeBack ? 'expected “!” after the address' : '“!” is not possible here',
            span: operand.span,
            progress,
          };
        progress++;
        const failed = matchList(element.parts, operand.parts, operand.span);
        if (failed) return failed;
        at++;
      }
      progress++;
    }
    const extra = list[at];
    if (extra) return { problem: 'one operand too many', span: extra.span, progress };
    return undefined;
  };

  return matchList(template.elements, statement, undefined) ?? { fields, fixups };
}

function conflict(field: string, kind: OperandKind): string {
  if (field === 'sf') return 'operands must be all 64-bit (x) or all 32-bit (w) registers';
  if (field === 'Q' || field === 'size' || field === 'sz') return 'vector arrangements do not go together';
  return `does not go with the operands before it (${kind.describe})`;
}

/** The operand as a plain word, to compare with a literal of the template. */
function textOf(operand: AssemblyOperand): string {
  switch (operand.kind) {
    case 'identifier':
      return operand.name.toLowerCase();
    case 'register':
      return operand.name;
    case 'immediate':
      return operand.float !== undefined ? `#${operand.float.toFixed(1)}` : `#${operand.value ?? '?'}`;
    case 'shift':
      return operand.name + (operand.amount ? ` #${operand.amount.value ?? '?'}` : '');
    default:
      return '';
  }
}
