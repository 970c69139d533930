/** Stops in the protocol's words. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Debugger } from './debugger/debugger.ts';
import { headline } from './debugger/exception-text.ts';
import type { Stop } from './debugger/stop.ts';

export const panicHeadline = 'Guest kernel panic';

/** The body of the `stopped` event. */
export function describeStop(stop: Stop, session: Debugger): DebugProtocol.StoppedEvent['body'] {
  const pe = 'pe' in stop ? stop.pe : session.target.current;
  const common = { threadId: pe + 1, allThreadsStopped: true, preserveFocusHint: false };
  switch (stop.reason) {
    case 'entry':
      return { ...common, reason: 'entry', description: 'Before the first instruction' };
    case 'step':
      return { ...common, reason: 'step' };
    case 'pause':
      return { ...common, reason: 'pause' };
    case 'idle':
      return { ...common, reason: 'pause', description: 'Nothing can run' };
    case 'breakpoint':
      return {
        ...common,
        reason: stop.kind === 'source' ? 'breakpoint' : `${stop.kind} breakpoint`,
        hitBreakpointIds: [...stop.ids],
        ...(stop.text !== undefined && { text: stop.text }),
      };
    case 'data':
      return {
        ...common,
        reason: 'data breakpoint',
        description: 'Data breakpoint',
        text: stop.text,
        hitBreakpointIds: [...stop.ids],
      };
    case 'exception': {
      const description = headline(stop.record);
      return { ...common, reason: 'exception', description, text: description, hitBreakpointIds: [...stop.ids] };
    }
    case 'panic':
      return {
        ...common,
        reason: 'exception',
        description: panicHeadline,
        text: stop.text,
        hitBreakpointIds: [...stop.ids],
      };
    case 'history': {
      const description = stop.end === 'start' ? 'Start of the recording' : 'End of the recording';
      return { ...common, reason: 'step', description, text: description };
    }
    case 'travel':
      return { ...common, reason: 'goto', description: `Position ${session.target.position.toLocaleString('en')}` };
    case 'unsupported':
      return { ...common, reason: 'exception', description: 'The machine cannot go on', text: stop.text };
    case 'ended':
      return { ...common, reason: 'exception', description: 'The machine has ended', text: stop.text };
  }
}
