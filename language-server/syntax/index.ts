/** Syntax of GNU assembly for AArch64: text, lines, statements, expressions, operands. Nothing here knows a symbol's value. */
export * from './characters.ts';
export * from './expression.ts';
export * from './lines.ts';
export * from './operands.ts';
export * from './parsed.ts';
export * from './problem.ts';
export * from './registers.ts';
export * from './source.ts';
export * from './statement.ts';
export * from './string.ts';
