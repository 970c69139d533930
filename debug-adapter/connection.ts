/**
 * The wire: framing by the protocol library, requests served one after the other, an answer to each. Nothing that
 * comes in can end the process.
 */

import { Event, Response } from '@vscode/debugadapter/lib/messages.js';
import { ProtocolServer } from '@vscode/debugadapter/lib/protocol.js';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { StaleReference, UserProblem } from './debugger/target.ts';
import { capabilities, requests } from './requests/index.ts';
import { argumentProblem, type Request } from './requests/request.ts';
import { Session, type SessionEnvironment } from './session.ts';

/** `ill-formed` and `internal` are for the client's log; the others are for the user. */
const errorIds = { unknown: 1, illFormed: 2, illegal: 3, problem: 4, internal: 5 } as const;

export class Connection extends ProtocolServer {
  readonly session: Session;
  #queue: Promise<void> = Promise.resolve();

  constructor(environment: Omit<SessionEnvironment, 'send'>) {
    super();
    this.session = new Session(
      { ...environment, send: (event, body) => this.sendEvent(new Event(event, body)) },
      capabilities,
    );
    // Without a listener an unreadable message would be thrown.
    this.on('error', event => {
      this.session.output(
        `A message could not be read: ${String((event as DebugProtocol.Event).body ?? 'unknown')}\n`,
        'stderr',
      );
    });
  }

  override handleMessage(message: DebugProtocol.ProtocolMessage): void {
    if (typeof message !== 'object' || message === null) return;
    if (message.type === 'request') this.dispatchRequest(message as DebugProtocol.Request);
    else super.handleMessage(message);
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    this.#queue = this.#queue.then(() => this.#serve(request));
  }

  /** With `"trace": true` what goes over the wire is shown in the debug console, output itself excepted. */
  #trace(direction: '→' | '←', message: DebugProtocol.ProtocolMessage): void {
    if (this.session.configuration.trace) this.session.output(`${direction} ${JSON.stringify(message)}\n`, 'console');
  }

  override sendResponse(response: DebugProtocol.Response): void {
    super.sendResponse(response);
    this.#trace('←', response);
  }

  async #serve(message: DebugProtocol.Request): Promise<void> {
    this.#trace('→', message);
    const well = typeof message.command === 'string' && typeof message.seq === 'number';
    const response = new Response({
      seq: typeof message.seq === 'number' ? message.seq : 0,
      type: 'request',
      command: String(message.command),
    });
    try {
      if (!well) return this.#refuse(response, errorIds.illFormed, 'A request needs a seq and a command');
      const handler = requests.get(message.command);
      if (!handler) return this.#refuse(response, errorIds.unknown, `'${message.command}' is not served here`);
      const args: unknown = message.arguments;
      const problem = argumentProblem(handler, args);
      if (problem !== undefined) return this.#refuse(response, errorIds.illFormed, problem);
      if (handler.isStep && this.session.isStepping) {
        return this.session.afterStep(mayGo => {
          if (mayGo) this.dispatchRequest(message);
          else this.sendResponse(response);
        });
      }
      const illegal = this.#illegality(handler);
      if (illegal !== undefined) return this.#refuse(response, errorIds.illegal, illegal);
      const body: unknown = await handler.run(this.session, args as never);
      if (body !== undefined) (response as DebugProtocol.Response).body = body;
      this.sendResponse(response);
    } catch (problem) {
      // What waits for a step that did not begin waits in vain.
      if (this.session.state === 'stopped') this.session.releaseSteps(false);
      if (problem instanceof UserProblem)
        this.#refuse(response, errorIds.problem, problem.message, !(problem instanceof StaleReference));
      else {
        const error = problem instanceof Error ? problem : new Error(String(problem));
        this.#refuse(response, errorIds.internal, `'${message.command}' failed inside: ${error.message}`);
        this.session.output(`${error.stack ?? error.message}\n`, 'stderr');
      }
    }
    if (message.command === 'disconnect') this.emit('disconnected');
  }

  #illegality({ command, legalWhile }: Request): string | undefined {
    const { session } = this;
    if (legalWhile === 'always') return undefined;
    if (!session.isLaunched) return `'${command}' needs a machine, and none has been launched`;
    if (legalWhile === 'launched') return undefined;
    if (legalWhile === 'stopped' && session.state !== 'stopped')
      return `'${command}' needs the machine to stand still; pause it first`;
    if (legalWhile === 'running' && session.state !== 'running') return `'${command}' needs the machine to run`;
    return undefined;
  }

  #refuse(response: DebugProtocol.Response, id: number, format: string, showUser = false): void {
    response.success = false;
    response.message = format;
    // Braces would be read as places for variables.
    response.body = { error: { id, format: format.replaceAll('{', '(').replaceAll('}', ')'), showUser } };
    this.sendResponse(response);
  }
}
