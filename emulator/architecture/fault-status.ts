/** Fault status codes: DFSC and IFSC of a syndrome, FST of PAR_EL1 (Arm ARM D24.2, ESR_ELx). */

export interface FaultStatus {
  /** The six-bit code. */
  readonly code: number;
  readonly kind: FaultStatusKind;
  /** Level of the table or block; absent where the kind has none. -1 belongs to 52-bit addresses. */
  readonly level?: -1 | 0 | 1 | 2 | 3;
  /** In a few words: `translation fault, level 2`. */
  readonly name: string;
  /** What it means, in one sentence. */
  readonly meaning: string;
}

export type FaultStatusKind =
  | 'addressSize'
  | 'translation'
  | 'accessFlag'
  | 'permission'
  | 'externalAbort'
  | 'externalAbortOnWalk'
  | 'tagCheck'
  | 'parity'
  | 'parityOnWalk'
  | 'alignment'
  | 'debug'
  | 'tlbConflict'
  | 'unsupportedAtomicUpdate'
  | 'lockdown'
  | 'unsupportedExclusive'
  | 'serror';

const meanings: Readonly<Record<FaultStatusKind, readonly [name: string, meaning: string]>> = {
  addressSize: ['address size fault', 'An address in the tables or in TTBR is larger than the configured output size.'],
  translation: ['translation fault', 'The tables have no valid entry for the address.'],
  accessFlag: ['access flag fault', 'The entry is valid but its access flag is 0, and hardware does not set it.'],
  permission: ['permission fault', 'The entry does not permit this kind of access.'],
  externalAbort: [
    'synchronous external abort',
    'The bus answered the access with an error: nothing is at the address.',
  ],
  externalAbortOnWalk: ['external abort on a table walk', 'The bus answered a read of the tables with an error.'],
  tagCheck: ['tag check fault', 'The allocation tag of the memory differs from the tag in the address.'],
  parity: ['parity or ECC error', 'Memory reported corrupted data.'],
  parityOnWalk: ['parity or ECC error on a table walk', 'Memory reported corrupted data while the tables were read.'],
  alignment: ['alignment fault', 'The address is not aligned as the access or the memory type requires.'],
  debug: ['debug exception', 'A breakpoint, watchpoint or software step.'],
  tlbConflict: ['TLB conflict', 'The TLB holds more than one entry for the address.'],
  unsupportedAtomicUpdate: [
    'unsupported atomic hardware update',
    'Hardware could not update the descriptor atomically.',
  ],
  lockdown: ['lockdown', 'Implementation-defined fault of a locked cache or TLB.'],
  unsupportedExclusive: [
    'unsupported exclusive or atomic access',
    'The memory does not support exclusive or atomic accesses.',
  ],
  serror: ['asynchronous SError', 'An error that was reported later than the access that caused it.'],
};

const row = (code: number, kind: FaultStatusKind, level?: FaultStatus['level']): FaultStatus => {
  const [name, meaning] = meanings[kind];
  return {
    code,
    kind,
    ...(level !== undefined && { level }),
    name: level === undefined ? name : `${name}, level ${level}`,
    meaning,
  };
};

const levels = [0, 1, 2, 3] as const;

export const faultStatuses: readonly FaultStatus[] = [
  ...levels.map(level => row(0b00_0000 | level, 'addressSize', level)),
  ...levels.map(level => row(0b00_0100 | level, 'translation', level)),
  ...levels.map(level => row(0b00_1000 | level, 'accessFlag', level)),
  ...levels.map(level => row(0b00_1100 | level, 'permission', level)),
  row(0b01_0000, 'externalAbort'),
  row(0b01_0001, 'tagCheck'),
  row(0b01_0011, 'externalAbortOnWalk', -1),
  ...levels.map(level => row(0b01_0100 | level, 'externalAbortOnWalk', level)),
  row(0b01_1000, 'parity'),
  row(0b01_1011, 'parityOnWalk', -1),
  ...levels.map(level => row(0b01_1100 | level, 'parityOnWalk', level)),
  row(0b10_0001, 'alignment'),
  row(0b10_0010, 'debug'),
  row(0b10_1001, 'addressSize', -1),
  row(0b10_1011, 'translation', -1),
  row(0b11_0000, 'tlbConflict'),
  row(0b11_0001, 'unsupportedAtomicUpdate'),
  row(0b11_0100, 'lockdown'),
  row(0b11_0101, 'unsupportedExclusive'),
];

const byCode = new Map(faultStatuses.map(one => [one.code, one]));

/** The row of a six-bit code, or undefined for a reserved one. */
export function faultStatus(code: number): FaultStatus | undefined {
  return byCode.get(code & 0x3f);
}

/** SError has a code list of its own: 0x11 is an asynchronous SError, 0 is uncategorized. */
export function systemErrorStatus(code: number): string {
  return code === 0x11 ? meanings.serror[0] : code === 0 ? 'uncategorized' : `reserved code ${code}`;
}
