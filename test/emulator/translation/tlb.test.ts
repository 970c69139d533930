import { describe, expect, test } from 'vitest';
import { AddressTranslator } from '../../../emulator/translation/address-translator.ts';
import { contextOf, type TranslationContext } from '../../../emulator/translation/regime.ts';
import type { Translation } from '../../../emulator/translation/request.ts';
import { FastTlb, TLB_BYTES, TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES } from '../../../emulator/translation/tlb.ts';
import { TlbKeeper } from '../../../emulator/translation/tlb-keeper.ts';
import { tlbInvalidation } from '../../../emulator/translation/tlb-maintenance.ts';
import { MachineStandIn } from './machine-stand-in.ts';

const BASE = 4096;
const TGE_E2H = (1n << 27n) | (1n << 34n);
const READ_WRITE = { read: true, write: true };
const EL1 = contextOf('EL1&0', true, false);

function translation(physicalAddress: number, more: Partial<Translation> = {}): Translation {
  return {
    ok: true,
    physicalAddress,
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
    intermediatePhysicalAddress: physicalAddress,
    ...more,
  };
}

function setUp() {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((BASE + TLB_BYTES) / 65536) });
  const view = new DataView(memory.buffer);
  const tlb = new FastTlb(memory, BASE);
  const machine = new MachineStandIn(0x4000_0000, 0x1000);
  const keeper = new TlbKeeper([tlb], new AddressTranslator(machine));
  /** What generated code does: compares a tag and adds the addend. */
  const lookUp = (address: bigint, access: 'read' | 'write' = 'read', context: TranslationContext = EL1) => {
    const slot = Number((address >> 12n) & BigInt(TLB_ENTRIES - 1));
    const entry = tlb.contextAddress(context) + slot * TLB_ENTRY_BYTES;
    const tag = view.getBigUint64(entry + (access === 'read' ? TLB_ENTRY.tagRead : TLB_ENTRY.tagWrite), true);
    if (tag !== (address & ~0xfffn)) return undefined;
    return (Number(address & 0xffff_ffffn) + view.getInt32(entry + TLB_ENTRY.addend, true)) >>> 0;
  };
  keeper.synchronize('EL1&0', false);
  const invalidate = (name: string, operand = 0n, hcr = 0n) =>
    keeper.invalidate(tlbInvalidation(name, operand, hcr, plain));
  return { tlb, machine, keeper, lookUp, invalidate };
}

const plain = (): boolean => false;
const va = (page: bigint, asid = 0n): bigint => (asid << 48n) | page;

describe('an entry of the fast TLB', () => {
  test('turns a virtual address into a linear one', () => {
    const { tlb, lookUp } = setUp();
    tlb.fill(EL1, 0xffff_8000_1234_5000n, translation(0x4000_0000), 0x20_0000, READ_WRITE);
    expect(lookUp(0xffff_8000_1234_5678n)).toBe(0x20_0678);
    expect(lookUp(0xffff_8000_1234_5678n, 'write')).toBe(0x20_0678);
    expect(lookUp(0x0000_8000_1234_5678n)).toBeUndefined();
    expect(lookUp(0xffff_8000_1234_5678n, 'read', contextOf('EL1&0', false, false))).toBeUndefined();
  });

  test('allows what both the translation and the caller allow', () => {
    const { tlb, lookUp } = setUp();
    tlb.fill(EL1, 0x1000n, translation(0x1000, { write: false }), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0x2000n, translation(0x2000), 0x2000, { read: true, write: false });
    tlb.fill(EL1, 0x3000n, translation(0x3000, { read: false, write: false }), 0x3000, READ_WRITE);
    expect([lookUp(0x1000n), lookUp(0x1000n, 'write')]).toEqual([0x1000, undefined]);
    expect([lookUp(0x2000n), lookUp(0x2000n, 'write')]).toEqual([0x2000, undefined]);
    expect([lookUp(0x3000n), lookUp(0x3000n, 'write')]).toEqual([undefined, undefined]);
  });

  test('that allows stores of which somebody wants to hear is found for them, until they are free', () => {
    const { tlb, lookUp } = setUp();
    tlb.fill(EL1, 0xffff_8000_0000_1000n, translation(0x1000), 0x1000, { ...READ_WRITE, heard: true });
    tlb.fill(EL1, 0x2000n, translation(0x2000, { write: false }), 0x2000, { ...READ_WRITE, heard: true });
    tlb.fill(EL1, 0x3000n, translation(0x3000), 0x3000, { read: true, write: false });
    expect(lookUp(0xffff_8000_0000_1234n, 'write')).toBeUndefined();
    expect(tlb.findForWrite(EL1, 0xffff_8000_0000_1234n)).toBe(0x1234);
    expect([0x1234n, 0x2000n, 0x3000n].map(address => tlb.findForWrite(EL1, address))).toEqual([-1, -1, -1]);
    for (const address of [0xffff_8000_0000_1ff8n, 0x2000n, 0x3000n]) tlb.allowWrites(EL1, address);
    expect([0xffff_8000_0000_1234n, 0x2000n, 0x3000n].map(address => lookUp(address, 'write'))).toEqual([
      0x1234,
      undefined,
      undefined,
    ]);
    tlb.revokeWritesTo(1);
    expect(tlb.findForWrite(EL1, 0xffff_8000_0000_1234n)).toBe(0x1234);
    tlb.revokeAccessTo(1);
    expect(tlb.findForWrite(EL1, 0xffff_8000_0000_1234n)).toBe(-1);
  });

  test('loses its write permission, or everything, by physical page', () => {
    const { tlb, lookUp } = setUp();
    tlb.fill(EL1, 0x1000n, translation(0x9000), 0x1000, READ_WRITE);
    tlb.fill(contextOf('EL3', true, false), 0x5000n, translation(0x9000), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0x2000n, translation(0xa000), 0x2000, READ_WRITE);
    tlb.revokeWritesTo(9);
    expect([lookUp(0x1000n), lookUp(0x1000n, 'write')]).toEqual([0x1000, undefined]);
    expect(lookUp(0x5000n, 'write', contextOf('EL3', true, false))).toBeUndefined();
    expect(lookUp(0x2000n, 'write')).toBe(0x2000);
    tlb.revokeWrites();
    expect([lookUp(0x2000n), lookUp(0x2000n, 'write')]).toEqual([0x2000, undefined]);
    tlb.revokeAccessTo(10);
    expect(lookUp(0x2000n)).toBeUndefined();
  });
});

describe('TLBI', () => {
  test('VAE1 removes one page and leaves its neighbours', () => {
    const { tlb, lookUp, invalidate } = setUp();
    for (const page of [1n, 2n, 3n]) tlb.fill(EL1, page << 12n, translation(0x1000), 0x1000, READ_WRITE);
    invalidate('VAE1IS', va(2n));
    expect([1n, 2n, 3n].map(page => lookUp(page << 12n) !== undefined)).toEqual([true, false, true]);
  });

  test('VAE1 of one address in a block removes all pages of the block', () => {
    const { tlb, lookUp, invalidate } = setUp();
    const block = { stage1SizeBits: 21 };
    for (const page of [0x200n, 0x201n, 0x3ffn, 0x400n]) {
      tlb.fill(EL1, page << 12n, translation(0x1000, block), 0x1000, READ_WRITE);
    }
    invalidate('VAE1', va(0x2aan));
    expect([0x200n, 0x201n, 0x3ffn, 0x400n].map(page => lookUp(page << 12n) !== undefined)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('by ASID spares global entries and other address spaces', () => {
    const { tlb, machine, keeper, lookUp, invalidate } = setUp();
    machine.set({ TTBR0_EL1: 5n << 48n });
    keeper.controlsWritten();
    keeper.synchronize('EL1&0', false);
    tlb.fill(EL1, 0x1000n, translation(0x1000, { global: false }), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0x2000n, translation(0x2000), 0x2000, READ_WRITE);
    invalidate('ASIDE1', va(0n, 6n));
    invalidate('VAE1', va(1n, 6n));
    expect(lookUp(0x1000n)).toBe(0x1000);
    invalidate('ASIDE1', va(0n, 5n));
    expect([lookUp(0x1000n), lookUp(0x2000n)]).toEqual([undefined, 0x2000]);
    invalidate('VAE1', va(2n, 6n));
    expect(lookUp(0x2000n)).toBeUndefined();
  });

  test('VAAE1 takes every ASID', () => {
    const { tlb, lookUp, invalidate } = setUp();
    tlb.fill(EL1, 0x1000n, translation(0x1000, { global: false }), 0x1000, READ_WRITE);
    invalidate('VAALE1OS', va(1n, 99n));
    expect(lookUp(0x1000n)).toBeUndefined();
  });

  test('IPAS2E1 removes what one intermediate address leads to', () => {
    const { tlb, lookUp, invalidate } = setUp();
    const through = (intermediatePhysicalAddress: number, stage2SizeBits: number) =>
      translation(0x1000, { intermediatePhysicalAddress, stage2SizeBits });
    tlb.fill(EL1, 0x1000n, through(0x8000_0000, 12), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0x2000n, through(0x80_0020_3000, 21), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0x3000n, through(0x80_0040_0000, 21), 0x1000, READ_WRITE);
    invalidate('IPAS2E1IS', 0x80_0020_0000n >> 12n);
    expect([0x1000n, 0x2000n, 0x3000n].map(at => lookUp(at) !== undefined)).toEqual([true, false, true]);
  });

  test('RVAE1 removes a range in the upper half as well', () => {
    const { tlb, lookUp, invalidate } = setUp();
    const base = 0xffff_8000_0000_0000n;
    for (const page of [0n, 1n, 7n, 8n]) tlb.fill(EL1, base + (page << 12n), translation(0x1000), 0x1000, READ_WRITE);
    // Four times two pages of 4 KB.
    invalidate('RVAE1', ((base >> 12n) & 0x1f_ffff_ffffn) | (3n << 39n) | (1n << 46n));
    expect([0n, 1n, 7n, 8n].map(page => lookUp(base + (page << 12n)) !== undefined)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('with 52-bit addresses count 64 KB in BaseADDR whatever the granule', () => {
    const base = 0x000a_8001_0000_0000n;
    const operand = (base >> 16n) | (1n << 46n);
    const pages = { firstPage: Number(base >> 12n), lastPage: Number(base >> 12n) + 1 };
    expect(tlbInvalidation('RVAE1', operand, 0n, (regime, stage) => regime === 'EL1&0' && stage === 1)).toMatchObject(
      pages,
    );
    expect(tlbInvalidation('RIPAS2E1', operand, 0n, (_, stage) => stage === 2)).toMatchObject(pages);
    expect(tlbInvalidation('IPAS2E1', base >> 12n, 0n, plain)).toMatchObject({ firstPage: pages.firstPage });
  });

  test('of EL1 names the host while HCR_EL2.{E2H,TGE} = {1,1}, but stage 2 operations name the guest', () => {
    expect(tlbInvalidation('VMALLE1', 0n, TGE_E2H, plain).regime).toBe('EL2&0');
    expect(tlbInvalidation('VMALLE1', 0n, 1n << 34n, plain).regime).toBe('EL1&0');
    expect(tlbInvalidation('VMALLS12E1IS', 0n, TGE_E2H, plain).regime).toBe('EL1&0');
    expect(tlbInvalidation('IPAS2LE1', 0n, TGE_E2H, plain).regime).toBe('EL1&0');
    expect(tlbInvalidation('ALLE1', 0n, TGE_E2H, plain).regime).toBe('EL1&0');
    expect(tlbInvalidation('ALLE2', 0n, 0n, plain).regime).toBe('EL2');
    expect(tlbInvalidation('VALE2IS', 0n, TGE_E2H, plain).regime).toBe('EL2&0');
    expect(tlbInvalidation('VAE3OSNXS', 0n, 0n, plain)).toMatchObject({ regime: 'EL3', broadcast: true });
    expect(() => tlbInvalidation('NONSENSE', 0n, 0n, plain)).toThrow('NONSENSE is not a TLBI operation');
  });
});

describe('a change of the controls', () => {
  const both = (tlb: FastTlb) => {
    tlb.fill(EL1, 0x1000n, translation(0x1000, { global: false }), 0x1000, READ_WRITE);
    tlb.fill(EL1, 0xffff_0000_0000_2000n, translation(0x2000), 0x2000, READ_WRITE);
  };
  const left = (lookUp: ReturnType<typeof setUp>['lookUp']) => [
    lookUp(0x1000n) !== undefined,
    lookUp(0xffff_0000_0000_2000n) !== undefined,
  ];

  test.each([
    ['of nothing', {}, [true, true]],
    ['of the ASID drops what is not global', { TTBR0_EL1: 3n << 48n }, [false, true]],
    ['of the table of one range drops that range', { TTBR1_EL1: 0x4000_0000n }, [true, false]],
    ['of CnP drops nothing', { TTBR0_EL1: 1n, TTBR1_EL1: 1n }, [true, true]],
    ['of TCR_EL1 drops everything', { TCR_EL1: 1n }, [false, false]],
    ['of the VMID drops everything', { VTTBR_EL2: 1n << 48n }, [false, false]],
    ['of HCR_EL2.VM drops everything', { HCR_EL2: 1n }, [false, false]],
    ['of interrupt routing drops nothing', { HCR_EL2: 0x38n }, [true, true]],
  ])('%s', (_name, registers, expected) => {
    const { tlb, machine, keeper, lookUp } = setUp();
    both(tlb);
    machine.set(registers);
    keeper.controlsWritten();
    keeper.synchronize('EL1&0', false);
    expect(left(lookUp)).toEqual(expected);
  });

  test('and back again while another regime runs drops nothing', () => {
    const { tlb, machine, keeper, lookUp } = setUp();
    both(tlb);
    machine.set({ HCR_EL2: TGE_E2H, VTTBR_EL2: 5n << 48n });
    keeper.controlsWritten();
    keeper.synchronize('EL2&0', false);
    machine.set({ HCR_EL2: 0n, VTTBR_EL2: 0n });
    keeper.controlsWritten();
    keeper.synchronize('EL1&0', false);
    expect(left(lookUp)).toEqual([true, true]);
  });

  test('of the Security state drops everything', () => {
    const { tlb, keeper, lookUp } = setUp();
    both(tlb);
    keeper.synchronize('EL1&0', true);
    expect(left(lookUp)).toEqual([false, false]);
  });
});
