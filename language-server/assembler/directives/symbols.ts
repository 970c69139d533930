import type { Directive } from '../assembler.ts';
import { joinPath } from '../files.ts';
import type { AssemblySymbol, SymbolType, SymbolVisibility } from '../model.ts';

/** A directive that does one thing to each symbol of a list. */
function forEachSymbol(names: readonly string[], brief: string, apply: (symbol: AssemblySymbol) => void): Directive {
  return {
    names,
    syntax: 'symbol, …',
    brief,
    run(assembler, operands) {
      do {
        const { name, start, end } = operands.symbol();
        assembler.expressions.record('symbol', name, 'declaration', assembler.range({ start, end }));
        const symbol = assembler.symbols.get(name);
        symbol.declared = true;
        apply(symbol);
      } while (operands.accept(','));
      operands.expectEnd();
    },
  };
}

function visibility(value: SymbolVisibility, brief: string): Directive {
  return forEachSymbol([`.${value}`], brief, symbol => {
    symbol.visibility = value;
  });
}

const types: Readonly<Record<string, SymbolType>> = {
  function: 'function',
  func: 'function',
  stt_func: 'function',
  object: 'object',
  stt_object: 'object',
  tls_object: 'tls',
  stt_tls: 'tls',
  notype: 'notype',
  stt_notype: 'notype',
  common: 'common',
  stt_common: 'common',
  gnu_indirect_function: 'indirect-function',
  stt_gnu_ifunc: 'indirect-function',
  gnu_unique_object: 'object',
};

export const symbolDirectives: readonly Directive[] = [
  forEachSymbol(['.global', '.globl'], 'Makes symbols visible to other files, or takes them from there.', symbol => {
    if (symbol.binding === 'local') symbol.binding = 'global';
  }),
  forEachSymbol(
    ['.weak'],
    'Makes symbols that another file’s definition overrides, and that may stay undefined.',
    symbol => {
      symbol.binding = 'weak';
    },
  ),
  forEachSymbol(['.local'], 'Keeps symbols to this file.', symbol => {
    symbol.binding = 'local';
  }),
  visibility('hidden', 'Keeps symbols inside the linked image.'),
  visibility('protected', 'Lets other images see symbols but not replace them.'),
  visibility('internal', 'Keeps symbols inside the linked image, in the narrowest way.'),
  {
    names: ['.extern'],
    syntax: 'symbol, …',
    brief: 'Says that symbols are defined elsewhere; every undefined symbol is taken to be so.',
    run(assembler, operands) {
      do {
        const { name, start, end } = operands.symbol();
        assembler.expressions.record('symbol', name, 'declaration', assembler.range({ start, end }));
      } while (operands.accept(','));
      operands.expectEnd();
    },
  },
  {
    names: ['.set', '.equ', '.equiv', '.eqv'],
    syntax: 'symbol, expression',
    brief: 'Gives a symbol a value; `.equiv` refuses when it has one already.',
    run(assembler, operands, name) {
      const symbol = operands.symbol();
      operands.comma();
      const expression = operands.expression();
      operands.expectEnd();
      assembler.assign(symbol.name, expression, name === '.set' || name === '.equ', symbol);
    },
  },
  {
    names: ['.type'],
    syntax: 'symbol, %function | %object | …',
    brief: 'Says what a symbol is, for debuggers and linkers.',
    run(assembler, operands) {
      const { name, start, end } = operands.symbol();
      assembler.expressions.record('symbol', name, 'declaration', assembler.range({ start, end }));
      operands.accept(',');
      const at = operands.at;
      let word = '';
      if (operands.atString) word = operands.stringText();
      else {
        if (!operands.accept('%') && !operands.accept('@')) operands.accept('#');
        word = operands.word().text;
      }
      const type = types[word.toLowerCase()];
      if (!type) throw operands.error(`\`${word}\` is not a symbol type.`, { start: at, end: operands.end });
      operands.expectEnd();
      const symbol = assembler.symbols.get(name);
      symbol.type = type;
      symbol.declared = true;
    },
  },
  {
    names: ['.size'],
    syntax: 'symbol, expression',
    brief: 'Says how many bytes a symbol stands for.',
    run(assembler, operands) {
      const { name, start, end } = operands.symbol();
      assembler.expressions.record('symbol', name, 'declaration', assembler.range({ start, end }));
      operands.comma();
      const expression = operands.expression();
      operands.expectEnd();
      const symbol = assembler.symbols.get(name);
      symbol.size = assembler.expressions.bind(expression);
      symbol.declared = true;
    },
  },
  {
    names: ['.comm'],
    syntax: 'symbol, size [, alignment]',
    brief: 'Asks the linker for zeroed space, shared by all files that ask under the same name.',
    run(assembler, operands) {
      const name = operands.symbol();
      operands.comma();
      const size = assembler.expressions.absolute(operands.expression());
      const given = operands.accept(',')
        ? assembler.expressions.absoluteNumber(operands.expression(), 1, 2 ** 30, 'The alignment')
        : undefined;
      operands.expectEnd();
      const symbol = assembler.symbols.get(name.name);
      if (symbol.definition) throw operands.error(`\`${name.name}\` is already defined.`, name, 'redefined-symbol');
      const natural = [1, 2, 4, 8].find(power => size <= BigInt(power)) ?? 16;
      symbol.definition = { kind: 'common', size, alignment: given ?? natural };
      symbol.type = 'object';
      symbol.declared = true;
      if (symbol.binding === 'local') symbol.binding = 'global';
      symbol.definedAt = assembler.range(name);
      assembler.expressions.record('symbol', name.name, 'definition', assembler.range(name));
    },
  },
  {
    names: ['.lcomm'],
    syntax: 'symbol, size [, alignment]',
    brief: 'Reserves zeroed space of this file’s own in `.bss`.',
    run(assembler, operands) {
      const name = operands.symbol();
      operands.comma();
      const size = assembler.expressions.absoluteNumber(operands.expression(), 0, assembler.limits.bytes, 'The size');
      const natural = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
      const alignment = operands.accept(',')
        ? assembler.expressions.absoluteNumber(operands.expression(), 1, 2 ** 30, 'The alignment')
        : natural;
      operands.expectEnd();
      const symbol = assembler.symbols.get(name.name);
      if (symbol.definition) throw operands.error(`\`${name.name}\` is already defined.`, name, 'redefined-symbol');
      const { section, subsection, previous } = assembler.output;
      assembler.output.enter(assembler.output.sectionNamed('.bss'));
      assembler.output.align(alignment, { value: 0n, size: 1 }, Number.MAX_SAFE_INTEGER);
      symbol.definition = assembler.output.place();
      symbol.type = 'object';
      symbol.size = { kind: 'constant', value: BigInt(size) };
      symbol.definedAt = assembler.range(name);
      assembler.expressions.record('symbol', name.name, 'definition', assembler.range(name));
      assembler.output.emitFill(size, 1, 0n);
      assembler.output.enter(section, subsection);
      assembler.output.previous = previous;
    },
  },
  {
    names: ['.unreq'],
    syntax: 'name',
    brief: 'Forgets a register name made by `.req`.',
    run(assembler, operands) {
      const name = operands.word();
      operands.expectEnd();
      assembler.expressions.record('register-alias', name.text.toLowerCase(), 'reference', assembler.range(name));
      if (!assembler.instructions.forgetAlias(name.text)) {
        throw operands.error(`\`${name.text}\` is not a register name made by \`.req\`.`, name, 'unknown-register');
      }
    },
  },
  {
    names: ['.include'],
    syntax: '"file"',
    brief: 'Reads another source at this place.',
    run(assembler, operands) {
      const at = operands.at;
      const name = operands.stringText();
      const span = { start: at, end: operands.at };
      operands.expectEnd();
      const range = assembler.range(span);
      if (assembler.includeDepth >= assembler.limits.includes) {
        throw operands.error(`Includes are nested more than ${assembler.limits.includes} deep.`, span, 'too-deep');
      }
      for (const folder of assembler.searchPaths(name, range)) {
        const path = joinPath(folder, name);
        const text = assembler.options.files.readText(path);
        if (text === undefined) continue;
        assembler.include(path, text, range);
        return;
      }
      throw operands.error(`The file \`${name}\` is not found.`, span, 'missing-include');
    },
  },
];
