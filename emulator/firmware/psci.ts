/**
 * Power State Coordination Interface 1.1 (Arm DEN 0022D) and the SMC Calling Convention's discovery calls (DEN 0028),
 * as the machine itself provides them where the guest brings no firmware of its own.
 */

/** What the power interface does to the machine. */
export interface PsciHost {
  /** Main affinity value of every processing element, as in MPIDR_EL1 without its flags. */
  readonly affinities: readonly number[];
  /** Whether an element runs; one that is being started counts. */
  isOn(pe: number): boolean;
  /** Starts a stopped element at `entry` with x0 = `context`, at the highest Non-secure Exception level. */
  start(pe: number, entry: bigint, context: bigint): void;
  /** Stops the calling element; it runs again only after `start`. */
  stop(pe: number): void;
  /** The calling element waits for an interrupt, as WFI does. */
  suspend(pe: number): void;
  powerOff(): void;
  reset(): void;
}

/** PSCI's answers (DEN 0022D 5.2.2). */
export const psciStatus = {
  success: 0n,
  notSupported: -1n,
  invalidParameters: -2n,
  denied: -3n,
  alreadyOn: -4n,
  onPending: -5n,
  internalFailure: -6n,
  notPresent: -7n,
  disabled: -8n,
  invalidAddress: -9n,
} as const;

/** Function identifiers; bit 30 set is the 64-bit call. */
const functionId = {
  smcccVersion: 0x8000_0000,
  smcccArchitectureFeatures: 0x8000_0001,
  version: 0x8400_0000,
  cpuSuspend: 0x8400_0001,
  cpuOff: 0x8400_0002,
  cpuOn: 0x8400_0003,
  affinityInfo: 0x8400_0004,
  migrateInfoType: 0x8400_0006,
  systemOff: 0x8400_0008,
  systemReset: 0x8400_0009,
  features: 0x8400_000a,
} as const;

const bit64 = 0x4000_0000;
/** Calls that exist with 64-bit arguments as well. */
const alsoIn64Bits: readonly number[] = [functionId.cpuSuspend, functionId.cpuOn, functionId.affinityInfo];

const psciVersion = 0x1_0001n;
const smcccVersion = 0x1_0001n;
/** No trusted operating system, so none has to migrate. */
const migrationNotRequired = 2n;
const affinityMask = 0xff_00ff_ffffn;

/** x0 to x3 of a call. */
export type PsciArguments = readonly [bigint, bigint, bigint, bigint];

/**
 * Handles one call. The answer is what x0 becomes; undefined means that x0 stays, because the caller does not go on
 * (it was stopped, or the machine goes off).
 *
 * @param pe index of the calling element
 */
export function callPsci(host: PsciHost, pe: number, call: PsciArguments): bigint | undefined {
  const id = Number(call[0] & 0xffff_ffffn);
  const wide = (id & bit64) !== 0;
  const base = wide ? (id & ~bit64) >>> 0 : id;
  if (wide && !alsoIn64Bits.includes(base)) return answer(psciStatus.notSupported);
  const argument = (n: 1 | 2 | 3) => (wide ? call[n] : call[n] & 0xffff_ffffn);
  switch (base) {
    case functionId.smcccVersion:
      return smcccVersion;
    case functionId.smcccArchitectureFeatures: {
      const asked = Number(argument(1));
      const present = asked === functionId.smcccVersion || asked === functionId.smcccArchitectureFeatures;
      return answer(present ? psciStatus.success : psciStatus.notSupported);
    }
    case functionId.version:
      return psciVersion;
    case functionId.cpuSuspend:
      host.suspend(pe);
      return answer(psciStatus.success);
    case functionId.cpuOff:
      host.stop(pe);
      return undefined;
    case functionId.cpuOn:
      return answer(cpuOn(host, argument(1), argument(2), argument(3)));
    case functionId.affinityInfo:
      return answer(affinityInfo(host, argument(1), argument(2)));
    case functionId.migrateInfoType:
      return migrationNotRequired;
    case functionId.systemOff:
      host.powerOff();
      return undefined;
    case functionId.systemReset:
      host.reset();
      return undefined;
    case functionId.features:
      return answer(features(Number(argument(1) & 0xffff_ffffn)));
    default:
      return answer(psciStatus.notSupported);
  }
}

/** Answers are signed; x0 takes them in 64-bit two's complement. */
const answer = (status: bigint) => BigInt.asUintN(64, status);

/** Hypervisors pass MPIDR_EL1 with its flags (bits 31, 30 and 24), which name nobody: only the affinities count. */
const elementOf = (host: PsciHost, target: bigint) => host.affinities.indexOf(Number(target & affinityMask));

function cpuOn(host: PsciHost, target: bigint, entry: bigint, context: bigint): bigint {
  const pe = elementOf(host, target);
  if (pe < 0) return psciStatus.invalidParameters;
  if (entry & 3n) return psciStatus.invalidAddress;
  if (host.isOn(pe)) return psciStatus.alreadyOn;
  host.start(pe, entry, context);
  return psciStatus.success;
}

function affinityInfo(host: PsciHost, target: bigint, lowestLevel: bigint): bigint {
  const on = 0n;
  const off = 1n;
  if (lowestLevel > 3n) return psciStatus.invalidParameters;
  if (lowestLevel > 0n) return on; // the caller belongs to every higher level that it can name
  const pe = elementOf(host, target);
  if (pe < 0) return psciStatus.invalidParameters;
  return host.isOn(pe) ? on : off;
}

function features(asked: number): bigint {
  const known = Object.values(functionId) as number[];
  const base = (asked & ~bit64) >>> 0;
  const wide = (asked & bit64) !== 0;
  const present = known.includes(base) && (!wide || alsoIn64Bits.includes(base));
  // SMCCC_ARCH_FEATURES is discovered through SMCCC_VERSION alone.
  return present && base !== functionId.smcccArchitectureFeatures ? psciStatus.success : psciStatus.notSupported;
}
