/** What a descriptor allows (Arm ARM D8.4). */

export const READ = 1;
export const WRITE = 2;
export const EXECUTE = 4;
/** A set of READ, WRITE and EXECUTE. */
export type Permissions = number;

/** The part of a stage 1 descriptor and its surroundings that decides permissions. */
export interface Stage1PermissionInputs {
  /** High half of the descriptor, for XN, UXN and PXN. */
  readonly high: number;
  /** AP[2:1], with AP[2] already cleared where the page counts as writable by its DBM bit. */
  readonly accessPermissions: number;
  /** Bits 63:59 of the table descriptors at bits 31:27, zero under HPD. */
  readonly tableAttributes: number;
  /** The regime serves EL0 as well. */
  readonly unprivilegedShares: boolean;
  /** Whose permissions are asked for. */
  readonly privileged: boolean;
  /** PSTATE.PAN, where it applies to the access. */
  readonly privilegedAccessNever: boolean;
  readonly enhancedPan: boolean;
  readonly writeImpliesExecuteNever: boolean;
}

const PXN = 1 << 21;
const UXN = 1 << 22;
const PXN_TABLE = 1 << 27;
const UXN_TABLE = 1 << 28;
const AP_TABLE_NO_EL0 = 1 << 29;
const AP_TABLE_READ_ONLY = 1 << 30;

type DescriptorInputs = Pick<Stage1PermissionInputs, 'high' | 'accessPermissions' | 'tableAttributes'>;

/**
 * What a hypervisor without VHE, run at EL1, means by its descriptors (Arm ARM D8.11, HCR_EL2.{NV,NV1} = {1,1}): UXN and
 * UXNTable stand where EL2 has XN and XNTable, and nothing is for EL0.
 */
export function asFormOfEl2({ high, accessPermissions, tableAttributes }: DescriptorInputs): DescriptorInputs {
  return {
    high: (high & ~(PXN | UXN)) | (high & UXN ? PXN : 0),
    accessPermissions: accessPermissions & 2,
    tableAttributes:
      (tableAttributes & ~(PXN_TABLE | UXN_TABLE | AP_TABLE_NO_EL0)) | (tableAttributes & UXN_TABLE ? PXN_TABLE : 0),
  };
}

/** Permissions of stage 1 for one privilege. */
export function stage1Permissions(inputs: Stage1PermissionInputs): Permissions {
  const { high, tableAttributes, accessPermissions } = inputs;
  const writable = (accessPermissions & 2) === 0 && (tableAttributes & AP_TABLE_READ_ONLY) === 0;
  let allowed: Permissions;
  let executable: boolean;
  if (!inputs.unprivilegedShares) {
    allowed = writable ? READ | WRITE : READ;
    executable = (high & UXN) === 0 && (tableAttributes & UXN_TABLE) === 0;
  } else {
    const user = (accessPermissions & 1) !== 0 && (tableAttributes & AP_TABLE_NO_EL0) === 0;
    const userExecutable = (high & UXN) === 0 && (tableAttributes & UXN_TABLE) === 0;
    if (inputs.privileged) {
      allowed = writable ? READ | WRITE : READ;
      // What EL0 can write, no privileged level may execute.
      executable = (high & PXN) === 0 && (tableAttributes & PXN_TABLE) === 0 && !(user && writable);
      if (inputs.privilegedAccessNever && (user || (inputs.enhancedPan && userExecutable))) allowed = 0;
    } else {
      allowed = user ? (writable ? READ | WRITE : READ) : 0;
      executable = userExecutable;
    }
  }
  if (inputs.writeImpliesExecuteNever && (allowed & WRITE) !== 0) executable = false;
  return executable ? allowed | EXECUTE : allowed;
}

/**
 * Permissions of stage 2.
 * @param dirtyManaged the DBM bit counts: the page is writable whatever S2AP says
 * @param separateExecuteNever FEAT_XNX: XN[1:0] tells EL1 from EL0, otherwise only XN[1] counts
 */
export function stage2Permissions(
  low: number,
  high: number,
  privileged: boolean,
  dirtyManaged: boolean,
  separateExecuteNever: boolean,
): Permissions {
  let allowed = (low & (1 << 6) ? READ : 0) | (low & (1 << 7) || dirtyManaged ? WRITE : 0);
  const executeNever = (high >>> 21) & 3;
  const executable = separateExecuteNever
    ? executeNever === 0 || (executeNever === 1 && !privileged) || (executeNever === 3 && privileged)
    : (executeNever & 2) === 0;
  if (executable) allowed |= EXECUTE;
  return allowed;
}
