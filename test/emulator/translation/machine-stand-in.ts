/** Registers and memory for tests of translation: what a machine would give to it, and nothing more. */
import type { SwapOutcome, TranslationInputs, TranslationRegister } from '../../../emulator/translation/inputs.ts';

/** Values of the ID registers of a PE that has every feature of translation that is implemented. */
export const EVERY_FEATURE: Readonly<Partial<Record<TranslationRegister, bigint>>> = {
  // 52-bit physical addresses, 16-bit ASIDs, all granules in both stages, 52-bit addresses with each.
  ID_AA64MMFR0_EL1: 0x0000_0323_1020_0026n,
  // XNX, PAN3, HPDS, 16-bit VMIDs, HAFDBS with dirty state.
  ID_AA64MMFR1_EL1: 0x0000_0000_1030_1122n,
  // E0PD, FWB, TTST, LVA.
  ID_AA64MMFR2_EL1: 0x1000_0100_1001_0000n,
  // PAuth, for TBID.
  ID_AA64ISAR1_EL1: 0x0000_0000_0000_0010n,
  // BTI.
  ID_AA64PFR1_EL1: 0x0000_0000_0000_0001n,
};

const NS = 1n;
const EEL2 = 1n << 18n;
const TGE = 1n << 27n;
const E2H = 1n << 34n;
const VM = 1n << 0n;
const PTW = 1n << 2n;
const DC = 1n << 12n;
const CD = 1n << 32n;
const ID = 1n << 33n;

export class MachineStandIn implements TranslationInputs {
  readonly registers = new Map<TranslationRegister, bigint>();
  readonly base: number;
  readonly memory: DataView;
  /** Descriptors outside of writable memory: updates of them are refused. */
  readOnly = false;
  /** EL3 is implemented, and SCR_EL3.NS chooses the Security state. */
  hasEl3 = false;
  /** Physical addresses that were read, for tests that count. */
  reads = 0;
  private asked = 0;

  constructor(base: number, size: number, registers: Partial<Record<TranslationRegister, bigint>> = EVERY_FEATURE) {
    this.base = base;
    this.memory = new DataView(new ArrayBuffer(size));
    this.set(registers);
  }

  set(registers: Partial<Record<TranslationRegister, bigint>>): void {
    for (const [name, value] of Object.entries(registers)) this.registers.set(name as TranslationRegister, value);
  }

  /** Tests change registers as they like: they may always have changed. */
  generation(): number {
    this.asked++;
    return this.asked;
  }

  register(name: TranslationRegister): bigint {
    return this.registers.get(name) ?? 0n;
  }

  effectiveHypervisorConfiguration(): bigint {
    // EL2 serves Secure state only with SCR_EL3.EEL2.
    if (this.hasEl3 && (this.register('SCR_EL3') & (NS | EEL2)) === 0n) return 0n;
    const hcr = this.register('HCR_EL2');
    if ((hcr & TGE) === 0n) return hcr;
    return (hcr & E2H) === 0n ? hcr & ~PTW : hcr & ~(VM | PTW | DC | CD | ID);
  }

  readWord(physicalAddress: number): number | undefined {
    this.reads++;
    const offset = physicalAddress - this.base;
    return offset >= 0 && offset < this.memory.byteLength ? this.memory.getUint32(offset, true) : undefined;
  }

  compareAndSwap(physicalAddress: number, _nonSecure: boolean, expected: bigint, replacement: bigint): SwapOutcome {
    if (this.readOnly) return 'unsupported';
    const offset = physicalAddress - this.base;
    if (this.memory.getBigUint64(offset, true) !== expected) return 'changed';
    this.memory.setBigUint64(offset, replacement, true);
    return 'swapped';
  }

  write(physicalAddress: number, value: bigint): void {
    this.memory.setBigUint64(physicalAddress - this.base, value, true);
  }

  read(physicalAddress: number): bigint {
    return this.memory.getBigUint64(physicalAddress - this.base, true);
  }
}
