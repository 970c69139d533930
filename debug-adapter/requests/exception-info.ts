import { categoryLabel, categoryOf } from '../debugger/exception-filters.ts';
import { headline } from '../debugger/exception-text.ts';
import { explain } from '../debugger/explanation.ts';
import { UserProblem } from '../debugger/target.ts';
import { panicHeadline } from '../stop-event.ts';
import { request } from './request.ts';

/** The exception explained in words: the last one stopped at, or else the one being handled. */
export const exceptionInfo = request('exceptionInfo', {
  capabilities: { supportsExceptionInfoRequest: true },
  legalWhile: 'stopped',
  needs: { threadId: 'number' },
  run(session, { threadId }) {
    const pe = session.element(threadId);
    const { lastStop } = session;
    if (lastStop?.reason === 'panic' && lastStop.pe === pe)
      return { exceptionId: panicHeadline, description: lastStop.text, breakMode: 'always' as const };
    const record =
      lastStop?.reason === 'exception' && lastStop.pe === pe ? lastStop.record : session.debugger.handledException(pe);
    if (!record) {
      if (lastStop?.reason === 'unsupported' || lastStop?.reason === 'ended') {
        return { exceptionId: lastStop.reason, description: lastStop.text, breakMode: 'always' as const };
      }
      throw new UserProblem('No exception is being handled here');
    }
    const description = explain(session.debugger, record)
      .map(({ label, text }) => `${label}: ${text}`)
      .join('\n');
    return {
      exceptionId: categoryLabel(categoryOf(record)),
      description,
      breakMode: 'always' as const,
      details: { message: headline(record), typeName: categoryOf(record) },
    };
  },
});
