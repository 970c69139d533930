import { dataIdOf } from '../debugger/breakpoints.ts';
import { evaluate, parse } from '../debugger/expression/evaluate.ts';
import { ExpressionProblem } from '../debugger/expression/lexer.ts';
import type { Value } from '../debugger/expression/value.ts';
import { request } from './request.ts';

const accessTypes = ['read', 'write', 'readWrite'] as const;

/** What can be watched: a variable in memory, memory that an expression names, or the memory a register points to. */
export const dataBreakpointInfo = request('dataBreakpointInfo', {
  capabilities: { supportsDataBreakpointBytes: true },
  legalWhile: 'launched',
  needs: { name: 'string', variablesReference: 'number?', frameId: 'number?', bytes: 'number?', asAddress: 'boolean?' },
  run(session, { name, variablesReference, frameId, bytes, asAddress }) {
    const offer = (dataId: string) => ({
      dataId,
      description: dataId,
      accessTypes: [...accessTypes],
      canPersist: dataId.startsWith('pa:'),
    });
    const none = (description: string) => ({ dataId: null, description });
    if (variablesReference) {
      const node = session.variables.node(variablesReference, name);
      return node?.dataId === undefined ? none(`${name} is not in memory`) : offer(node.dataId);
    }
    const { pe, frame } = session.frame(frameId);
    const host = session.debugger.host(pe, frame);
    let value: Value;
    try {
      value = evaluate(parse(name, host), host);
    } catch (problem) {
      if (!(problem instanceof ExpressionProblem)) throw problem;
      return none(problem.message);
    }
    const { place, type } = value;
    // A bare address, or an expression that names one, is watched where it points; a variable where it is.
    if (!asAddress && place?.kind === 'memory') return offer(dataIdOf(place.at, bytes ?? Math.max(1, type.size)));
    return offer(dataIdOf({ space: value.space ?? { kind: 'va' }, address: value.bits }, bytes ?? 8));
  },
});
