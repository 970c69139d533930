/**
 * PL011 UART (Arm DDI 0183). Bytes leave at once, so the transmit FIFO is always empty; the interrupt for received
 * bytes comes with the first byte, as on QEMU's `virt` board, so that the receive timeout never occurs.
 */

import type { AccessSize, InterruptLine, MmioRegion, Snapshotable } from '../bus/types.ts';
import {
  type DeviceRegister,
  type DeviceRegisterView,
  field,
  primeCellIdentification,
  RegisterBank,
} from './device.ts';

const fifoDepth = 16;

/** Bits of UARTRIS, UARTMIS, UARTIMSC and UARTICR. */
const receiveInterrupt = 1 << 4;
const transmitInterrupt = 1 << 5;
const overrunInterrupt = 1 << 10;
const interruptFields = [
  field('OE', 10),
  field('BE', 9),
  field('PE', 8),
  field('FE', 7),
  field('RT', 6),
  field('TX', 5),
  field('RX', 4),
  field('DSRM', 3),
  field('DCDM', 2),
  field('CTSM', 1),
  field('RIM', 0),
];

const controlLoopback = 1 << 7;
const lineControlFifoEnable = 1 << 4;

const registers: readonly DeviceRegister<Pl011>[] = [
  {
    name: 'UARTDR',
    offset: 0x000,
    brief: 'data: oldest received byte; byte to transmit',
    fields: [field('OE', 11), field('BE', 10), field('PE', 9), field('FE', 8), field('DATA', 7, 0)],
    read: uart => uart.readData(),
    peek: uart => uart.peekData(),
    write: (uart, value) => uart.writeData(value & 0xff),
  },
  {
    name: 'UARTRSR',
    offset: 0x004,
    brief: 'receive status; any write clears it',
    fields: [field('OE', 3), field('BE', 2), field('PE', 1), field('FE', 0)],
    write: uart => uart.clearReceiveStatus(),
  },
  {
    name: 'UARTFR',
    offset: 0x018,
    brief: 'flags',
    fields: [field('TXFE', 7), field('RXFF', 6), field('TXFF', 5), field('RXFE', 4), field('BUSY', 3)],
    read: uart => uart.flags(),
    readOnly: true,
  },
  { name: 'UARTILPR', offset: 0x020, brief: 'IrDA low-power divisor', fields: [field('ILPDVSR', 7, 0)] },
  { name: 'UARTIBRD', offset: 0x024, brief: 'integer baud rate divisor', fields: [field('BAUD_DIVINT', 15, 0)] },
  { name: 'UARTFBRD', offset: 0x028, brief: 'fractional baud rate divisor', fields: [field('BAUD_DIVFRAC', 5, 0)] },
  {
    name: 'UARTLCR_H',
    offset: 0x02c,
    brief: 'line control',
    fields: [
      field('SPS', 7),
      field('WLEN', 6, 5),
      field('FEN', 4),
      field('STP2', 3),
      field('EPS', 2),
      field('PEN', 1),
      field('BRK', 0),
    ],
    written: uart => uart.lineControlWritten(),
  },
  {
    name: 'UARTCR',
    offset: 0x030,
    brief: 'control',
    reset: 0x300,
    fields: [
      field('CTSEN', 15),
      field('RTSEN', 14),
      field('OUT2', 13),
      field('OUT1', 12),
      field('RTS', 11),
      field('DTR', 10),
      field('RXE', 9),
      field('TXE', 8),
      field('LBE', 7),
      field('SIRLP', 2),
      field('SIREN', 1),
      field('UARTEN', 0),
    ],
  },
  {
    name: 'UARTIFLS',
    offset: 0x034,
    brief: 'FIFO levels for interrupts',
    reset: 0x12,
    fields: [field('RXIFLSEL', 5, 3), field('TXIFLSEL', 2, 0)],
  },
  {
    name: 'UARTIMSC',
    offset: 0x038,
    brief: 'interrupt mask: ones let interrupts through',
    fields: interruptFields,
    written: uart => uart.updateLine(),
  },
  { name: 'UARTRIS', offset: 0x03c, brief: 'raw interrupt status', fields: interruptFields, readOnly: true },
  {
    name: 'UARTMIS',
    offset: 0x040,
    brief: 'masked interrupt status',
    fields: interruptFields,
    read: uart => uart.maskedInterrupts(),
    readOnly: true,
  },
  {
    name: 'UARTICR',
    offset: 0x044,
    brief: 'interrupt clear: ones clear',
    fields: interruptFields,
    read: () => 0,
    write: (uart, value) => uart.clearInterrupts(value),
  },
  {
    name: 'UARTDMACR',
    offset: 0x048,
    brief: 'DMA control (no DMA controller is attached)',
    fields: [field('DMAONERR', 2), field('TXDMAE', 1), field('RXDMAE', 0)],
  },
  ...primeCellIdentification<Pl011>([0x11, 0x10, 0x14, 0x00]),
];

interface SavedPl011 {
  readonly registers: readonly number[];
  readonly fifo: readonly number[];
  readonly backlog: readonly number[];
}

/** A PL011 with its interrupt output and its wire to the host. */
export class Pl011 implements MmioRegion, Snapshotable {
  readonly name: string;
  /** Called with each byte the guest transmits. */
  onTransmit: (byte: number) => void;
  readonly #line: InterruptLine;
  readonly #registers: RegisterBank<Pl011>;
  #fifo: number[] = [];
  /** Bytes from the host that wait for room in the FIFO: the sender is held back, nothing is lost. */
  #backlog: number[] = [];

  constructor(options: {
    readonly name: string;
    readonly line: InterruptLine;
    readonly onTransmit?: (byte: number) => void;
  }) {
    this.name = options.name;
    this.#line = options.line;
    this.onTransmit = options.onTransmit ?? (() => {});
    this.#registers = new RegisterBank<Pl011>(this, registers);
  }

  read(offset: number, size: AccessSize): bigint {
    return this.#registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    this.#registers.write(offset, size, value);
  }

  /** A byte arrives from the host. */
  receive(byte: number): void {
    this.#backlog.push(byte & 0xff);
    this.#fill();
  }

  /** Takes the oldest received byte by another way than the registers; undefined when there is none. */
  takeReceived(): number | undefined {
    return this.#fifo.length > 0 ? this.readData() : undefined;
  }

  /** Registers for a debugger; nothing is taken from the FIFO. */
  describe(): DeviceRegisterView[] {
    return this.#registers.describe();
  }

  save(): SavedPl011 {
    return { registers: this.#registers.save(), fifo: [...this.#fifo], backlog: [...this.#backlog] };
  }

  restore(saved: unknown): void {
    const state = saved as SavedPl011;
    this.#registers.restore(state.registers);
    this.#fifo = [...state.fifo];
    this.#backlog = [...state.backlog];
    this.updateLine();
  }

  // What the register rows do.

  peekData(): number {
    return this.#fifo[0] ?? 0;
  }

  readData(): number {
    const byte = this.#fifo.shift() ?? 0;
    if (this.#fifo.length === 0) this.#setRaw(this.#raw() & ~receiveInterrupt);
    this.#fill();
    return byte;
  }

  writeData(byte: number): void {
    if (this.#registers.get('UARTCR') & controlLoopback) this.#loopBack(byte);
    else this.onTransmit(byte);
    this.#setRaw(this.#raw() | transmitInterrupt);
  }

  clearReceiveStatus(): void {
    this.#registers.set('UARTRSR', 0);
  }

  flags(): number {
    const transmitEmpty = 1 << 7;
    const receiveFull = this.#fifo.length >= this.#depth() ? 1 << 6 : 0;
    const receiveEmpty = this.#fifo.length === 0 ? 1 << 4 : 0;
    return transmitEmpty | receiveFull | receiveEmpty;
  }

  /** Turning the FIFOs on or off empties them. */
  lineControlWritten(): void {
    const enabled = (this.#registers.get('UARTLCR_H') & lineControlFifoEnable) !== 0;
    if (enabled === this.#fifoEnabled) return;
    this.#fifoEnabled = enabled;
    this.#fifo = [];
    this.#fill();
  }

  maskedInterrupts(): number {
    return this.#raw() & this.#registers.get('UARTIMSC');
  }

  clearInterrupts(ones: number): void {
    this.#setRaw(this.#raw() & ~ones);
  }

  updateLine(): void {
    this.#fifoEnabled = (this.#registers.get('UARTLCR_H') & lineControlFifoEnable) !== 0;
    this.#line.set(this.maskedInterrupts() !== 0);
  }

  #fifoEnabled = false;

  #depth(): number {
    return this.#fifoEnabled ? fifoDepth : 1;
  }

  #raw(): number {
    return this.#registers.get('UARTRIS');
  }

  #setRaw(raw: number): void {
    this.#registers.set('UARTRIS', raw);
    this.updateLine();
  }

  #fill(): void {
    if (this.#backlog.length === 0 || this.#fifo.length >= this.#depth()) return;
    while (this.#backlog.length > 0 && this.#fifo.length < this.#depth()) this.#fifo.push(this.#backlog.shift()!);
    this.#setRaw(this.#raw() | receiveInterrupt);
  }

  #loopBack(byte: number): void {
    if (this.#fifo.length < this.#depth()) {
      this.#fifo.push(byte);
      this.#setRaw(this.#raw() | receiveInterrupt);
    } else {
      this.#registers.set('UARTRSR', this.#registers.get('UARTRSR') | (1 << 3));
      this.#setRaw(this.#raw() | overrunInterrupt);
    }
  }
}
