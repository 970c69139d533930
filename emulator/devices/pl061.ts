/**
 * PL061 general-purpose I/O, eight pins (Arm DDI 0190). The board hangs its power key, or the secure world's
 * power-off and reset outputs, on one.
 */

import type { AccessSize, InterruptLine, MmioRegion, Snapshotable } from '../bus/types.ts';
import {
  type DeviceRegister,
  type DeviceRegisterView,
  field,
  primeCellIdentification,
  RegisterBank,
} from './device.ts';

const pins = [field('PINS', 7, 0)];

/** Bits 9:2 of an access to the first KiB select which pins it reads or writes. */
const dataEnd = 0x400;

const registers: readonly DeviceRegister<Pl061>[] = [
  {
    name: 'GPIODIR',
    offset: 0x400,
    brief: 'direction: ones are outputs',
    fields: pins,
    written: gpio => gpio.changed(),
  },
  {
    name: 'GPIOIS',
    offset: 0x404,
    brief: 'interrupt sense: ones are levels',
    fields: pins,
    written: gpio => gpio.changed(),
  },
  { name: 'GPIOIBE', offset: 0x408, brief: 'interrupt on both edges', fields: pins, written: gpio => gpio.changed() },
  {
    name: 'GPIOIEV',
    offset: 0x40c,
    brief: 'interrupt event: ones are high or rising',
    fields: pins,
    written: gpio => gpio.changed(),
  },
  {
    name: 'GPIOIE',
    offset: 0x410,
    brief: 'interrupt mask: ones let interrupts through',
    fields: pins,
    written: gpio => gpio.changed(),
  },
  { name: 'GPIORIS', offset: 0x414, brief: 'raw interrupt status', fields: pins, readOnly: true },
  {
    name: 'GPIOMIS',
    offset: 0x418,
    brief: 'masked interrupt status',
    fields: pins,
    read: gpio => gpio.masked(),
    readOnly: true,
  },
  {
    name: 'GPIOIC',
    offset: 0x41c,
    brief: 'interrupt clear',
    fields: pins,
    read: () => 0,
    write: (gpio, value) => gpio.clear(value),
  },
  { name: 'GPIOAFSEL', offset: 0x420, brief: 'mode control select', fields: pins },
  ...primeCellIdentification<Pl061>([0x61, 0x10, 0x04, 0x00]),
];

interface SavedPl061 {
  readonly registers: readonly number[];
  readonly data: number;
  readonly inputs: number;
}

/** A PL061 with its interrupt output and eight pins. */
export class Pl061 implements MmioRegion, Snapshotable {
  readonly name: string;
  readonly #line: InterruptLine;
  readonly #onOutput: (pin: number, level: boolean) => void;
  readonly #registers: RegisterBank<Pl061>;
  /** What the guest drives on output pins. */
  #data = 0;
  /** What the board drives on input pins. */
  #inputs = 0;
  #previous = 0;

  /**
   * @param options.onOutput called when a pin that the guest drives changes
   */
  constructor(options: {
    readonly name: string;
    readonly line: InterruptLine;
    readonly onOutput?: (pin: number, level: boolean) => void;
  }) {
    this.name = options.name;
    this.#line = options.line;
    this.#onOutput = options.onOutput ?? (() => {});
    this.#registers = new RegisterBank<Pl061>(this, registers);
  }

  /** The board drives an input pin. */
  setInput(pin: number, level: boolean): void {
    this.#inputs = level ? this.#inputs | (1 << pin) : this.#inputs & ~(1 << pin);
    this.changed();
  }

  read(offset: number, size: AccessSize): bigint {
    if (offset >= dataEnd) return this.#registers.read(offset, size);
    return offset & 3 ? 0n : BigInt(this.#levels() & (offset >>> 2));
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    if (offset >= dataEnd) {
      this.#registers.write(offset, size, value);
      return;
    }
    if (offset & 3) return;
    const mask = offset >>> 2;
    this.#data = (this.#data & ~mask) | (Number(value & 0xffn) & mask);
    this.changed();
  }

  describe(): DeviceRegisterView[] {
    const value = this.#levels();
    const data = {
      name: 'GPIODATA',
      offset: 0x3fc,
      brief: 'levels of the pins',
      value,
      fields: [{ name: 'PINS', value }],
    };
    return [data, ...this.#registers.describe()];
  }

  save(): SavedPl061 {
    return { registers: this.#registers.save(), data: this.#data, inputs: this.#inputs };
  }

  restore(saved: unknown): void {
    const state = saved as SavedPl061;
    this.#registers.restore(state.registers);
    this.#data = state.data;
    this.#inputs = state.inputs;
    this.#previous = this.#levels();
    this.#line.set(this.masked() !== 0);
  }

  masked(): number {
    return this.#registers.get('GPIORIS') & this.#registers.get('GPIOIE');
  }

  clear(ones: number): void {
    const edges = ones & ~this.#registers.get('GPIOIS');
    this.#registers.set('GPIORIS', this.#registers.get('GPIORIS') & ~edges);
    this.changed();
  }

  /** Detects edges and levels after any change of a pin or of the configuration. */
  changed(): void {
    const levels = this.#levels();
    const edges = levels ^ this.#previous;
    this.#previous = levels;
    const outputs = this.#registers.get('GPIODIR');
    for (let pin = 0; pin < 8; pin++) {
      if (edges & outputs & (1 << pin)) this.#onOutput(pin, (levels & (1 << pin)) !== 0);
    }
    const level = this.#registers.get('GPIOIS');
    const event = this.#registers.get('GPIOIEV');
    const both = this.#registers.get('GPIOIBE');
    const wanted = ~(levels ^ event) & 0xff;
    const inputs = ~outputs & 0xff;
    const byEdge = edges & inputs & (both | wanted) & ~level;
    const byLevel = wanted & level & inputs;
    const raw = (this.#registers.get('GPIORIS') & ~level) | byEdge | byLevel;
    this.#registers.set('GPIORIS', raw);
    this.#line.set(this.masked() !== 0);
  }

  #levels(): number {
    const outputs = this.#registers.get('GPIODIR');
    return (this.#data & outputs) | (this.#inputs & ~outputs & 0xff);
  }
}
