import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ElfFile } from '../../../debug-adapter/debug-information/elf.ts';
import { linuxSymbolFile } from '../../../debug-adapter/debug-information/linux-image.ts';
import { SymbolTable } from '../../../debug-adapter/debug-information/symbol-table.ts';
import { guest } from '../../guests/support/guest-file.ts';
import { testWith } from '../../support/requires.ts';

const image = guest('linux/Image');

describe('the names that a Linux Image brings along', () => {
  testWith(image)("stand at the functions, whose code is the Image's own", () => {
    const bytes = readFileSync(image.find()!);
    const elf = new ElfFile(linuxSymbolFile(bytes)!, 'Image');
    const symbols = new SymbolTable(elf);
    expect(symbols.all.length).toBeGreaterThan(40_000);
    const functions = symbols.all.filter(({ kind }) => kind === 'function');
    const inCode = functions.filter(({ section }) => elf.codeSections.includes(elf.sections[section]!));
    // Names at the end of the code belong to none of it.
    expect(functions.length - inCode.length).toBeLessThan(4);

    // A function written in assembly begins with a landing pad.
    const text = elf.section('.text')!;
    const code = elf.contents('.text')!;
    const word = (at: number) => new DataView(code.buffer, code.byteOffset).getUint32(at, true);
    const bti = 0xd503245f;
    expect(word(Number(symbols.named('__guest_enter')!.address - text.address))).toBe(bti);
    expect(symbols.named('_stext')!.address & 0xffff_0000_0000_ffffn).toBe(0xffff_0000_0000_0000n);
  });

  testWith(image)('are left out where the Image is cut off or says something else', () => {
    const bytes = readFileSync(image.find()!);
    expect(linuxSymbolFile(bytes.subarray(0, bytes.length >> 2))).toBeUndefined();
    const spoilt = Uint8Array.from(bytes);
    // The first of the tokens, which then is longer than their index says.
    spoilt[Buffer.from(spoilt.buffer).indexOf('register\0mem\0') + 'register'.length] = 0x5f;
    expect(linuxSymbolFile(spoilt)).toBeUndefined();
  });

  test('are none where nothing is', () => {
    expect(linuxSymbolFile(new Uint8Array(4096))).toBeUndefined();
    expect(linuxSymbolFile(new Uint8Array(3))).toBeUndefined();
  });
});
