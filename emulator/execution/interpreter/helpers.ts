/** Helpers as functions of the module: those in the language of semantics are compiled, those of the host imported. */
import { type Helper, SemanticsBuilder } from '../../architecture/semantics.ts';
import { helperArguments, lowerValue } from '../lowering/lower.ts';
import { FunctionBody } from '../lowering/module.ts';
import { type Callees, InterpreterPlace } from './place.ts';

/** Everything below which calls are looked for: variants, or values alone. */
type Root = { readonly statements: readonly unknown[] };

/** The host helpers that are called somewhere below, by name. */
export function hostHelpersBelow(roots: readonly Root[], helpers: readonly Helper[] = []): Helper[] {
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
    const result = h.body.build(b, ...helperArguments(h));
    visitAll(b, result);
  };
  const visitAll = (root: Root, result?: unknown): void => {
    const seen = new Set<unknown>();
    const walk = (thing: unknown): void => {
      if (typeof thing !== 'object' || thing === null || seen.has(thing)) return;
      seen.add(thing);
      if ('op' in thing && thing.op === 'call' && 'helper' in thing) visitHelper(thing.helper as Helper);
      for (const [key, part] of Object.entries(thing)) if (key !== 'helper') walk(part);
    };
    walk(root.statements);
    walk(result);
  };
  for (const root of roots) visitAll(root);
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
