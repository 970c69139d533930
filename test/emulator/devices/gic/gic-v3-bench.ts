/** A GICv3 with short words for what software does to it. */
import type { DirectMemoryAccess } from '../../../../emulator/bus/direct-memory-access.ts';
import type { AccessSize } from '../../../../emulator/bus/types.ts';
import { GicV3 } from '../../../../emulator/devices/gic/index.ts';

export interface Actor {
  readonly pe: number;
  readonly el: number;
  readonly secure: boolean;
  /** HCR_EL2 and SCR_EL3 as they are while this actor executes. */
  readonly hcr?: bigint;
  readonly scr?: bigint;
}

export const hypervisor: Actor = { pe: 0, el: 2, secure: false };
/** A guest at EL1 whose interrupts are routed to EL2 (HCR_EL2.IMO and FMO). */
export const guest: Actor = { pe: 0, el: 1, secure: false, hcr: 0x18n };
export const firmware: Actor = { pe: 0, el: 3, secure: true };
export const secureSystem: Actor = { pe: 0, el: 1, secure: true };

export const on = (pe: number, actor: Actor): Actor => ({ ...actor, pe });

const redistributorSgi = 0x1_0000;

export class GicV3Bench {
  readonly gic: GicV3;
  /** Processing elements whose pins changed, in order. */
  readonly changes: number[] = [];

  constructor(
    options: { processingElements?: number; securityExtensions?: boolean; memory?: DirectMemoryAccess } = {},
  ) {
    this.gic = new GicV3({
      affinities: Array.from({ length: options.processingElements ?? 1 }, (_, pe) => pe),
      securityExtensions: options.securityExtensions ?? false,
      ...(options.memory && { memory: options.memory }),
      onPinsChanged: pe => this.changes.push(pe),
    });
  }

  read(register: string, actor: Actor = hypervisor): number {
    return Number(this.read64(register, actor));
  }

  read64(register: string, actor: Actor = hypervisor): bigint {
    const read = this.gic.systemRegisterHandlers(actor.pe)[register]?.read;
    if (!read) throw new Error(`${register} cannot be read`);
    return read(context(actor));
  }

  write(register: string, value: number | bigint, actor: Actor = hypervisor): void {
    const write = this.gic.systemRegisterHandlers(actor.pe)[register]?.write;
    if (!write) throw new Error(`${register} cannot be written`);
    write(context(actor), BigInt(value));
  }

  /** Reads the distributor. */
  gicd(offset: number, size: AccessSize = 4, actor: Actor = hypervisor): bigint {
    return this.gic.regions.distributor.read(offset, size, access(actor));
  }

  setGicd(offset: number, value: number | bigint, size: AccessSize = 4, actor: Actor = hypervisor): void {
    this.gic.regions.distributor.write(offset, size, BigInt(value), access(actor));
  }

  /** Reads the redistributor of a processing element. */
  gicr(offset: number, size: AccessSize = 4, pe = 0, actor: Actor = hypervisor): bigint {
    return this.gic.regions.redistributors.read(pe * 0x2_0000 + offset, size, access(actor));
  }

  setGicr(offset: number, value: number | bigint, size: AccessSize = 4, pe = 0, actor: Actor = hypervisor): void {
    this.gic.regions.redistributors.write(pe * 0x2_0000 + offset, size, BigInt(value), access(actor));
  }

  /** What an operating system does first: forward both groups, enable both at every CPU interface, open the mask. */
  open(actor: Actor = hypervisor): this {
    this.setGicd(0, 0x37, 4, actor);
    this.gic.describe().processingElements.forEach(({ pe }) => {
      this.write('ICC_PMR_EL1', 0xff, on(pe, actor));
      this.write('ICC_IGRPEN0_EL1', 1, on(pe, actor));
      this.write('ICC_IGRPEN1_EL1', 1, on(pe, actor));
    });
    return this;
  }

  /** Configures an interrupt: Group 1 unless said otherwise, enabled, edge-triggered. */
  configure(
    intid: number,
    { priority = 0x80, group = 1, level = false, pe = 0 } = {},
    actor: Actor = hypervisor,
  ): void {
    const set = (register: number, value: number | bigint, size: AccessSize = 4) =>
      intid < 32
        ? this.setGicr(redistributorSgi + register, value, size, pe, actor)
        : this.setGicd(register, value, size, actor);
    const get = (register: number) =>
      Number(intid < 32 ? this.gicr(redistributorSgi + register, 4, pe, actor) : this.gicd(register, 4, actor));
    const word = 4 * (intid >> 5);
    const bit = (1 << (intid & 31)) >>> 0;
    const change = (register: number, mask: number, value: boolean) =>
      set(register, ((get(register) & ~mask) | (value ? mask : 0)) >>> 0);
    change(0x080 + word, bit, group === 1);
    set(0x400 + intid, priority, 1);
    change(0xc00 + 4 * (intid >> 4), 2 << (2 * (intid & 15)), !level);
    set(0x100 + word, bit);
  }

  /** Makes an interrupt pending by GICD_ISPENDR or GICR_ISPENDR0. */
  pend(intid: number, pe = 0): void {
    const bit = (1 << (intid & 31)) >>> 0;
    if (intid < 32) this.setGicr(redistributorSgi + 0x200, bit, 4, pe);
    else this.setGicd(0x200 + 4 * (intid >> 5), bit);
  }

  /** Interrupt inputs that are high, in words. */
  pins(pe = 0): string {
    return Object.entries(this.gic.pins(pe))
      .filter(([, high]) => high)
      .map(([name]) => name)
      .join(' ');
  }

  /** State of an interrupt in words. */
  state(intid: number, pe = 0): string {
    const found = this.gic.describe().interrupts.find(i => i.intid === intid && (i.pe ?? pe) === pe);
    return [found?.pending && 'pending', found?.active && 'active'].filter(Boolean).join(' and ') || 'inactive';
  }
}

const access = (actor: Actor) => ({ pe: actor.pe, secure: actor.secure, privileged: true });

const context = ({ pe, el, secure, hcr = 0n, scr = 0n }: Actor) => ({
  index: pe,
  el,
  secure,
  read: (name: string) => (name === 'HCR_EL2' ? hcr : name === 'SCR_EL3' ? scr : 0n),
  write: () => {},
});

/** ICH_LRn_EL2 as a hypervisor composes it. */
export function listRegister(fields: {
  intid: number;
  state?: 'invalid' | 'pending' | 'active' | 'pending and active';
  priority?: number;
  group?: 0 | 1;
  physical?: number;
  endMaintenance?: boolean;
}): bigint {
  const { intid, state = 'pending', priority = 0x80, group = 1, physical, endMaintenance = false } = fields;
  const code = ['invalid', 'pending', 'active', 'pending and active'].indexOf(state);
  return (
    (BigInt(code) << 62n) |
    (physical === undefined ? 0n : 1n << 61n) |
    (BigInt(group) << 60n) |
    (BigInt(priority) << 48n) |
    (endMaintenance ? 1n << 41n : 0n) |
    (BigInt(physical ?? 0) << 32n) |
    BigInt(intid)
  );
}
