/** `trapdoor run`: a guest without an editor, for the command line and for CI. */

import { resolve } from 'node:path';
import { liveContext, recordContext } from '../debugger/code-context.ts';
import { Debugger } from '../debugger/debugger.ts';
import { describeRecord, levelChange } from '../debugger/exception-text.ts';
import { type ExplanationLine, explain, placeText } from '../debugger/explanation.ts';
import { exitCostText, type GuestExit, GuestExitTracker, hasStage2 } from '../debugger/guest-exits.ts';
import { continueRun } from '../debugger/stepping.ts';
import type { Stop } from '../debugger/stop.ts';
import type { ExceptionRecord } from '../debugger/target.ts';
import type { LaunchedMachine } from '../launch/launched-machine.ts';
import { writeSnapshot } from '../launch/snapshot-file.ts';
import type { RunArguments } from './arguments.ts';
import { Conversation } from './conversation.ts';
import { PanicWatch } from './panic-watch.ts';

/** Exit statuses; `runUsage` tells their meaning. */
export const runStatus = {
  success: 0,
  guestFailed: 1,
  usage: 2,
  unexpected: 3,
  limit: 4,
  stuck: 5,
  unsupported: 6,
  reset: 7,
  panic: 8,
} as const;

/** The world around a run. */
export interface RunEnvironment {
  /** The guest's serial output. */
  write(bytes: Uint8Array): void;
  /** What the run itself says: one line, without its end. */
  report(line: string): void;
  /** Lets input come in; resolves soon. */
  breathe(): Promise<void>;
  /** Calls `receive` with what a person types; undefined where nobody can. */
  readonly input?: { onData(receive: (text: string) => void): void; readonly ended: boolean; wait(): Promise<void> };
  readonly noReboot: boolean;
}

const sliceInstructions = 2_000_000;

/** Runs to the end; gives the exit status. */
export async function run(machine: LaunchedMachine, args: RunArguments, environment: RunEnvironment): Promise<number> {
  const { target } = machine;
  const session = new Debugger(target);
  for (const problem of machine.problems) environment.report(problem);
  for (const { file, path, ...wishes } of machine.symbols) {
    try {
      session.images.add(file, path, wishes);
    } catch (problem) {
      environment.report(`no symbols from ${path}: ${problem instanceof Error ? problem.message : problem}`);
    }
  }
  session.searchImages();
  const send = (text: string) => target.sendSerialInput(new TextEncoder().encode(text));
  const conversation = new Conversation(args.conversation, send);
  const panic = new PanicWatch();
  const decoder = new TextDecoder();
  target.onSerialOutput = bytes => {
    environment.write(bytes);
    conversation.hear(decoder.decode(bytes, { stream: true }));
  };
  // The run goes on until the kernel has said all.
  target.setSerialLineCatcher(line => {
    panic.hear(line);
    return false;
  });
  if (args.traceExceptions || args.traceExits) {
    const exits = new GuestExitTracker();
    const { exceptions } = target;
    target.setExceptionCatcher(record => {
      if (args.traceExceptions) environment.report(traceLine(session, record));
      const exit = args.traceExits && exits.add(record, hasStage2(exceptions, exceptions.end - 1));
      if (exit && !args.summary) environment.report(exitLine(session, exit));
      return false;
    });
  }
  target.onNotice = environment.report;
  environment.input?.onData(send);
  conversation.begin();
  const status = await loop(session, args, environment, conversation, panic);
  if (args.save !== undefined) save(session, args.save, status, environment);
  if (args.summary) {
    for (const line of args.traceExits ? exitLines(session) : summaryLines(session)) environment.report(line);
  }
  return status;
}

async function loop(
  session: Debugger,
  args: RunArguments,
  environment: RunEnvironment,
  conversation: Conversation,
  panic: PanicWatch,
): Promise<number> {
  const { target } = session;
  // A reset begins the machine's count anew; the limit is one for the whole run.
  let beforeReset = -target.position;
  for (;;) {
    if (conversation.isSatisfied) return runStatus.success;
    const left = args.maxInstructions - beforeReset - target.position;
    if (left <= 0) {
      environment.report(`the limit of ${args.maxInstructions.toLocaleString('en')} instructions is reached`);
      reportState(session, environment, conversation);
      return runStatus.limit;
    }
    session.slice = Math.min(sliceInstructions, left);
    // The record is bounded, and the table is of the whole run.
    if (args.summary) session.statistics.occurrence(0);
    if (args.summary && args.traceExits) session.guestExits.catchUp();
    const { value: stop } = continueRun(session).next();
    if (conversation.isSatisfied) return runStatus.success;
    if (panic.reason !== undefined && (panic.isOver || stop?.reason === 'ended')) {
      environment.report(`the guest's kernel panicked: ${panic.reason}`);
      reportUndefined(session, environment);
      reportState(session, environment, conversation);
      return runStatus.panic;
    }
    if (!stop) {
      await (target.rest?.() ?? environment.breathe());
      continue;
    }
    const { position } = target;
    const status = await ended(stop, session, environment, conversation);
    if (status !== undefined) return status;
    if (target.position < position) beforeReset += position;
  }
}

/** The status that a stop ends the run with; undefined to go on. */
async function ended(
  stop: Stop,
  session: Debugger,
  environment: RunEnvironment,
  conversation: Conversation,
): Promise<number | undefined> {
  switch (stop.reason) {
    case 'ended': {
      if (stop.how === 'reset' && !environment.noReboot) {
        session.target.reset();
        session.searchImages();
        await environment.breathe();
        return undefined;
      }
      environment.report(stop.text);
      if (conversation.awaited !== undefined) {
        environment.report(`the guest ended before it wrote ${JSON.stringify(conversation.awaited)}`);
        return runStatus.unexpected;
      }
      if (stop.how === 'reset') return runStatus.reset;
      return (stop.status ?? 0) === 0 ? runStatus.success : runStatus.guestFailed;
    }
    case 'idle':
      if (environment.input && !environment.input.ended) {
        await environment.input.wait();
        return undefined;
      }
      environment.report('every processing element waits (WFI or WFE) and nothing is scheduled to wake one');
      reportState(session, environment, conversation);
      return conversation.awaited === undefined ? runStatus.stuck : runStatus.unexpected;
    case 'unsupported':
      environment.report(stop.text);
      reportState(session, environment, conversation);
      return runStatus.unsupported;
    default:
      return undefined;
  }
}

/** The last instruction that was UNDEFINED because the machine does not know it or lacks its feature. */
function reportUndefined({ target: { exceptions } }: Debugger, { report }: RunEnvironment): void {
  for (let index = exceptions.end - 1; index >= exceptions.first; index--) {
    const record = exceptions.at(index);
    if (record?.kind !== 'exception' || record.exceptionClass !== 0 || record.reason === undefined) continue;
    report(`before that, at EL${record.from} and 0x${record.instruction.toString(16)}: ${record.reason}`);
    return;
  }
}

/** Writes the machine to a file where the guest could still go on. */
function save({ target }: Debugger, path: string, status: number, { report }: RunEnvironment): void {
  if (target.run(0).kind === 'ended' || (status !== runStatus.success && status !== runStatus.limit)) {
    report(`nothing is saved to ${path}: the guest has come to its end`);
    return;
  }
  const bytes = target.saveSnapshot?.();
  if (!bytes) return;
  const size = writeSnapshot(resolve(path), bytes);
  report(`saved to ${path} at position ${target.position.toLocaleString('en')}: ${(size / 1e6).toFixed(1)} MB`);
}

/** Where each element stands, and the exception it is handling. */
function reportState(session: Debugger, { report }: RunEnvironment, conversation: Conversation): void {
  if (conversation.awaited !== undefined) report(`the guest has not written ${JSON.stringify(conversation.awaited)}`);
  for (const element of session.target.processingElements) {
    if (element.power === 'off') continue;
    const pc = element.readRegister('pc') ?? 0n;
    report(
      `PE ${element.index}: EL${element.el}, ${element.power}, at ${placeText(session, pc, liveContext(element))}`,
    );
    const unfinished = session.levels.of(element.index).filter(({ record }) => record.kind === 'exception');
    const [first, last] = [unfinished[0]?.record, unfinished.at(-1)?.record];
    if (last) {
      report('  it is handling:');
      for (const line of explain(session, last)) reportExplanation(line, '    ', report);
    }
    if (first && first !== last) {
      report('  which happened while an earlier exception was not returned from:');
      for (const line of explain(session, first)) reportExplanation(line, '    ', report);
    }
  }
}

function reportExplanation(
  { label, text, details }: ExplanationLine,
  indent: string,
  report: (line: string) => void,
): void {
  report(`${indent}${label}: ${text}`);
  for (const detail of details ?? []) reportExplanation(detail, `${indent}  `, report);
}

function traceLine(session: Debugger, record: ExceptionRecord): string {
  const arrow = record.kind === 'exception' ? '↑' : '↓';
  const [address, side] =
    record.kind === 'exception' ? ([record.instruction, 'from'] as const) : ([record.target, 'to'] as const);
  const vmid = record.vmid === undefined ? '' : `, VMID ${record.vmid}`;
  return `${arrow} ${levelChange(record)}  ${describeRecord(record)}  (${placeText(session, address, recordContext(record, side))}${vmid}, PE ${record.pe}, after ${record.position.toLocaleString('en')})`;
}

function exitLine(session: Debugger, { record, exceptions, returns, instructions, atEl2 }: GuestExit): string {
  const place = placeText(session, record.instruction, recordContext(record, 'from'));
  const cost = `${instructions.toLocaleString('en')} instructions, ${atEl2.toLocaleString('en')} at EL2, ${exceptions} up, ${returns} down`;
  return `VMID ${record.vmid ?? 0}  ${describeRecord(record)}  (${place}; ${cost}; after ${record.position.toLocaleString('en')})`;
}

function exitLines(session: Debugger): string[] {
  const { causes } = session.guestExits;
  return [
    `${session.target.position.toLocaleString('en')} instructions`,
    ...(causes.length > 0 ? causes.map(cause => `${cause.cause}: ${exitCostText(cause)}`) : ['no exits of a guest']),
  ];
}

function summaryLines(session: Debugger): string[] {
  const { causes } = session.statistics;
  const counted = causes.map(
    ({ from, to, cause, count, kind }) =>
      `${count.toLocaleString('en').padStart(10)}  EL${from} ${kind === 'exception' ? '→' : '↓'} EL${to}  ${cause}`,
  );
  return [
    `${session.target.position.toLocaleString('en')} instructions`,
    ...(counted.length > 0 ? counted : ['no exceptions']),
  ];
}
