import { UserProblem } from '../debugger/target.ts';
import type { LaunchConfiguration } from '../protocol.ts';
import { request } from './request.ts';

export const launch = request('launch', {
  legalWhile: 'always',
  needs: { program: 'string?', cwd: 'string?', stopOnEntry: 'boolean?' },
  async run(session, args) {
    if (session.state !== 'initialized') {
      throw new UserProblem(
        session.state === 'new' ? "'initialize' comes before 'launch'" : 'A machine has been launched already',
      );
    }
    await session.launch(args as LaunchConfiguration);
    session.state = 'configuring';
    session.environment.send('initialized', {});
    return undefined;
  },
});
