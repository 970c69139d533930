/** What a DAP request is made of: its name, what it needs, when it is legal, and what it does. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { CustomRequests } from '../protocol.ts';
import type { Session } from '../session.ts';

/** Arguments and response body of every request that is answered. */
export interface Commands extends CustomRequests {
  attach: Command<DebugProtocol.AttachRequestArguments, undefined>;
  breakpointLocations: Command<
    DebugProtocol.BreakpointLocationsArguments,
    DebugProtocol.BreakpointLocationsResponse['body']
  >;
  cancel: Command<DebugProtocol.CancelArguments, undefined>;
  completions: Command<DebugProtocol.CompletionsArguments, DebugProtocol.CompletionsResponse['body']>;
  configurationDone: Command<DebugProtocol.ConfigurationDoneArguments, undefined>;
  continue: Command<DebugProtocol.ContinueArguments, DebugProtocol.ContinueResponse['body']>;
  dataBreakpointInfo: Command<
    DebugProtocol.DataBreakpointInfoArguments,
    DebugProtocol.DataBreakpointInfoResponse['body']
  >;
  disassemble: Command<DebugProtocol.DisassembleArguments, DebugProtocol.DisassembleResponse['body']>;
  disconnect: Command<DebugProtocol.DisconnectArguments, undefined>;
  evaluate: Command<DebugProtocol.EvaluateArguments, DebugProtocol.EvaluateResponse['body']>;
  exceptionInfo: Command<DebugProtocol.ExceptionInfoArguments, DebugProtocol.ExceptionInfoResponse['body']>;
  goto: Command<DebugProtocol.GotoArguments, undefined>;
  gotoTargets: Command<DebugProtocol.GotoTargetsArguments, DebugProtocol.GotoTargetsResponse['body']>;
  initialize: Command<DebugProtocol.InitializeRequestArguments, DebugProtocol.Capabilities>;
  launch: Command<DebugProtocol.LaunchRequestArguments, undefined>;
  loadedSources: Command<DebugProtocol.LoadedSourcesArguments, DebugProtocol.LoadedSourcesResponse['body']>;
  modules: Command<DebugProtocol.ModulesArguments, DebugProtocol.ModulesResponse['body']>;
  next: Command<DebugProtocol.NextArguments, undefined>;
  pause: Command<DebugProtocol.PauseArguments, undefined>;
  readMemory: Command<DebugProtocol.ReadMemoryArguments, DebugProtocol.ReadMemoryResponse['body']>;
  restart: Command<DebugProtocol.RestartArguments, undefined>;
  reverseContinue: Command<DebugProtocol.ReverseContinueArguments, undefined>;
  scopes: Command<DebugProtocol.ScopesArguments, DebugProtocol.ScopesResponse['body']>;
  setBreakpoints: Command<DebugProtocol.SetBreakpointsArguments, DebugProtocol.SetBreakpointsResponse['body']>;
  setDataBreakpoints: Command<
    DebugProtocol.SetDataBreakpointsArguments,
    DebugProtocol.SetDataBreakpointsResponse['body']
  >;
  setExceptionBreakpoints: Command<
    DebugProtocol.SetExceptionBreakpointsArguments,
    DebugProtocol.SetExceptionBreakpointsResponse['body']
  >;
  setExpression: Command<DebugProtocol.SetExpressionArguments, DebugProtocol.SetExpressionResponse['body']>;
  setFunctionBreakpoints: Command<
    DebugProtocol.SetFunctionBreakpointsArguments,
    DebugProtocol.SetFunctionBreakpointsResponse['body']
  >;
  setInstructionBreakpoints: Command<
    DebugProtocol.SetInstructionBreakpointsArguments,
    DebugProtocol.SetInstructionBreakpointsResponse['body']
  >;
  setVariable: Command<DebugProtocol.SetVariableArguments, DebugProtocol.SetVariableResponse['body']>;
  source: Command<DebugProtocol.SourceArguments, DebugProtocol.SourceResponse['body']>;
  stackTrace: Command<DebugProtocol.StackTraceArguments, DebugProtocol.StackTraceResponse['body']>;
  stepBack: Command<DebugProtocol.StepBackArguments, undefined>;
  stepIn: Command<DebugProtocol.StepInArguments, undefined>;
  stepOut: Command<DebugProtocol.StepOutArguments, undefined>;
  terminate: Command<DebugProtocol.TerminateArguments, undefined>;
  threads: Command<undefined, DebugProtocol.ThreadsResponse['body']>;
  writeMemory: Command<DebugProtocol.WriteMemoryArguments, DebugProtocol.WriteMemoryResponse['body']>;
  variables: Command<DebugProtocol.VariablesArguments, DebugProtocol.VariablesResponse['body']>;
}

interface Command<Arguments, Body> {
  arguments: Arguments;
  body: Body;
}

export type CommandName = keyof Commands;

/**
 * `always`: even before a machine is there. `launched`: whenever there is a machine. `stopped`, `running`: then only.
 */
export type Legality = 'always' | 'launched' | 'stopped' | 'running';

/** The type of an argument that must be there (`number`), or may be (`number?`). */
export type ArgumentType = 'number' | 'string' | 'boolean' | 'object' | 'array';

export interface Request<Name extends CommandName = CommandName> {
  readonly command: Name;
  /** What the response of `initialize` says because this request is there. */
  readonly capabilities?: DebugProtocol.Capabilities;
  readonly legalWhile: Legality;
  /**
   * A step. Asked for while another step is under way, as a key held down does, it follows when that ends; it falls away
   * when the machine comes to rest for another reason.
   */
  readonly isStep?: true;
  /** Checked before `run`, so that it sees no arguments of the wrong type. */
  readonly needs?: Readonly<Record<string, ArgumentType | `${ArgumentType}?`>>;
  run(session: Session, args: Commands[Name]['arguments']): Commands[Name]['body'] | Promise<Commands[Name]['body']>;
}

/** Declares a request; the command's name types its arguments and its answer. */
export function request<Name extends CommandName>(
  command: Name,
  description: Omit<Request<Name>, 'command'>,
): Request<Name> {
  return { command, ...description };
}

/** What is wrong with the arguments, or undefined. */
export function argumentProblem(
  { command, needs }: Pick<Request, 'command' | 'needs'>,
  args: unknown,
): string | undefined {
  if (!needs) return undefined;
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return Object.values(needs).every(type => type.endsWith('?')) && args === undefined
      ? undefined
      : `'${command}' needs arguments`;
  }
  for (const [name, needed] of Object.entries(needs)) {
    const value: unknown = (args as Record<string, unknown>)[name];
    const type = needed.replace('?', '');
    if (value === undefined || value === null) {
      if (!needed.endsWith('?')) return `'${command}' needs the argument '${name}' (${type})`;
    } else if (!isOfType(value, type)) return `the argument '${name}' of '${command}' must be of type ${type}`;
  }
  return undefined;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value);
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}
