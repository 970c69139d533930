/** What every version of the interrupt controller offers to the machine. */
import type { InterruptLine, MmioRegion, PeInterruptPins, Snapshotable } from '../../bus/types.ts';
import type { SystemRegisterHandlers } from '../../processing-element/system-register-handlers.ts';
import type { InterruptControllerDescription } from './description.ts';

export interface InterruptController extends Snapshotable {
  readonly version: 2 | 3;
  /** The frames of registers, by the name the board places them by. */
  readonly regions: Readonly<Record<string, MmioRegion>>;
  /** Interrupt inputs of a processing element as they are driven now. */
  pins(pe: number): Readonly<PeInterruptPins>;
  /** Input of shared interrupt `n`, which has INTID 32 + n. */
  spi(n: number): InterruptLine;
  /** Input of a private peripheral interrupt by its INTID, 16–31. */
  ppi(pe: number, intid: number): InterruptLine;
  /** System registers that reach the controller from a processing element; none in GICv2. */
  systemRegisterHandlers(pe: number): SystemRegisterHandlers;
  /**
   * Tells the controller what a processing element executes, as far as it decides between IRQ and FIQ. `secure`
   * includes EL3. Only a controller with two security states takes notice.
   */
  setExecutionState(pe: number, el: number, secure: boolean): void;
  /** Lets Non-secure software handle all interrupts, as Secure firmware does before it starts an operating system. */
  assignAllToNonSecure(): void;
  describe(): InterruptControllerDescription;
}
