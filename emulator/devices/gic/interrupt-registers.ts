/**
 * The registers that hold one bit or one small field for each interrupt. A distributor and a redistributor have the
 * same ones, at the same offsets, for different interrupts (GICv3 architecture, "GICD_IGROUPR" to "GICD_NSACR").
 */
import type { BusAccess } from '../../bus/types.ts';
import type { InterruptBank, InterruptBitmap } from './interrupt-bank.ts';
import { firstSharedInterrupt, softwareGeneratedInterrupts } from './interrupt-id.ts';
import { priorityFromNonSecureView } from './priority.ts';
import type { RegisterRow } from './register-file.ts';

/** 32 interrupts of a bank. */
export interface InterruptWord {
  readonly bank: InterruptBank;
  readonly word: number;
}

/** What the rows need of the frame they belong to. */
export interface InterruptFrame {
  /** Interrupts 32×index to 32×index+31 for this access, or `undefined` where the frame has none. */
  interruptWord(index: number, access: BusAccess): InterruptWord | undefined;
  /** There are two security states, so that Secure interrupts are hidden from Non-secure accesses. */
  readonly twoSecurityStates: boolean;
  /** SGIs that software cannot disable or make pending through these registers (GICv2). */
  readonly fixedSgis: boolean;
  /** Bits of the configuration registers' trigger that software may change, for interrupts of a word. */
  configurable(index: number): number;
  /** State of interrupts changed, so that the outputs have to be computed anew. */
  changed(): void;
}

const everyInterrupt = 0xffff_ffff;

/** Interrupts of a word that an access may handle: all, or for Non-secure accesses those given to it. */
function visible(frame: InterruptFrame, { bank, word }: InterruptWord, access: BusAccess, degree: number): number {
  return frame.twoSecurityStates && !access.secure ? bank.nonSecureAccessible(word, degree) : everyInterrupt;
}

/** Degrees of Non-secure access to a Secure interrupt: fields of the NSACR registers. */
const nsacr = { setPending: 1, clearPending: 2, groupOnly: 4 } as const;

/** SGIs of a word that stay as they are whatever is written. */
function fixed(frame: InterruptFrame, { bank, word }: InterruptWord): number {
  return frame.fixedSgis && bank.first + word * 32 === 0 ? (1 << softwareGeneratedInterrupts) - 1 : 0;
}

/** Rows of a frame whose names start with `prefix`, covering interrupts 0 to `interrupts`−1. */
export function interruptRegisters<Frame extends InterruptFrame>(
  prefix: string,
  interrupts: number,
): readonly RegisterRow<Frame>[] {
  const words = interrupts / 32;
  const banked = interrupts === firstSharedInterrupt ? '0' : '';
  const name = (register: string) => `${prefix}_${register}${banked}`;

  const bitmap = (register: string, offset: number, brief: string, kind: BitmapRegister): RegisterRow<Frame> => ({
    name: name(register),
    offset,
    count: words,
    brief,
    read: (frame, index, access) => {
      const at = frame.interruptWord(index, access);
      return at ? (kind.bits(at) & visible(frame, at, access, kind.readDegree ?? kind.degree)) >>> 0 : 0;
    },
    write: (frame, value, index, access) => {
      const at = frame.interruptWord(index, access);
      if (!at) return;
      kind.write(at, value & visible(frame, at, access, kind.degree), frame);
      frame.changed();
    },
  });

  /** Group registers: Secure software only, when there are two security states. */
  const groupRegister = (
    register: string,
    offset: number,
    brief: string,
    which: 'group1' | 'groupModifier',
  ): RegisterRow<Frame> => {
    const hidden = (frame: Frame, access: BusAccess) =>
      frame.twoSecurityStates ? !access.secure : which === 'groupModifier';
    return {
      name: name(register),
      offset,
      count: words,
      brief,
      read: (frame, index, access) => {
        const at = frame.interruptWord(index, access);
        return at && !hidden(frame, access) ? at.bank.bits(which, at.word) : 0;
      },
      write: (frame, value, index, access) => {
        const at = frame.interruptWord(index, access);
        if (!at || hidden(frame, access)) return;
        at.bank.clearBits(which, at.word, ~value);
        at.bank.setBits(which, at.word, value);
        frame.changed();
      },
    };
  };

  return [
    groupRegister('IGROUPR', 0x080, 'Group 1 (1) or Group 0 (0).', 'group1'),
    bitmap('ISENABLER', 0x100, 'Enables interrupts; reads which are enabled.', {
      ...setClear('enabled', 'set'),
      degree: nsacr.groupOnly,
    }),
    bitmap('ICENABLER', 0x180, 'Disables interrupts; reads which are enabled.', {
      ...setClear('enabled', 'clear'),
      degree: nsacr.groupOnly,
    }),
    bitmap('ISPENDR', 0x200, 'Makes interrupts pending; reads which are pending.', {
      bits: at => at.bank.pending(at.word),
      write: (at, value, frame) => at.bank.latch(at.word, value & ~fixed(frame, at)),
      degree: nsacr.setPending,
    }),
    bitmap('ICPENDR', 0x280, 'Takes back the pending state; reads which are pending.', {
      bits: at => at.bank.pending(at.word),
      write: (at, value, frame) => at.bank.unlatch(at.word, value & ~fixed(frame, at)),
      degree: nsacr.clearPending,
      readDegree: nsacr.setPending,
    }),
    bitmap('ISACTIVER', 0x300, 'Makes interrupts active; reads which are active.', {
      ...setClear('active', 'set'),
      degree: nsacr.groupOnly,
      readDegree: nsacr.clearPending,
    }),
    bitmap('ICACTIVER', 0x380, 'Deactivates interrupts; reads which are active.', {
      ...setClear('active', 'clear'),
      degree: nsacr.groupOnly,
      readDegree: nsacr.clearPending,
    }),
    {
      name: `${prefix}_IPRIORITYR`,
      offset: 0x400,
      count: interrupts / 4,
      width: 8,
      brief: 'Priorities of four interrupts, a byte each; lower values are more urgent.',
      read: priorityRead,
      write: (frame, value, intid, access) => {
        priorityWrite(frame, intid, value, access);
        frame.changed();
      },
    },
    {
      name: `${prefix}_ICFGR`,
      offset: 0xc00,
      count: interrupts / 16,
      brief: 'Triggers of sixteen interrupts, two bits each: level-sensitive (0b00) or edge-triggered (0b10).',
      read: (frame, index, access) => {
        const at = frame.interruptWord(index >> 1, access);
        if (!at) return 0;
        const edges = at.bank.bits('edge', at.word) & visible(frame, at, access, nsacr.groupOnly);
        return eachOf(16, 2, i => ((edges >>> ((index & 1) * 16 + i)) & 1) << 1);
      },
      write: (frame, value, index, access) => {
        const at = frame.interruptWord(index >> 1, access);
        if (!at) return;
        let edges = 0;
        for (let i = 0; i < 16; i++) edges |= ((value >>> (i * 2 + 1)) & 1) << i;
        const half = (index & 1) * 16;
        const mask = (0xffff << half) & frame.configurable(index >> 1) & visible(frame, at, access, nsacr.groupOnly);
        at.bank.clearBits('edge', at.word, mask);
        at.bank.setBits('edge', at.word, (edges << half) & mask);
        frame.changed();
      },
    },
    groupRegister('IGRPMODR', 0xd00, 'With Group 0 in IGROUPR: Secure Group 1 (1) or Group 0 (0).', 'groupModifier'),
    {
      name: `${prefix}_NSACR`,
      offset: 0xe00,
      count: banked ? 1 : interrupts / 16,
      brief: 'How far Non-secure software may handle Secure interrupts, two bits each.',
      read: (frame, index, access) => {
        const at = frame.interruptWord(index >> 1, access);
        if (!at || !frame.twoSecurityStates || !access.secure) return 0;
        const intid = at.bank.first + at.word * 32 + (index & 1) * 16;
        return eachOf(16, 2, i => at.bank.nonSecureAccess(intid + i));
      },
      write: (frame, value, index, access) => {
        const at = frame.interruptWord(index >> 1, access);
        if (!at || !frame.twoSecurityStates || !access.secure) return;
        const intid = at.bank.first + at.word * 32 + (index & 1) * 16;
        for (let i = 0; i < 16; i++) at.bank.setNonSecureAccess(intid + i, (value >>> (i * 2)) & 3);
        frame.changed();
      },
    },
  ];
}

interface BitmapRegister {
  readonly bits: (at: InterruptWord) => number;
  readonly write: (at: InterruptWord, value: number, frame: InterruptFrame) => void;
  /** Degree of Non-secure access that a write needs, and a read unless `readDegree` says otherwise. */
  readonly degree: number;
  readonly readDegree?: number;
}

function setClear(which: InterruptBitmap, action: 'set' | 'clear'): Omit<BitmapRegister, 'degree'> {
  return {
    bits: at => at.bank.bits(which, at.word),
    write: (at, value, frame) => {
      const mask = which === 'enabled' ? value & ~fixed(frame, at) : value;
      if (action === 'set') at.bank.setBits(which, at.word, mask);
      else at.bank.clearBits(which, at.word, mask);
    },
  };
}

function eachOf(count: number, bits: number, value: (index: number) => number): number {
  let all = 0;
  for (let i = 0; i < count; i++) all |= value(i) << (i * bits);
  return all >>> 0;
}

function priorityRead(frame: InterruptFrame, intid: number, access: BusAccess): number {
  const at = frame.interruptWord(intid >> 5, access);
  if (!at) return 0;
  const own = at.bank.first + at.word * 32 + (intid & 31);
  const priority = at.bank.priority(own);
  if (!frame.twoSecurityStates || access.secure) return priority;
  return at.bank.test('group1', own) ? (priority << 1) & 0xff : 0;
}

function priorityWrite(frame: InterruptFrame, intid: number, value: number, access: BusAccess): void {
  const at = frame.interruptWord(intid >> 5, access);
  if (!at) return;
  const own = at.bank.first + at.word * 32 + (intid & 31);
  if (!frame.twoSecurityStates || access.secure) at.bank.setPriority(own, value);
  else if (at.bank.test('group1', own)) at.bank.setPriority(own, priorityFromNonSecureView(value));
}
