import type { DebugProtocol } from '@vscode/debugprotocol';
import { conditionDescription, exceptionFilters } from '../debugger/exception-filters.ts';
import { request } from './request.ts';

/** Contexts that a breakpoint can be limited to; an emulator's breakpoints are all alike otherwise. */
const breakpointModes: DebugProtocol.BreakpointMode[] = [
  { mode: 'any', label: 'Any Exception level', appliesTo: ['source', 'instruction'] },
  ...[0, 1, 2, 3].map(el => ({ mode: `el${el}`, label: `Only at EL${el}`, appliesTo: ['source', 'instruction'] })),
];

export const initialize = request('initialize', {
  legalWhile: 'always',
  capabilities: {
    supportsDelayedStackTraceLoading: true,
    supportsClipboardContext: true,
    supportsValueFormattingOptions: true,
    supportTerminateDebuggee: true,
    supportSuspendDebuggee: false,
    supportsSteppingGranularity: true,
    exceptionBreakpointFilters: exceptionFilters.map(({ id, label, description, default: isDefault }) => ({
      filter: id,
      label,
      description,
      default: isDefault,
      supportsCondition: true,
      conditionDescription,
    })),
    breakpointModes,
  },
  run(session, args) {
    if (session.state !== 'new') throw new Error("'initialize' comes once, at the beginning");
    session.client = args ?? session.client;
    session.state = 'initialized';
    return session.capabilities;
  },
});
