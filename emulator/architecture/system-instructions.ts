/**
 * Maintenance and translation by system instruction: TLBI, AT, DC, IC and the prediction restrictions
 * (Arm ARM C5.3 to C5.5). All are SYS with op0 = 1; where Xt is not named it is XZR.
 */
import {
  type Condition,
  completeTrap,
  type ExceptionLevel,
  nestedTrap,
  off,
  on,
  type SystemEncoding,
  systemEncodingKey,
  type Trap,
  type TrapDraft,
} from './system-register.ts';
import { inHost, notInHost, toEL2, trap } from './system-registers/vocabulary.ts';

/** What kind of work an instruction asks for; which exactly, its operand says. */
export type SystemOperation = 'tlbi' | 'at' | 'dataCache' | 'instructionCache' | BlockOperation | 'restrictPrediction';
/** What is done to each naturally aligned block of {@link ZERO_BLOCK_BYTES}: its data, its allocation tags, or both. */
export type BlockOperation = 'zeroBlock' | 'tagBlock' | 'tagAndZeroBlock';

/** DCZID_EL0.BS = 4: sixteen words. */
export const ZERO_BLOCK_BYTES = 64n;

export interface SystemInstruction {
  /** As written: `DC CVAU`. */
  readonly name: string;
  readonly mnemonic: 'TLBI' | 'AT' | 'DC' | 'IC' | 'CFP' | 'DVP' | 'COSP' | 'CPP';
  readonly operand: string;
  readonly encoding: SystemEncoding;
  readonly brief: string;
  /** Xt is part of the instruction. */
  readonly takesRegister: boolean;
  /** The lowest Exception level that may execute it. A trap reports it as a write. */
  readonly access: { readonly write: ExceptionLevel };
  /** The feature without which the encoding is UNDEFINED. */
  readonly feature?: string;
  /** In order of priority: the first that applies is taken. */
  readonly traps: readonly Trap[];
  readonly operation: SystemOperation;
}

type Description = Omit<SystemInstruction, 'name' | 'mnemonic' | 'operand' | 'encoding' | 'traps' | 'takesRegister'> & {
  readonly traps?: readonly TrapDraft[];
  readonly takesRegister?: boolean;
};

function systemInstruction(name: string, encoding: SystemEncoding, description: Description): SystemInstruction {
  const [mnemonic, operand] = name.split(' ') as [SystemInstruction['mnemonic'], string];
  const traps = (description.traps ?? []).map(draft => completeTrap(draft, description.access));
  const nested = nestedTrap(description, 'write');
  if (nested) traps.push(nested);
  return { takesRegister: true, ...description, name, mnemonic, operand, encoding, traps };
}

const from = (write: ExceptionLevel): SystemInstruction['access'] => ({ write });

/** The fine-grained trap of an instruction (FEAT_FGT), by its field in HFGITR_EL2. */
const fineGrained = (field: string, ...when: Condition[]): TrapDraft =>
  toEL2('write', ...when, on('SCR_EL3', 'FGTEn'), on('HFGITR_EL2', field));

// ---- caches ------------------------------------------------------------------------------------

/** The controls of an instruction that EL0 may use when SCTLR_EL1 or, in a host, SCTLR_EL2 says so. */
function applicationTraps(control: string, guest: readonly string[], field: string): TrapDraft[] {
  return [
    trap(1, 'write', [0], [notInHost, { register: 'SCTLR_EL1', field: control, is: [0] }]),
    ...guest.map(each => toEL2('write', notInHost, on('HCR_EL2', each))),
    fineGrained(field, notInHost),
    trap(2, 'write', [0], [inHost, { register: 'SCTLR_EL2', field: control, is: [0] }]),
  ];
}

const toCoherency = (
  name: string,
  encoding: SystemEncoding,
  brief: string,
  feature?: string,
  trapField = name.replace(' ', ''),
): SystemInstruction =>
  systemInstruction(name, encoding, {
    brief,
    access: from(0),
    ...(feature !== undefined && { feature }),
    traps: applicationTraps('UCI', ['TPCP'], trapField),
    operation: 'dataCache',
  });

const bySetAndWay = (
  name: string,
  encoding: SystemEncoding,
  brief: string,
  feature?: string,
  trapField = name.replace(' ', ''),
): SystemInstruction =>
  systemInstruction(name, encoding, {
    brief,
    access: from(1),
    ...(feature !== undefined && { feature }),
    traps: [toEL2('write', on('HCR_EL2', 'TSW')), fineGrained(trapField)],
    operation: 'dataCache',
  });

const invalidateByAddress = (
  name: string,
  encoding: SystemEncoding,
  brief: string,
  feature?: string,
): SystemInstruction =>
  systemInstruction(name, encoding, {
    brief,
    access: from(1),
    ...(feature !== undefined && { feature }),
    traps: [toEL2('write', on('HCR_EL2', 'TPCP')), fineGrained('DCIVAC')],
    operation: 'dataCache',
  });

const onBlock = (
  name: string,
  encoding: SystemEncoding,
  operation: BlockOperation,
  brief: string,
  feature?: string,
): SystemInstruction =>
  systemInstruction(name, encoding, {
    brief: `${brief}; DCZID_EL0 tells the size.`,
    access: from(0),
    ...(feature !== undefined && { feature }),
    traps: applicationTraps('DZE', ['TDZ'], 'DCZVA'),
    operation,
  });

const cacheInstructions: SystemInstruction[] = [
  systemInstruction('IC IALLUIS', [1, 0, 7, 1, 0], {
    brief: 'Invalidates the instruction caches of all PEs in the Inner Shareable domain.',
    access: from(1),
    takesRegister: false,
    traps: [toEL2('write', on('HCR_EL2', 'TPU')), toEL2('write', on('HCR_EL2', 'TICAB')), fineGrained('ICIALLUIS')],
    operation: 'instructionCache',
  }),
  systemInstruction('IC IALLU', [1, 0, 7, 5, 0], {
    brief: 'Invalidates the instruction cache of this PE.',
    access: from(1),
    takesRegister: false,
    traps: [toEL2('write', on('HCR_EL2', 'TPU')), toEL2('write', on('HCR_EL2', 'TOCU')), fineGrained('ICIALLU')],
    operation: 'instructionCache',
  }),
  systemInstruction('IC IVAU', [1, 3, 7, 5, 1], {
    brief: 'Invalidates an instruction cache line by virtual address.',
    access: from(0),
    traps: applicationTraps('UCI', ['TPU', 'TOCU'], 'ICIVAU'),
    operation: 'instructionCache',
  }),
  invalidateByAddress(
    'DC IVAC',
    [1, 0, 7, 6, 1],
    'Invalidates a data cache line by virtual address, to the point of coherency.',
  ),
  bySetAndWay('DC ISW', [1, 0, 7, 6, 2], 'Invalidates a data cache line by set and way.'),
  bySetAndWay('DC CSW', [1, 0, 7, 10, 2], 'Cleans a data cache line by set and way.'),
  bySetAndWay('DC CISW', [1, 0, 7, 14, 2], 'Cleans and invalidates a data cache line by set and way.'),
  onBlock('DC ZVA', [1, 3, 7, 4, 1], 'zeroBlock', 'Writes zeros to the block of memory around an address'),
  toCoherency('DC CVAC', [1, 3, 7, 10, 1], 'Cleans a data cache line by virtual address, to the point of coherency.'),
  systemInstruction('DC CVAU', [1, 3, 7, 11, 1], {
    brief: 'Cleans a data cache line by virtual address, to the point of unification.',
    access: from(0),
    traps: applicationTraps('UCI', ['TPU', 'TOCU'], 'DCCVAU'),
    operation: 'dataCache',
  }),
  toCoherency('DC CVAP', [1, 3, 7, 12, 1], 'Cleans a data cache line to the point of persistence.', 'FEAT_DPB'),
  toCoherency('DC CVADP', [1, 3, 7, 13, 1], 'Cleans a data cache line to the point of deep persistence.', 'FEAT_DPB2'),
  toCoherency(
    'DC CIVAC',
    [1, 3, 7, 14, 1],
    'Cleans and invalidates a data cache line by virtual address, to the point of coherency.',
  ),
];

// ---- allocation tags ---------------------------------------------------------------------------

const tagLines = 'allocation tags';
const tagAndDataLines = 'data and allocation tags';

/** Maintenance of tags alone (G) or with the data (GD); the traps are those of the data's own instruction. */
const tagMaintenance: SystemInstruction[] = (
  [
    ['G', 0, tagLines],
    ['GD', 2, tagAndDataLines],
  ] as const
).flatMap(([letters, more, what]) => [
  invalidateByAddress(
    `DC I${letters}VAC`,
    [1, 0, 7, 6, 3 + more],
    `Invalidates a cache line of ${what} by virtual address, to the point of coherency.`,
    'FEAT_MTE2',
  ),
  ...(
    [
      ['I', 6, 'DCISW', 'Invalidates'],
      ['C', 10, 'DCCSW', 'Cleans'],
      ['CI', 14, 'DCCISW', 'Cleans and invalidates'],
    ] as const
  ).map(([verb, crm, trapField, words]) =>
    bySetAndWay(
      `DC ${verb}${letters}SW`,
      [1, 0, 7, crm, 4 + more],
      `${words} a cache line of ${what} by set and way.`,
      'FEAT_MTE2',
      trapField,
    ),
  ),
  ...(
    [
      ['C', 'VAC', 10, 'DCCVAC', 'Cleans', 'coherency', 'FEAT_MTE'],
      ['C', 'VAP', 12, 'DCCVAP', 'Cleans', 'persistence', 'FEAT_MTE'],
      ['C', 'VADP', 13, 'DCCVADP', 'Cleans', 'deep persistence', 'FEAT_MTE'],
      ['CI', 'VAC', 14, 'DCCIVAC', 'Cleans and invalidates', 'coherency', 'FEAT_MTE'],
    ] as const
  ).map(([verb, point, crm, trapField, words, where, feature]) =>
    toCoherency(
      `DC ${verb}${letters}${point}`,
      [1, 3, 7, crm, 3 + more],
      `${words} a cache line of ${what} to the point of ${where}.`,
      feature,
      trapField,
    ),
  ),
]);

const tagBlocks: SystemInstruction[] = [
  onBlock(
    'DC GVA',
    [1, 3, 7, 4, 3],
    'tagBlock',
    "Gives the block of memory around an address the address's tag",
    'FEAT_MTE',
  ),
  onBlock(
    'DC GZVA',
    [1, 3, 7, 4, 4],
    'tagAndZeroBlock',
    "Writes zeros to the block of memory around an address and gives it the address's tag",
    'FEAT_MTE',
  ),
];

// ---- prediction --------------------------------------------------------------------------------

const restriction = (
  mnemonic: 'CFP' | 'DVP' | 'COSP' | 'CPP',
  op2: number,
  brief: string,
  feature = 'FEAT_SPECRES',
): SystemInstruction =>
  systemInstruction(`${mnemonic} RCTX`, [1, 3, 7, 3, op2], {
    brief,
    access: from(0),
    feature,
    traps: [trap(2, 'write', [1], [on('HCR_EL2', 'NV')]), ...applicationTraps('EnRCTX', [], `${mnemonic}RCTX`)],
    operation: 'restrictPrediction',
  });

const predictionInstructions: SystemInstruction[] = [
  restriction('CFP', 4, 'Keeps control flow predictions of a context from being used.'),
  restriction('DVP', 5, 'Keeps data value predictions of a context from being used.'),
  restriction('COSP', 6, 'Keeps every other prediction of a context from being used.', 'FEAT_SPECRES2'),
  restriction('CPP', 7, 'Keeps cache prefetch predictions of a context from being used.'),
];

// ---- address translation -----------------------------------------------------------------------

const translate = (operand: string, encoding: SystemEncoding, brief: string, feature?: string): SystemInstruction => {
  const level = operand.startsWith('S12') ? 2 : (Number(operand[3]) as ExceptionLevel);
  return systemInstruction(`AT ${operand}`, encoding, {
    brief: `${brief}; the result goes to PAR_EL1.`,
    access: from(level === 0 ? 1 : level),
    ...(feature !== undefined && { feature }),
    traps: encoding[1] === 0 ? [toEL2('write', on('HCR_EL2', 'AT')), fineGrained(`AT${operand}`)] : [],
    operation: 'at',
  });
};

const translationInstructions: SystemInstruction[] = [
  translate('S1E1R', [1, 0, 7, 8, 0], 'Stage 1 translation of an address for a read at EL1'),
  translate('S1E1W', [1, 0, 7, 8, 1], 'Stage 1 translation of an address for a write at EL1'),
  translate('S1E0R', [1, 0, 7, 8, 2], 'Stage 1 translation of an address for a read at EL0'),
  translate('S1E0W', [1, 0, 7, 8, 3], 'Stage 1 translation of an address for a write at EL0'),
  translate('S1E1RP', [1, 0, 7, 9, 0], 'Stage 1 translation for a read at EL1 under PSTATE.PAN', 'FEAT_PAN2'),
  translate('S1E1WP', [1, 0, 7, 9, 1], 'Stage 1 translation for a write at EL1 under PSTATE.PAN', 'FEAT_PAN2'),
  translate('S1E2R', [1, 4, 7, 8, 0], 'Stage 1 translation of an address for a read at EL2'),
  translate('S1E2W', [1, 4, 7, 8, 1], 'Stage 1 translation of an address for a write at EL2'),
  translate('S12E1R', [1, 4, 7, 8, 4], 'Both stages of translation of an address for a read at EL1'),
  translate('S12E1W', [1, 4, 7, 8, 5], 'Both stages of translation of an address for a write at EL1'),
  translate('S12E0R', [1, 4, 7, 8, 6], 'Both stages of translation of an address for a read at EL0'),
  translate('S12E0W', [1, 4, 7, 8, 7], 'Both stages of translation of an address for a write at EL0'),
  translate('S1E3R', [1, 6, 7, 8, 0], 'Stage 1 translation of an address for a read at EL3'),
  translate('S1E3W', [1, 6, 7, 8, 1], 'Stage 1 translation of an address for a write at EL3'),
];

// ---- TLB ---------------------------------------------------------------------------------------

type Domain = '' | 'IS' | 'OS';
const domains: readonly Domain[] = ['', 'IS', 'OS'];
const reach: Readonly<Record<Domain, string>> = {
  '': 'on this PE',
  IS: 'in the Inner Shareable domain',
  OS: 'in the Outer Shareable domain',
};

/** CRm of the operations by address or for everything, and of those by range. */
const single: Readonly<Record<Domain, number>> = { '': 7, IS: 3, OS: 1 };
const ranged: Readonly<Record<Domain, number>> = { '': 6, IS: 2, OS: 5 };

/** An invalidation, and its form that need not wait for accesses with the XS attribute (FEAT_XS), of which there are none here. */
function invalidation(
  operand: string,
  domain: Domain,
  encoding: SystemEncoding,
  what: string,
): readonly SystemInstruction[] {
  const name = operand + domain;
  const [op0, op1, crn, crm, op2] = encoding;
  const isRange = operand.startsWith('R');
  const feature = isRange ? 'FEAT_TLBIRANGE' : domain === 'OS' ? 'FEAT_TLBIOS' : undefined;
  const common = {
    access: from(op1 === 0 ? 1 : op1 === 4 ? 2 : 3),
    takesRegister: !operand.includes('ALLE') && !operand.startsWith('VMALL'),
    operation: 'tlbi',
  } as const;
  const traps = (fine: readonly TrapDraft[]): readonly TrapDraft[] =>
    op1 === 0
      ? [
          toEL2('write', on('HCR_EL2', 'TTLB')),
          ...(domain === '' ? [] : [toEL2('write', on('HCR_EL2', `TTLB${domain}`))]),
          ...fine,
        ]
      : [];
  const field = `TLBI${name}`;
  return [
    systemInstruction(`TLBI ${name}`, encoding, {
      ...common,
      brief: `Invalidates ${what}, ${reach[domain]}.`,
      ...(feature !== undefined && { feature }),
      traps: traps([fineGrained(field)]),
    }),
    systemInstruction(`TLBI ${name}NXS`, [op0, op1, crn + 1, crm, op2], {
      ...common,
      brief: `Invalidates ${what}, ${reach[domain]}, without waiting for accesses with the XS attribute.`,
      feature: 'FEAT_XS',
      traps: traps([fineGrained(field, off('SCR_EL3', 'HXEn')), fineGrained(field, off('HCRX_EL2', 'FGTnXS'))]),
    }),
  ];
}

/** [operand, op1, op2, what goes] of the operations whose CRm says the domain in the regular way. */
const regular: readonly (readonly [operand: string, op1: number, op2: number, what: string])[] = [
  ['VMALLE1', 0, 0, 'the stage 1 translations of the current VMID'],
  ['VAE1', 0, 1, 'the EL1&0 translations of an address and ASID'],
  ['ASIDE1', 0, 2, 'the EL1&0 translations of an ASID'],
  ['VAAE1', 0, 3, 'the EL1&0 translations of an address in all ASIDs'],
  ['VALE1', 0, 5, 'the last-level EL1&0 translations of an address and ASID'],
  ['VAALE1', 0, 7, 'the last-level EL1&0 translations of an address in all ASIDs'],
  ['ALLE2', 4, 0, 'all translations of EL2'],
  ['VAE2', 4, 1, 'the EL2 translations of an address'],
  ['ALLE1', 4, 4, 'all EL1&0 translations, of every VMID and both stages'],
  ['VALE2', 4, 5, 'the last-level EL2 translations of an address'],
  ['VMALLS12E1', 4, 6, 'the translations of both stages of the current VMID'],
  ['ALLE3', 6, 0, 'all translations of EL3'],
  ['VAE3', 6, 1, 'the EL3 translations of an address'],
  ['VALE3', 6, 5, 'the last-level EL3 translations of an address'],
];

const byRange: typeof regular = [
  ['RVAE1', 0, 1, 'the EL1&0 translations of a range of addresses and an ASID'],
  ['RVAAE1', 0, 3, 'the EL1&0 translations of a range of addresses in all ASIDs'],
  ['RVALE1', 0, 5, 'the last-level EL1&0 translations of a range of addresses and an ASID'],
  ['RVAALE1', 0, 7, 'the last-level EL1&0 translations of a range of addresses in all ASIDs'],
  ['RVAE2', 4, 1, 'the EL2 translations of a range of addresses'],
  ['RVALE2', 4, 5, 'the last-level EL2 translations of a range of addresses'],
  ['RVAE3', 6, 1, 'the EL3 translations of a range of addresses'],
  ['RVALE3', 6, 5, 'the last-level EL3 translations of a range of addresses'],
];

/** Stage 2 by guest address: the domain is in CRm for Inner Shareable, in op2 for the others. */
const stage2: readonly (readonly [operand: string, op2: Readonly<Record<Domain, number>>, what: string])[] = [
  ['IPAS2E1', { '': 1, IS: 1, OS: 0 }, 'the stage 2 translations of a guest physical address'],
  ['RIPAS2E1', { '': 2, IS: 2, OS: 3 }, 'the stage 2 translations of a range of guest physical addresses'],
  ['IPAS2LE1', { '': 5, IS: 5, OS: 4 }, 'the last-level stage 2 translations of a guest physical address'],
  ['RIPAS2LE1', { '': 6, IS: 6, OS: 7 }, 'the last-level stage 2 translations of a range of guest physical addresses'],
];

const tlbInstructions: SystemInstruction[] = domains.flatMap(domain => [
  ...regular.flatMap(([operand, op1, op2, what]) =>
    invalidation(operand, domain, [1, op1, 8, single[domain], op2], what),
  ),
  ...byRange.flatMap(([operand, op1, op2, what]) =>
    invalidation(operand, domain, [1, op1, 8, ranged[domain], op2], what),
  ),
  ...stage2.flatMap(([operand, op2, what]) =>
    invalidation(operand, domain, [1, 4, 8, domain === 'IS' ? 0 : 4, op2[domain]], what),
  ),
]);

// ---- the list ----------------------------------------------------------------------------------

export const systemInstructions: readonly SystemInstruction[] = [
  ...cacheInstructions,
  ...tagMaintenance,
  ...tagBlocks,
  ...predictionInstructions,
  ...translationInstructions,
  ...tlbInstructions,
];

const byKey = new Map(systemInstructions.map(row => [systemEncodingKey(row.encoding), row]));
const byName = new Map(systemInstructions.map(row => [row.name, row]));

/** The instruction of an encoding key (`systemEncodingKey`), or undefined. */
export function systemInstructionAt(key: number): SystemInstruction | undefined {
  return byKey.get(key);
}

/** The instruction written `DC CVAU`, upper or lower case, or undefined. */
export function findSystemInstruction(name: string): SystemInstruction | undefined {
  return byName.get(name.toUpperCase().replace(/\s+/g, ' '));
}
