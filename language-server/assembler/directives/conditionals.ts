import { skipBlanks } from '../../syntax/characters.ts';
import type { Assembler, Directive } from '../assembler.ts';
import { compact } from '../macro.ts';
import { type OperandReader, StatementError } from '../reader.ts';

type Condition = (assembler: Assembler, operands: OperandReader) => boolean;

function open(names: readonly string[], syntax: string, brief: string, condition: Condition): Directive {
  return {
    names,
    syntax,
    brief,
    conditional: true,
    run(assembler, operands) {
      let failure: unknown;
      assembler.conditionals.open(assembler.range(), () => {
        try {
          return condition(assembler, operands);
        } catch (error) {
          // The conditional is open all the same, so that its `.endif` fits.
          failure = error;
          return false;
        }
      });
      if (failure) throw failure;
    },
  };
}

function comparison(name: string, what: string, holds: (value: bigint) => boolean): Directive {
  return open([name], 'expression', `Assembles what follows when the value is ${what}.`, (assembler, operands) => {
    const value = assembler.expressions.absolute(operands.expression());
    operands.expectEnd();
    return holds(value);
  });
}

function defined(operands: OperandReader, assembler: Assembler): boolean {
  const symbol = operands.symbol();
  operands.expectEnd();
  assembler.expressions.record('symbol', symbol.name, 'reference', assembler.range(symbol));
  return assembler.symbols.find(symbol.name)?.definition !== undefined || assembler.isRegister(symbol.name);
}

/** The two texts of `.ifc`, as GNU as compares them: blanks that do not separate names are gone. */
function sameText(operands: OperandReader): boolean {
  const line = compact(operands.line, operands.at, operands.end);
  const first = comparedText(line.text, 0);
  if (line.text[first.end] !== ',') throw operands.error('Two texts separated by a comma are expected here.');
  const second = comparedText(line.text, first.end + 1);
  return first.text === second.text;
}

function comparedText(text: string, start: number): { text: string; end: number } {
  let at = skipBlanks(text, start, text.length);
  if (text[at] === "'") {
    let value = '';
    for (at++; at < text.length; at++) {
      if (text[at] === "'" && text[at + 1] === "'") at++;
      else if (text[at] === "'") break;
      value += text[at];
    }
    return { text: value, end: skipBlanks(text, at + 1, text.length) };
  }
  let end = text.indexOf(',', at);
  if (end < 0 || start > 0) end = text.length;
  return { text: text.slice(at, end).trimEnd(), end };
}

function sameStrings(operands: OperandReader): boolean {
  const first = operands.stringText();
  operands.comma();
  const second = operands.stringText();
  operands.expectEnd();
  return first === second;
}

function checked(operands: OperandReader, problem: string | undefined): void {
  if (problem) throw new StatementError(problem, operands.statement, 'conditional');
}

export const conditionalDirectives: readonly Directive[] = [
  comparison('.if', 'not zero', value => value !== 0n),
  comparison('.ifne', 'not zero', value => value !== 0n),
  comparison('.ifeq', 'zero', value => value === 0n),
  comparison('.iflt', 'below zero', value => BigInt.asIntN(64, value) < 0n),
  comparison('.ifle', 'zero or below', value => BigInt.asIntN(64, value) <= 0n),
  comparison('.ifgt', 'above zero', value => BigInt.asIntN(64, value) > 0n),
  comparison('.ifge', 'zero or above', value => BigInt.asIntN(64, value) >= 0n),
  open(['.ifdef'], 'symbol', 'Assembles what follows when the symbol is defined.', (assembler, operands) =>
    defined(operands, assembler),
  ),
  open(
    ['.ifndef', '.ifnotdef'],
    'symbol',
    'Assembles what follows when the symbol is not defined.',
    (assembler, operands) => !defined(operands, assembler),
  ),
  open(['.ifb'], 'text', 'Assembles what follows when there is no text.', (_, operands) => operands.atEnd),
  open(['.ifnb'], 'text', 'Assembles what follows when there is some text.', (_, operands) => !operands.atEnd),
  open(['.ifc'], 'text, text', 'Assembles what follows when both texts are the same.', (_, operands) =>
    sameText(operands),
  ),
  open(['.ifnc'], 'text, text', 'Assembles what follows when the texts differ.', (_, operands) => !sameText(operands)),
  open(['.ifeqs'], '"text", "text"', 'Assembles what follows when both strings are the same.', (_, operands) =>
    sameStrings(operands),
  ),
  open(
    ['.ifnes'],
    '"text", "text"',
    'Assembles what follows when the strings differ.',
    (_, operands) => !sameStrings(operands),
  ),
  {
    names: ['.elseif'],
    syntax: 'expression',
    brief: 'Assembles what follows when no branch before was taken and the value is not zero.',
    conditional: true,
    run(assembler, operands) {
      const problem = assembler.conditionals.otherwiseIf(() => {
        const value = assembler.expressions.absolute(operands.expression());
        operands.expectEnd();
        return value !== 0n;
      });
      checked(operands, problem);
    },
  },
  {
    names: ['.else'],
    syntax: '',
    brief: 'Assembles what follows when no branch before was taken.',
    conditional: true,
    run(assembler, operands) {
      checked(operands, assembler.conditionals.otherwise());
      operands.expectEnd();
    },
  },
  {
    names: ['.endif'],
    syntax: '',
    brief: 'Ends a conditional.',
    conditional: true,
    run(assembler, operands) {
      checked(operands, assembler.conditionals.close());
      operands.expectEnd();
    },
  },
];
