/**
 * How system registers with behaviour (GIC, timers, PMU, debug) meet the processing element.
 *
 * The register-access room decides whether an access is allowed, trapped or redirected; only a permitted access to
 * the final register reaches a handler.
 */

/** What a handler may know about the processing element that makes the access. */
export interface HandlerContext {
  /** Index of the processing element. */
  readonly index: number;
  /** Exception level that makes the access, 0..3. */
  readonly el: number;
  /** The access is made in Secure state (EL3 included). */
  readonly secure: boolean;
  /** Raw stored value of another system register, without access checks or effects, such as `HCR_EL2`. */
  read(name: string): bigint;
  /** Stores a raw value in another system register, without access checks or effects. */
  write(name: string, value: bigint): void;
}

/** Reads and writes of one register. A missing direction means that the register's row does not permit it. */
export interface SystemRegisterHandler {
  read?(pe: HandlerContext): bigint;
  write?(pe: HandlerContext, value: bigint): void;
}

/** Handlers by register name (the name of the register's row, such as `ICC_IAR1_EL1`). */
export type SystemRegisterHandlers = Readonly<Partial<Record<string, SystemRegisterHandler>>>;
