import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  assembleAndLink,
  type BuildOptions,
  defaultBase,
  memoryFiles,
  type Source,
} from '../../../language-server/assembler/index.ts';
import { testWith } from '../../support/requires.ts';
import { readElf } from '../support/elf.ts';

function build(sources: readonly Source[], options: BuildOptions = {}) {
  const result = assembleAndLink(sources, options);
  const section = (name: string) => readElf(result.elf!).sections.find(one => one.name === name)!;
  const symbol = (name: string) => result.symbols.find(one => one.name === name)?.address;
  const problems = result.problems.map(
    ({ message, range }) => `${range.file.path}:${range.file.position(range.start).line + 1}: ${message}`,
  );
  return { ...result, section, symbol, messages: problems };
}

const main = {
  path: '/p/main.S',
  text: `#define VALUE 7
	.global _start
	.type _start, %function
_start:
	ldr x0, =message
	adrp x1, counter
	add x1, x1, :lo12:counter
	ldr x2, [x1, :lo12:counter]
	bl helper
	cbz x0, _start
	ldr x3, =__bss_start
	ldr x4, =_end + 8 * 2
	b .
	.size _start, . - _start
	.data
counter: .quad VALUE, message, helper
	.bss
	.skip 40
`,
};
const helper = {
  path: '/p/helper.s',
  text: `	.global helper, message
	.type helper, %function
helper:
	ret
	.size helper, . - helper
	.section .rodata
	.balign 8
message: .asciz "hello"
`,
};

describe('linking', () => {
  test('puts code, constants, data and zeroed data in this order, writable ones on a page of their own', () => {
    const { entry, symbol, messages } = build([main, helper]);
    expect(messages).toEqual([]);
    expect(entry).toBe(defaultBase);
    expect(symbol('_start')).toBe(defaultBase);
    expect(symbol('helper')! > symbol('_start')!).toBe(true);
    expect(symbol('message')! > symbol('helper')!).toBe(true);
    expect(symbol('counter')! % 4096n).toBe(0n);
    expect(symbol('_end')! - symbol('__bss_start')!).toBe(40n);
  });

  test('fills in addresses and distances between files', () => {
    const { section, symbol } = build([main, helper]);
    const data = new DataView(section('.data').bytes.buffer);
    expect(data.getBigUint64(0, true)).toBe(7n);
    expect(data.getBigUint64(8, true)).toBe(symbol('message'));
    expect(data.getBigUint64(16, true)).toBe(symbol('helper'));
    const call = new DataView(section('.text').bytes.buffer).getUint32(16, true);
    expect((call << 6) >> 4).toBe(Number(symbol('helper')! - symbol('_start')! - 16n));
  });

  test('tells each instruction’s line', () => {
    const { lineTable } = build([main, helper]);
    expect(lineTable.slice(0, 4).map(({ address, path, line }) => [address - defaultBase, path, line])).toEqual([
      [0n, '/p/main.S', 5],
      [4n, '/p/main.S', 6],
      [8n, '/p/main.S', 7],
      [12n, '/p/main.S', 8],
    ]);
    expect(lineTable.find(one => one.path === '/p/helper.s')?.line).toBe(4);
  });

  test('places the image where it is told, and begins where it is told', () => {
    const { entry, symbol } = build([main, helper], { base: 0x8000_0000n, entry: 'helper' });
    expect(symbol('_start')).toBe(0x8000_0000n);
    expect(entry).toBe(symbol('helper'));
  });

  test('names what nobody defines, and what two files define', () => {
    const caller = { path: 'a.s', text: '_start:\n\tbl nowhere\n\tbl nowhere\n' };
    expect(build([caller]).messages).toEqual(['a.s:2: `nowhere` is not defined anywhere.']);
    expect(build([caller]).elf).toBeUndefined();
    const one = { path: 'one.s', text: '\t.global same\nsame:\tnop\n' };
    expect(build([one, { ...one, path: 'two.s' }]).messages).toEqual([
      'two.s:2: `same` is defined by another file too.',
    ]);
  });

  test('takes a weak definition only when there is no other, and zero for a weak symbol nobody defines', () => {
    const weak = { path: 'a.s', text: '\t.weak f, g\nf:\tnop\n\t.data\n\t.quad f, g\n' };
    const strong = { path: 'b.s', text: '\t.global f\nf:\tret\n' };
    const { section, symbol } = build([weak, strong]);
    const data = new DataView(section('.data').bytes.buffer);
    expect(data.getBigUint64(0, true)).toBe(symbol('f'));
    expect(symbol('f')).toBe(defaultBase + 4n);
    expect(data.getBigUint64(8, true)).toBe(0n);
  });

  test('refuses a branch that does not reach', () => {
    const far = {
      path: 'a.s',
      text: '_start:\n\ttbz x0, #1, target\n\t.section .text.far, "ax"\n\t.skip 0x10000\n\t.global target\ntarget:\tret\n',
    };
    expect(build([far]).messages.join()).toMatch(
      /a\.s:2: The target lies 0x10004 bytes away; this instruction reaches ±32 KiB/,
    );
  });

  testWith('aarch64-linux-gnu-objdump')('the DWARF lines are those that binutils read', () => {
    const { elf, lineTable } = build([main, helper]);
    const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
    try {
      writeFileSync(join(folder, 'image'), elf!);
      const { stdout } = spawnSync('aarch64-linux-gnu-objdump', ['--dwarf=decodedline', 'image'], {
        cwd: folder,
        encoding: 'utf8',
      });
      const read = [...stdout.matchAll(/^(\S+)\s+(\d+)\s+(0x[0-9a-f]+)\s+x$/gm)].map(
        ([, file, line, address]) => `${file} ${line} ${BigInt(address!)}`,
      );
      const ours = lineTable.map(({ path, line, address }) => `${path.split('/').pop()} ${line} ${address}`);
      expect(read.sort()).toEqual(ours.sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('bad input gives problems, never an exception:', () => {
  const limits = { statements: 20_000, nesting: 50, bytes: 1 << 20, includes: 8, tokens: 10_000 };
  const bad: Readonly<Record<string, readonly [text: string, code: string]>> = {
    'a macro that calls itself': ['.macro m\n m\n.endm\n m\n', 'too-deep'],
    'a macro that doubles itself': [
      '.macro m n\n.if \\n\n m "(\\n-1)"\n m "(\\n-1)"\n.endif\n.endm\n m 40\n',
      'too-long',
    ],
    'a repetition without measure': ['.rept 0x7fffffffffffffff\n nop\n.endr\n', 'too-long'],
    'nested repetitions': ['.rept 1000\n.rept 1000\n nop\n.endr\n.endr\n', 'too-long'],
    'space without measure': ['.skip 0x7fffffffffff\n', 'too-large'],
    'a fill without measure': ['.fill 0x10000000, 8, 1\n', 'too-large'],
    'an origin without measure': ['.org 0x7fffffffffff\n', 'bad-origin'],
    'an origin that goes back': [' nop\n.org 0\n', 'bad-origin'],
    'a file that includes itself': ['.include "self.s"\n', 'too-deep'],
    'a symbol defined by itself': ['.set a, b\n.set b, a\n.quad a\n', 'bad-expression'],
    'brackets without end': [` ldr x0, ${'['.repeat(5000)}\n`, 'syntax'],
    'parentheses without end': [`.word ${'('.repeat(100_000)}\n`, 'syntax'],
    'signs without end': [`.word ${'-'.repeat(100_000)}1\n`, 'syntax'],
    'a macro without end': ['.macro m\n nop\n', 'unclosed-body'],
    'a conditional without end': ['.if 1\n nop\n', 'unclosed-if'],
    'a division by zero': ['.word 1 / 0\n', 'bad-expression'],
    'a string without end': ['.ascii "abc\n', 'syntax'],
    'binary bytes': ['\u0000\u0001\u0002\ufffd ;;; ::: \u0007\n', 'syntax'],
  };
  for (const [name, [text, code]] of Object.entries(bad)) {
    test(name, () => {
      const { problems } = assembleAndLink([{ path: 'self.s', text }], {
        limits,
        files: memoryFiles({ 'self.s': text }),
      });
      expect(problems.map(problem => problem.code)).toContain(code);
    });
  }

  test('random text', () => {
    const seed = 0x5eed;
    let state = seed;
    const next = (bound: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % bound;
    };
    const pieces = [
      '.macro',
      '.endm',
      '.if',
      '.endif',
      '.rept',
      '.endr',
      '\\',
      '"',
      "'",
      ',',
      '[',
      ']',
      '{',
      '}',
      '#',
      ':lo12:',
      '1f',
      '1:',
      'x0',
      'ldr',
      '=',
      '.set',
      'a',
      '-',
      '(',
      ')',
      '\n',
      '\n',
      ' ',
      ' ',
      '/*',
      '*/',
      '//',
      ';',
      '.word',
      '.org',
      '0x',
      '9',
      '#define a',
      '#if',
      '##',
      'a(',
      '.irp',
      '.cfi_startproc',
      '@',
      '%',
      '.align',
    ];
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 60 }, () => pieces[next(pieces.length)]).join('');
      const run = () => assembleAndLink([{ path: round % 2 ? 'r.S' : 'r.s', text }], { limits });
      expect(run, `seed ${seed}, round ${round}:\n${text}`).not.toThrow();
    }
  });
});
