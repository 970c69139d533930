import type { Directive } from '../assembler.ts';
import { conditionalDirectives } from './conditionals.ts';
import { dataDirectives } from './data.ts';
import { debugDirectives } from './debug.ts';
import { layoutDirectives } from './layout.ts';
import { macroDirectives } from './macros.ts';
import { messageDirectives } from './messages.ts';
import { sectionDirectives } from './sections.ts';
import { symbolDirectives } from './symbols.ts';

/** Every directive, in groups. */
export const directives: readonly Directive[] = [
  ...dataDirectives,
  ...layoutDirectives,
  ...sectionDirectives,
  ...symbolDirectives,
  ...conditionalDirectives,
  ...macroDirectives,
  ...debugDirectives,
  ...messageDirectives,
];

/** Directives by every name they have. */
export const directivesByName: ReadonlyMap<string, Directive> = new Map(
  directives.flatMap(directive => directive.names.map(name => [name, directive] as const)),
);
