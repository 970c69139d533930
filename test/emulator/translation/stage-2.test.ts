import { describe, expect, test } from 'vitest';
import { addressTranslate } from '../../../emulator/translation/address-translate.ts';
import { AddressTranslator } from '../../../emulator/translation/address-translator.ts';
import { hypervisorFaultAddress, statusCode } from '../../../emulator/translation/fault.ts';
import type { TranslationResult } from '../../../emulator/translation/request.ts';
import { EVERY_FEATURE, MachineStandIn } from './machine-stand-in.ts';
import { request } from './read-request.ts';
import { S1, S2, TableBuilder } from './table-builder.ts';

const RAM = 0x4000_0000;
const STAGE1 = RAM;
/** Sixteen concatenated tables fit here. */
const STAGE2 = RAM + 0x10_0000;
const VM = 1n;
const PTW = 1n << 2n;
const DC = 1n << 12n;
const FWB = 1n << 46n;
const TCR = (16n << 0n) | (16n << 16n) | (0b10n << 30n) | (5n << 32n);
/** 40-bit intermediate addresses of 4 KB pages from level 1: two concatenated tables. */
const VTCR = 24n | (1n << 6n) | (5n << 16n) | (1n << 31n);
const HA = 1n << 21n;
const HD = 1n << 22n;
const RW = S2.AF | S2.READ | S2.WRITE | S2.NORMAL;
const VIRTUAL = 0x12_3456_7000n;
const INTERMEDIATE = 0x8000_0000;
const PHYSICAL = 0x1_0000_0000;

/** A guest with stage 1 tables at intermediate addresses equal to their physical ones, mapped by stage 2 on demand. */
function guest({ hcr = VM, vtcr = VTCR, sctlr = 0x1005n } = {}) {
  const machine = new MachineStandIn(RAM, 0x20_0000);
  machine.set({
    HCR_EL2: hcr,
    VTCR_EL2: vtcr,
    VTTBR_EL2: BigInt(STAGE2) | (7n << 48n),
    SCTLR_EL1: sctlr,
    TCR_EL1: TCR,
    MAIR_EL1: 0x04ffn,
    TTBR0_EL1: BigInt(STAGE1),
  });
  const stage1 = new TableBuilder(machine, STAGE1);
  const stage2 = new TableBuilder(machine, STAGE2, { startLevel: 1, inputSize: 40 });
  const tablePages = [0, 1, 2, 3].map(n => STAGE1 + n * 0x1000);
  const mapTables = (bits = RW) => tablePages.map(page => stage2.map(BigInt(page), page, bits));
  return { machine, stage1, stage2, mapTables, translator: new AddressTranslator(machine) };
}

const faultOf = (result: TranslationResult) => (result.ok ? 'no fault' : result.fault);

describe('stage 2', () => {
  test('translates what stage 1 gives out, and both decide the permissions', () => {
    const { stage1, stage2, mapTables, translator } = guest();
    mapTables();
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF | S1.INNER_SHAREABLE);
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, S2.AF | S2.READ | S2.NORMAL | S2.XN1);
    expect(translator.translate(request(VIRTUAL + 8n))).toMatchObject({
      ok: true,
      physicalAddress: PHYSICAL + 8,
      intermediatePhysicalAddress: INTERMEDIATE + 8,
      attributes: 0xff,
      shareability: 3,
      read: true,
      write: false,
      execute: false,
    });
  });

  test('reports the intermediate address of what it refuses', () => {
    const { stage1, stage2, mapTables, translator } = guest();
    mapTables();
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF);
    stage1.map(VIRTUAL + 0x1000n, INTERMEDIATE + 0x1000, S1.AF);
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, S2.AF | S2.READ | S2.NORMAL);
    const refused = translator.translate(request(VIRTUAL + 0x10n, { access: 'write' }));
    expect(faultOf(refused)).toMatchObject({
      kind: 'permission',
      level: 3,
      stage: 2,
      onStage1Walk: false,
      write: true,
      virtualAddress: VIRTUAL + 0x10n,
      intermediatePhysicalAddress: INTERMEDIATE + 0x10,
    });
    const unmapped = translator.translate(request(VIRTUAL + 0x1000n));
    expect(faultOf(unmapped)).toMatchObject({ kind: 'translation', level: 3, stage: 2, write: false });
    if (!unmapped.ok) {
      expect(statusCode(unmapped.fault)).toBe(0b000111);
      expect(hypervisorFaultAddress(unmapped.fault)).toBe(0x80_0010n);
    }
  });

  test('also stands between stage 1 and its tables', () => {
    const { stage1, translator } = guest();
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF);
    expect(faultOf(translator.translate(request(VIRTUAL, { access: 'write' })))).toMatchObject({
      kind: 'translation',
      level: 1,
      stage: 2,
      onStage1Walk: true,
      write: true,
      virtualAddress: VIRTUAL,
      intermediatePhysicalAddress: STAGE1,
    });
  });

  test('keeps stage 1 tables out of Device memory with HCR_EL2.PTW', () => {
    for (const [hcr, kind] of [
      [VM, undefined],
      [VM | PTW, 'permission'],
    ] as const) {
      const { stage1, stage2, mapTables, translator } = guest({ hcr });
      mapTables(S2.AF | S2.READ | S2.WRITE | S2.DEVICE);
      stage1.map(VIRTUAL, INTERMEDIATE, S1.AF);
      stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW);
      const result = translator.translate(request(VIRTUAL));
      expect(result.ok ? undefined : result.fault.kind).toBe(kind);
    }
  });

  test('must allow writing a descriptor that hardware updates', () => {
    const { machine, stage1, stage2, mapTables, translator } = guest();
    machine.set({ TCR_EL1: TCR | (1n << 39n) });
    mapTables(S2.AF | S2.READ | S2.NORMAL);
    const at = stage1.map(VIRTUAL, INTERMEDIATE, 0n);
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW);
    expect(faultOf(translator.translate(request(VIRTUAL)))).toMatchObject({
      kind: 'permission',
      stage: 2,
      onStage1Walk: true,
      write: true,
      intermediatePhysicalAddress: at,
    });
  });

  test('has access flags and dirty state of its own', () => {
    const { machine, stage2, translator } = guest({ sctlr: 0n, vtcr: VTCR | HA | HD });
    const at = stage2.map(BigInt(INTERMEDIATE), PHYSICAL, S2.READ | S2.NORMAL | S2.DBM);
    expect(translator.translate(request(BigInt(INTERMEDIATE)))).toMatchObject({ ok: true, write: false });
    expect(machine.read(at) & (S2.AF | S2.WRITE)).toBe(S2.AF);
    expect(translator.translate(request(BigInt(INTERMEDIATE), { access: 'write' }))).toMatchObject({ write: true });
    expect(machine.read(at) & (S2.AF | S2.WRITE)).toBe(S2.AF | S2.WRITE);
  });

  test('tells execution at EL1 from execution at EL0 with FEAT_XNX', () => {
    const executableAt = (bits: bigint, privileged: boolean): boolean => {
      const { stage2, translator } = guest({ sctlr: 0n });
      stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW | bits);
      return translator.translate(request(BigInt(INTERMEDIATE), { access: 'execute', privileged })).ok;
    };
    const table = [0n, S2.XN0, S2.XN1, S2.XN1 | S2.XN0].map(xn => [executableAt(xn, true), executableAt(xn, false)]);
    expect(table).toEqual([
      [true, true],
      [false, true],
      [false, false],
      [true, false],
    ]);
  });

  test('makes what stage 1 would leave uncached Write-Back under HCR_EL2.FWB', () => {
    const { stage2, translator } = guest({ hcr: VM | FWB, sctlr: 0n });
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, S2.AF | S2.READ | (0b0110n << 2n));
    expect(translator.translate(request(BigInt(INTERMEDIATE)))).toMatchObject({ attributes: 0xff });
  });

  test('is implied, and stage 1 off and cacheable, with HCR_EL2.DC', () => {
    const { stage2, translator } = guest({ hcr: DC });
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW);
    expect(translator.translate(request(BigInt(INTERMEDIATE)))).toMatchObject({
      physicalAddress: PHYSICAL,
      attributes: 0xff,
    });
    expect(translator.translate(request(VIRTUAL)).ok).toBe(false);
  });
});

describe('the start of a stage 2 walk', () => {
  test.each([
    ['level 0 for 44 bits', 20n, 2n, 0x0fff_ffff_f000n, true],
    ['level 1 for 43 bits, sixteen tables', 21n, 1n, 0x07ff_ffff_f000n, true],
    ['level 1 for 44 bits, thirty-two tables', 20n, 1n, 0n, false],
    ['level 2 for 34 bits, sixteen tables', 30n, 0n, 0x3_ffff_f000n, true],
    ['level 0 for 39 bits, less than one entry', 25n, 2n, 0n, false],
    ['level 3 for 21 bits (FEAT_TTST)', 43n, 3n, 0x1f_f000n, true],
  ])('at %s', (_name, t0sz, sl0, address, works) => {
    const { machine, translator } = guest({ sctlr: 0n, vtcr: t0sz | (sl0 << 6n) | (5n << 16n) });
    if (works) {
      const startLevel = ([2, 1, 0, 3] as const)[Number(sl0)]!;
      const builder = new TableBuilder(machine, STAGE2, { startLevel, inputSize: 64 - Number(t0sz) });
      builder.map(address, PHYSICAL, RW);
      expect(translator.translate(request(address))).toMatchObject({ physicalAddress: PHYSICAL });
      expect(faultOf(translator.translate(request(1n << (64n - t0sz))))).toMatchObject({
        kind: 'translation',
        level: 0,
      });
    } else {
      expect(faultOf(translator.translate(request(address)))).toMatchObject({
        kind: 'translation',
        level: 0,
        stage: 2,
      });
    }
  });

  test('at level 0 needs 44 bits of physical address', () => {
    const { machine } = guest({ sctlr: 0n, vtcr: 24n | (2n << 6n) | (2n << 16n) });
    machine.set({ ID_AA64MMFR0_EL1: ((EVERY_FEATURE.ID_AA64MMFR0_EL1 ?? 0n) & ~0xfn) | 2n });
    expect(faultOf(new AddressTranslator(machine).translate(request(0n)))).toMatchObject({ level: 0, stage: 2 });
  });
});

describe('AT', () => {
  const at = (level: 1 | 2) => ({ level, secure: false, pan: false });

  test('S1E1R ends with the intermediate address, S12E1R with the physical one', () => {
    const { stage1, stage2, mapTables, translator } = guest();
    mapTables();
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF | S1.INNER_SHAREABLE);
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW);
    expect(addressTranslate(translator, 'S1E1R', VIRTUAL, at(2))).toEqual({
      kind: 'result',
      par: 0xff00_0000_8000_0b80n,
    });
    expect(addressTranslate(translator, 'S12E1R', VIRTUAL, at(2))).toEqual({
      kind: 'result',
      par: 0xff00_0001_0000_0b80n,
    });
  });

  test('reports a stage 2 fault of a stage 1 walk to EL2 in PAR_EL1, and takes it as an abort from EL1', () => {
    const { translator } = guest();
    expect(addressTranslate(translator, 'S1E1R', VIRTUAL, at(2))).toEqual({ kind: 'result', par: 0xb0bn });
    expect(addressTranslate(translator, 'S1E1R', VIRTUAL, at(1))).toMatchObject({
      kind: 'abort',
      fault: { stage: 2, onStage1Walk: true, write: true, intermediatePhysicalAddress: STAGE1 },
    });
  });

  test('takes an external abort as an exception', () => {
    const { machine, translator } = guest({ hcr: 0n });
    machine.set({ TTBR0_EL1: 0x1000n });
    expect(addressTranslate(translator, 'S1E1R', VIRTUAL, at(1))).toMatchObject({
      kind: 'abort',
      fault: { kind: 'externalAbortOnWalk' },
    });
  });

  test('S1E1RP heeds PSTATE.PAN, S1E1R does not', () => {
    const { stage1, translator } = guest({ hcr: 0n });
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF | S1.USER);
    const context = { level: 1 as const, secure: false, pan: true };
    const faulted = (operation: 'S1E1R' | 'S1E1RP' | 'S1E0R') => {
      const result = addressTranslate(translator, operation, VIRTUAL, context);
      return result.kind === 'result' && (result.par & 1n) === 1n;
    };
    expect([faulted('S1E1R'), faulted('S1E1RP'), faulted('S1E0R')]).toEqual([false, true, false]);
  });

  test('leaves descriptors as they are', () => {
    const { machine, stage1, translator } = guest({ hcr: 0n });
    machine.set({ TCR_EL1: TCR | (1n << 39n) | (1n << 40n) });
    const descriptor = stage1.map(VIRTUAL, INTERMEDIATE, S1.READ_ONLY | S1.DBM);
    const before = machine.read(descriptor);
    expect(addressTranslate(translator, 'S1E1W', VIRTUAL, at(1))).toMatchObject({ kind: 'result' });
    expect(machine.read(descriptor)).toBe(before);
  });
});

describe('the steps of a walk', () => {
  test('show each table of stage 1 with the stage 2 walk that found it', () => {
    const { machine, stage1, stage2, mapTables, translator } = guest();
    mapTables();
    stage1.map(VIRTUAL, INTERMEDIATE, S1.AF);
    stage2.map(BigInt(INTERMEDIATE), PHYSICAL, RW);
    const before = Buffer.from(machine.memory.buffer.slice(0));
    const { steps, result } = translator.walkSteps({
      virtualAddress: VIRTUAL,
      access: 'read',
      regime: 'EL1&0',
      privileged: true,
      secure: false,
      pan: false,
    });
    expect(result.ok).toBe(true);
    const nested = ['  2.1 table', '  2.2 table', '  2.3 page'];
    expect(steps.map(step => `${step.onStage1Walk ? '  ' : ''}${step.stage}.${step.level} ${step.kind}`)).toEqual([
      ...[...nested, '1.0 table'],
      ...[...nested, '1.1 table'],
      ...[...nested, '1.2 table'],
      ...[...nested, '1.3 page'],
      ...['2.1 table', '2.2 table', '2.3 page'],
    ]);
    expect(steps[3]).toMatchObject({ inputBits: { high: 47, low: 39 }, index: 0, descriptorAddress: STAGE1 });
    expect(before.equals(Buffer.from(machine.memory.buffer))).toBe(true);
  });
});
