/** What each exit of a guest costs its hypervisor: from the exit to the next entry on the same element. */
import { describeCause } from './exception-text.ts';
import type { ExceptionLog, ExceptionRecord } from './target.ts';

export interface GuestExit {
  readonly record: ExceptionRecord;
  readonly cause: string;
  /** Exceptions taken until the guest was entered again, the exit itself included. */
  readonly exceptions: number;
  /** Exception returns, the entry included. */
  readonly returns: number;
  /** Instructions until then, those of the host's programs included; of all elements together. */
  readonly instructions: number;
  /** Of these, the ones at EL2. */
  readonly atEl2: number;
}

/** All exits of one cause. */
export interface GuestExitCause {
  readonly cause: string;
  readonly count: number;
  /** Of one exit: exceptions and returns in most cases, instructions at least, in the middle and at most. */
  readonly exceptions: number;
  readonly returns: number;
  readonly instructions: { readonly least: number; readonly median: number; readonly most: number };
  readonly atEl2: number;
  /** Of all of them together. */
  readonly totalInstructions: number;
}

/** HCR_EL2.VM: stage 2 is on. */
const VM = 1n;

interface Open {
  readonly record: ExceptionRecord;
  exceptions: number;
  returns: number;
  atEl2: number;
  /** The last change of level since the exit. */
  last: ExceptionRecord;
}

/** Joins exits and entries; records must come in their order. */
export class GuestExitTracker {
  /** By element. */
  readonly #open = new Map<number, Open>();

  /** `counts` tells of an exit whether what was left is a guest. Gives the exit that this record ends. */
  add(record: ExceptionRecord, counts: boolean): GuestExit | undefined {
    let open = this.#open.get(record.pe);
    if (!open && record.kind === 'exception' && record.guest === 'exit' && counts) {
      open = { record, exceptions: 0, returns: 0, atEl2: 0, last: record };
      this.#open.set(record.pe, open);
    }
    if (!open) return undefined;
    if (open.last.to === 2) open.atEl2 += record.position - open.last.position;
    open.last = record;
    if (record.kind === 'exception') {
      open.exceptions++;
      return undefined;
    }
    open.returns++;
    // A host at EL1 is entered on the way, which is not its guest.
    if (record.guest !== 'entry' || record.vmid !== open.record.vmid) return undefined;
    this.#open.delete(record.pe);
    const { exceptions, returns, atEl2 } = open;
    const instructions = record.position - open.record.position;
    return { record: open.record, cause: describeCause(open.record), exceptions, returns, instructions, atEl2 };
  }
}

/**
 * Whether an exit is one of a guest with a stage 2 of its own. What runs below a hypervisor without that may be its own
 * host, as under KVM without VHE.
 */
export function hasStage2(log: ExceptionLog, index: number): boolean {
  const translation = log.registersAt(index)?.translation;
  return translation !== undefined && (translation.hypervisorConfiguration & VM) !== 0n;
}

/** The table of exits by cause, kept up from the record. */
export class GuestExits {
  readonly #log: ExceptionLog;
  #tracker = new GuestExitTracker();
  #exits: GuestExit[] = [];
  #consumed = 0;
  #last: ExceptionRecord | undefined;

  constructor(log: ExceptionLog) {
    this.#log = log;
  }

  get isEmpty(): boolean {
    this.catchUp();
    return this.#exits.length === 0;
  }

  /** The most expensive cause first. */
  get causes(): readonly GuestExitCause[] {
    this.catchUp();
    const groups = new Map<string, GuestExit[]>();
    for (const exit of this.#exits) {
      const group = groups.get(exit.cause);
      if (group) group.push(exit);
      else groups.set(exit.cause, [exit]);
    }
    return [...groups]
      .map(([cause, exits]) => summary(cause, exits))
      .sort((a, b) => b.totalInstructions - a.totalInstructions);
  }

  /** Takes over what has been recorded: a bounded record forgets its beginning. */
  catchUp(): void {
    const log = this.#log;
    const isRewritten =
      this.#consumed > log.end ||
      (this.#consumed > log.first && log.at(this.#consumed - 1)?.position !== this.#last?.position);
    if (isRewritten) {
      this.#tracker = new GuestExitTracker();
      this.#exits = [];
      this.#consumed = log.first;
    }
    for (let index = Math.max(this.#consumed, log.first); index < log.end; index++) {
      const record = log.at(index);
      const exit = record && this.#tracker.add(record, hasStage2(log, index));
      if (exit) this.#exits.push(exit);
    }
    this.#consumed = log.end;
    this.#last = log.at(log.end - 1);
  }
}

function summary(cause: string, exits: readonly GuestExit[]): GuestExitCause {
  const sorted = (of: (exit: GuestExit) => number) => exits.map(of).sort((a, b) => a - b);
  const middle = (numbers: readonly number[]) => numbers[numbers.length >> 1] ?? 0;
  const instructions = sorted(exit => exit.instructions);
  return {
    cause,
    count: exits.length,
    exceptions: middle(sorted(exit => exit.exceptions)),
    returns: middle(sorted(exit => exit.returns)),
    atEl2: middle(sorted(exit => exit.atEl2)),
    instructions: { least: instructions[0] ?? 0, median: middle(instructions), most: instructions.at(-1) ?? 0 },
    totalInstructions: instructions.reduce((sum, one) => sum + one, 0),
  };
}

const number = (value: number) => value.toLocaleString('en');

/** `21 × 1,234 instructions (900 to 2,000), 1,100 at EL2, 2 exceptions and 2 returns`. */
export function exitCostText(cause: GuestExitCause): string {
  const { least, median, most } = cause.instructions;
  const range = least === most ? '' : ` (${number(least)} to ${number(most)})`;
  const plural = (value: number, word: string) => `${value} ${word}${value === 1 ? '' : 's'}`;
  const levels = `${plural(cause.exceptions, 'exception')} and ${plural(cause.returns, 'return')}`;
  return `${number(cause.count)} × ${number(median)} instructions${range}, ${number(cause.atEl2)} at EL2, ${levels}`;
}
