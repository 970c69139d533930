/** What the implementation of a processing element consists of, fixed when the machine is made. */
import type { ExceptionLevel } from '../architecture/system-register.ts';

/** The choices that Arm leaves to an implementation and that the behaviour of a PE depends on. */
export interface Implementation {
  /** EL2 is implemented (`virtualization=on`). */
  readonly el2: boolean;
  /** EL3 and the two Security states are implemented (`secure=on`); without EL3 the PE is Non-secure. */
  readonly el3: boolean;
  /** Answers for the architecture's `FEAT_*` names. */
  hasFeature(name: string): boolean;
  /** Reset values of this model's registers where they differ from the rows', such as MIDR_EL1 and the ID registers. */
  readonly resetValues: ReadonlyMap<string, bigint>;
  /** CCSIDR_EL1 by the value of CSSELR_EL1; caches beyond the end do not exist. */
  readonly caches: readonly bigint[];
  /** The instruction by which software calls the firmware that the machine itself provides (PSCI). */
  readonly firmwareConduit: 'smc' | 'hvc' | 'none';
  /** Where the random numbers of RNDR begin. */
  readonly randomSeed?: number;
}

/** The features that exception handling asks for on every entry and return, answered once. */
export interface ProcessStateFeatures {
  readonly pan: boolean;
  readonly uao: boolean;
  readonly dit: boolean;
  readonly ssbs: boolean;
  readonly bti: boolean;
  readonly mte: boolean;
  /** FEAT_MTE2: memory has allocation tags. */
  readonly tags: boolean;
  readonly pauth: boolean;
  readonly vhe: boolean;
  readonly ras: boolean;
  readonly secureEl2: boolean;
  readonly idSpaceTraps: boolean;
  readonly unalignedAtomics: boolean;
  readonly smallTables: boolean;
  readonly largeVirtualAddresses: boolean;
}

export function processStateFeatures({ hasFeature }: Pick<Implementation, 'hasFeature'>): ProcessStateFeatures {
  return {
    pan: hasFeature('FEAT_PAN'),
    uao: hasFeature('FEAT_UAO'),
    dit: hasFeature('FEAT_DIT'),
    ssbs: hasFeature('FEAT_SSBS'),
    bti: hasFeature('FEAT_BTI'),
    mte: hasFeature('FEAT_MTE'),
    tags: hasFeature('FEAT_MTE2'),
    pauth: hasFeature('FEAT_PAuth'),
    vhe: hasFeature('FEAT_VHE'),
    ras: hasFeature('FEAT_RAS'),
    secureEl2: hasFeature('FEAT_SEL2'),
    idSpaceTraps: hasFeature('FEAT_IDST'),
    unalignedAtomics: hasFeature('FEAT_LSE2'),
    smallTables: hasFeature('FEAT_TTST'),
    largeVirtualAddresses: hasFeature('FEAT_LVA'),
  };
}

/** Whether the PE can be at an Exception level. */
export function isImplemented(implementation: Implementation, el: ExceptionLevel): boolean {
  return el < 2 || (el === 2 ? implementation.el2 : implementation.el3);
}

/** The level at which the PE starts after reset. */
export function highestLevel({ el2, el3 }: Implementation): ExceptionLevel {
  return el3 ? 3 : el2 ? 2 : 1;
}
