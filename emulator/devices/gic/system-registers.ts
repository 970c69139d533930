/**
 * The system registers of GICv3: ICC_* of the physical CPU interface, which a guest at EL1 sees as ICV_* of its virtual
 * one, and ICH_* by which a hypervisor controls the latter (GICv3 architecture, "AArch64 System registers").
 *
 * Whether an access is allowed or trapped was decided before; here it only has its effect.
 */
import type {
  HandlerContext,
  SystemRegisterHandler,
  SystemRegisterHandlers,
} from '../../processing-element/system-register-handlers.ts';
import type { Bank, CpuInterface, PriorityModel, Viewer } from './cpu-interface.ts';
import {
  group0,
  type InterruptGroup,
  listRegisterCount,
  nonSecureGroup1,
  secureGroup1,
  specialInterrupt,
} from './interrupt-id.ts';
import { decodeListRegister, encodeListRegister } from './list-register.ts';
import { nonSecurePriorityView, priorityFromNonSecureView, priorityMask } from './priority.ts';
import { field, fieldMask } from './register-file.ts';
import { decodeVirtualControl, encodeVirtualControl } from './virtual-control.ts';
import { hypervisorControlFields, type VirtualInterface, virtualPriorityBits } from './virtual-interface.ts';

/** Physical priorities have five bits in the CPU interface, all of which decide preemption. */
export const physicalPriorities: PriorityModel = {
  implementedBits: 5,
  preemptionBits: 5,
  comparesWhole: false,
};

/** Code of 24-bit INTIDs in the IDbits fields. */
const idBitsCode = 1;

const controlFields = [
  field('0', 'CBPR', 'Both groups use the Group 0 binary point.'),
  field('1', 'EOImode', 'Ending an interrupt drops its priority only.'),
  field('10:8', 'PRIbits', 'Priority bits, minus one.'),
  field('13:11', 'IDbits', 'Size of INTIDs.'),
  field('15', 'A3V', 'Affinity level 3 may be other than zero.'),
] as const;
const control = {
  commonBinaryPoint: fieldMask(controlFields, 'CBPR'),
  splitEnd: fieldMask(controlFields, 'EOImode'),
  affinity3: fieldMask(controlFields, 'A3V'),
};
const controlConstants = (priorityBits: number) => ((priorityBits - 1) << 8) | (idBitsCode << 11) | control.affinity3;

/** ICC_CTLR_EL3: the controls of all security states together. */
const control3 = {
  commonBinaryPointSecure: 1 << 0,
  commonBinaryPointNonSecure: 1 << 1,
  splitEndEl3: 1 << 2,
  splitEndSecure: 1 << 3,
  splitEndNonSecure: 1 << 4,
};

/** System register access only (SRE), no bypass, and lower levels may use the registers (Enable): all fixed. */
const systemRegisterEnable = { el1: 0x7n, el2AndEl3: 0xfn };

const hypervisorConfiguration = { irqMask: 1n << 4n, fiqMask: 1n << 3n };
const secureConfiguration = { nonSecure: 1n << 0n, fiq: 1n << 2n, secureEl2: 1n << 18n };

/** A software generated interrupt as an ICC_SGI register asks for it. */
export interface SgiRequest {
  readonly intid: number;
  /** Group that the register stands for. */
  readonly group: InterruptGroup;
  readonly nonSecure: boolean;
  /** Affinities of the targets, or all processing elements but the sender. */
  readonly targets: readonly number[] | 'others';
}

/** What the registers need of the whole controller. */
interface Controller {
  /** Group 1 registers exist twice. */
  readonly securityExtensions: boolean;
  readonly distributor: { readonly twoSecurityStates: boolean };
  sendSgi(sender: number, request: SgiRequest): void;
}

/** What the registers need of one processing element's part. */
interface Connection {
  readonly cpuInterface: CpuInterface;
  readonly virtual: VirtualInterface;
}

/** Handlers of one processing element's registers. */
export function gicV3SystemRegisters(gic: Controller, pe: number, connection: Connection): SystemRegisterHandlers {
  const physical = physicalRegisters(gic, pe, connection.cpuInterface);
  const virtual = virtualRegisters(connection.virtual);
  const merged: Record<string, SystemRegisterHandler> = {
    ...physical,
    ...hypervisorRegisters(connection.virtual),
  };
  for (const [name, { masks, ...guest }] of Object.entries(virtual)) {
    const host = physical[name];
    if (!host) throw new Error(`${name} has no physical register`);
    merged[name] = {
      ...(host.read && { read: ctx => (reachesVirtual(ctx, masks) ? guest : host).read?.(ctx) ?? 0n }),
      ...(host.write && { write: (ctx, value) => (reachesVirtual(ctx, masks) ? guest : host).write?.(ctx, value) }),
    };
  }
  return merged;
}

/** Whether an access by a guest reaches the virtual CPU interface: interrupts of the kind are routed to EL2. */
function reachesVirtual(ctx: HandlerContext, masks: bigint): boolean {
  if (ctx.el !== 1 || (ctx.read('HCR_EL2') & masks) === 0n) return false;
  return !ctx.secure || (ctx.read('SCR_EL3') & secureConfiguration.secureEl2) !== 0n;
}

function physicalRegisters(gic: Controller, pe: number, cpu: CpuInterface): Record<string, SystemRegisterHandler> {
  /** Copy of a Group 1 register that an access reaches. */
  const bankOf = (ctx: HandlerContext): Bank => {
    if (!gic.securityExtensions) return nonSecureGroup1;
    const secure = ctx.el === 3 ? (ctx.read('SCR_EL3') & secureConfiguration.nonSecure) === 0n : ctx.secure;
    return secure ? secureGroup1 : nonSecureGroup1;
  };
  /** Non-secure software sees only the less urgent half of the priorities while FIQs belong to EL3. */
  const seesHalf = (ctx: HandlerContext) =>
    gic.securityExtensions && !ctx.secure && (ctx.read('SCR_EL3') & secureConfiguration.fiq) !== 0n;
  const viewer = (ctx: HandlerContext): Viewer => ({ secure: ctx.secure, atEl3: ctx.el === 3 });
  const splitEnd = (ctx: HandlerContext) => cpu.splitEnd(ctx.el === 3 ? group0 : bankOf(ctx));

  const activePriorities = (group: (ctx: HandlerContext) => InterruptGroup): SystemRegisterHandler => ({
    read: ctx => BigInt(cpu.readActivePriorities(group(ctx), 0)),
    write: (ctx, value) => {
      // Non-secure software cannot claim or drop priorities of the more urgent half, which are not its own.
      const writable = gic.distributor.twoSecurityStates && !ctx.secure ? 0xffff_0000 : 0xffff_ffff;
      const kept = cpu.readActivePriorities(group(ctx), 0) & ~writable;
      cpu.writeActivePriorities(group(ctx), 0, ((Number(BigInt.asUintN(32, value)) & writable) | kept) >>> 0);
    },
  });

  const readControl = (bank: Bank) =>
    controlConstants(physicalPriorities.implementedBits) |
    (cpu.commonBinaryPoint(bank) ? control.commonBinaryPoint : 0) |
    (cpu.splitEnd(bank) ? control.splitEnd : 0);

  const sgi = (group: (nonSecure: boolean) => InterruptGroup): SystemRegisterHandler => ({
    write: (ctx, value) => {
      const nonSecure = bankOf(ctx) === nonSecureGroup1;
      gic.sendSgi(pe, { ...decodeSgi(value), group: group(nonSecure), nonSecure });
    },
  });

  return {
    ICC_PMR_EL1: {
      read: ctx => BigInt(seesHalf(ctx) ? nonSecurePriorityView(cpu.priorityMask) : cpu.priorityMask),
      write: (ctx, value) => {
        const priority = Number(value & 0xffn);
        if (!seesHalf(ctx)) cpu.priorityMask = priority;
        else if ((cpu.priorityMask & 0x80) !== 0) cpu.priorityMask = priorityFromNonSecureView(priority);
      },
    },
    ICC_IAR0_EL1: { read: ctx => BigInt(cpu.acknowledge(0, viewer(ctx))) },
    ICC_IAR1_EL1: { read: ctx => BigInt(cpu.acknowledge(1, viewer(ctx))) },
    ICC_EOIR0_EL1: {
      write: (ctx, value) => cpu.end(Number(value & 0xff_ffffn), 0, viewer(ctx), splitEnd(ctx)),
    },
    ICC_EOIR1_EL1: {
      write: (ctx, value) => cpu.end(Number(value & 0xff_ffffn), 1, viewer(ctx), splitEnd(ctx)),
    },
    ICC_DIR_EL1: {
      write: (ctx, value) => {
        if (splitEnd(ctx)) cpu.deactivate(Number(value & 0xff_ffffn), ctx.secure);
      },
    },
    ICC_HPPIR0_EL1: { read: ctx => BigInt(cpu.highestPending(0, viewer(ctx))) },
    ICC_HPPIR1_EL1: { read: ctx => BigInt(cpu.highestPending(1, viewer(ctx))) },
    ICC_RPR_EL1: {
      read: ctx => {
        const running = cpu.runningPriority;
        // The idle priority shows as itself in either view.
        return BigInt(seesHalf(ctx) && running !== 0xff ? nonSecurePriorityView(running) : running);
      },
    },
    ICC_BPR0_EL1: {
      read: () => BigInt(cpu.binaryPoint(group0)),
      write: (_, value) => cpu.setBinaryPoint(group0, Number(value & 7n)),
    },
    ICC_BPR1_EL1: {
      read: ctx => {
        const bank = bankOf(ctx);
        if (!cpu.commonBinaryPoint(bank)) return BigInt(cpu.binaryPoint(bank));
        return BigInt(bank === secureGroup1 ? cpu.binaryPoint(group0) : Math.min(cpu.binaryPoint(group0) + 1, 7));
      },
      write: (ctx, value) => {
        const bank = bankOf(ctx);
        if (!cpu.commonBinaryPoint(bank)) cpu.setBinaryPoint(bank, Number(value & 7n));
        else if (bank === secureGroup1) cpu.setBinaryPoint(group0, Number(value & 7n));
      },
    },
    ICC_AP0R0_EL1: activePriorities(() => group0),
    ICC_AP1R0_EL1: activePriorities(bankOf),
    ICC_CTLR_EL1: {
      read: ctx => BigInt(readControl(bankOf(ctx))),
      write: (ctx, value) => {
        const bank = bankOf(ctx);
        cpu.setSplitEnd(bank, (Number(value & 0xffn) & control.splitEnd) !== 0);
        // With two security states the binary point is EL3's to decide.
        if (!gic.distributor.twoSecurityStates) {
          cpu.setCommonBinaryPoint(bank, (Number(value & 0xffn) & control.commonBinaryPoint) !== 0);
        }
      },
    },
    ICC_CTLR_EL3: {
      read: () =>
        BigInt(
          controlConstants(physicalPriorities.implementedBits) |
            (cpu.commonBinaryPoint(secureGroup1) ? control3.commonBinaryPointSecure : 0) |
            (cpu.commonBinaryPoint(nonSecureGroup1) ? control3.commonBinaryPointNonSecure : 0) |
            (cpu.splitEnd(group0) ? control3.splitEndEl3 : 0) |
            (cpu.splitEnd(secureGroup1) ? control3.splitEndSecure : 0) |
            (cpu.splitEnd(nonSecureGroup1) ? control3.splitEndNonSecure : 0),
        ),
      write: (_, value) => {
        const bits = Number(value & 0xffn);
        cpu.setSplitEnd(group0, (bits & control3.splitEndEl3) !== 0);
        cpu.setSplitEnd(secureGroup1, (bits & control3.splitEndSecure) !== 0);
        cpu.setSplitEnd(nonSecureGroup1, (bits & control3.splitEndNonSecure) !== 0);
        cpu.setCommonBinaryPoint(secureGroup1, (bits & control3.commonBinaryPointSecure) !== 0);
        cpu.setCommonBinaryPoint(nonSecureGroup1, (bits & control3.commonBinaryPointNonSecure) !== 0);
      },
    },
    ICC_SRE_EL1: { read: () => systemRegisterEnable.el1, write: () => {} },
    ICC_SRE_EL2: { read: () => systemRegisterEnable.el2AndEl3, write: () => {} },
    ICC_SRE_EL3: { read: () => systemRegisterEnable.el2AndEl3, write: () => {} },
    ICC_IGRPEN0_EL1: {
      read: () => BigInt(cpu.enabled(group0)),
      write: (_, value) => cpu.enable(group0, (value & 1n) !== 0n),
    },
    ICC_IGRPEN1_EL1: {
      read: ctx => BigInt(cpu.enabled(bankOf(ctx))),
      write: (ctx, value) => cpu.enable(bankOf(ctx), (value & 1n) !== 0n),
    },
    ICC_IGRPEN1_EL3: {
      read: () => BigInt(Number(cpu.enabled(nonSecureGroup1)) | (Number(cpu.enabled(secureGroup1)) << 1)),
      write: (_, value) => {
        cpu.enable(nonSecureGroup1, (value & 1n) !== 0n);
        cpu.enable(secureGroup1, (value & 2n) !== 0n);
      },
    },
    ICC_SGI0R_EL1: sgi(() => group0),
    ICC_SGI1R_EL1: sgi(nonSecure => (nonSecure ? nonSecureGroup1 : secureGroup1)),
    ICC_ASGI1R_EL1: sgi(nonSecure => (nonSecure ? secureGroup1 : nonSecureGroup1)),
  };
}

/** INTID and targets of a write to ICC_SGI0R_EL1, ICC_SGI1R_EL1 or ICC_ASGI1R_EL1. */
function decodeSgi(value: bigint): { intid: number; targets: readonly number[] | 'others' } {
  const bits = (low: bigint, count: bigint) => Number((value >> low) & ((1n << count) - 1n));
  const intid = bits(24n, 4n);
  if (bits(40n, 1n)) return { intid, targets: 'others' };
  const cluster = ((bits(48n, 8n) << 24) | (bits(32n, 8n) << 16) | (bits(16n, 8n) << 8)) >>> 0;
  const first = bits(44n, 4n) * 16;
  const list = bits(0n, 16n);
  const targets: number[] = [];
  for (let i = 0; i < 16; i++) if ((list >> i) & 1) targets.push(cluster + first + i);
  return { intid, targets };
}

interface GuestRegister extends SystemRegisterHandler {
  /** HCR_EL2 bits any of which gives the guest this virtual register in place of the physical one. */
  readonly masks: bigint;
}

function virtualRegisters(virtual: VirtualInterface): Record<string, GuestRegister> {
  const forGroup = { 0: hypervisorConfiguration.fiqMask, 1: hypervisorConfiguration.irqMask };
  const common = forGroup[0] | forGroup[1];

  const acknowledge = (group: 0 | 1): GuestRegister => ({
    masks: forGroup[group],
    read: () => BigInt(virtual.acknowledge(group)?.virtualId ?? specialInterrupt.spurious),
  });
  const end = (group: 0 | 1): GuestRegister => ({
    masks: forGroup[group],
    write: (_, value) => virtual.end(Number(value & 0xff_ffffn), group),
  });
  const highestPending = (group: 0 | 1): GuestRegister => ({
    masks: forGroup[group],
    read: () => {
      const pending = virtual.highestPending();
      return BigInt(pending?.group === group ? pending.virtualId : specialInterrupt.spurious);
    },
  });
  const activePriorities = (group: 0 | 1): GuestRegister => ({
    masks: forGroup[group],
    read: () => BigInt(virtual.readActivePriorities(group, 0)),
    write: (_, value) => virtual.writeActivePriorities(group, 0, Number(BigInt.asUintN(32, value))),
  });
  const enable = (group: 0 | 1): GuestRegister => ({
    masks: forGroup[group],
    read: () => BigInt(virtual.control.enabled[group]),
    write: (_, value) => {
      const enabled: [boolean, boolean] = [...virtual.control.enabled];
      enabled[group] = (value & 1n) !== 0n;
      virtual.configure({ enabled });
    },
  });

  return {
    ICC_PMR_EL1: {
      masks: common,
      read: () => BigInt(virtual.control.priorityMask),
      write: (_, value) => virtual.configure({ priorityMask: Number(value & 0xffn) }),
    },
    ICC_IAR0_EL1: acknowledge(0),
    ICC_IAR1_EL1: acknowledge(1),
    ICC_EOIR0_EL1: end(0),
    ICC_EOIR1_EL1: end(1),
    ICC_DIR_EL1: { masks: common, write: (_, value) => virtual.deactivate(Number(value & 0xff_ffffn)) },
    ICC_HPPIR0_EL1: highestPending(0),
    ICC_HPPIR1_EL1: highestPending(1),
    ICC_RPR_EL1: { masks: common, read: () => BigInt(virtual.runningPriority) },
    ICC_BPR0_EL1: {
      masks: forGroup[0],
      read: () => BigInt(virtual.control.binaryPoint[0]),
      write: (_, value) => virtual.configure({ binaryPoint: [Number(value & 7n), virtual.control.binaryPoint[1]] }),
    },
    ICC_BPR1_EL1: {
      masks: forGroup[1],
      read: () => {
        const { binaryPoint, commonBinaryPoint } = virtual.control;
        return BigInt(commonBinaryPoint ? Math.min(binaryPoint[0] + 1, 7) : binaryPoint[1]);
      },
      write: (_, value) => {
        const { binaryPoint, commonBinaryPoint } = virtual.control;
        if (!commonBinaryPoint) virtual.configure({ binaryPoint: [binaryPoint[0], Number(value & 7n)] });
      },
    },
    ICC_AP0R0_EL1: activePriorities(0),
    ICC_AP1R0_EL1: activePriorities(1),
    ICC_CTLR_EL1: {
      masks: common,
      read: () =>
        BigInt(
          controlConstants(virtualPriorityBits) |
            (virtual.control.commonBinaryPoint ? control.commonBinaryPoint : 0) |
            (virtual.control.splitEnd ? control.splitEnd : 0),
        ),
      write: (_, value) =>
        virtual.configure({
          commonBinaryPoint: (Number(value & 0xffn) & control.commonBinaryPoint) !== 0,
          splitEnd: (Number(value & 0xffn) & control.splitEnd) !== 0,
        }),
    },
    ICC_IGRPEN0_EL1: enable(0),
    ICC_IGRPEN1_EL1: enable(1),
  };
}

/** Bits of ICH_HCR_EL2 that exist. */
const writableHypervisorControl = fieldMask(hypervisorControlFields);

/** ICH_VTR_EL2: what the virtual interface implements. */
const typeFields = {
  listRegisters: BigInt(listRegisterCount - 1),
  /** ICH_HCR_EL2.TDIR exists. */
  trapDeactivate: 1n << 19n,
  /** Virtual interrupts cannot be injected directly (GICv4). */
  noDirectInjection: 1n << 20n,
  affinity3: 1n << 21n,
  idBits: BigInt(idBitsCode) << 23n,
  preemptionBits: BigInt(virtualPriorityBits - 1) << 26n,
  priorityBits: BigInt(virtualPriorityBits - 1) << 29n,
};
const virtualType = Object.values(typeFields).reduce((all, bits) => all | bits, 0n);

function hypervisorRegisters(virtual: VirtualInterface): Record<string, SystemRegisterHandler> {
  const activePriorities = (group: 0 | 1): SystemRegisterHandler => ({
    read: () => BigInt(virtual.readActivePriorities(group, 0)),
    write: (_, value) => virtual.writeActivePriorities(group, 0, Number(BigInt.asUintN(32, value))),
  });
  const listRegisters = Array.from({ length: listRegisterCount }, (_, index): [string, SystemRegisterHandler] => [
    `ICH_LR${index}_EL2`,
    {
      read: () => encodeListRegister(virtual.listRegister(index)),
      write: (_, value) =>
        virtual.writeListRegister(index, decodeListRegister(value, priorityMask(virtualPriorityBits))),
    },
  ]);
  return {
    ...Object.fromEntries(listRegisters),
    ICH_AP0R0_EL2: activePriorities(0),
    ICH_AP1R0_EL2: activePriorities(1),
    ICH_HCR_EL2: {
      read: () => BigInt(virtual.hypervisorControl),
      write: (_, value) => virtual.writeHypervisorControl(Number(BigInt.asUintN(32, value)), writableHypervisorControl),
    },
    ICH_VTR_EL2: { read: () => virtualType },
    ICH_MISR_EL2: { read: () => BigInt(virtual.maintenanceStatus) },
    ICH_EISR_EL2: { read: () => BigInt(virtual.endedListRegisters) },
    ICH_ELRSR_EL2: { read: () => BigInt(virtual.emptyListRegisters) },
    ICH_VMCR_EL2: {
      read: () => BigInt(encodeVirtualControl(virtual.control)),
      write: (_, value) => virtual.configure(decodeVirtualControl(Number(BigInt.asUintN(32, value)))),
    },
  };
}
