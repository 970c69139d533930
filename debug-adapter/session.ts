/**
 * One debug session: the state between a client and a machine. It runs plans in slices, tells the client what happens,
 * and remembers what the client asked for, so that a restart can ask for it again.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { DebugInformation } from './debug-information/debug-information.ts';
import type { Breakpoint } from './debugger/breakpoints.ts';
import { Debugger } from './debugger/debugger.ts';
import type { CodeFrame, Frame } from './debugger/frame.ts';
import { placementText } from './debugger/images.ts';
import { continueRun, type InterruptStepping } from './debugger/stepping.ts';
import type { Plan, Stop } from './debugger/stop.ts';
import { StaleReference, UserProblem } from './debugger/target.ts';
import type { Launch, LaunchedMachine } from './launch/launched-machine.ts';
import { Listings } from './listings.ts';
import type { CustomEvents, LaunchConfiguration } from './protocol.ts';
import { SourcePaths } from './source-paths.ts';
import { describeStop } from './stop-event.ts';
import { VariableHandles } from './variables.ts';

/** What a session needs of the world around it. */
export interface SessionEnvironment {
  readonly launch: Launch;
  send(event: string, body?: object): void;
  /** Calls back soon, after what has come in from the client has been served. */
  defer(callback: () => void): void;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  readFile(path: string): Promise<string>;
}

export type SessionState = 'new' | 'initialized' | 'configuring' | 'stopped' | 'running' | 'ended';

/** A slice should take about so long: requests wait for its end. */
const sliceMilliseconds = 8;
/** Reading symbols of files from this size on takes so long that it is shown. */
const sizeWithProgress = 16 * 2 ** 20;
const minimumSlice = 1_000;
const maximumSlice = 20_000_000;

/** The wishes of the last request of each kind. */
export interface Wishes {
  readonly source: Map<string, DebugProtocol.SetBreakpointsArguments>;
  functions?: DebugProtocol.SetFunctionBreakpointsArguments;
  instructions?: DebugProtocol.SetInstructionBreakpointsArguments;
  data?: DebugProtocol.SetDataBreakpointsArguments;
  exceptions?: DebugProtocol.SetExceptionBreakpointsArguments;
}

interface FrameHandle {
  readonly pe: number;
  readonly frame: Frame;
}

export class Session {
  readonly environment: SessionEnvironment;
  readonly variables = new VariableHandles();
  readonly listings = new Listings();
  /** What this adapter can do: the answer to `initialize`. */
  readonly capabilities: DebugProtocol.Capabilities;
  readonly wishes: Wishes = { source: new Map() };
  state: SessionState = 'new';
  client: DebugProtocol.InitializeRequestArguments = { adapterID: 'trapdoor' };
  configuration: LaunchConfiguration = {};
  /** The last stop, for `exceptionInfo` and the explanation. */
  lastStop: Stop | undefined;
  /** The client has asked for the end once. */
  terminationAsked = false;
  #gotoTargets = new Map<number, bigint>();
  #machine: LaunchedMachine | undefined;
  #debugger: Debugger | undefined;
  /** The furthest position at which the machine has been shown. */
  #present = 0;
  #sources = new SourcePaths('/');
  #plan: Plan | undefined;
  #isStepping = false;
  /** Steps that follow the one under way: each is told whether it may go. */
  #waitingSteps: ((mayGo: boolean) => void)[] = [];
  #pauseWanted = false;
  #isIdle = false;
  #frames = new Map<number, FrameHandle>();
  #nextFrame = 1;
  #nextProgress = 1;
  #serialDecoder = new TextDecoder('utf-8');

  constructor(environment: SessionEnvironment, capabilities: DebugProtocol.Capabilities) {
    this.environment = environment;
    this.capabilities = capabilities;
  }

  get debugger(): Debugger {
    if (!this.#debugger) throw new UserProblem('No machine has been launched');
    return this.#debugger;
  }
  get isLaunched(): boolean {
    return this.#debugger !== undefined;
  }
  get sources(): SourcePaths {
    return this.#sources;
  }
  get interruptStepping(): InterruptStepping {
    return this.configuration.stepping?.interrupts ?? 'runThrough';
  }

  // ---- launching and ending ----------------------------------------------------------------------

  async launch(configuration: LaunchConfiguration): Promise<void> {
    const machine = await this.environment.launch(configuration);
    this.#discardMachine();
    this.#machine = machine;
    this.configuration = configuration;
    const session = new Debugger(machine.target);
    this.#debugger = session;
    this.#present = 0;
    this.#sources = new SourcePaths(configuration.cwd ?? '/', configuration.sourceFileMap);
    for (const problem of machine.problems) this.output(`${problem}\n`, 'important');
    for (const { file, path, ...wishes } of machine.symbols) {
      try {
        const { information } = session.images.add(file, path, wishes);
        if (file.size >= sizeWithProgress) await this.#prepare(information);
        for (const problem of information.problems) this.output(`${problem}\n`, 'important');
      } catch (problem) {
        this.output(`No symbols from ${path}: ${problem instanceof Error ? problem.message : problem}\n`, 'important');
      }
    }
    session.onImageFound = ({ image, placement }) =>
      this.output(`${image.name} ${placementText(placement)}\n`, 'console');
    session.searchImages();
    session.onMessage = ({ text, address, category }) => {
      this.output(`${text}\n`, category === 'log' ? 'console' : 'important', address);
    };
    machine.target.onNotice = text => this.output(`${text}\n`, 'important');
    machine.target.onSerialOutput = bytes => {
      const text = this.#serialDecoder.decode(bytes, { stream: true });
      if (text !== '') this.custom('trapdoor/uart', { text });
    };
  }

  /** Reads a large image's symbols while the client shows how far that is; clients that cannot wait for them later. */
  async #prepare(information: DebugInformation): Promise<void> {
    if (!this.client.supportsProgressReporting) return;
    const progressId = `symbols ${this.#nextProgress++}`;
    const { name } = information.elf;
    this.environment.send('progressStart', { progressId, title: `Reading symbols of ${name}` });
    for (const message of information.prepare()) {
      this.environment.send('progressUpdate', { progressId, message });
      // What was sent must go out before the next part keeps the process busy.
      await new Promise<void>(resolve => this.environment.defer(resolve));
    }
    this.environment.send('progressEnd', { progressId });
  }

  #discardMachine(): void {
    this.#plan = undefined;
    this.#isIdle = false;
    this.#machine?.target.dispose();
    this.#machine = undefined;
    this.#debugger = undefined;
    this.variables.invalidate();
    this.#frames.clear();
  }

  /** The guest has ended; the client is told once. What is known of the run stays readable until the client goes. */
  end(exitCode?: number): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.#plan = undefined;
    this.#isIdle = false;
    if (exitCode !== undefined) this.environment.send('exited', { exitCode });
    this.environment.send('terminated', {});
    this.releaseSteps(false);
  }

  /** Ends without a word: the client is going away. */
  close(): void {
    this.state = 'ended';
    this.#discardMachine();
  }

  // ---- running -----------------------------------------------------------------------------------

  /** Begins a plan; its first slice runs after the request at hand has been answered. */
  start(plan: Plan, kind: 'step' | 'run' = 'run'): void {
    if (this.state === 'running') throw new UserProblem('The machine is running already');
    this.state = 'running';
    this.#isStepping = kind === 'step';
    this.lastStop = undefined;
    this.variables.invalidate();
    this.#frames.clear();
    this.#pauseWanted = false;
    this.#resume(plan);
    this.#sendState();
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }
  get isStepping(): boolean {
    return this.isRunning && this.#isStepping;
  }
  /** Calls back when the step under way, and those that wait already, have ended: in vain when by something else. */
  afterStep(callback: (mayGo: boolean) => void): void {
    this.#waitingSteps.push(callback);
  }
  /** Lets the first of the waiting steps go, or none of them. */
  releaseSteps(mayGo: boolean): void {
    if (mayGo) this.#waitingSteps.shift()?.(true);
    else for (const callback of this.#waitingSteps.splice(0)) callback(false);
  }

  #resume(plan: Plan): void {
    this.#isIdle = false;
    this.#plan = plan;
    this.environment.defer(() => this.#pump(plan));
  }

  #pump(plan: Plan): void {
    if (this.#plan !== plan) return;
    if (this.#pauseWanted) {
      plan.return({ reason: 'pause', pe: this.debugger.target.current });
      this.stop({ reason: 'pause', pe: this.debugger.target.current });
      return;
    }
    const started = this.environment.now();
    let step: IteratorResult<undefined, Stop>;
    try {
      step = plan.next();
    } catch (problem) {
      this.#plan = undefined;
      const text =
        problem instanceof Error
          ? problem instanceof UserProblem
            ? problem.message
            : (problem.stack ?? problem.message)
          : String(problem);
      this.output(`${text}\n`, 'stderr');
      this.stop({ reason: 'pause', pe: this.debugger.target.current });
      return;
    }
    this.#adjustSlice(this.environment.now() - started);
    if (step.done) {
      this.#finish(step.value);
      return;
    }
    const rest = this.debugger.target.rest?.();
    if (rest) void rest.then(() => this.#pump(plan));
    else this.environment.defer(() => this.#pump(plan));
  }

  #adjustSlice(milliseconds: number): void {
    const session = this.debugger;
    if (milliseconds < sliceMilliseconds / 2) session.slice = Math.min(maximumSlice, session.slice * 2);
    else if (milliseconds > sliceMilliseconds * 2)
      session.slice = Math.max(minimumSlice, Math.floor(session.slice / 2));
  }

  #finish(stop: Stop): void {
    this.#plan = undefined;
    if (stop.reason === 'idle') {
      if (!this.#isIdle)
        this.output(
          'Every processing element waits (WFI or WFE) and nothing is scheduled to wake one; input may.\n',
          'console',
        );
      this.#isIdle = true;
      return;
    }
    if (stop.reason === 'ended') {
      if (stop.how === 'reset') {
        this.output(`The guest reset the machine: ${stop.text}\n`, 'console');
        this.debugger.target.reset();
        this.debugger.searchImages();
        this.#resume(continueRun(this.debugger));
        return;
      }
      this.output(`${stop.text}\n`, 'console');
      this.end(stop.status ?? 0);
      return;
    }
    this.stop(stop);
  }

  /** Stands still from here on, and says why. */
  stop(stop: Stop): void {
    this.#plan = undefined;
    this.#isIdle = false;
    this.state = 'stopped';
    this.lastStop = stop;
    this.variables.invalidate();
    this.#frames.clear();
    const session = this.debugger;
    session.lookForImages();
    session.rememberWatched(this.wishes.data ? session.breakpoints.watched : []);
    this.#sendState();
    this.environment.send('stopped', describeStop(stop, session));
    this.releaseSteps(stop.reason === 'step');
  }

  pause(): void {
    if (this.state !== 'running') throw new UserProblem('The machine is not running');
    if (this.#plan) this.#pauseWanted = true;
    else this.stop({ reason: 'pause', pe: this.debugger.target.current });
  }

  serialInput(text: string): void {
    this.debugger.target.sendSerialInput(new TextEncoder().encode(text));
    if (this.state === 'running' && this.#isIdle) this.#resume(continueRun(this.debugger));
  }

  // ---- what the client is told ---------------------------------------------------------------------

  output(output: string, category: 'console' | 'important' | 'stdout' | 'stderr', address?: bigint): void {
    const place = address === undefined ? undefined : this.#debugger?.images.lineAt(address);
    this.environment.send('output', {
      category,
      output,
      ...(place && { source: this.source(place.path), line: place.line }),
    });
  }

  custom<Name extends keyof CustomEvents>(event: Name, body: CustomEvents[Name]): void {
    this.environment.send(event, body);
  }

  #sendState(): void {
    const { target } = this.debugger;
    // A change by hand has put an end to what was recorded behind it.
    const recorded = Math.min(this.#present, target.timeTravel?.newest ?? this.#present);
    this.#present = Math.max(recorded, target.position);
    const pe = this.lastStop && 'pe' in this.lastStop ? this.lastStop.pe : target.current;
    const element = target.processingElements[pe]!;
    this.custom('trapdoor/state', {
      running: this.state === 'running',
      el: element.el,
      security: element.secure ? 'secure' : 'non-secure',
      pe,
      position: target.position,
      present: this.#present,
    });
  }

  breakpointChanged(breakpoint: Breakpoint): void {
    this.environment.send('breakpoint', { reason: 'changed', breakpoint: this.protocolBreakpoint(breakpoint) });
  }

  protocolBreakpoint(breakpoint: Breakpoint): DebugProtocol.Breakpoint {
    const { id, verified, message, line, path, locations } = breakpoint;
    return {
      id,
      verified,
      ...(message !== undefined && { message }),
      ...(message !== undefined &&
        !verified && { reason: breakpoint.kind === 'source' || breakpoint.kind === 'function' ? 'pending' : 'failed' }),
      ...(line !== undefined && { line: this.clientLine(line) }),
      ...(path !== undefined && { source: { path } }),
      ...(locations[0] !== undefined && { instructionReference: `0x${locations[0].address.toString(16)}` }),
    };
  }

  source(path: string): DebugProtocol.Source {
    const resolved = this.#sources.resolve(path);
    return { name: resolved.split(/[\\/]/).pop() ?? resolved, path: resolved };
  }

  /** Lines count from 1 here and as the client wishes there. */
  clientLine(line: number): number {
    return this.client.linesStartAt1 === false ? line - 1 : line;
  }
  adapterLine(line: number): number {
    return this.client.linesStartAt1 === false ? line + 1 : line;
  }

  /** Numbers a place that the PC can be set to. */
  gotoTarget(address: bigint): number {
    const id = this.#gotoTargets.size + 1;
    this.#gotoTargets.set(id, address);
    return id;
  }
  gotoAddress(id: number): bigint | undefined {
    return this.#gotoTargets.get(id);
  }

  // ---- threads and frames -------------------------------------------------------------------------

  /** The processing element of a DAP thread: thread ids count from 1. */
  element(threadId: number): number {
    const pe = threadId - 1;
    if (!this.debugger.target.processingElements[pe]) throw new UserProblem(`There is no thread ${threadId}`);
    return pe;
  }

  frameId(pe: number, frame: Frame): number {
    const id = this.#nextFrame++;
    this.#frames.set(id, { pe, frame });
    return id;
  }

  /** The frame that a request names; without one, what runs now. */
  frame(frameId: number | undefined): { readonly pe: number; readonly frame: CodeFrame } {
    if (frameId === undefined || frameId === 0) {
      const pe = this.debugger.target.current;
      return { pe, frame: this.debugger.liveFrame(pe) };
    }
    const handle = this.#frames.get(frameId);
    if (!handle) throw new StaleReference('This frame belongs to an earlier stop');
    const { pe, frame } = handle;
    return { pe, frame: frame.kind === 'code' ? frame : this.debugger.liveFrame(pe) };
  }
}
