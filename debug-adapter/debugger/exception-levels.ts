/**
 * How a processing element came to the Exception level it runs in: a stack of what is not finished yet, kept up from
 * the exception record. An exception stays on it until the return that answers it; a return that answers no exception
 * (a hypervisor starting a guest, firmware starting a kernel) stays as the way in.
 *
 * Each Security state has a stack of its own: a monitor at EL3 leaves one world inside its SMC, and goes on in the other.
 * The Secure world serves: where it was entered out of an exception of the Non-secure world, that world's stack goes on
 * below, as a caller's does.
 */
import { sameGuest } from './code-context.ts';
import type { ExceptionLog, ExceptionRecord } from './target.ts';

export interface LevelCrossing {
  readonly index: number;
  readonly record: ExceptionRecord;
  /** A return into what had been left before: X29 and X30 at it are of that, no longer of the code that returned. */
  readonly resumes?: true;
  /** A return into a guest that was left before, and goes on: X29 and X30 at it are the guest's own. */
  readonly reentry?: true;
}

/** The stacks of one processing element. */
class WorldStacks {
  readonly #normal: LevelCrossing[] = [];
  readonly #secure: LevelCrossing[] = [];
  /** Of the world that runs, or that EL3 was entered from last. */
  #current = this.#normal;
  /** The return by which the Non-secure world's exception led into the Secure world, and how deep that was then. */
  #service: { readonly entry: LevelCrossing; readonly depth: number } | undefined;
  /** Guests that have been left at a level: they go on where they are entered again, whatever the host did meanwhile. */
  readonly #left = new Set<string>();

  get crossings(): readonly LevelCrossing[] {
    if (this.#current === this.#normal || !this.#service) return this.#current;
    const { entry, depth } = this.#service;
    return [...this.#normal, entry, ...this.#secure.slice(depth)];
  }

  apply(crossing: LevelCrossing): void {
    const { record } = crossing;
    const before = this.#current;
    const [below, isSecure] =
      record.kind === 'exception' ? [record.from, record.fromSecure] : [record.to, record.toSecure];
    // EL3 belongs to both worlds: what begins and ends there is of the world that it was entered from.
    if (below < 3) this.#current = isSecure ? this.#secure : this.#normal;
    if (record.kind === 'exception' && record.guest === 'exit')
      this.#left.add(guestLevel(record.from, record.fromSecure, record.vmid));
    const goesOn = record.kind === 'return' && this.#left.has(guestLevel(record.to, record.toSecure, record.vmid));
    const resumes = applyTo(this.#current, goesOn ? { ...crossing, reentry: true } : crossing);
    if (this.#current === before) return;
    const asked = this.#current === this.#secure ? this.#normal.at(-1)?.record : undefined;
    const entry: LevelCrossing = { ...crossing, ...(resumes && { resumes }) };
    this.#service = asked?.kind === 'exception' && asked.to === 3 ? { entry, depth: this.#secure.length } : undefined;
  }
}

const guestLevel = (el: number, secure: boolean, vmid: number | undefined): string =>
  `${secure ? 'secure ' : ''}${el} of ${vmid ?? 'no guest'}`;

/** Tells whether it was a return that answers an exception. */
function applyTo(stack: LevelCrossing[], crossing: LevelCrossing): true | undefined {
  const { record } = crossing;
  if (record.kind === 'return') {
    if (record.illegal) return undefined;
    const answered = stack.findLastIndex(
      ({ record: entry }) =>
        entry.kind === 'exception' &&
        entry.to === record.from &&
        entry.from === record.to &&
        // A hypervisor without a level of its own is called by its host, and enters a guest before it returns.
        sameGuest(entry.vmid ?? 'none', record.vmid ?? 'none'),
    );
    if (answered >= 0) {
      stack.length = answered;
      return true;
    }
    if (record.from === record.to && staysAt(stack, record.from)) return undefined;
    // Nothing to answer: a first entry. What was going on below this level is over. How this level was entered is not,
    // nor is an exception that it is handling: a host enters its guest within a system call.
    for (let top = stack.at(-1); top && isOver(top.record, record.from); top = stack.at(-1)) stack.pop();
  }
  stack.push(crossing);
  if (stack.length > maximumDepth) stack.splice(keptAtTheBottom, 1);
  return undefined;
}

/** More nesting than this is a fault loop: how it began stays, and so does what it came to; what lies between goes. */
const maximumDepth = 256;
const keptAtTheBottom = 32;

export class ExceptionLevelStacks {
  readonly #log: ExceptionLog;
  #stacks = new Map<number, WorldStacks>();
  #consumed = 0;
  #last: ExceptionRecord | undefined;

  constructor(log: ExceptionLog) {
    this.#log = log;
  }

  /** Unfinished crossings of one element, the latest last. */
  of(pe: number): readonly LevelCrossing[] {
    this.#catchUp();
    return this.#worlds(pe).crossings;
  }

  #catchUp(): void {
    const log = this.#log;
    // Travelling back shortens the record, and going on from there may write another one.
    const rewritten =
      this.#consumed > log.end || (this.#consumed > log.first && !sameRecord(log.at(this.#consumed - 1), this.#last));
    if (rewritten) {
      this.#stacks = new Map();
      this.#consumed = log.first;
    }
    for (let index = Math.max(this.#consumed, log.first); index < log.end; index++) {
      const record = log.at(index);
      if (record) this.#worlds(record.pe).apply({ index, record });
    }
    this.#consumed = log.end;
    this.#last = log.at(log.end - 1);
  }

  #worlds(pe: number): WorldStacks {
    let worlds = this.#stacks.get(pe);
    if (!worlds) this.#stacks.set(pe, (worlds = new WorldStacks()));
    return worlds;
  }
}

/**
 * A handler that returns to its own level instead of the one below, as a kernel does that moves up to EL2: the exception
 * is answered, and what was entered below is over.
 */
function staysAt(stack: LevelCrossing[], level: number): boolean {
  const top = stack.at(-1)?.record;
  if (top?.kind !== 'exception' || top.to !== level) return false;
  stack.pop();
  for (let below = stack.at(-1)?.record; below?.kind === 'return' && below.from === level; below = stack.at(-1)?.record)
    stack.pop();
  return true;
}

function isOver({ kind, from, to }: ExceptionRecord, level: number): boolean {
  return to < level || (to === level && kind === 'return' && from <= level);
}

function sameRecord(a: ExceptionRecord | undefined, b: ExceptionRecord | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.position === b.position &&
      a.pe === b.pe &&
      a.kind === b.kind &&
      a.target === b.target)
  );
}
