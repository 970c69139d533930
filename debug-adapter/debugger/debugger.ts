/**
 * The debugger: a target, the images loaded into it, breakpoints, and plans that run it.
 *
 * It knows no protocol. A session drives a plan slice by slice and shows the stop at its end.
 */
import type { ValueType } from '../debug-information/types.ts';
import { type Breakpoint, Breakpoints } from './breakpoints.ts';
import { callStack } from './call-stack.ts';
import { liveContext } from './code-context.ts';
import { ExceptionLevelStacks } from './exception-levels.ts';
import { ExceptionStatistics } from './exception-statistics.ts';
import { evaluate } from './expression/evaluate.ts';
import { ExpressionProblem } from './expression/lexer.ts';
import { spaceText } from './expression/parser.ts';
import { bitsOf, hex, isScalar, isTrue, scalarText } from './expression/value.ts';
import type { CodeFrame, Frame } from './frame.ts';
import { AbsentFact, FrameHost, typeIn } from './frame-host.ts';
import { GuestExits } from './guest-exits.ts';
import { ImageLocator } from './image-locator.ts';
import { Images, type PlacedImage } from './images.ts';
import type { LogPart } from './log-message.ts';
import { RecordedExceptions } from './recorded-exceptions.ts';
import type { Stop } from './stop.ts';
import type { ExceptionRecord, Target, TargetStop } from './target.ts';

/** What a log point or a condition that cannot be evaluated says. */
export interface DebuggerMessage {
  readonly text: string;
  /** The code it was said at. */
  readonly address: bigint;
  readonly category: 'log' | 'problem';
}

export class Debugger {
  readonly target: Target;
  readonly images = new Images();
  readonly breakpoints: Breakpoints;
  readonly levels: ExceptionLevelStacks;
  /** All that the recording holds, the future of a machine that travelled back included. */
  readonly recorded: RecordedExceptions;
  readonly statistics: ExceptionStatistics;
  /** What exits of guests cost. */
  readonly guestExits: GuestExits;
  readonly #locator: ImageLocator;
  /** Told of an image that was found to run elsewhere than known before. */
  onImageFound: ((placed: PlacedImage) => void) | undefined;
  /** Instructions in one slice of a plan; a session adjusts it to the time it has. */
  slice = 100_000;
  onMessage: ((message: DebuggerMessage) => void) | undefined;
  /** What watched memory held before, by breakpoint. */
  readonly #watched = new Map<number, bigint>();
  /** Asked of every record by the plan in progress. */
  #planCatcher: ((record: ExceptionRecord) => boolean) | undefined;
  /** Conditions are asked, but nothing is counted or logged: history is searched. */
  #searching = false;

  constructor(target: Target) {
    this.target = target;
    this.breakpoints = new Breakpoints(target, this.images, { type: name => this.type(name) });
    this.levels = new ExceptionLevelStacks(target.exceptions);
    this.recorded = new RecordedExceptions(target);
    this.statistics = new ExceptionStatistics(this.recorded);
    this.guestExits = new GuestExits(target.exceptions);
    this.#locator = new ImageLocator(target, this.images);
    this.images.comparison = this.#locator.compare;
  }

  /** Images have been added, or the machine was reset: looks where they are in memory. */
  searchImages(): void {
    this.#locator.forget();
    this.#found(this.#locator.searchMemory());
  }

  /** Looks whether what ran is an image at a place not known before; true when breakpoints have moved with it. */
  lookForImages(): boolean {
    const found = this.#locator.look();
    this.#found(found);
    this.#locator.confirm();
    return found.length > 0;
  }

  #found(found: readonly PlacedImage[]): void {
    if (found.length === 0) return;
    this.breakpoints.bindAgain();
    for (const placed of found) this.onImageFound?.(placed);
  }

  type(name: string): ValueType | undefined {
    return typeIn(this.images, name);
  }

  frames(pe: number): Generator<Frame> {
    return callStack(this.target, pe, this.images, this.levels);
  }

  /** The frame that runs now. */
  liveFrame(pe: number): CodeFrame {
    const frame = this.frames(pe).next().value as Frame;
    if (frame.kind !== 'code') throw new Error('a call stack begins with code');
    return frame;
  }

  /** Where expressions are evaluated; the exception they speak of is the one being handled unless given. */
  host(pe: number, frame?: CodeFrame, record?: ExceptionRecord): FrameHost {
    return new FrameHost(this.target, this.images, pe, frame, record ?? this.handledException(pe));
  }

  /** The exception whose handler runs on an element: the latest that was not returned from. */
  handledException(pe: number): ExceptionRecord | undefined {
    return this.levels.of(pe).findLast(({ record }) => record.kind === 'exception')?.record;
  }

  /** Must be called when exception breakpoints or the plan's catcher change. */
  armExceptions(): void {
    const filters = this.breakpoints.exceptions;
    const plan = this.#planCatcher;
    this.target.setExceptionCatcher(
      filters.length === 0 && !plan
        ? undefined
        : record => plan?.(record) === true || filters.some(({ filter }) => filter!.matches(record)),
    );
    const listening = filters.filter(({ filter }) => filter!.says);
    this.target.setSerialLineCatcher(
      listening.length === 0 ? undefined : line => listening.some(({ filter }) => filter!.says!(line) !== undefined),
    );
  }

  setPlanCatcher(catcher: ((record: ExceptionRecord) => boolean) | undefined): void {
    this.#planCatcher = catcher;
    this.armExceptions();
  }

  /** Remembers what watched memory holds, so that a stop can tell the old value. */
  rememberWatched(ids: Iterable<Breakpoint>): void {
    this.#watched.clear();
    for (const breakpoint of ids) {
      const value = breakpoint.watch && this.#readWatched(breakpoint);
      if (value !== undefined) this.#watched.set(breakpoint.id, value);
    }
  }
  #readWatched({ watch }: Breakpoint): bigint | undefined {
    if (!watch || watch.length > 16) return undefined;
    const { bytes } = this.target.readMemory(this.target.current, watch.at, watch.length);
    return bytes.length === watch.length ? bitsOf(bytes) : undefined;
  }

  /** Runs `search` with hit counts and log points left alone. */
  searching<T>(search: () => T): T {
    const before = this.#searching;
    this.#searching = true;
    try {
      return search();
    } finally {
      this.#searching = before;
    }
  }
  get isSearching(): boolean {
    return this.#searching;
  }
  set isSearching(value: boolean) {
    this.#searching = value;
  }

  /**
   * What a target's stop means to the user: the stop to report, or undefined to run on (a condition that does not
   * hold, a log point, an address of the plan's own).
   */
  judge(stop: TargetStop): Stop | undefined {
    switch (stop.kind) {
      case 'budget':
        return undefined;
      case 'breakpoint':
        return this.#judgeBreakpoints(stop.pe, stop.address);
      case 'watchpoint':
        return this.#judgeWatchpoint(stop);
      case 'exception':
        return this.#judgeException(stop.pe, stop.record);
      case 'serialLine':
        return this.#judgeLine(stop.pe, stop.line);
      case 'idle':
        return { reason: 'idle', pe: this.target.current };
      case 'unsupported':
        return { reason: 'unsupported', pe: stop.pe, text: stop.detail };
      case 'ended':
        return {
          reason: 'ended',
          how: stop.how,
          text: stop.detail,
          ...(stop.status !== undefined && { status: stop.status }),
        };
    }
  }

  /** Breakpoints at the next instruction of an element that count. */
  breakpointsHit(pe: number): Stop | undefined {
    const address = this.target.processingElements[pe]!.readRegister('pc');
    return address === undefined ? undefined : this.#judgeBreakpoints(pe, address);
  }

  #judgeBreakpoints(pe: number, address: bigint): Stop | undefined {
    const hit: Breakpoint[] = [];
    const problems: string[] = [];
    const where = liveContext(this.target.processingElements[pe]!);
    for (const breakpoint of this.breakpoints.at(address)) {
      // Another program may have other code at the same address.
      const isThere = breakpoint.locations.some(
        location =>
          location.address === address && (!location.placed || this.images.isAt(location.placed, address, where)),
      );
      if (!isThere) continue;
      if (this.#counts(breakpoint, pe, undefined, problems)) hit.push(breakpoint);
    }
    const first = hit[0];
    if (!first) return undefined;
    return {
      reason: 'breakpoint',
      pe,
      ids: hit.map(breakpoint => breakpoint.id),
      kind: first.kind === 'function' || first.kind === 'instruction' ? first.kind : 'source',
      ...(problems.length > 0 && { text: problems.join('; ') }),
    };
  }

  #judgeWatchpoint({ pe, hit }: Extract<TargetStop, { kind: 'watchpoint' }>): Stop | undefined {
    const breakpoint = this.breakpoints.data(hit.id);
    const problems: string[] = [];
    const before = this.#watched.get(hit.id);
    const now = breakpoint && this.#readWatched(breakpoint);
    if (now !== undefined) this.#watched.set(hit.id, now);
    if (!breakpoint || !this.#counts(breakpoint, pe, undefined, problems)) return undefined;
    const where = `${spaceText(breakpoint.watch!.at.space)}${hex(hit.address)}`;
    const by =
      hit.pc === undefined
        ? 'by a device'
        : `by ${this.images.nameOf(hit.pc, liveContext(this.target.processingElements[pe]!)) ?? hex(hit.pc)} at EL${this.target.processingElements[pe]!.el}`;
    const change =
      now === undefined
        ? ''
        : before === undefined || before === now
          ? `, value ${hex(now)}`
          : `, ${hex(before)} → ${hex(now)}`;
    const text = [`${hit.size}-byte ${hit.access} of ${where} ${by}${change}`, ...problems].join('; ');
    return { reason: 'data', pe, ids: [breakpoint.id], hit, text };
  }

  #judgeException(pe: number, record: ExceptionRecord): Stop | undefined {
    const problems: string[] = [];
    const hit = this.breakpoints.exceptions.filter(
      breakpoint => breakpoint.filter!.matches(record) && this.#counts(breakpoint, pe, record, problems),
    );
    const first = hit[0];
    return first && { reason: 'exception', pe, ids: hit.map(one => one.id), record, filter: first.filter!.id };
  }

  #judgeLine(pe: number, line: string): Stop | undefined {
    const problems: string[] = [];
    const ids: number[] = [];
    let said: string | undefined;
    for (const breakpoint of this.breakpoints.exceptions) {
      const says = breakpoint.filter!.says?.(line);
      if (says === undefined || !this.#counts(breakpoint, pe, undefined, problems)) continue;
      said ??= says;
      ids.push(breakpoint.id);
    }
    return said === undefined ? undefined : { reason: 'panic', pe, ids, text: [said, ...problems].join('; ') };
  }

  /** Whether reaching a breakpoint counts; says what its log point says. */
  #counts(breakpoint: Breakpoint, pe: number, record: ExceptionRecord | undefined, problems: string[]): boolean {
    if (breakpoint.el !== undefined && this.target.processingElements[pe]!.el !== breakpoint.el) return false;
    const host = this.host(pe, breakpoint.condition || breakpoint.log ? this.liveFrame(pe) : undefined, record);
    if (breakpoint.condition) {
      try {
        if (!isTrue(evaluate(breakpoint.condition, host))) return false;
      } catch (problem) {
        if (problem instanceof AbsentFact) return false;
        if (!(problem instanceof ExpressionProblem)) throw problem;
        // A condition that cannot be answered stops, so that it does not go unnoticed.
        problems.push(`condition: ${problem.message}`);
      }
    }
    if (this.#searching) return !breakpoint.log;
    breakpoint.hits++;
    if (breakpoint.hitCondition && !breakpoint.hitCondition(breakpoint.hits)) return false;
    if (breakpoint.log) {
      const address = this.target.processingElements[pe]!.readRegister('pc') ?? 0n;
      this.onMessage?.({ text: this.#logText(breakpoint.log, host), address, category: 'log' });
      return false;
    }
    return true;
  }

  #logText(parts: readonly LogPart[], host: FrameHost): string {
    return parts
      .map(part => {
        if (part.kind === 'text') return part.text;
        try {
          const value = evaluate(part.expression, host);
          return isScalar(value.type) ? scalarText(value, part.format) : `{${value.type.name}}`;
        } catch (problem) {
          if (!(problem instanceof ExpressionProblem)) throw problem;
          return `<${problem.message}>`;
        }
      })
      .join('');
  }
}
