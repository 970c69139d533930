/** Plans that go back: the machine is put to an earlier position and run forward again, which gives the same run. */
import { liveContext } from './code-context.ts';
import type { Debugger } from './debugger.ts';
import type { Granularity } from './stepping.ts';
import type { Plan, Stop } from './stop.ts';
import { type TimeTravel, UserProblem } from './target.ts';

function travel(session: Debugger): TimeTravel {
  const { timeTravel } = session.target;
  if (!timeTravel)
    throw new UserProblem('This target does not record its history; start it with "reverseDebugging": true');
  return timeTravel;
}

/** Puts the machine to a recorded position. */
export function travelTo(session: Debugger, position: number): Stop {
  const history = travel(session);
  if (position < history.oldest || position > history.newest) {
    throw new UserProblem(
      `Position ${position} is outside of the recording, which holds ${history.oldest} to ${history.newest}`,
    );
  }
  history.travelTo(position);
  return { reason: 'travel', pe: session.target.current };
}

const startOfHistory = (pe: number): Stop => ({ reason: 'history', pe, end: 'start' });

/** One instruction or line back. */
export function* stepBack(session: Debugger, pe: number, granularity: Granularity): Plan {
  const history = travel(session);
  const { target } = session;
  const now = target.position;
  if (now <= history.oldest) return startOfHistory(pe);
  const before = yield* positionBefore(session, pe, now);
  if (before === undefined) {
    history.travelTo(history.oldest);
    return startOfHistory(pe);
  }
  history.travelTo(before);
  if (granularity === 'line') return yield* lineBack(session, pe, history);
  return { reason: 'step', pe };
}

/** The latest position before one at which this element was about to execute an instruction. */
function* positionBefore(
  session: Debugger,
  pe: number,
  now: number,
): Generator<undefined, number | undefined, undefined> {
  const history = travel(session);
  const { target } = session;
  if (target.processingElements.length === 1) return now - 1;
  // The others may have had their turns in between: windows before now are run again until one shows this element.
  for (let window = 1; ; window *= 32) {
    const start = Math.max(history.oldest, now - window);
    history.travelTo(start);
    let found: number | undefined;
    while (target.position < now) {
      const { position } = target;
      const isItsTurn = target.current === pe;
      const stop = target.run(1);
      if (target.position > position && isItsTurn) found = position;
      if (stop.kind === 'idle' || stop.kind === 'ended' || stop.kind === 'unsupported') break;
    }
    if (found !== undefined || start === history.oldest) return found;
    yield;
  }
}

/** Having gone back into a line, goes to where that line was entered, over calls made on the way. */
function* lineBack(session: Debugger, pe: number, history: TimeTravel): Plan {
  const { target } = session;
  const here = target.position;
  const place = () => {
    const element = target.processingElements[pe]!;
    return session.images.lineAt(element.readRegister('pc') ?? 0n, liveContext(element));
  };
  const wanted = place();
  if (!wanted) return { reason: 'step', pe };
  const sp = target.processingElements[pe]!.readRegister('sp') ?? 0n;
  // Windows of growing size are run again step by step until one shows another line of this or an outer frame.
  for (let window = 64; ; window *= 8) {
    const start = Math.max(history.oldest, here - window);
    history.travelTo(start);
    let entered: number | undefined;
    let otherSeen = false;
    while (target.position < here) {
      const line = place();
      const inner = (target.processingElements[pe]!.readRegister('sp') ?? 0n) < sp;
      const same = line?.path === wanted.path && line.line === wanted.line;
      if (same && entered === undefined) entered = target.position;
      else if (!same && !inner) {
        otherSeen = true;
        entered = undefined;
      }
      target.step(pe);
    }
    if (otherSeen || start === history.oldest || window > 4_000_000) {
      history.travelTo(entered ?? here);
      return { reason: 'step', pe };
    }
    yield;
  }
}

/** Back to the last place where a breakpoint, data breakpoint or exception filter would have stopped. */
export function* reverseContinue(session: Debugger): Plan {
  const history = travel(session);
  const { target } = session;
  const pe = target.current;
  let end = target.position;
  if (end <= history.oldest) return startOfHistory(pe);
  session.isSearching = true;
  try {
    for (let window = session.slice; ; window *= 2) {
      const start = Math.max(history.oldest, end - window);
      history.travelTo(start);
      let last: { position: number; stop: Stop } | undefined;
      // A breakpoint under the first instruction of a window is not reported by running.
      const first = session.breakpointsHit(target.current);
      if (first) last = { position: start, stop: first };
      while (target.position < end) {
        const stop = target.run(Math.min(session.slice, end - target.position));
        const asked = session.judge(stop);
        if (
          asked &&
          target.position < end &&
          (asked.reason === 'breakpoint' ||
            asked.reason === 'data' ||
            asked.reason === 'exception' ||
            asked.reason === 'panic')
        ) {
          last = { position: target.position, stop: asked };
        }
        if (stop.kind === 'idle' || stop.kind === 'ended' || stop.kind === 'unsupported') break;
        yield;
      }
      if (last) {
        history.travelTo(last.position);
        return last.stop;
      }
      end = start;
      if (start <= history.oldest) {
        history.travelTo(history.oldest);
        return startOfHistory(pe);
      }
    }
  } finally {
    session.isSearching = false;
  }
}
