import type { DebugProtocol } from '@vscode/debugprotocol';
import { Connection } from '../../../debug-adapter/connection.ts';
import { memorySource } from '../../../debug-adapter/debug-information/byte-source.ts';
import type { Target } from '../../../debug-adapter/debugger/target.ts';
import type { Launch } from '../../../debug-adapter/launch/launched-machine.ts';
import type { Commands } from '../../../debug-adapter/requests/request.ts';

/** A client of the adapter in the same process: requests are objects, and nothing waits for a clock. */
export class Client {
  readonly connection: Connection;
  readonly events: DebugProtocol.Event[] = [];
  readonly #answers = new Map<number, (response: DebugProtocol.Response) => void>();
  #listeners: (() => void)[] = [];
  #seq = 1;

  constructor(launch: Launch, readFile: (path: string) => Promise<string> = async () => '') {
    this.connection = new Connection({
      launch,
      defer: callback => setImmediate(callback),
      now: () => performance.now(),
      readFile,
    });
    this.connection.onDidSendMessage(sent => {
      const message = sent as DebugProtocol.ProtocolMessage;
      if (message.type === 'response') {
        const response = message as DebugProtocol.Response;
        this.#answers.get(response.request_seq)?.(response);
        this.#answers.delete(response.request_seq);
      } else if (message.type === 'event') {
        this.events.push(message as DebugProtocol.Event);
        for (const listener of this.#listeners) listener();
      }
    });
  }

  /** A client of a target that is there already. */
  static of(target: Target, symbols: { path: string; bytes: Uint8Array; offset?: bigint }[] = []): Client {
    return new Client(async () => ({
      target,
      symbols: symbols.map(({ bytes, ...one }) => ({ offset: 0n, ...one, file: memorySource(bytes) })),
      problems: [],
    }));
  }

  /** The whole response, success or not. */
  respond(command: string, args?: unknown): Promise<DebugProtocol.Response> {
    const seq = this.#seq++;
    return new Promise(resolve => {
      this.#answers.set(seq, resolve);
      this.connection.handleMessage({ type: 'request', seq, command, arguments: args } as DebugProtocol.Request);
    });
  }

  /** The body of a response; an error response fails the test with its message. */
  async request<Name extends keyof Commands>(
    command: Name,
    args?: Commands[Name]['arguments'],
  ): Promise<Commands[Name]['body']> {
    const response = await this.respond(command, args);
    if (!response.success) throw new Error(`${command}: ${response.message}`);
    return response.body as Commands[Name]['body'];
  }

  /** The next event of one of these names that nobody took yet. */
  async event(...names: string[]): Promise<DebugProtocol.Event> {
    for (;;) {
      const at = this.events.findIndex(({ event }) => names.includes(event));
      if (at >= 0) return this.events.splice(at, 1)[0]!;
      await new Promise<void>(resolve => {
        const listener = () => {
          this.#listeners = this.#listeners.filter(one => one !== listener);
          resolve();
        };
        this.#listeners.push(listener);
      });
    }
  }

  /** Initializes, launches, sets what `configure` sets, and waits for the first stop or the end. */
  async launch(
    configuration: object = {},
    configure: () => Promise<unknown> = async () => undefined,
  ): Promise<DebugProtocol.Event> {
    await this.request('initialize', { adapterID: 'trapdoor', linesStartAt1: true, columnsStartAt1: true });
    await this.request('launch', configuration);
    await this.event('initialized');
    await configure();
    await this.request('configurationDone');
    return this.event('stopped', 'terminated');
  }

  /** A request that sets the machine going; gives the stop (or the end) that follows. */
  async run(
    command: 'continue' | 'next' | 'stepIn' | 'stepOut' | 'stepBack' | 'reverseContinue',
    granularity?: DebugProtocol.SteppingGranularity,
  ): Promise<DebugProtocol.Event> {
    await this.request(command, { threadId: 1, ...(granularity && { granularity }) });
    return this.event('stopped', 'terminated');
  }

  async evaluate(expression: string): Promise<string> {
    const response = await this.respond('evaluate', { expression, context: 'repl' });
    return response.success
      ? (response.body as DebugProtocol.EvaluateResponse['body']).result
      : `problem: ${response.message}`;
  }

  /** The call stack as a person reads it. */
  async stack(): Promise<string[]> {
    const { stackFrames } = await this.request('stackTrace', { threadId: 1 });
    return stackFrames.map(({ name, source, line }) => (source ? `${name}  ${source.name}:${line}` : name));
  }
}
