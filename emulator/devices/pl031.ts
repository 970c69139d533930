/**
 * PL031 real-time clock (Arm DDI 0224). Its seconds are virtual time counted from a given date, so that a run shows
 * the same dates whenever it is repeated.
 */

import type {
  AccessSize,
  InterruptLine,
  MmioRegion,
  ScheduledEvent,
  Snapshotable,
  VirtualClock,
} from '../bus/types.ts';
import {
  type DeviceRegister,
  type DeviceRegisterView,
  field,
  primeCellIdentification,
  RegisterBank,
} from './device.ts';

const word = (name: string) => [field(name, 31, 0)];
const interrupt = [field('RTCINTR', 0)];

const registers: readonly DeviceRegister<Pl031>[] = [
  {
    name: 'RTCDR',
    offset: 0x00,
    brief: 'seconds since 1970',
    fields: word('DATA'),
    read: rtc => rtc.seconds(),
    readOnly: true,
  },
  {
    name: 'RTCMR',
    offset: 0x04,
    brief: 'match: second of the interrupt',
    fields: word('MATCH'),
    written: rtc => rtc.scheduleAlarm(),
  },
  {
    name: 'RTCLR',
    offset: 0x08,
    brief: 'load: sets the seconds',
    fields: word('LOAD'),
    written: rtc => rtc.load(),
  },
  { name: 'RTCCR', offset: 0x0c, brief: 'control: always running', fields: [field('START', 0)], read: () => 1 },
  {
    name: 'RTCIMSC',
    offset: 0x10,
    brief: 'interrupt mask: one lets the interrupt through',
    fields: interrupt,
    written: rtc => rtc.updateLine(),
  },
  { name: 'RTCRIS', offset: 0x14, brief: 'raw interrupt status', fields: interrupt, readOnly: true },
  {
    name: 'RTCMIS',
    offset: 0x18,
    brief: 'masked interrupt status',
    fields: interrupt,
    read: rtc => rtc.maskedInterrupt(),
    readOnly: true,
  },
  {
    name: 'RTCICR',
    offset: 0x1c,
    brief: 'interrupt clear',
    fields: interrupt,
    read: () => 0,
    write: (rtc, value) => rtc.clear(value),
  },
  ...primeCellIdentification<Pl031>([0x31, 0x10, 0x14, 0x00]),
];

interface SavedPl031 {
  readonly registers: readonly number[];
  readonly offset: number;
}

/** A PL031 with its alarm interrupt. */
export class Pl031 implements MmioRegion, Snapshotable {
  readonly name = 'PL031 real-time clock';
  readonly #line: InterruptLine;
  readonly #clock: VirtualClock;
  readonly #unitsPerSecond: number;
  readonly #registers: RegisterBank<Pl031>;
  /** What is added to the seconds of virtual time. */
  #offset: number;
  #alarm: ScheduledEvent | undefined;

  /**
   * @param options.base seconds since 1970 at virtual time zero
   * @param options.unitsPerSecond instruction units of virtual time in a second
   */
  constructor(options: {
    readonly line: InterruptLine;
    readonly clock: VirtualClock;
    readonly unitsPerSecond: number;
    readonly base: number;
  }) {
    this.#line = options.line;
    this.#clock = options.clock;
    this.#unitsPerSecond = options.unitsPerSecond;
    this.#offset = options.base;
    this.#registers = new RegisterBank<Pl031>(this, registers);
  }

  read(offset: number, size: AccessSize): bigint {
    return this.#registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    this.#registers.write(offset, size, value);
  }

  describe(): DeviceRegisterView[] {
    return this.#registers.describe();
  }

  save(): SavedPl031 {
    return { registers: this.#registers.save(), offset: this.#offset };
  }

  restore(saved: unknown): void {
    const state = saved as SavedPl031;
    this.#registers.restore(state.registers);
    this.#offset = state.offset;
    // Whether an alarm waits follows from the registers: one that is past has set RTCRIS or was cleared since.
    this.#waitForMatch();
    this.updateLine();
  }

  seconds(): number {
    return (this.#offset + this.#virtualSeconds()) >>> 0;
  }

  load(): void {
    this.#offset = this.#registers.get('RTCLR') - this.#virtualSeconds();
    this.scheduleAlarm();
  }

  /** The interrupt comes when the seconds equal the match value, at once if they do already. */
  scheduleAlarm(): void {
    if (this.#registers.get('RTCMR') === this.seconds()) {
      this.#cancelAlarm();
      this.#match();
    } else {
      this.#waitForMatch();
    }
  }

  maskedInterrupt(): number {
    return this.#registers.get('RTCRIS') & this.#registers.get('RTCIMSC');
  }

  clear(ones: number): void {
    this.#registers.set('RTCRIS', this.#registers.get('RTCRIS') & ~ones);
    this.updateLine();
  }

  updateLine(): void {
    this.#line.set(this.maskedInterrupt() !== 0);
  }

  #virtualSeconds(): number {
    return Math.floor(this.#clock.now() / this.#unitsPerSecond);
  }

  #match(): void {
    this.#registers.set('RTCRIS', 1);
    this.updateLine();
  }

  #cancelAlarm(): void {
    if (this.#alarm) this.#clock.cancel(this.#alarm);
    this.#alarm = undefined;
  }

  /** Waits for the next second that equals the match value; the seconds wrap after 2^32. */
  #waitForMatch(): void {
    this.#cancelAlarm();
    const distance = (this.#registers.get('RTCMR') - this.seconds()) >>> 0 || 2 ** 32;
    const at = (this.#virtualSeconds() + distance) * this.#unitsPerSecond;
    if (at > Number.MAX_SAFE_INTEGER) return;
    this.#alarm = this.#clock.schedule(at, () => {
      this.#alarm = undefined;
      this.#match();
      this.#waitForMatch();
    });
  }
}
