import type { Directive } from '../assembler.ts';

/** A directive that is understood and has no effect on what is assembled. */
function accepted(names: readonly string[], syntax: string, brief: string): Directive {
  return {
    names,
    syntax,
    brief,
    run(_, operands) {
      operands.rest();
    },
  };
}

export const messageDirectives: readonly Directive[] = [
  {
    names: ['.error'],
    syntax: '"text"',
    brief: 'Reports an error.',
    run(assembler, operands) {
      const text = operands.atEnd ? '.error directive invoked in source file' : operands.stringText();
      operands.expectEnd();
      assembler.report('error', 'user', text);
    },
  },
  {
    names: ['.err'],
    syntax: '',
    brief: 'Reports an error.',
    run(assembler) {
      assembler.report('error', 'user', '`.err` stands here.');
    },
  },
  {
    names: ['.warning'],
    syntax: '"text"',
    brief: 'Reports a warning.',
    run(assembler, operands) {
      const text = operands.atEnd ? '`.warning` stands here.' : operands.stringText();
      operands.expectEnd();
      assembler.report('warning', 'user', text);
    },
  },
  {
    names: ['.fail'],
    syntax: 'expression',
    brief: 'Reports an error, or a warning when the value is 500 or more.',
    run(assembler, operands) {
      const value = assembler.expressions.absolute(operands.expression());
      assembler.report(value >= 500n ? 'warning' : 'error', 'user', `\`.fail ${value}\` stands here.`);
    },
  },
  {
    names: ['.print'],
    syntax: '"text"',
    brief: 'Shows a text while assembling.',
    run(assembler, operands) {
      const text = operands.stringText();
      operands.expectEnd();
      assembler.report('information', 'print', text);
    },
  },
  {
    names: ['.abort'],
    syntax: '',
    brief: 'Stops assembling with an error.',
    run(assembler) {
      assembler.report('error', 'user', '`.abort` stops assembling here.');
      assembler.stop();
    },
  },
  {
    names: ['.end'],
    syntax: '',
    brief: 'Ends the source; what follows is not read.',
    run(assembler) {
      assembler.stop();
    },
  },
  accepted(['.ident'], '"text"', 'Leaves a note about the producer; it is not stored.'),
  accepted(['.arch'], 'name', 'Names the architecture. Every instruction that is known is accepted whatever it says.'),
  accepted(['.cpu'], 'name', 'Names the processor. Every instruction that is known is accepted whatever it says.'),
  accepted(
    ['.arch_extension'],
    'name',
    'Names an extension. Every instruction that is known is accepted whatever it says.',
  ),
  accepted(
    ['.variant_pcs'],
    'symbol',
    'Marks a function with a procedure call standard of its own; the linker here has no use for it.',
  ),
  accepted(
    ['.title', '.sbttl', '.list', '.nolist', '.eject', '.psize', '.lflags'],
    '…',
    'Shapes a listing, which is not made.',
  ),
  accepted(['.noaltmacro', '.nomri'], '', 'Keeps to ordinary macro syntax, which is the only one understood.'),
];
