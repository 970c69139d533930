/** The scope that explains the exception at hand. */
import type { Debugger } from '../debugger/debugger.ts';
import { headline } from '../debugger/exception-text.ts';
import { type ExplanationLine, explain } from '../debugger/explanation.ts';
import type { Stop } from '../debugger/stop.ts';
import type { VariableNode } from '../variables.ts';

export function whyAmIHere(session: Debugger, pe: number, stop: Stop | undefined): readonly VariableNode[] {
  const stopped = stop?.reason === 'exception' && stop.pe === pe ? stop.record : undefined;
  const record = stopped ?? session.handledException(pe);
  const crossings = [...session.levels.of(pe)].reverse();
  const way: VariableNode = {
    name: 'The way here',
    value: crossings.length === 0 ? 'no exception and no return since reset' : `${crossings.length} unfinished`,
    ...(crossings.length > 0 && {
      children: () =>
        crossings.map(({ record: one }, index) => ({
          name: `${index}`,
          value: headline(one),
          children: () => toNodes(explain(session, one)),
        })),
    }),
  };
  if (!record) return [{ name: 'Exception', value: 'none is being handled' }, way];
  return [...toNodes(explain(session, record)), way];
}

function toNodes(lines: readonly ExplanationLine[]): VariableNode[] {
  return lines.map(({ label, text, details }) => ({
    name: label,
    value: text,
    ...(details && details.length > 0 && { children: () => toNodes(details) }),
  }));
}
