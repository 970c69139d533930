/** All requests that are answered. Capabilities, legality and dispatch come from this list. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { breakpointLocations } from './breakpoint-locations.ts';
import { completions } from './completions.ts';
import { configurationDone } from './configuration-done.ts';
import { dataBreakpointInfo } from './data-breakpoint-info.ts';
import { disassemble } from './disassemble.ts';
import { cancel, disconnect, terminate } from './ending.ts';
import { evaluate } from './evaluate.ts';
import { exceptionInfo } from './exception-info.ts';
import { goto, gotoTargets } from './goto.ts';
import { initialize } from './initialize.ts';
import { launch } from './launch.ts';
import { readMemory } from './read-memory.ts';
import type { Request } from './request.ts';
import { restart } from './restart.ts';
import { continueRequest, next, pause, reverseContinue, stepBack, stepIn, stepOut } from './running.ts';
import { scopes } from './scopes.ts';
import { setBreakpoints } from './set-breakpoints.ts';
import { setDataBreakpoints } from './set-data-breakpoints.ts';
import { setExceptionBreakpoints } from './set-exception-breakpoints.ts';
import { setExpression } from './set-expression.ts';
import { setFunctionBreakpoints } from './set-function-breakpoints.ts';
import { setInstructionBreakpoints } from './set-instruction-breakpoints.ts';
import { setVariable } from './set-variable.ts';
import { loadedSources, modules, source } from './sources.ts';
import { stackTrace } from './stack-trace.ts';
import { threads } from './threads.ts';
import { exceptions, levels, saveSnapshot, travelTo, uartInput } from './trapdoor.ts';
import { variables } from './variables.ts';
import { writeMemory } from './write-memory.ts';

const list = [
  breakpointLocations,
  cancel,
  completions,
  configurationDone,
  continueRequest,
  dataBreakpointInfo,
  disassemble,
  disconnect,
  evaluate,
  exceptionInfo,
  exceptions,
  goto,
  gotoTargets,
  initialize,
  launch,
  levels,
  loadedSources,
  modules,
  next,
  pause,
  readMemory,
  restart,
  reverseContinue,
  saveSnapshot,
  scopes,
  setBreakpoints,
  setDataBreakpoints,
  setExceptionBreakpoints,
  setExpression,
  setFunctionBreakpoints,
  setInstructionBreakpoints,
  setVariable,
  source,
  stackTrace,
  stepBack,
  stepIn,
  stepOut,
  terminate,
  threads,
  travelTo,
  uartInput,
  variables,
  writeMemory,
];

/** By command. The list's members differ in the types of their arguments, which `needs` checks before they run. */
export const requests: ReadonlyMap<string, Request> = new Map(
  list.map(one => [one.command, one as unknown as Request]),
);

export const capabilities: DebugProtocol.Capabilities = Object.assign({}, ...list.map(one => one.capabilities));
