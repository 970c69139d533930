import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { DebugInformation } from '../../../debug-adapter/debug-information/debug-information.ts';
import { testWith } from '../../support/requires.ts';
import { inDirectory, tool } from '../support/compile.ts';

const program = `
struct node { int value; struct node *next; };
static int total;
static inline int twice(int x) { return x * 2; }
int sum(struct node *list) {
  int result = 0;
  for (struct node *n = list; n; n = n->next)
    result += twice(n->value);
  total = result;
  return result;
}
void _start(void) {
  struct node b = { 2, 0 };
  struct node a = { 1, &b };
  sum(&a);
  for (;;) ;
}
`;
const assembly = `
  .globl helper
  .macro three r
  add \\r, \\r, #1
  add \\r, \\r, #1
  add \\r, \\r, #1
  .endm
helper:
  three x0
  ret
  .section .text.other, "ax"
second:
  mov x1, #2
  ret
`;

/** "address line" of every statement row, as binutils read them. */
function oracleRows(directory: string): string[] {
  const rows: string[] = [];
  for (const line of tool(directory, 'aarch64-linux-gnu-objdump', '--dwarf=decodedline', 'a.elf').split('\n')) {
    const match = /^(\S+)\s+(\d+)\s+(0x[0-9a-f]+|0)(?:\[\d+\])?(?:\s+(\d+))?(\s+x)?/.exec(line);
    if (match) rows.push(`${BigInt(match[3]!)} ${match[1]} ${match[2]}`);
  }
  return rows;
}

describe('line tables agree with binutils', () => {
  for (const version of ['4', '5']) {
    for (const optimisation of ['-O0', '-O2']) {
      testWith('aarch64-linux-gnu-gcc')(`DWARF ${version}, ${optimisation}`, () => {
        inDirectory({ 'main.c': program, 'helper.S': assembly }, directory => {
          const flags = [
            '-nostdlib',
            '-ffreestanding',
            '-static',
            '-Wl,-Ttext=0x40080000',
            `-gdwarf-${version}`,
            optimisation,
          ];
          tool(directory, 'aarch64-linux-gnu-gcc', ...flags, '-o', 'a.elf', 'main.c', 'helper.S');
          const information = new DebugInformation(readFileSync(join(directory, 'a.elf')), 'a.elf');
          const { files, problems } = information.lines;
          const rows = [...information.lines.rows()];
          expect(problems).toEqual([]);
          expect(rows.length).toBeGreaterThan(12);
          const oracle = oracleRows(directory);
          const known = new Set(oracle);
          const notInOracle = rows
            .map(row => `${row.address} ${files[row.file]!.split('/').pop()} ${row.line}`)
            .filter(row => !known.has(row));
          expect(notInOracle).toEqual([]);
          // Every address that the oracle knows has a row that starts there.
          const ours = new Set(rows.map(row => row.address));
          const missing = oracle
            .map(row => BigInt(row.split(' ')[0]!))
            .filter(address => !ours.has(address) && information.rowAt(address) !== undefined);
          expect(missing).toEqual([]);
        });
      });
    }
  }
});

describe('an image with debug information', () => {
  const build = (...flags: string[]) =>
    inDirectory({ 'main.c': program, 'helper.S': assembly }, directory => {
      tool(
        directory,
        'aarch64-linux-gnu-gcc',
        '-nostdlib',
        '-ffreestanding',
        '-static',
        '-Wl,-Ttext=0x40080000',
        '-g',
        ...flags,
        '-o',
        'a.elf',
        'main.c',
        'helper.S',
      );
      return readFileSync(join(directory, 'a.elf'));
    });

  testWith('aarch64-linux-gnu-gcc')('names functions, variables, types and places', () => {
    const information = new DebugInformation(build('-O0'), 'a.elf');
    const sum = information.symbols.named('sum')!;
    expect(sum.kind).toBe('function');
    const fn = information.functions.functionAt(sum.address)!;
    expect(fn.name).toBe('sum');
    const inLoop = information.addressesOfLine(
      information.lines.files.findIndex(f => f.endsWith('main.c')),
      8,
    );
    expect(inLoop.length).toBe(1);
    const variables = information.functions.variablesAt(fn, inLoop[0]!);
    expect(variables.map(v => `${v.isParameter ? 'parameter ' : ''}${v.type.name} ${v.name}`)).toEqual([
      'parameter struct node * list',
      'int result',
      'struct node * n',
    ]);
    const pointer = variables[0]!.type;
    const node = pointer.kind === 'pointer' ? pointer.target() : undefined;
    expect(node?.kind === 'structure' && node.members().map(m => `${m.offset} ${m.type.name} ${m.name}`)).toEqual([
      '0 int value',
      '8 struct node * next',
    ]);
    expect(information.functions.globalNamed('total', undefined)?.type.name).toBe('int');
    expect(information.functions.typeNamed('node')?.name).toBe('struct node');
    expect(information.problems).toEqual([]);
  });

  testWith('aarch64-linux-gnu-gcc')(
    'puts a function breakpoint after the prologue in C, on the first instruction in assembly',
    () => {
      const information = new DebugInformation(build('-O0'), 'a.elf');
      const sum = information.symbols.named('sum')!.address;
      expect(information.lineAt(information.breakpointAddress(sum))?.line).toBe(6);
      const helper = information.symbols.named('helper')!.address;
      expect(information.breakpointAddress(helper)).toBe(helper);
    },
  );

  testWith('aarch64-linux-gnu-gcc')('tells how to unwind', () => {
    const information = new DebugInformation(build('-O2', '-fno-omit-frame-pointer'), 'a.elf');
    const start = information.symbols.named('_start')!.address;
    const atEntry = information.frames.rulesAt(start)!;
    expect(atEntry.cfa).toEqual({ kind: 'register', register: 31, offset: 0n });
    expect(information.frames.problems).toEqual([]);
  });

  testWith('aarch64-linux-gnu-gcc')(
    'cut off anywhere or with a byte changed never throws anything but a described problem',
    () => {
      const whole = new Uint8Array(build('-O0'));
      const tryAll = (bytes: Uint8Array, what: string) => {
        try {
          const information = new DebugInformation(bytes, 'bad.elf');
          information.attempt(i => i.symbols.all);
          information.attempt(i => i.lineAt(0x40080010n));
          information.attempt(i => i.frames.rulesAt(0x40080010n));
          information.attempt(i => {
            const fn = i.functions.functionAt(0x40080010n);
            return fn && i.functions.variablesAt(fn, 0x40080010n);
          });
        } catch (problem) {
          if (!(problem instanceof Error) || problem.name !== 'MalformedData')
            throw new Error(`${what}: ${problem}`, { cause: problem });
        }
      };
      const step = Math.max(1, Math.floor(whole.length / 300));
      for (let length = 0; length < whole.length; length += step) tryAll(whole.slice(0, length), `cut at ${length}`);
      let seed = 12345;
      for (let round = 0; round < 600; round++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        const copy = whole.slice();
        const at = seed % copy.length;
        copy[at] = (seed >>> 16) & 0xff;
        tryAll(copy, `byte ${at} set to ${copy[at]}`);
      }
    },
  );
});
