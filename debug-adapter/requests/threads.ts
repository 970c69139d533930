import { request } from './request.ts';

/** A processing element is a thread. */
export const threads = request('threads', {
  legalWhile: 'always',
  run(session) {
    if (!session.isLaunched) return { threads: [] };
    return {
      threads: session.debugger.target.processingElements.map(({ index, power, el, secure }) => {
        const state = power === 'off' ? 'off' : power === 'waiting' ? `EL${el}, waiting` : `EL${el}`;
        return { id: index + 1, name: `PE ${index} (${state}${secure && power !== 'off' ? ', secure' : ''})` };
      }),
    };
  },
});
