import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderOf, joinPath } from '../../../language-server/assembler/index.ts';
import { preprocess } from '../../../language-server/preprocessor/index.ts';
import { locate, SourceFile } from '../../../language-server/syntax/index.ts';
import { testWith } from '../../support/requires.ts';

function run(
  text: string,
  files: Readonly<Record<string, string>> = {},
  defines: Readonly<Record<string, string>> = {},
  tokens = 1_000_000,
) {
  return preprocess(new SourceFile('main.S', text), {
    host: { readText: path => files[path], join: joinPath, folderOf },
    includePaths: ['.', 'sys'],
    defines,
    tokens,
  });
}

/** Lines of output that hold something, blanks collapsed. */
function output(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return run(text, files)
    .lines.map(line => line.text.trim().replace(/\s+/g, ' '))
    .filter(line => line !== '');
}

function gcc(text: string, files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    for (const [name, content] of Object.entries({ ...files, 'main.S': text }))
      writeFileSync(join(folder, name), content);
    const { stdout, stderr, status } = spawnSync('aarch64-linux-gnu-gcc', ['-E', '-P', '-I.', 'main.S'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout
      .split('\n')
      .map(line => line.trim().replace(/\s+/g, ' '))
      .filter(line => line !== '' && !line.startsWith('#'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sources: Readonly<Record<string, string>> = {
  'objects and functions': `
#define A 1
#define B A + A
#define ADD(x, y) add x, x, y
#define TWICE(x) x; x
 mov x0, #B
 ADD(x0, x1)
 TWICE(ADD(x2, #A))
 ADD (x3 , x4)
 ADD
#undef A
 mov x1, #A`,
  'pasting and stringizing': `
#define CAT(a, b) a##b
#define XCAT(a, b) CAT(a, b)
#define STR(x) #x
#define XSTR(x) STR(x)
#define N 5
 CAT(ld, r) x0, [x1]
 CAT(x, N) XCAT(x, N)
 .ascii STR(N), XSTR(N), STR("a\\n" 'b'), STR( a   b )
 .ascii STR()
#define REG(n) x##n
 mov REG(1), REG(2)
#define EMPTY
 XCAT(EMPTY, y) CAT(, z) CAT(q, )`,
  'recursion stops': `
#define f(x) x + f(x)
#define g h
#define h g
#define z z[0]
 f(f(1)) g h z
#define LPAREN (
#define RPAREN )
#define F(x, y) x + y
#define ELLIP_FUNC(...) __VA_ARGS__
 ELLIP_FUNC(F, LPAREN, 'a', 'b', RPAREN);`,
  'the example of the standard': `
#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
g(x+(3,4)-w) | h 5) & m
(f)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
 .ascii str(hello), str()`,
  'variable arguments': `
#define LOG(format, ...) log format, ## __VA_ARGS__
#define ALL(...) all __VA_ARGS__
#define NAMED(first, rest...) named first, ##rest
#define OPT(a, ...) opt a __VA_OPT__(more __VA_ARGS__) end
 LOG("x")
 LOG("x", 1, 2)
 ALL()
 ALL(1, 2, (3, 4))
 NAMED(1)
 NAMED(1, 2)
 OPT(1)
 OPT(1, 2)
 OPT(1, )`,
  conditions: `
#define YES 1
#define TEXT abc
#if YES && defined(YES) && !defined NO
 one
#else
 wrong
#endif
#if 0
 wrong
#elif (1 + 2 * 3 == 7) && (8 >> 1 | 1) == 5
 two
#elif 1
 wrong
#endif
#ifdef NO
 wrong
#ifdef YES
 wrong
#else
 wrong
#endif
#elif YES
 three
#endif
#ifndef NO
 four
#endif
#if -1 > 0u
 five
#endif
#if 'A' == 65 && 0x10 == 16 && 010 == 8 && 10UL == 10
 six
#endif
#if UNKNOWN
 wrong
#endif
#if 1 ? 2 : 0
 seven
#endif
#if 0 && 1 / 0
 wrong
#endif
#if ~0 == -1 && -5 / 2 == -2 && -5 % 2 == -1
 eight
#endif
#if __has_include("a.h") && !__has_include("nothing.h")
 nine
#endif`,
  includes: `
#include "a.h"
#include "a.h"
#define HEADER "b.h"
#include HEADER
 FROM_A FROM_B`,
  'comments and lines that go on': `
 mov x0, /* a comment */ #1 // behind
 ad\\
d x0, x0, #1 /* over
 lines */ ; nop
#define LONG one; \\
  two; \\
  three
 LONG
 # this is not a directive for anyone
 .ascii "/* no comment */", "// none"
 mov x0, #'/'
 don't touch 'this`,
  'what the compiler defines': `
#if defined(__ASSEMBLER__) && defined(__aarch64__) && __SIZEOF_POINTER__ == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
 right
#endif
#line 100
 .word __LINE__
 .word __COUNTER__, __COUNTER__, __INCLUDE_LEVEL__`,
  'arguments over several lines': `
#define THREE(a, b, c) .word a, b, c
 THREE(1,
   2, /* two */
   (3, 4))
 after`,
  'operators in assembly are left alone': `
#define OFFSET 16
#define REG(x) x
 ldr x0, [x1, #OFFSET]!
 ldr REG(x2), [sp, #-OFFSET]
 .macro m a, b
 add \\a\\()_x, \\b, #OFFSET
 .endm
 mov x0, :lo12:OFFSET
 1: b 1b
 .if (. - 1b) > OFFSET`,
};

const headers = {
  'a.h': '#ifndef A_H\n#define A_H\n#define FROM_A a\n in a\n#include "b.h"\n#endif\n',
  'b.h': '#pragma once\n#define FROM_B b\n in b\n',
};

describe('the output has the tokens of GCC’s:', () => {
  const squeeze = (lines: string[]) => lines.map(line => line.replace(/\s+/g, ''));
  for (const [name, source] of Object.entries(sources)) {
    testWith('aarch64-linux-gnu-gcc')(name, () => {
      expect(squeeze(output(`${source}\n`, headers)).join('\n')).toBe(squeeze(gcc(`${source}\n`, headers)).join('\n'));
    });
  }
});

describe('places', () => {
  test('a token from a macro body knows the definition and the invocation', () => {
    const { lines } = run('#define STORE str x0, [x1]\n\tSTORE\n');
    const line = lines.find(one => one.text.includes('str'))!;
    const at = line.text.indexOf('x1');
    const range = locate(line, at, at + 2);
    expect(range.file.position(range.start).line).toBe(0);
    const call = range.expansion!.at;
    expect(call.file.text.slice(call.start, call.end)).toBe('STORE');
  });

  test('an argument keeps the place where it is written', () => {
    const source = '#define LOAD(r) ldr r, [sp]\n\tLOAD(x7)\n';
    const { lines } = run(source);
    const line = lines.find(one => one.text.includes('ldr'))!;
    const at = line.text.indexOf('x7');
    const range = locate(line, at, at + 2);
    expect([source.slice(range.start, range.end), range.file.position(range.start).line]).toEqual(['x7', 1]);
  });

  test('text without macros maps character by character', () => {
    const source = 'first\n\tmov x0, /* why */ #1\n';
    const { lines } = run(source);
    const line = lines.find(one => one.text.includes('mov'))!;
    const at = line.text.indexOf('#1');
    expect(locate(line, at, at + 2).start).toBe(source.indexOf('#1'));
  });
});

describe('problems', () => {
  const messages = (text: string) =>
    run(text).problems.map(({ message, range }) => `${range.file.position(range.start).line + 1}: ${message}`);
  test('are told where they are', () => {
    expect(messages('#if 1\n')).toEqual(['1: This conditional is not closed by `#endif`.']);
    expect(messages('#endif\n')).toEqual(['1: `#endif` stands without an `#if`.']);
    expect(messages('\n#error no good\n')).toEqual(['2: no good']);
    expect(messages('#include "none.h"\n')).toEqual(['1: The file `none.h` is not found.']);
    expect(messages('#define F(a) a\n F(1, 2)\n')).toEqual(['2: `F` takes 1 argument, not 2.']);
    expect(messages('#define F(a) a\n F(1\n')).toEqual(['2: The arguments of `F` are not closed.']);
    expect(messages('#if 1 +\n#endif\n')).toHaveLength(1);
    expect(messages('#define F(a\n')).toHaveLength(1);
  });

  test('a header that includes itself ends', () => {
    const { problems } = run('#include "self.h"\n', { 'self.h': '#include "self.h"\n' });
    expect(problems.map(one => one.message)).toEqual(['Includes are nested too deep.']);
  });

  test('definitions that explode are cut short', () => {
    const bomb = ['#define A0 x x x x x x x x x x'];
    for (let level = 1; level < 9; level++) bomb.push(`#define A${level} ${`A${level - 1} `.repeat(10)}`);
    const { problems } = run(`${bomb.join('\n')}\n A8\n`, {}, {}, 50_000);
    expect(problems.map(one => one.code)).toEqual(['too-long']);
  });
});
