import type { Assembler, Directive } from '../assembler.ts';
import type { OperandReader } from '../reader.ts';

/** Reads `alignment [, fill [, at most]]`; `power` says that the alignment is given as its logarithm. */
function align(assembler: Assembler, operands: OperandReader, power: boolean, fillSize: number): void {
  let alignment = 1;
  if (operands.atEnd) alignment = 1;
  else {
    const expression = operands.expression();
    if (power) alignment = 2 ** assembler.expressions.absoluteNumber(expression, 0, 31, 'The power of two');
    else {
      alignment = assembler.expressions.absoluteNumber(expression, 0, 2 ** 31, 'The alignment') || 1;
      if (!Number.isInteger(Math.log2(alignment))) {
        throw operands.error('An alignment is a power of two.', expression, 'out-of-range');
      }
    }
  }
  let fill: { value: bigint; size: number } | undefined;
  let atMost = Number.MAX_SAFE_INTEGER;
  if (operands.accept(',')) {
    if (!operands.atEnd && operands.text[operands.at] !== ',') {
      fill = { value: assembler.expressions.absolute(operands.expression()), size: fillSize };
    }
    if (operands.accept(',')) {
      atMost =
        assembler.expressions.absoluteNumber(operands.expression(), 0, Number.MAX_SAFE_INTEGER, 'The limit') || atMost;
    }
  }
  operands.expectEnd();
  assembler.output.align(alignment, fill, atMost);
}

function alignment(names: readonly string[], power: boolean, fillSize: number): Directive {
  const what = power ? 'the power of two' : 'the number of bytes';
  return {
    names,
    syntax: `${power ? 'power' : 'bytes'} [, fill [, at most]]`,
    brief: `Moves on to a multiple of ${what} given; code is filled with NOP, data with zeros or with \`fill\`.`,
    run: (assembler, operands) => align(assembler, operands, power, fillSize),
  };
}

export const layoutDirectives: readonly Directive[] = [
  alignment(['.align', '.p2align'], true, 1),
  alignment(['.p2alignw'], true, 2),
  alignment(['.p2alignl'], true, 4),
  alignment(['.balign'], false, 1),
  alignment(['.balignw'], false, 2),
  alignment(['.balignl'], false, 4),
  {
    names: ['.org'],
    syntax: 'offset [, fill]',
    brief: 'Moves on to an offset from the start of the section; it cannot move back.',
    run(assembler, operands) {
      const target = operands.expression();
      const fill = operands.accept(',') ? Number(assembler.expressions.absolute(operands.expression()) & 0xffn) : 0;
      operands.expectEnd();
      assembler.output.origin(assembler.expressions.bind(target), fill);
    },
  },
  {
    names: ['.ltorg', '.pool'],
    syntax: '',
    brief: 'Places the literals of `ldr register, =value` collected so far.',
    run(assembler, operands) {
      operands.expectEnd();
      assembler.instructions.placeLiterals();
    },
  },
];
