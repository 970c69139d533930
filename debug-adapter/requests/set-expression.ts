import { evaluate, parse } from '../debugger/expression/evaluate.ts';
import { ExpressionProblem } from '../debugger/expression/lexer.ts';
import { scalarText } from '../debugger/expression/value.ts';
import { UserProblem } from '../debugger/target.ts';
import { request } from './request.ts';

export const setExpression = request('setExpression', {
  capabilities: { supportsSetExpression: true },
  legalWhile: 'stopped',
  needs: { expression: 'string', value: 'string', frameId: 'number?' },
  run(session, { expression, value, frameId }) {
    const { pe, frame } = session.frame(frameId);
    const host = session.debugger.host(pe, frame);
    try {
      const target = parse(expression, host);
      const result = evaluate({ kind: 'assign', target, value: parse(value, host), start: 0, end: 0 }, host);
      session.variables.refresh();
      session.environment.send('invalidated', { areas: ['variables'] });
      return { value: scalarText(result), type: result.type.name };
    } catch (problem) {
      if (problem instanceof ExpressionProblem) throw new UserProblem(problem.message);
      throw problem;
    }
  },
});
