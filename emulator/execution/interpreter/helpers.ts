/** Helpers as functions of the module: those in the language of semantics are compiled, those of the host imported. */
import { type Helper, SemanticsBuilder, type Statement } from '../../architecture/semantics.ts';
import { helperArguments, lowerValue } from '../lowering/lower.ts';
import { FunctionBody } from '../lowering/module.ts';
import { visitStatements } from '../record.ts';
import type { Variant } from '../variants.ts';
import { type Callees, InterpreterPlace } from './place.ts';

/** The host helpers that are called somewhere below, by name. */
export function hostHelpersBelow(
  roots: readonly Pick<Variant, 'statements'>[],
  helpers: readonly Helper[] = [],
): Helper[] {
  const found = new Map<string, Helper>();
  const visited = new Set<Helper>();
  const visitHelper = (h: Helper): void => {
    if (visited.has(h)) return;
    visited.add(h);
    if (h.body.kind === 'host') {
      found.set(h.name, h);
      return;
    }
    const b = new SemanticsBuilder();
    const value = h.body.build(b, ...helperArguments(h));
    visitCalls([...b.statements, { op: 'take', value }]);
  };
  const visitCalls = (statements: readonly Statement[]): void =>
    visitStatements(statements, {
      node: node => {
        if (node.op === 'call') visitHelper(node.helper);
      },
    });
  for (const { statements } of roots) visitCalls(statements);
  for (const h of helpers) visitHelper(h);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The function of a helper in the language of semantics. It has no record: of the state it may use the wide fields. */
export function helperBody(h: Helper, callees: Callees): FunctionBody {
  if (h.body.kind === 'host') throw new Error(`host helper ${h.name} has no body`);
  const body = new FunctionBody(h.parameters);
  const b = new SemanticsBuilder();
  const result = h.body.build(b, ...helperArguments(h));
  lowerValue(result, b.statements, b.variables, new InterpreterPlace(body, { ip: 0 }, callees, { parts: [] }));
  return body;
}
