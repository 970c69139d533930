/** The requests that set the machine going. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { reverseContinue as reverseContinuePlan, stepBack as stepBackPlan } from '../debugger/reverse.ts';
import {
  continueRun,
  type Granularity,
  next as nextPlan,
  stepIn as stepInPlan,
  stepOut as stepOutPlan,
} from '../debugger/stepping.ts';
import { request } from './request.ts';

/** Clients say `instruction` or mean lines; a statement is a line here. */
const granularityOf = (granularity: DebugProtocol.SteppingGranularity | undefined): Granularity =>
  granularity === 'instruction' ? 'instruction' : 'line';

const stepping = { threadId: 'number', granularity: 'string?' } as const;

export const continueRequest = request('continue', {
  legalWhile: 'stopped',
  needs: { threadId: 'number' },
  run(session) {
    session.start(continueRun(session.debugger));
    return { allThreadsContinued: true };
  },
});

export const next = request('next', {
  legalWhile: 'stopped',
  isStep: true,
  needs: stepping,
  run(session, { threadId, granularity }) {
    session.start(
      nextPlan(session.debugger, session.element(threadId), granularityOf(granularity), session.interruptStepping),
      'step',
    );
    return undefined;
  },
});

export const stepIn = request('stepIn', {
  legalWhile: 'stopped',
  isStep: true,
  needs: stepping,
  run(session, { threadId, granularity }) {
    session.start(
      stepInPlan(session.debugger, session.element(threadId), granularityOf(granularity), session.interruptStepping),
      'step',
    );
    return undefined;
  },
});

export const stepOut = request('stepOut', {
  legalWhile: 'stopped',
  isStep: true,
  needs: stepping,
  run(session, { threadId }) {
    session.start(stepOutPlan(session.debugger, session.element(threadId)), 'step');
    return undefined;
  },
});

export const stepBack = request('stepBack', {
  capabilities: { supportsStepBack: true },
  legalWhile: 'stopped',
  isStep: true,
  needs: stepping,
  run(session, { threadId, granularity }) {
    session.start(stepBackPlan(session.debugger, session.element(threadId), granularityOf(granularity)), 'step');
    return undefined;
  },
});

export const reverseContinue = request('reverseContinue', {
  legalWhile: 'stopped',
  needs: { threadId: 'number' },
  run(session) {
    session.start(reverseContinuePlan(session.debugger));
    return undefined;
  },
});

export const pause = request('pause', {
  legalWhile: 'running',
  run(session) {
    session.pause();
    return undefined;
  },
});
