import { describe, expect, test } from 'vitest';
import { AddressTranslator } from '../../../emulator/translation/address-translator.ts';
import { hypervisorFaultAddress, statusCode, type TableLevel } from '../../../emulator/translation/fault.ts';
import { GRANULE_4KB, GRANULE_16KB, GRANULE_64KB, lowestResolvedBit } from '../../../emulator/translation/granule.ts';
import type { TranslationResult } from '../../../emulator/translation/request.ts';
import { EVERY_FEATURE, MachineStandIn } from './machine-stand-in.ts';
import { request } from './read-request.ts';
import { S1, S2 } from './table-builder.ts';

const RAM = 0x4000_0000;
const TABLES = BigInt(RAM);
const STAGE2 = BigInt(RAM) + 0x8_0000n;
/** T0SZ = 12 and IPS = 6; no upper range. */
const LARGE = 12n | (1n << 23n) | (6n << 32n);
const DS = 1n << 59n;
const TG0 = { '4KB': 0n, '64KB': 1n << 14n, '16KB': 2n << 14n };

function machineWith(tcr: bigint, features = EVERY_FEATURE) {
  const machine = new MachineStandIn(RAM, 0x10_0000, features);
  machine.set({ SCTLR_EL1: 0x1005n, TCR_EL1: tcr, MAIR_EL1: 0x04ffn, TTBR0_EL1: TABLES });
  return { machine, translator: new AddressTranslator(machine) };
}

/** A descriptor of FEAT_LPA2: address bits 51:50 in bits 9:8. */
const wide = (address: bigint, bits: bigint): bigint =>
  (address & 0x3_ffff_ffff_f000n) | ((address >> 50n) << 8n) | bits;
/** A descriptor of the 64 KB granule with FEAT_LPA: address bits 51:48 in bits 15:12. */
const large64 = (address: bigint, bits: bigint): bigint =>
  (address & 0xffff_ffff_0000n) | (((address >> 48n) & 0xfn) << 12n) | bits;

const faultOf = (result: TranslationResult) =>
  result.ok ? 'no fault' : { code: statusCode(result.fault), level: result.fault.level };

describe('addresses of 52 bits', () => {
  test('with 4 KB tables begin at level -1', () => {
    const { machine, translator } = machineWith(LARGE | DS);
    const address = 0xf_0000_0000_1000n;
    machine.write(RAM + 15 * 8, wide(TABLES + 0x1000n, 3n));
    machine.write(RAM + 0x1000, wide(TABLES + 0x2000n, 3n));
    machine.write(RAM + 0x2000, wide(TABLES + 0x3000n, 3n));
    machine.write(RAM + 0x3000, wide(TABLES + 0x4000n, 3n));
    machine.write(RAM + 0x4000 + 8, wide(0xd_2345_6789_a000n, S1.AF | 3n));
    const { steps, result } = translator.walkSteps(request(address));
    expect(steps.map(({ level }) => level)).toEqual([-1, 0, 1, 2, 3]);
    expect(result).toMatchObject({ ok: true, physicalAddress: 0xd_2345_6789_a000, stage1SizeBits: 12 });
  });

  test('report faults at level -1 by codes of their own', () => {
    const { machine, translator } = machineWith(LARGE | DS);
    expect(faultOf(translator.translate(request(1n << 51n)))).toEqual({ code: 0b10_1011, level: -1 });
    machine.write(RAM + 8 * 8, S1.AF | 1n);
    expect(faultOf(translator.translate(request(1n << 51n)))).toEqual({ code: 0b10_1011, level: -1 });
    machine.set({ TCR_EL1: (LARGE | DS) & ~(7n << 32n) });
    machine.write(RAM + 8 * 8, wide(1n << 32n, 3n));
    expect(faultOf(translator.translate(request(1n << 51n)))).toEqual({ code: 0b10_1001, level: -1 });
    machine.set({ TCR_EL1: LARGE | DS, TTBR0_EL1: 1n << 2n });
    expect(faultOf(translator.translate(request(1n << 51n)))).toEqual({ code: 0b01_0011, level: -1 });
  });

  test.each([
    [GRANULE_4KB, 0, 39, wide],
    [GRANULE_16KB, 1, 36, wide],
    [GRANULE_64KB, 1, 42, large64],
  ])('map blocks one level earlier: $name at level $1', (granule, level, sizeBits, descriptor) => {
    const { machine, translator } = machineWith(LARGE | DS | TG0[granule.name]);
    const address = 5n << BigInt(sizeBits);
    // All the tables before lie in the first page: each entry leads to the same one.
    for (let entry = 0; entry < 16; entry++) machine.write(RAM + entry * 8, descriptor(TABLES + 0x1_0000n, 3n));
    const start = granule === GRANULE_64KB ? 1 : level - 1;
    const table = start === level ? RAM : RAM + 0x1_0000;
    expect(lowestResolvedBit(granule, level as TableLevel)).toBe(sizeBits);
    machine.write(table + 5 * 8, descriptor(0xc_0000_0000_0000n, S1.AF | 1n));
    expect(translator.translate(request(address + 0x2_3456_789an))).toMatchObject({
      ok: true,
      physicalAddress: 0xc_0000_0000_0000 + 0x2_3456_789a,
      stage1SizeBits: sizeBits,
    });
  });

  test('take the shareability of the whole range from TCR where descriptors have no room for it', () => {
    const { machine, translator } = machineWith(LARGE | DS | (3n << 12n));
    for (const [at, next] of [
      [0, 0x1000],
      [0x1000, 0x2000],
      [0x2000, 0x3000],
      [0x3000, 0x4000],
    ] as const)
      machine.write(RAM + at, wide(TABLES + BigInt(next), 3n));
    machine.write(RAM + 0x4000, wide(0x4_0000_0000_0000n, S1.AF | 3n));
    expect(translator.translate(request(0n))).toMatchObject({ physicalAddress: 2 ** 50, shareability: 3 });
  });

  test('need TCR_EL1.DS with small granules, and nothing with 64 KB', () => {
    const { translator } = machineWith(LARGE);
    expect(faultOf(translator.translate(request(0n)))).toEqual({ code: 0b00_0100, level: 0 });
    const { machine, translator: other } = machineWith(LARGE | TG0['64KB']);
    machine.write(RAM, large64(TABLES + 0x1_0000n, 3n));
    machine.write(RAM + 0x1_0000, large64(TABLES + 0x2_0000n, 3n));
    machine.write(RAM + 0x2_0000, large64(0xf_0000_1234_0000n, S1.AF | 3n));
    expect(other.translate(request(0x42n))).toMatchObject({ physicalAddress: 0xf_0000_1234_0042 });
  });

  test('do not exist without their features', () => {
    const { translator } = machineWith(LARGE | DS, {
      ...EVERY_FEATURE,
      ID_AA64MMFR0_EL1: 0x0000_0222_0010_0025n,
      ID_AA64MMFR2_EL1: 0x1000_0100_1000_0000n,
    });
    expect(faultOf(translator.translate(request(0n)))).toEqual({ code: 0b00_0100, level: 0 });
    expect(faultOf(translator.translate(request(1n << 48n)))).toEqual({ code: 0b00_0100, level: 0 });
  });
});

describe('stage 2 with addresses of 52 bits', () => {
  const vtcr = 12n | (6n << 16n) | (1n << 31n) | (1n << 32n);
  const guest = (more: bigint) => {
    const { machine, translator } = machineWith(0n);
    machine.set({ SCTLR_EL1: 0n, HCR_EL2: 1n, VTCR_EL2: vtcr | more, VTTBR_EL2: STAGE2 });
    return { machine, translator };
  };
  const page = S2.AF | S2.READ | S2.WRITE | S2.NORMAL | 3n;

  test('begins at level -1 by SL2, and reports FIPA up to bit 51', () => {
    const { machine, translator } = guest(1n << 33n);
    const at = Number(STAGE2);
    machine.write(at + 15 * 8, wide(STAGE2 + 0x1000n, 3n));
    for (const level of [1, 2, 3]) machine.write(at + level * 0x1000, wide(STAGE2 + BigInt(level + 1) * 0x1000n, 3n));
    machine.write(at + 0x4000, wide(0x8_0000_0000_0000n, page));
    const address = 0xf_0000_0000_0000n;
    expect(translator.translate(request(address + 4n))).toMatchObject({ ok: true, physicalAddress: 2 ** 51 + 4 });
    const missing = translator.translate(request(address + 0x1000n));
    expect(missing.ok ? 0n : hypervisorFaultAddress(missing.fault)).toBe((address + 0x1000n) >> 8n);
    expect(faultOf(translator.translate(request(0n)))).toEqual({ code: 0b10_1011, level: -1 });
  });

  test('joins sixteen tables at level 0 with 4 KB, and two with 16 KB', () => {
    const { machine, translator } = guest(2n << 6n);
    machine.write(Number(STAGE2) + 0x1000 * 15 + 8 * 511, wide(0x1_0080_0000_0000n, page & ~2n));
    const last = 0xf_ffff_ffff_f000n;
    expect(translator.translate(request(last))).toMatchObject({ ok: true, stage2SizeBits: 39 });
    const { machine: other, translator: with16KB } = guest((3n << 6n) | TG0['16KB']);
    other.write(Number(STAGE2) + 8 * 31, 0n);
    expect(faultOf(with16KB.translate(request(last)))).toEqual({ code: 0b00_0100, level: 0 });
    other.write(Number(STAGE2) + 8 * 31, wide(STAGE2 + 0x1_0000n, 3n));
    expect(faultOf(with16KB.translate(request(last)))).toEqual({ code: 0b00_0101, level: 1 });
  });
});
