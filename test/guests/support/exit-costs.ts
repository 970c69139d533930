/** What each exit of a guest of KVM costs its host, out of the machine's own record of exceptions and returns. */
import { describeCause } from '../../../debug-adapter/debugger/exception-text.ts';
import type { ExceptionRecord } from '../../../emulator/index.ts';

/** From one exit of the guest to the next entry. */
export interface GuestExit {
  readonly cause: string;
  /** Exceptions taken, the exit itself included. */
  readonly exceptions: number;
  /** Exception returns, the entry included. */
  readonly returns: number;
  readonly instructions: number;
}

/** The host of a KVM without VHE is at EL1 as well, with this VMID; no guest has it. */
const HOST_VMID = 0;

const isExit = (record: ExceptionRecord) =>
  record.kind === 'exception' && record.guest === 'exit' && record.vmid !== HOST_VMID;
const isEntry = (record: ExceptionRecord) =>
  record.kind === 'return' && record.guest === 'entry' && record.vmid !== HOST_VMID;

/** The exits of one vCPU; what other elements do meanwhile is not its cost. An exit that nothing follows is left out. */
export function guestExits(records: Iterable<ExceptionRecord>): GuestExit[] {
  const exits: GuestExit[] = [];
  let exit: ExceptionRecord | undefined;
  let exceptions = 0;
  let returns = 0;
  for (const record of records) {
    if (exit && record.pe !== exit.pe) continue;
    if (!exit && isExit(record)) {
      exit = record;
      exceptions = 0;
      returns = 0;
    }
    if (!exit) continue;
    if (record.kind === 'exception') exceptions++;
    else returns++;
    if (!isEntry(record)) continue;
    exits.push({ cause: describeCause(exit), exceptions, returns, instructions: record.position - exit.position });
    exit = undefined;
  }
  return exits;
}

export interface ExitCost {
  readonly cause: string;
  readonly count: number;
  /** Medians of one exit. */
  readonly exceptions: number;
  readonly returns: number;
  readonly instructions: number;
}

/** By cause, the most frequent first. */
export function exitCosts(exits: readonly GuestExit[]): ExitCost[] {
  const byCause = grouped(exits);
  return [...byCause]
    .map(([cause, all]) => ({
      cause,
      count: all.length,
      exceptions: median(all.map(exit => exit.exceptions)),
      returns: median(all.map(exit => exit.returns)),
      instructions: median(all.map(exit => exit.instructions)),
    }))
    .sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
}

function grouped(exits: readonly GuestExit[]): Map<string, GuestExit[]> {
  const groups = new Map<string, GuestExit[]>();
  for (const exit of exits) groups.set(exit.cause, [...(groups.get(exit.cause) ?? []), exit]);
  return groups;
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
