/**
 * GICv2m (Arm's Server Base System Architecture, "GICv2m architecture"): a frame that turns a message, which is the
 * number of a shared interrupt, into a pulse of that interrupt. It has no state.
 */
import type { InterruptLine, MmioRegion } from '../../bus/types.ts';
import { firstSharedInterrupt } from './interrupt-id.ts';
import { field, RegisterFile } from './register-file.ts';

export interface MessageFrameOptions {
  /** The first SPI of the frame, counted from zero. */
  readonly firstSpi: number;
  readonly count: number;
  /** Input of an SPI, counted from zero. */
  readonly line: (spi: number) => InterruptLine;
}

export class MessageFrame {
  readonly region: MmioRegion;
  readonly #options: MessageFrameOptions;
  readonly #lines: readonly InterruptLine[];

  constructor(options: MessageFrameOptions) {
    this.#options = options;
    this.#lines = Array.from({ length: options.count }, (_, i) => options.line(options.firstSpi + i));
    this.region = frameRegisters.region('GICv2m frame', this);
  }

  get type(): number {
    return ((firstSharedInterrupt + this.#options.firstSpi) << 16) | this.#options.count;
  }

  /** A message: the INTID of an interrupt of the frame. Any other is ignored. */
  signal(intid: number): void {
    const line = this.#lines[intid - firstSharedInterrupt - this.#options.firstSpi];
    line?.set(true);
    line?.set(false);
  }
}

/** Offset of the register that devices write their messages to. */
export const setSpiOffset = 0x40;

const frameRegisters = new RegisterFile<MessageFrame>([
  {
    name: 'MSI_TYPER',
    offset: 0x008,
    brief: 'Which shared interrupts the frame has.',
    fields: [field('25:16', 'Base', 'INTID of the first.'), field('9:0', 'Count', 'How many.')],
    read: frame => frame.type,
  },
  {
    name: 'MSI_SETSPI_NS',
    offset: setSpiOffset,
    brief: 'Takes a message.',
    write: (frame, value) => frame.signal(value & 0x3ff),
  },
  { name: 'MSI_IIDR', offset: 0xfcc, brief: 'Product, as QEMU reports it.', read: () => 0x51 << 20 },
]);
