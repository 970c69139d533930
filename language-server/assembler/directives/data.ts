import type { Assembler, Directive } from '../assembler.ts';
import { evaluate, isAbsolute } from '../expression.ts';
import { joinPath } from '../files.ts';
import { encodeFloat } from '../float.ts';
import type { OperandReader } from '../reader.ts';

type Size = 1 | 2 | 4 | 8 | 16;

function integers(names: readonly string[], size: Size, what: string): Directive {
  return {
    names,
    syntax: 'expression, …',
    brief: `Stores each value in ${what}, least significant byte first.`,
    run(assembler, operands) {
      if (operands.atEnd) return;
      do {
        const expression = operands.expression();
        if (expression.kind === 'float') throw operands.error('An integer is expected here.', expression);
        assembler.emitInteger(expression, size);
      } while (operands.accept(','));
      operands.expectEnd();
    },
  };
}

function floats(names: readonly string[], size: 2 | 4 | 8, what: string): Directive {
  return {
    names,
    syntax: 'number, …',
    brief: `Stores each number as ${what}.`,
    run(assembler, operands) {
      if (operands.atEnd) return;
      do {
        const written = operands.untilComma();
        const bytes = encodeFloat(written.text, size);
        if (!bytes) throw operands.error('A floating-point number is expected here.', written);
        assembler.output.emitBytes(bytes);
      } while (operands.accept(','));
    },
  };
}

function strings(names: readonly string[], terminated: boolean, brief: string): Directive {
  return {
    names,
    syntax: '"text", …',
    brief,
    run(assembler, operands) {
      if (operands.atEnd) return;
      do {
        // Strings side by side without a comma are one string.
        do assembler.output.emitBytes(operands.string());
        while (operands.atString);
        if (terminated) assembler.output.emitBytes(new Uint8Array(1));
      } while (operands.accept(','));
      operands.expectEnd();
    },
  };
}

/** `.space 16`, `.space 16, 0xff`. */
function space(assembler: Assembler, operands: OperandReader): void {
  const count = operands.expression();
  const value = operands.accept(',') ? assembler.expressions.absolute(operands.expression()) : 0n;
  operands.expectEnd();
  fill(assembler, operands, count, 1, value);
}

function fill(
  assembler: Assembler,
  operands: OperandReader,
  count: ReturnType<OperandReader['expression']>,
  size: number,
  value: bigint,
): void {
  const bound = assembler.expressions.bind(count);
  const known = evaluate(bound, assembler.distance);
  if ('problem' in known) throw operands.error(known.problem, count, 'bad-expression');
  if (isAbsolute(known)) {
    if (known.constant < 0n) {
      assembler.report('warning', 'negative-count', 'A negative count stores nothing.', assembler.range(count));
      return;
    }
    if (known.constant * BigInt(Math.max(size, 1)) > BigInt(assembler.limits.bytes)) {
      throw operands.error(`More than ${assembler.limits.bytes} bytes in all.`, count, 'too-large');
    }
    assembler.output.emitFill(Number(known.constant), size, value);
    return;
  }
  const range = assembler.range(count);
  const { section } = assembler.output;
  assembler.output.pushFragment({
    kind: 'fill',
    count: bound,
    unit: size,
    value,
    range,
    section,
    offset: undefined,
    size: 0,
  });
}

export const dataDirectives: readonly Directive[] = [
  integers(['.byte', '.1byte'], 1, 'one byte'),
  integers(['.hword', '.short', '.2byte'], 2, 'two bytes'),
  integers(['.word', '.long', '.4byte', '.int'], 4, 'four bytes'),
  integers(['.xword', '.dword', '.quad', '.8byte'], 8, 'eight bytes'),
  integers(['.octa'], 16, 'sixteen bytes'),
  floats(['.float16'], 2, 'a half-precision number (2 bytes)'),
  floats(['.float', '.single'], 4, 'a single-precision number (4 bytes)'),
  floats(['.double'], 8, 'a double-precision number (8 bytes)'),
  strings(['.ascii'], false, 'Stores the bytes of each string, without a zero behind it.'),
  strings(['.asciz', '.string', '.string8'], true, 'Stores the bytes of each string, with a zero byte behind each.'),
  {
    names: ['.space', '.skip'],
    syntax: 'count [, value]',
    brief: 'Stores `count` bytes of one value, 0 when none is given.',
    run: space,
  },
  {
    names: ['.zero'],
    syntax: 'count',
    brief: 'Stores `count` zero bytes.',
    run: space,
  },
  {
    names: ['.fill'],
    syntax: 'count [, size [, value]]',
    brief: 'Stores `count` values of `size` bytes (1 when not given, 8 at most).',
    run(assembler, operands) {
      const count = operands.expression();
      let size = 1;
      let value = 0n;
      if (operands.accept(',')) {
        if (!operands.atEnd && !operands.text.startsWith(',', operands.at)) {
          size = Math.min(assembler.expressions.absoluteNumber(operands.expression(), 0, 2 ** 31, 'The size'), 8);
        }
        if (operands.accept(',')) value = assembler.expressions.absolute(operands.expression());
      }
      operands.expectEnd();
      // Only four bytes of the value count, however large the units are.
      fill(assembler, operands, count, size, BigInt.asUintN(32, value));
    },
  },
  {
    names: ['.uleb128', '.sleb128'],
    syntax: 'expression, …',
    brief: 'Stores each value in DWARF’s variable-length form, unsigned or signed.',
    run(assembler, operands, name) {
      do {
        const expression = operands.expression();
        assembler.emitLeb128(expression, name === '.sleb128');
      } while (operands.accept(','));
      operands.expectEnd();
    },
  },
  {
    names: ['.inst'],
    syntax: 'word, …',
    brief: 'Stores instruction words given as numbers.',
    run(assembler, operands) {
      do {
        const expression = operands.expression();
        const word = assembler.expressions.absolute(expression);
        if (word < -(1n << 31n) || word >= 1n << 32n) {
          throw operands.error('An instruction word has 32 bits.', expression, 'out-of-range');
        }
        assembler.instructions.emitWord(Number(BigInt.asUintN(32, word)));
      } while (operands.accept(','));
      operands.expectEnd();
    },
  },
  {
    names: ['.incbin'],
    syntax: '"file" [, skip [, count]]',
    brief: 'Stores the bytes of a file, from `skip` on and `count` at most.',
    run(assembler, operands) {
      const at = operands.at;
      const name = operands.stringText();
      const span = { start: at, end: operands.at };
      let skip = 0;
      let count = Number.MAX_SAFE_INTEGER;
      if (operands.accept(',')) {
        if (!operands.atEnd && operands.text[operands.at] !== ',') {
          skip = assembler.expressions.absoluteNumber(operands.expression(), 0, Number.MAX_SAFE_INTEGER, 'The offset');
        }
        if (operands.accept(',')) {
          count = assembler.expressions.absoluteNumber(operands.expression(), 0, Number.MAX_SAFE_INTEGER, 'The count');
        }
      }
      operands.expectEnd();
      const range = assembler.range(span);
      for (const path of assembler.searchPaths(name, range).map(folder => joinPath(folder, name))) {
        const bytes = assembler.options.files.readBytes(path);
        if (!bytes) continue;
        assembler.output.emitBytes(bytes.subarray(skip, Math.min(bytes.length, skip + count)));
        return;
      }
      throw operands.error(`The file \`${name}\` is not found.`, span, 'missing-file');
    },
  },
];
