import { UserProblem } from '../debugger/target.ts';
import { begin } from './begin.ts';
import { request } from './request.ts';

export const configurationDone = request('configurationDone', {
  capabilities: { supportsConfigurationDoneRequest: true },
  legalWhile: 'launched',
  run(session) {
    if (session.state !== 'configuring') throw new UserProblem('The machine has been started already');
    begin(session);
    return undefined;
  },
});
