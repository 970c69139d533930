/** In which context code runs: the same address means different code to a host, to its guest, and to their programs. */
import type { AddressSpace, ExceptionLevel, ExceptionRecord, TargetProcessingElement } from './target.ts';

/** What is known of a context; what is absent is not known, and agrees with everything. */
export interface CodeContext {
  readonly el?: ExceptionLevel;
  /** VTTBR_EL2.VMID while a guest's translation is in force; `none` for a host, a hypervisor and firmware. */
  readonly vmid?: number | 'none';
  /** Address space identifier in force. */
  readonly asid?: number;
  /** How its code can be read; absent where that is not possible any more. */
  readonly memory?: { readonly pe: number; readonly space: AddressSpace };
}

/** The contexts that an image belongs to; what is absent does not matter. */
export interface ImageContext {
  readonly el?: readonly ExceptionLevel[];
  /** `any`: whatever guest; `none`: no guest, or VMID 0, which hosts have. */
  readonly vmid?: 'any' | 'none' | readonly number[];
  readonly asid?: readonly number[];
}

export function contextAllows({ el, vmid, asid }: ImageContext, where: CodeContext): boolean {
  if (el && where.el !== undefined && !el.includes(where.el)) return false;
  if (asid && where.asid !== undefined && !asid.includes(where.asid)) return false;
  if (vmid === undefined || where.vmid === undefined) return true;
  if (vmid === 'none') return sameGuest(where.vmid, 'none');
  return where.vmid !== 'none' && (vmid === 'any' || vmid.includes(where.vmid));
}

/** Whether two contexts are of one guest, or both of none: hosts at EL1 run with VMID 0. */
export function sameGuest(a: number | 'none', b: number | 'none'): boolean {
  return (a === 'none' ? 0 : a) === (b === 'none' ? 0 : b);
}

/** Where an element runs now. */
export function liveContext({ index, el, vmid, asid }: TargetProcessingElement): CodeContext {
  return {
    el,
    vmid: el < 2 ? (vmid ?? 'none') : 'none',
    ...(asid !== undefined && { asid }),
    memory: { pe: index, space: { kind: 'va', el } },
  };
}

/**
 * The context that an exception or return left, or the one it went to; `space` is how addresses were understood there,
 * when that is known.
 */
export function recordContext(record: ExceptionRecord, side: 'from' | 'to', space?: AddressSpace): CodeContext {
  const el = record[side];
  const vmid = el < 2 ? (record.vmid ?? 'none') : 'none';
  return { el, vmid, ...(space && { memory: { pe: record.pe, space } }) };
}
