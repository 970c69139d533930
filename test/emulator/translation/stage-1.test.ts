import { describe, expect, test } from 'vitest';
import { AddressTranslator } from '../../../emulator/translation/address-translator.ts';
import type { Fault } from '../../../emulator/translation/fault.ts';
import { GRANULE_16KB, GRANULE_64KB } from '../../../emulator/translation/granule.ts';
import type { Translation, TranslationRequest, TranslationResult } from '../../../emulator/translation/request.ts';
import { EVERY_FEATURE, MachineStandIn } from './machine-stand-in.ts';
import { request } from './read-request.ts';
import { S1, TableBuilder } from './table-builder.ts';

const RAM = 0x4000_0000;
const TABLES = RAM;
const OUTPUT = 0x8765_4000;
/** Attr0 is Normal Write-Back, Attr1 Device nGnRE. */
const MAIR = 0x04ffn;
const DEVICE = 1n << 2n;
const SCTLR_ON = 0x1005n;
const WXN = 1n << 19n;
/** 48-bit addresses of 4 KB pages in both ranges, 48-bit outputs. */
const TCR = (16n << 0n) | (16n << 16n) | (0b10n << 30n) | (5n << 32n);
const HA = 1n << 39n;
const HD = 1n << 40n;
const PAGE = 0x1234_5678_9000n;

/** Without 52-bit addresses. */
const PLAIN = { ...EVERY_FEATURE, ID_AA64MMFR0_EL1: 0x0000_0222_0010_0025n, ID_AA64MMFR2_EL1: 0x1000_0100_1000_0000n };

function el1Machine(tcr = TCR, sctlr = SCTLR_ON, features = EVERY_FEATURE) {
  const machine = new MachineStandIn(RAM, 0x10_0000, features);
  machine.set({
    SCTLR_EL1: sctlr,
    TCR_EL1: tcr,
    MAIR_EL1: MAIR,
    TTBR0_EL1: BigInt(TABLES),
    TTBR1_EL1: BigInt(TABLES + 0x8_0000),
  });
  return {
    machine,
    translator: new AddressTranslator(machine),
    lower: new TableBuilder(machine, TABLES),
    upper: new TableBuilder(machine, TABLES + 0x8_0000),
  };
}

function expectOk(result: TranslationResult): Translation {
  if (!result.ok) throw new Error(`faulted: ${result.fault.kind} at level ${result.fault.level}`);
  return result;
}

function expectFault(result: TranslationResult): Fault {
  if (result.ok) throw new Error(`translated to ${result.physicalAddress.toString(16)}`);
  return result.fault;
}

describe('a page of stage 1', () => {
  test('gives the address, the attributes and the permissions of its descriptor', () => {
    const { translator, lower } = el1Machine();
    lower.map(PAGE, OUTPUT, S1.AF | S1.INNER_SHAREABLE | S1.UXN);
    const page = expectOk(translator.translate(request(PAGE + 0x123n)));
    expect(page).toEqual({
      ok: true,
      physicalAddress: OUTPUT + 0x123,
      nonSecure: true,
      attributes: 0xff,
      shareability: 3,
      read: true,
      write: true,
      execute: true,
      stage1SizeBits: 12,
      stage2SizeBits: 12,
      global: true,
      guarded: false,
      intermediatePhysicalAddress: OUTPUT + 0x123,
    });
  });

  test('in the upper range is found through TTBR1', () => {
    const { translator, upper } = el1Machine();
    upper.map(PAGE, OUTPUT, S1.AF | S1.NOT_GLOBAL | S1.GUARDED);
    const page = expectOk(translator.translate(request(PAGE | (0xffffn << 48n))));
    expect(page.physicalAddress).toBe(OUTPUT);
    expect(page.global).toBe(false);
    expect(page.guarded).toBe(true);
  });

  test('of Device memory is Outer Shareable whatever SH says', () => {
    const { translator, lower } = el1Machine();
    lower.map(PAGE, OUTPUT, S1.AF | DEVICE | S1.INNER_SHAREABLE);
    expect(expectOk(translator.translate(request(PAGE)))).toMatchObject({ attributes: 0x04, shareability: 2 });
  });

  test('is Non-cacheable for data while SCTLR_EL1.C is clear', () => {
    const { translator, lower } = el1Machine(TCR, 0x1001n);
    lower.map(PAGE, OUTPUT, S1.AF);
    expect(expectOk(translator.translate(request(PAGE))).attributes).toBe(0x44);
  });
});

describe('blocks', () => {
  test('of 2 MiB and 1 GiB map with the 4 KB granule', () => {
    const { translator, lower } = el1Machine();
    lower.map(0x20_0000n, 0x8020_0000, S1.AF, 2);
    lower.map(0x4000_0000n, 0xc000_0000, S1.AF, 1);
    expect(expectOk(translator.translate(request(0x2a_bcden)))).toMatchObject({
      physicalAddress: 0x802a_bcde,
      stage1SizeBits: 21,
    });
    expect(expectOk(translator.translate(request(0x4765_4321n)))).toMatchObject({
      physicalAddress: 0xc765_4321,
      stage1SizeBits: 30,
    });
  });

  test('of 512 GiB do not exist with the 4 KB granule', () => {
    const { translator, lower } = el1Machine();
    lower.map(0n, 0, S1.AF, 0);
    expect(expectFault(translator.translate(request(0n)))).toMatchObject({ kind: 'translation', level: 0, stage: 1 });
  });

  test.each([
    [GRANULE_16KB, 0b10n, 0b01n, 25, 36],
    [GRANULE_64KB, 0b01n, 0b11n, 29, 42],
  ])('of level 2 exist with granule $name, of level 1 not', (granule, tg0, tg1, blockBits, level1Bit) => {
    const { machine, translator } = el1Machine((TCR & ~(0b11n << 30n)) | (tg0 << 14n) | (tg1 << 30n), SCTLR_ON, PLAIN);
    const builder = new TableBuilder(machine, TABLES, { granule, startLevel: granule === GRANULE_16KB ? 0 : 1 });
    const block = 1n << BigInt(blockBits);
    builder.map(block, 2 ** 31, S1.AF, 2);
    builder.map(1n << BigInt(level1Bit), 0, S1.AF, 1);
    expect(expectOk(translator.translate(request(block + 5n)))).toMatchObject({
      physicalAddress: 2 ** 31 + 5,
      stage1SizeBits: blockBits,
    });
    expect(expectFault(translator.translate(request(1n << BigInt(level1Bit))))).toMatchObject({
      kind: 'translation',
      level: 1,
    });
  });
});

describe('addresses outside of the ranges', () => {
  test('fault at level 0', () => {
    const { translator } = el1Machine();
    for (const address of [1n << 48n, 0xfffen << 48n, 1n << 55n]) {
      expect(expectFault(translator.translate(request(address)))).toMatchObject({ kind: 'translation', level: 0 });
    }
  });

  test('keep their top byte out of it with TBI, for instructions only without TBID', () => {
    const TBI0 = 1n << 37n;
    const TBID0 = 1n << 51n;
    const { machine, translator, lower } = el1Machine(TCR | TBI0);
    lower.map(PAGE, OUTPUT, S1.AF);
    const tagged = PAGE | (0xa5n << 56n);
    expect(translator.translate(request(tagged)).ok).toBe(true);
    expect(translator.translate(request(tagged, { access: 'execute' })).ok).toBe(true);
    machine.set({ TCR_EL1: TCR | TBI0 | TBID0 });
    expect(translator.translate(request(tagged)).ok).toBe(true);
    expect(translator.translate(request(tagged, { access: 'execute' })).ok).toBe(false);
  });

  test('fault with EPD, and with E0PD for EL0 alone', () => {
    const { machine, translator, lower } = el1Machine(TCR | (1n << 7n));
    lower.map(PAGE, OUTPUT, S1.AF | S1.USER);
    expect(expectFault(translator.translate(request(PAGE)))).toMatchObject({ kind: 'translation', level: 0 });
    machine.set({ TCR_EL1: TCR | (1n << 55n) });
    expect(translator.translate(request(PAGE)).ok).toBe(true);
    expect(expectFault(translator.translate(request(PAGE, { privileged: false })))).toMatchObject({
      kind: 'translation',
      level: 0,
    });
  });

  test('may be as few as 2^16 bytes with small tables', () => {
    const { machine, translator } = el1Machine((TCR & ~0x3fn) | 48n);
    const builder = new TableBuilder(machine, TABLES, { startLevel: 3, inputSize: 16 });
    builder.map(0xf000n, OUTPUT, S1.AF);
    expect(expectOk(translator.translate(request(0xf008n))).physicalAddress).toBe(OUTPUT + 8);
    expect(expectFault(translator.translate(request(0x1_f000n)))).toMatchObject({ kind: 'translation', level: 0 });
  });
});

describe('output addresses beyond IPS', () => {
  const TCR_36 = (TCR & ~(7n << 32n)) | (1n << 32n);

  test('fault at the level of the descriptor', () => {
    const { translator, lower } = el1Machine(TCR_36);
    lower.map(PAGE, 2 ** 36, S1.AF);
    expect(expectFault(translator.translate(request(PAGE)))).toMatchObject({ kind: 'addressSize', level: 3 });
  });

  test('fault at level 0 when TTBR0 holds them', () => {
    const { machine, translator } = el1Machine(TCR_36);
    machine.set({ TTBR0_EL1: 1n << 40n });
    expect(expectFault(translator.translate(request(PAGE)))).toMatchObject({ kind: 'addressSize', level: 0 });
  });
});

describe('permissions', () => {
  const permissionsOf = (bits: bigint, more: Partial<TranslationRequest>, tableBits = 0n, sctlr = SCTLR_ON): string => {
    const { translator, lower } = el1Machine(TCR, sctlr);
    lower.map(PAGE, OUTPUT, S1.AF | bits, 3, tableBits);
    return (['read', 'write', 'execute'] as const)
      .map(access => (translator.translate(request(PAGE, { ...more, access })).ok ? access[0] : '-'))
      .join('')
      .replace('e', 'x');
  };
  const EL1 = { privileged: true };
  const EL0 = { privileged: false };

  test('of EL1 and EL0 follow AP, PXN and UXN', () => {
    expect(permissionsOf(0n, EL1)).toBe('rwx');
    expect(permissionsOf(0n, EL0)).toBe('--x');
    expect(permissionsOf(S1.USER, EL1)).toBe('rw-');
    expect(permissionsOf(S1.USER, EL0)).toBe('rwx');
    expect(permissionsOf(S1.READ_ONLY, EL1)).toBe('r-x');
    expect(permissionsOf(S1.READ_ONLY | S1.USER, EL1)).toBe('r-x');
    expect(permissionsOf(S1.READ_ONLY | S1.USER | S1.PXN, EL1)).toBe('r--');
    expect(permissionsOf(S1.READ_ONLY | S1.USER | S1.UXN, EL0)).toBe('r--');
  });

  test('are narrowed by table descriptors', () => {
    expect(permissionsOf(S1.USER, EL0, S1.NO_EL0_TABLE)).toBe('--x');
    expect(permissionsOf(S1.USER, EL0, S1.READ_ONLY_TABLE)).toBe('r-x');
    expect(permissionsOf(0n, EL1, S1.PXN_TABLE)).toBe('rw-');
    expect(permissionsOf(0n, EL0, S1.UXN_TABLE)).toBe('---');
  });

  test('ignore table descriptors with HPD', () => {
    const { translator, lower } = el1Machine(TCR | (1n << 41n));
    lower.map(PAGE, OUTPUT, S1.AF, 3, S1.READ_ONLY_TABLE | S1.PXN_TABLE);
    expect(expectOk(translator.translate(request(PAGE)))).toMatchObject({ write: true, execute: true });
  });

  test('lose execution of what is writable with WXN', () => {
    expect(permissionsOf(0n, EL1, 0n, SCTLR_ON | WXN)).toBe('rw-');
    expect(permissionsOf(S1.READ_ONLY, EL1, 0n, SCTLR_ON | WXN)).toBe('r-x');
    expect(permissionsOf(S1.USER, EL0, 0n, SCTLR_ON | WXN)).toBe('rw-');
  });

  test('of EL1 to the memory of EL0 are gone with PAN, but execution is not', () => {
    expect(permissionsOf(S1.USER | S1.READ_ONLY, { ...EL1, pan: true })).toBe('--x');
    expect(permissionsOf(0n, { ...EL1, pan: true })).toBe('rwx');
    expect(permissionsOf(S1.USER, { ...EL0, pan: true })).toBe('rwx');
  });

  test('of EL1 to what EL0 may only execute are gone with EPAN', () => {
    const EPAN = 1n << 57n;
    expect(permissionsOf(0n, { ...EL1, pan: true }, 0n, SCTLR_ON | EPAN)).toBe('--x');
    expect(permissionsOf(S1.UXN, { ...EL1, pan: true }, 0n, SCTLR_ON | EPAN)).toBe('rwx');
  });

  test('refuse an atomic access as a write only where a read would pass', () => {
    const { translator, lower } = el1Machine();
    lower.map(PAGE, OUTPUT, S1.AF | S1.READ_ONLY);
    const atomic = (address: bigint) => expectFault(translator.translate(request(address, { access: 'atomic' })));
    expect(atomic(PAGE)).toMatchObject({ kind: 'permission', level: 3, write: true });
    expect(atomic(PAGE + 0x1000n)).toMatchObject({ kind: 'translation', level: 3, write: false });
  });
});

describe('the access flag', () => {
  test('faults when clear', () => {
    const { translator, lower } = el1Machine();
    lower.map(PAGE, OUTPUT, 0n);
    expect(expectFault(translator.translate(request(PAGE)))).toMatchObject({ kind: 'accessFlag', level: 3 });
  });

  test('is set by hardware with HA, but not for a debugger', () => {
    const { machine, translator, lower } = el1Machine(TCR | HA);
    const at = lower.map(PAGE, OUTPUT, 0n);
    expect(translator.translate(request(PAGE, { purpose: 'inspect' })).ok).toBe(true);
    expect(machine.read(at) & S1.AF).toBe(0n);
    expect(translator.translate(request(PAGE)).ok).toBe(true);
    expect(machine.read(at) & S1.AF).toBe(S1.AF);
  });

  test('in memory that cannot be updated faults as an unsupported atomic update', () => {
    const { machine, translator, lower } = el1Machine(TCR | HA);
    lower.map(PAGE, OUTPUT, 0n);
    machine.readOnly = true;
    expect(expectFault(translator.translate(request(PAGE))).kind).toBe('unsupportedAtomicUpdate');
  });
});

describe('dirty state', () => {
  test('is recorded by the first write, and until then a page counts as read-only', () => {
    const { machine, translator, lower } = el1Machine(TCR | HA | HD);
    const at = lower.map(PAGE, OUTPUT, S1.AF | S1.READ_ONLY | S1.DBM);
    expect(expectOk(translator.translate(request(PAGE))).write).toBe(false);
    expect(machine.read(at) & S1.READ_ONLY).toBe(S1.READ_ONLY);
    expect(expectOk(translator.translate(request(PAGE, { access: 'write' }))).write).toBe(true);
    expect(machine.read(at) & S1.READ_ONLY).toBe(0n);
  });

  test('needs HD', () => {
    const { translator, lower } = el1Machine(TCR | HA);
    lower.map(PAGE, OUTPUT, S1.AF | S1.READ_ONLY | S1.DBM);
    expect(expectFault(translator.translate(request(PAGE, { access: 'write' })))).toMatchObject({
      kind: 'permission',
      write: true,
    });
  });
});

describe('tables', () => {
  test('may be big-endian', () => {
    const { machine, translator, lower } = el1Machine(TCR, SCTLR_ON | (1n << 25n));
    lower.map(PAGE, OUTPUT, S1.AF);
    for (let at = TABLES; at < TABLES + 0x8_0000; at += 8) {
      const offset = at - RAM;
      machine.memory.setBigUint64(offset, machine.memory.getBigUint64(offset, true), false);
    }
    expect(expectOk(translator.translate(request(PAGE))).physicalAddress).toBe(OUTPUT);
  });

  test('where nothing answers abort at the level that was read', () => {
    const { machine, translator, lower } = el1Machine();
    machine.write(lower.descriptorAddress(PAGE, 1), 0x1000n | 3n);
    expect(expectFault(translator.translate(request(PAGE)))).toMatchObject({ kind: 'externalAbortOnWalk', level: 2 });
  });
});

describe('with stage 1 off', () => {
  test('addresses map to themselves as Device memory, and instructions as Write-Through', () => {
    const { translator } = el1Machine(TCR, 0x1000n);
    expect(expectOk(translator.translate(request(0x1_2345_6789n)))).toMatchObject({
      physicalAddress: 0x1_2345_6789,
      attributes: 0,
      shareability: 2,
      execute: true,
    });
    expect(expectOk(translator.translate(request(0x8000n, { access: 'execute' }))).attributes).toBe(0xaa);
  });

  test('addresses that no physical address reaches are too large', () => {
    const { translator } = el1Machine(TCR, 0n);
    expect(expectOk(translator.translate(request(1n << 51n))).physicalAddress).toBe(2 ** 51);
    expect(expectFault(translator.translate(request(1n << 52n)))).toMatchObject({ kind: 'addressSize', level: 0 });
  });

  test('which HCR_EL2.TGE alone does to EL1&0', () => {
    const { machine, translator } = el1Machine();
    machine.set({ HCR_EL2: 1n << 27n });
    expect(expectOk(translator.translate(request(PAGE))).physicalAddress).toBe(Number(PAGE));
  });
});

describe('the regimes of EL2 and EL3', () => {
  const single = (16n << 0n) | (5n << 16n);

  test('have one range, one execute-never bit and no upper addresses', () => {
    const machine = new MachineStandIn(RAM, 0x10_0000);
    machine.set({ SCTLR_EL2: SCTLR_ON, TCR_EL2: single, MAIR_EL2: MAIR, TTBR0_EL2: BigInt(TABLES) });
    const translator = new AddressTranslator(machine);
    new TableBuilder(machine, TABLES).map(PAGE, OUTPUT, S1.AF | S1.USER | S1.NOT_GLOBAL | S1.PXN);
    const page = expectOk(translator.translate(request(PAGE, { regime: 'EL2' })));
    expect(page).toMatchObject({ read: true, write: true, execute: true, global: true });
    expect(translator.translate(request(PAGE | (0xffffn << 48n), { regime: 'EL2' })).ok).toBe(false);
  });

  test('of a VHE host use the EL1 layout of TCR_EL2', () => {
    const machine = new MachineStandIn(RAM, 0x10_0000);
    machine.set({ SCTLR_EL2: SCTLR_ON, TCR_EL2: TCR, MAIR_EL2: MAIR, TTBR1_EL2: BigInt(TABLES), HCR_EL2: 1n << 34n });
    const translator = new AddressTranslator(machine);
    new TableBuilder(machine, TABLES).map(PAGE, OUTPUT, S1.AF | S1.USER);
    const address = PAGE | (0xffffn << 48n);
    expect(translator.regimeOf(2)).toBe('EL2&0');
    expect(translator.regimeOf(0)).toBe('EL1&0');
    expect(expectOk(translator.translate(request(address, { regime: 'EL2&0' })))).toMatchObject({ execute: false });
    expect(translator.translate(request(address, { regime: 'EL2&0', pan: true })).ok).toBe(false);
  });

  test('reach Non-secure memory from Secure state by NS and NSTable', () => {
    const machine = new MachineStandIn(RAM, 0x10_0000);
    machine.set({ SCTLR_EL3: SCTLR_ON, TCR_EL3: single, MAIR_EL3: MAIR, TTBR0_EL3: BigInt(TABLES) });
    const translator = new AddressTranslator(machine);
    const builder = new TableBuilder(machine, TABLES);
    builder.map(PAGE, OUTPUT, S1.AF);
    builder.map(PAGE + 0x1000n, OUTPUT, S1.AF | S1.NON_SECURE);
    builder.map(0n, OUTPUT, S1.AF, 3, S1.NON_SECURE_TABLE);
    const secureRequest = (address: bigint) => request(address, { regime: 'EL3', secure: true });
    expect(expectOk(translator.translate(secureRequest(PAGE))).nonSecure).toBe(false);
    expect(expectOk(translator.translate(secureRequest(PAGE + 0x1000n))).nonSecure).toBe(true);
    expect(expectOk(translator.translate(secureRequest(0n))).nonSecure).toBe(true);
    machine.set({ SCR_EL3: 1n << 9n });
    expect(expectOk(translator.translate(secureRequest(PAGE + 0x1000n))).execute).toBe(false);
    expect(expectOk(translator.translate(secureRequest(PAGE))).execute).toBe(true);
  });
});
