/** Plans: how the machine is run until the user wants to look again. */

import { hasTrait } from './architecture.ts';
import { liveContext } from './code-context.ts';
import type { Debugger } from './debugger.ts';
import { asynchronousKind } from './exception-filters.ts';
import type { CodeFrame } from './frame.ts';
import type { Plan, Stop } from './stop.ts';
import { type ExceptionRecord, type TargetStop, UserProblem } from './target.ts';

export type Granularity = 'instruction' | 'line';

/** What happens to interrupts that arrive while stepping: run through their handlers, or step into them. */
export type InterruptStepping = 'runThrough' | 'stepInto';

/** A slice ends after so many stops that do not count, however short the way between them. */
const eventsPerSlice = 64;

/** Runs until something the user asked for happens. */
export function* continueRun(session: Debugger): Plan {
  return yield* run(session, () => undefined);
}

/** Runs to the beginning of a function. */
export function* runToFunction(session: Debugger, name: string): Plan {
  const addresses = session.images.functionBreakpoints(name).map(({ address }) => address);
  if (addresses.length === 0) throw new UserProblem(`No loaded image has a symbol ${name} to run to`);
  for (const address of addresses) session.breakpoints.addTemporary(address);
  try {
    return yield* run(session, stop =>
      stop.kind === 'breakpoint' && addresses.includes(stop.address) ? { reason: 'entry', pe: stop.pe } : undefined,
    );
  } finally {
    for (const address of addresses) session.breakpoints.removeTemporary(address);
  }
}

/** Runs until a function given says that it is enough; user's breakpoints come first. */
function* run(session: Debugger, enough: (stop: TargetStop) => Stop | undefined): Plan {
  const { target } = session;
  let left = session.slice;
  let events = 0;
  for (;;) {
    const before = target.position;
    const stop = target.run(left);
    if (session.lookForImages() && goesBack(session, stop, before)) continue;
    const asked = session.judge(stop);
    if (asked) return asked;
    const own = stop.kind === 'budget' ? undefined : enough(stop);
    if (own) return own;
    // Breakpoints that do not count use up the slice as well.
    left -= target.position - before;
    if (left <= 0 || stop.kind === 'budget' || ++events >= eventsPerSlice) {
      yield;
      left = session.slice;
      events = 0;
    }
  }
}

/**
 * An image was found at a place where it may have run already in this piece of the run: breakpoints in it have been
 * missed, so the piece is run again. Only a piece in which nothing happened can be: what was counted would count twice.
 */
function goesBack(session: Debugger, stop: TargetStop, before: number): boolean {
  const { timeTravel } = session.target;
  if (stop.kind !== 'budget' || !timeTravel || before < timeTravel.oldest || !session.breakpoints.any) return false;
  timeTravel.travelTo(before);
  return true;
}

/** Runs to an address in the context of a frame: same Exception level, and (for calls) not in a deeper invocation. */
function* runToAddress(
  session: Debugger,
  pe: number,
  address: bigint,
  el: number,
  minimumSp: bigint | undefined,
): Plan {
  session.breakpoints.addTemporary(address);
  try {
    return yield* run(session, stop => {
      if (stop.kind !== 'breakpoint' || stop.pe !== pe || stop.address !== address) return undefined;
      const element = session.target.processingElements[pe]!;
      if (element.el !== el) return undefined;
      const sp = element.readRegister('sp');
      return minimumSp === undefined || sp === undefined || sp >= minimumSp ? { reason: 'step', pe } : undefined;
    });
  } finally {
    session.breakpoints.removeTemporary(address);
  }
}

/** Runs until the crossings of an element are fewer than now: the exception at hand has been returned from. */
function* runToReturn(session: Debugger, pe: number, depth: number): Plan {
  const returned = () => session.levels.of(pe).filter(crossing => crossing.record.kind === 'exception').length < depth;
  session.setPlanCatcher(record => record.kind === 'return' && record.pe === pe);
  try {
    return yield* run(session, stop =>
      stop.kind === 'exception' && stop.pe === pe && returned() ? { reason: 'step', pe } : undefined,
    );
  } finally {
    session.setPlanCatcher(undefined);
  }
}

function exceptionDepth(session: Debugger, pe: number): number {
  return session.levels.of(pe).filter(crossing => crossing.record.kind === 'exception').length;
}

/** The exception that an element's last step took, if it took one. */
function takenSince(session: Debugger, pe: number, end: number): ExceptionRecord | undefined {
  const log = session.target.exceptions;
  for (let index = log.end - 1; index >= end; index--) {
    const record = log.at(index);
    if (record && record.pe === pe) return record;
  }
  return undefined;
}

/** One instruction, wherever it leads; interrupts that come instead of it are run through unless wanted. */
function* stepInstruction(session: Debugger, pe: number, interrupts: InterruptStepping): Plan {
  for (;;) {
    const end = session.target.exceptions.end;
    const stop = session.target.step(pe);
    const asked = session.judge(stop);
    if (asked) return asked;
    const record = takenSince(session, pe, end);
    if (interrupts === 'stepInto' || record?.kind !== 'exception' || asynchronousKind(record) === undefined) break;
    const back = yield* runToReturn(session, pe, exceptionDepth(session, pe));
    if (back.reason !== 'step') return back;
    // The interrupt came before the instruction: back at it, it is stepped again.
  }
  return { reason: 'step', pe };
}

/** One instruction, run over as a whole when it is a call or causes an exception. */
function* nextInstruction(session: Debugger, pe: number, interrupts: InterruptStepping): Plan {
  const element = session.target.processingElements[pe]!;
  const pc = element.readRegister('pc') ?? 0n;
  const { el } = element;
  const { bytes } = session.target.readMemory(pe, { space: { kind: 'va', el }, address: pc }, 4);
  const word = bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
  if (hasTrait(word, 'call')) return yield* runToAddress(session, pe, pc + 4n, el, element.readRegister('sp'));
  const end = session.target.exceptions.end;
  const stepped = yield* stepInstruction(session, pe, interrupts);
  if (stepped.reason !== 'step') return stepped;
  const record = takenSince(session, pe, end);
  if (record?.kind !== 'exception') return stepped;
  return yield* runToReturn(session, pe, exceptionDepth(session, pe));
}

interface LinePlace {
  readonly path: string;
  readonly line: number;
}

function placeOf(session: Debugger, pe: number): LinePlace | undefined {
  const element = session.target.processingElements[pe]!;
  return session.images.lineAt(element.readRegister('pc') ?? 0n, liveContext(element));
}

/** Steps until another line begins. In assembly that is one instruction, except in macros. */
function* stepLine(session: Debugger, pe: number, interrupts: InterruptStepping, over: boolean): Plan {
  const start = placeOf(session, pe);
  const startFrame = session.liveFrame(pe);
  const startFunction = session.images.symbolAt(startFrame.pc, startFrame.context)?.address;
  for (;;) {
    const from = session.target.processingElements[pe]!.readRegister('pc') ?? 0n;
    const stepped = over
      ? yield* nextInstruction(session, pe, interrupts)
      : yield* stepInstruction(session, pe, interrupts);
    if (stepped.reason !== 'step' || !start) return stepped;
    const element = session.target.processingElements[pe]!;
    const pc = element.readRegister('pc') ?? 0n;
    const place = placeOf(session, pe);
    if (!place) {
      // Code without lines: a callee is run to its return, anything else is shown as it is.
      const caller = calledFrom(session, pe, from);
      if (caller === undefined) return stepped;
      const back = yield* runToAddress(session, pe, caller, element.el, element.readRegister('sp'));
      if (back.reason !== 'step') return back;
      continue;
    }
    const afterPrologue = entered(session, pe, pc);
    if (afterPrologue !== undefined) return yield* runToAddress(session, pe, afterPrologue, element.el, undefined);
    const sameLine = place.path === start.path && place.line === start.line;
    if (!sameLine && session.images.isLineStart(pc, liveContext(element))) return stepped;
    if (sameLine) {
      const fn = session.images.symbolAt(pc, liveContext(element))?.address;
      if (fn !== startFunction && element.el !== startFrame.el) return stepped;
      if (pc === startFrame.pc && pc <= from) return stepped;
    }
    yield;
  }
}

/** Where the body of a function begins whose first instruction this is; undefined when that is here, or elsewhere. */
function entered(session: Debugger, pe: number, pc: bigint): bigint | undefined {
  const place = session.images.symbolAt(pc, liveContext(session.target.processingElements[pe]!));
  if (place?.offset !== 0) return undefined;
  const { image, symbol } = place;
  const start = symbol.address;
  const body = image.information.attempt(information => information.breakpointAddress(start)) ?? start;
  return body > start ? pc + (body - start) : undefined;
}

/** The return address when the last step was a call. */
function calledFrom(session: Debugger, pe: number, from: bigint): bigint | undefined {
  const lr = session.target.processingElements[pe]!.readRegister('x30');
  return lr === from + 4n ? lr : undefined;
}

export function* stepIn(session: Debugger, pe: number, granularity: Granularity, interrupts: InterruptStepping): Plan {
  return granularity === 'instruction'
    ? yield* stepInstruction(session, pe, interrupts)
    : yield* stepLine(session, pe, interrupts, false);
}

export function* next(session: Debugger, pe: number, granularity: Granularity, interrupts: InterruptStepping): Plan {
  return granularity === 'instruction'
    ? yield* nextInstruction(session, pe, interrupts)
    : yield* stepLine(session, pe, interrupts, true);
}

/** Runs until what was inlined is behind: it has no return address. */
function* stepOutOfInlined(session: Debugger, pe: number, top: CodeFrame): Plan {
  const inlined = session.images.scopesAt(top.pc, top.context);
  const innermost = inlined[0]!.entry.offset;
  for (;;) {
    const stepped = yield* nextInstruction(session, pe, 'runThrough');
    if (stepped.reason !== 'step') return stepped;
    const { pc, context } = session.liveFrame(pe);
    const scopes = session.images.scopesAt(pc, context);
    const isIn = scopes.some(({ isInlined, entry }) => isInlined && entry.offset === innermost);
    if (!isIn) return stepped;
    yield;
  }
}

/** Runs to the caller; in the outermost function of an exception handler, through the matching ERET. */
export function* stepOut(session: Debugger, pe: number): Plan {
  const frames = session.frames(pe);
  const top = frames.next().value as CodeFrame;
  const caller = frames.next().value as CodeFrame | { kind: 'crossing'; record: ExceptionRecord } | undefined;
  if (caller?.kind === 'code' && caller.inlinedInside > 0) return yield* stepOutOfInlined(session, pe, top);
  if (caller?.kind === 'code') {
    return yield* runToAddress(session, pe, caller.pc, caller.el, caller.registers.sp);
  }
  const depth = exceptionDepth(session, pe);
  if (depth > 0 && caller?.kind === 'crossing' && caller.record.kind === 'exception')
    return yield* runToReturn(session, pe, depth);
  throw new UserProblem('There is no caller to step out to');
}
