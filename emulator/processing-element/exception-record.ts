/** What is remembered of every change of Exception level: the one record that the timeline, filters and call stack read. */
import type { ExceptionLevel } from '../architecture/system-register.ts';

/** Why a processing element left its flow of instructions. */
export type ExceptionKind = 'synchronous' | 'irq' | 'fiq' | 'serror' | 'virtualIrq' | 'virtualFiq' | 'virtualSError';

interface LevelChange {
  /** Index of the processing element. */
  readonly pe: number;
  /** Retired instructions of the whole machine when it happened. */
  readonly position: number;
  /** The Exception level left, and the one reached. They may be the same. */
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  /** Whether each of the two is Secure; EL3 always is. */
  readonly fromSecure: boolean;
  readonly toSecure: boolean;
  /** Address of the instruction that caused it, or, for an interrupt, of the one that was next. */
  readonly instruction: bigint;
  /** Address at which execution goes on. */
  readonly target: bigint;
  /** VTTBR_EL2.VMID of the guest concerned; absent while no guest translation context is in force. */
  readonly vmid?: number;
}

/** An exception taken (Arm ARM D1.3). */
export interface ExceptionTaken extends LevelChange {
  readonly kind: 'exception';
  readonly cause: ExceptionKind;
  /** ESR_ELx as written; zero for IRQ and FIQ, which leave ESR_ELx alone. */
  readonly syndrome: bigint;
  /** ESR_ELx.EC; absent for IRQ and FIQ. */
  readonly exceptionClass?: number;
  /** ELR_ELx as written. */
  readonly preferredReturn: bigint;
  /** FAR_ELx, when the class writes it. */
  readonly faultAddress?: bigint;
  /** Intermediate physical address in HPFAR_EL2, low 12 bits zero, when it was written. */
  readonly ipa?: bigint;
  /** The control that made an access trap, such as `HCR_EL2.TVM = 1`. */
  readonly reason?: string;
  /** `exit`: a guest's EL1 or EL0 gave way to its hypervisor at EL2. */
  readonly guest?: 'exit';
}

/** An exception return (Arm ARM D1.4). */
export interface ExceptionReturned extends LevelChange {
  readonly kind: 'return';
  /** SPSR_ELx that was restored. */
  readonly savedState: bigint;
  /** The return was illegal: the level stayed and PSTATE.IL was set. */
  readonly illegal: boolean;
  /** `entry`: EL2 entered a guest's EL1 or EL0. */
  readonly guest?: 'entry';
}

export type ExceptionRecord = ExceptionTaken | ExceptionReturned;
