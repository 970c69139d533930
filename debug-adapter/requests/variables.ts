import { request } from './request.ts';

export const variables = request('variables', {
  legalWhile: 'stopped',
  needs: { variablesReference: 'number', start: 'number?', count: 'number?' },
  run(session, { variablesReference, start, count }) {
    return { variables: session.variables.variables(variablesReference, start, count) };
  },
});
