import { UserProblem } from '../debugger/target.ts';
import { request } from './request.ts';

export const setVariable = request('setVariable', {
  capabilities: { supportsSetVariable: true },
  legalWhile: 'stopped',
  needs: { variablesReference: 'number', name: 'string', value: 'string' },
  run(session, { variablesReference, name, value }) {
    const node = session.variables.node(variablesReference, name);
    if (!node) throw new UserProblem(`There is no ${name} here`);
    if (!node.set) throw new UserProblem(`${name} cannot be changed`);
    node.set(value);
    session.variables.refresh();
    // Another register may show the same bits, and code may have changed.
    session.environment.send('invalidated', { areas: ['variables'] });
    const changed = session.variables.node(variablesReference, name) ?? node;
    return { value: changed.value, ...(changed.type !== undefined && { type: changed.type }), variablesReference: 0 };
  },
});
