/** Which Exception level runs, which wait, and how that came. */
import { type CodeContext, liveContext, recordContext } from '../debugger/code-context.ts';
import {
  type ExceptionLevel,
  type ExceptionRecord,
  type TargetProcessingElement,
  UserProblem,
} from '../debugger/target.ts';
import type { ExceptionRecord as ExceptionRecordBody, LevelState, LevelsResponseBody } from '../protocol.ts';
import type { Session } from '../session.ts';
import { guestLocation } from './exceptions.ts';

const maximumPath = 8;

export function levelsBody(
  session: Session,
  pe: number,
  body: (session: Session, index: number, record: ExceptionRecord) => ExceptionRecordBody,
): LevelsResponseBody {
  const { target, levels } = session.debugger;
  const element = target.processingElements[pe];
  if (!element) throw new UserProblem(`There is no processing element ${pe}`);
  const crossings = levels.of(pe);
  /** Where each level that waits was left; the latest counts. */
  const left = new Map<ExceptionLevel, { readonly address: bigint; readonly where: CodeContext }>();
  const isSecure = secureBelow(element);
  for (const { record } of crossings) {
    // What a level left in the other world is not what waits here.
    if (record.from < 3 && record.fromSecure !== isSecure) continue;
    const address = record.kind === 'exception' ? record.preferredReturn : record.instruction;
    left.set(record.from, { address, where: recordContext(record, 'from') });
  }
  const states = ([3, 2, 1, 0] as const).map((el): LevelState => {
    const isRunning = el === element.el;
    const leftAt = left.get(el);
    // A level that entered a lower one by ERET waits for an exception; one that took an exception upwards, for a return.
    const isWaiting = !isRunning && leftAt !== undefined;
    const address = isRunning ? element.readRegister('pc') : leftAt?.address;
    const where = isRunning || !leftAt ? liveContext(element) : leftAt.where;
    return {
      el,
      implemented: isImplemented(element, el),
      activity: isRunning ? 'running' : isWaiting ? 'waiting' : 'idle',
      role: role(element, el),
      ...(address !== undefined && { location: guestLocation(session, address, where) }),
    };
  });
  const log = target.exceptions;
  const path: ExceptionRecordBody[] = [];
  for (let index = log.end - 1; index >= log.first && path.length < maximumPath; index--) {
    const record = log.at(index);
    if (record?.pe === pe) path.unshift(body(session, index, record));
  }
  return {
    pe,
    position: target.position,
    security: element.secure ? 'secure' : 'non-secure',
    levels: states,
    path,
  };
}

/** ID_AA64PFR0_EL1 has four bits for each level: zero means that it is not there. */
function isImplemented(element: TargetProcessingElement, el: ExceptionLevel): boolean {
  const features = element.readRegister('id_aa64pfr0_el1');
  return el < 2 || features === undefined || ((features >> BigInt(el * 4)) & 15n) !== 0n;
}

/** Whether the levels below EL3 are in the Secure state: SCR_EL3.NS is clear. */
function secureBelow(element: TargetProcessingElement): boolean {
  return isImplemented(element, 3) && ((element.readRegister('scr_el3') ?? 1n) & 1n) === 0n;
}

/** SCR_EL3.EEL2: the Secure world has an EL2. */
function secureHypervisor(element: TargetProcessingElement): boolean {
  return (((element.readRegister('scr_el3') ?? 0n) >> 18n) & 1n) === 1n;
}

function role(element: TargetProcessingElement, el: ExceptionLevel): string {
  const hcr = element.readRegister('hcr_el2') ?? 0n;
  const isHost = (hcr >> 34n) & 1n;
  const general = (hcr >> 27n) & 1n;
  const stage2 = hcr & 1n;
  if (el === 3) return 'secure monitor';
  const isSecure = secureBelow(element);
  const world = isSecure ? 'secure ' : '';
  if (isSecure && !secureHypervisor(element))
    return ['secure application', 'secure kernel', 'not used by the secure world'][el]!;
  const vmid = (element.readRegister('vttbr_el2') ?? 0n) >> 48n;
  switch (el) {
    case 2:
      return world + (isHost ? 'hypervisor host (VHE)' : 'hypervisor');
    case 1:
      if (isHost && general) return 'not used by a VHE host';
      return world + (stage2 ? `guest kernel, VMID ${vmid}` : 'kernel');
    case 0:
      if (isHost && general) return `${world}application of the host`;
      return world + (stage2 && !general ? `guest application, VMID ${vmid}` : 'application');
  }
}
