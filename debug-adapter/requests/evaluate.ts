import { evaluate as evaluateExpression, parse } from '../debugger/expression/evaluate.ts';
import { ExpressionProblem } from '../debugger/expression/lexer.ts';
import type { Expression } from '../debugger/expression/parser.ts';
import { splitFormat } from '../debugger/log-message.ts';
import { UserProblem } from '../debugger/target.ts';
import { valueNode } from '../views/values.ts';
import { request } from './request.ts';

export const evaluate = request('evaluate', {
  capabilities: { supportsEvaluateForHovers: true },
  legalWhile: 'launched',
  needs: { expression: 'string', frameId: 'number?', context: 'string?' },
  run(session, { expression, frameId, context, format }) {
    const { pe, frame } = session.frame(session.state === 'stopped' ? frameId : undefined);
    const host = session.debugger.host(pe, frame);
    const { source, format: numberFormat } = splitFormat(expression);
    let tree: Expression;
    try {
      tree = parse(source, host);
      if (tree.kind === 'assign' && (context === 'hover' || context === 'watch')) {
        throw new UserProblem('An assignment changes the machine; write it in the debug console');
      }
      const value = evaluateExpression(tree, host);
      if (tree.kind === 'assign') {
        session.variables.refresh();
        session.environment.send('invalidated', { areas: ['variables'] });
      }
      const node = valueNode(source, value, host, source, numberFormat ?? (format?.hex ? 'x' : undefined));
      const {
        variablesReference,
        value: result,
        type,
        memoryReference,
        indexedVariables,
      } = session.variables.toVariable(node, `pe${pe}/frame${frameId ?? 0}/evaluate/${source}`);
      return {
        result,
        variablesReference,
        ...(type !== undefined && { type }),
        ...(memoryReference !== undefined && { memoryReference }),
        ...(indexedVariables !== undefined && { indexedVariables }),
      };
    } catch (problem) {
      if (problem instanceof ExpressionProblem) throw new UserProblem(sentence(problem.message));
      throw problem;
    }
  },
});

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
