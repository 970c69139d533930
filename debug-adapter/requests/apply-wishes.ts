/** From the arguments of the breakpoint requests to breakpoints: when they come, and again after a restart. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Breakpoint, BreakpointWishes } from '../debugger/breakpoints.ts';
import type { Session } from '../session.ts';
import { parseReference } from './memory-reference.ts';
import { sourceLines } from './source-lines.ts';

interface Wish {
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
  readonly mode?: string;
}

const wishOf = ({ condition, hitCondition, logMessage, mode }: Wish): BreakpointWishes => ({
  ...(condition && { condition }),
  ...(hitCondition && { hitCondition }),
  ...(logMessage && { logMessage }),
  ...(mode && { mode }),
});

export function applySource(session: Session, args: DebugProtocol.SetBreakpointsArguments): readonly Breakpoint[] {
  const wanted = args.breakpoints ?? (args.lines ?? []).map((line): DebugProtocol.SourceBreakpoint => ({ line }));
  const wishes = wanted.map(one => ({ ...wishOf(one), line: session.adapterLine(one.line) }));
  return session.debugger.breakpoints.setSource(sourceLines(session, args.source), wishes);
}

export function applyFunctions(
  session: Session,
  args: DebugProtocol.SetFunctionBreakpointsArguments,
): readonly Breakpoint[] {
  return session.debugger.breakpoints.setFunctions(args.breakpoints.map(one => ({ ...wishOf(one), name: one.name })));
}

export function applyInstructions(
  session: Session,
  args: DebugProtocol.SetInstructionBreakpointsArguments,
): readonly Breakpoint[] {
  return session.debugger.breakpoints.setInstructions(
    args.breakpoints.map(one => ({
      ...wishOf(one),
      address: BigInt.asUintN(64, parseReference(one.instructionReference).address + BigInt(one.offset ?? 0)),
    })),
  );
}

export function applyData(session: Session, args: DebugProtocol.SetDataBreakpointsArguments): readonly Breakpoint[] {
  const breakpoints = session.debugger.breakpoints.setData(
    args.breakpoints.map(one => ({
      ...wishOf(one),
      dataId: one.dataId,
      ...(one.accessType && { access: one.accessType }),
    })),
  );
  session.debugger.rememberWatched(breakpoints);
  return breakpoints;
}

export function applyExceptions(
  session: Session,
  args: DebugProtocol.SetExceptionBreakpointsArguments,
): readonly Breakpoint[] {
  const wishes = [
    ...args.filters.map(filterId => ({ filterId })),
    ...(args.filterOptions ?? []).map(one => ({ ...wishOf(one), filterId: one.filterId })),
  ];
  const breakpoints = session.debugger.breakpoints.setExceptions(wishes);
  session.debugger.armExceptions();
  return breakpoints;
}

/** All breakpoints asked for, on a machine that was launched anew. */
export function applyWishes(session: Session): readonly Breakpoint[] {
  const { source, functions, instructions, data, exceptions } = session.wishes;
  if (exceptions) applyExceptions(session, exceptions);
  return [
    ...[...source.values()].flatMap(args => applySource(session, args)),
    ...(functions ? applyFunctions(session, functions) : []),
    ...(instructions ? applyInstructions(session, instructions) : []),
    ...(data ? applyData(session, data) : []),
  ];
}
