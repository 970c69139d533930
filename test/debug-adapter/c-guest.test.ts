import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { testWith } from '../support/requires.ts';
import type { Client } from './support/client.ts';
import { tool } from './support/compile.ts';
import { debugSource, lineOf } from './support/guests.ts';

const program = `struct node { int value; struct node *next; const char *name; };
enum colour { RED, GREEN = 5 };
static volatile int total = 3;
static enum colour paint = GREEN;
static int twice(int x) {
  int y = x * 2;
  return y;
}
static __attribute__((noinline, noclone, noipa)) int sum(struct node *list, unsigned char weight) {
  int result = 0;
  for (struct node *n = list; n; n = n->next) {
    result += twice(n->value) * weight;
  }
  total = result;
  return result;
}
void main(void) {
  struct node b = { -2, 0, "second" };
  struct node a = { 7, &b, "first" };
  int numbers[3] = { 1, 2, 3 };
  sum(&a, 1);
  total += numbers[2] + paint;
  for (;;) ;
}
`;
const start = `
  .globl _start
_start:
  ldr x0, =0x40300000
  mov sp, x0
  mrs x1, cptr_el2
  bic x1, x1, #(1 << 10)
  msr cptr_el2, x1
  isb
  mov x29, #0
  mov x30, #0
  bl main
`;
const line = (text: string) => lineOf(program, text);

/** A client stopped at a line of the program, which gcc compiled. */
async function debugProgram(
  flags: readonly string[],
  at: string,
  use: (client: Client, path: string) => Promise<void>,
): Promise<void> {
  await debugSource(start, async (client, path) => {
    const folder = dirname(path);
    writeFileSync(join(folder, 'main.c'), program);
    const common = ['-nostdlib', '-ffreestanding', '-static', '-Wl,-Ttext=0x40080000'];
    tool(folder, 'aarch64-linux-gnu-gcc', ...common, ...flags, '-o', 'a.elf', 'guest.S', 'main.c');
    await client.launch({ program: join(folder, 'a.elf') }, () =>
      client.request('setBreakpoints', { source: { path: join(folder, 'main.c') }, breakpoints: [{ line: line(at) }] }),
    );
    await use(client, join(folder, 'main.c'));
  });
}

async function locals(client: Client): Promise<string[]> {
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0]!.id });
  const scope = scopes.find(({ name }) => name === 'Locals')!;
  const { variables } = await client.request('variables', { variablesReference: scope.variablesReference });
  return variables.map(({ name, value, type }) => `${type} ${name} = ${value}`);
}

describe('a guest in C', () => {
  for (const flags of [['-gdwarf-4'], ['-gdwarf-5'], ['-gdwarf-5', '-gz', '-mbig-endian']]) {
    testWith('aarch64-linux-gnu-gcc')(`shows variables, types and callers (${flags.join(' ')} -O0)`, () =>
      debugProgram([...flags, '-O0'], 'int y = x * 2', async client => {
        const stack = await client.stack();
        expect(stack.map(frame => frame.replace(/\+0x\w+/, ''))).toEqual([
          `twice  [EL2]  main.c:${line('int y = x * 2')}`,
          `sum  [EL2]  main.c:${line('result += twice')}`,
          `main  [EL2]  main.c:${line('sum(&a, 1)')}`,
          '_start  [EL2]  guest.S:12',
        ]);
        expect(await locals(client)).toEqual(['int x = 7', expect.stringMatching(/^int y = /)]);
        const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
        const inFrame = async (frame: number, expression: string) =>
          (await client.request('evaluate', { expression, frameId: stackFrames[frame]!.id, context: 'watch' }))!.result;
        expect(await inFrame(1, 'result + weight')).toBe('1');
        expect(await inFrame(1, 'n->next->value')).toBe('-2');
        expect(await inFrame(1, 'list->name')).toMatch(/^0x\w+ "first"$/);
        expect(await inFrame(2, 'numbers[1] + numbers[2]')).toBe('5');
        expect(await inFrame(2, 'a.next == &b')).toBe('true');
        expect(await inFrame(2, 'paint')).toBe('GREEN');
        expect(await inFrame(2, 'total')).toBe('3');
        expect(await inFrame(2, '((struct node *)&a)->value')).toBe('7');
      }),
    );
  }

  testWith('aarch64-linux-gnu-gcc')('steps by lines: over a call, into it, out of it, and back', () =>
    debugProgram(['-g', '-O0'], 'result += twice', async client => {
      const here = async () => (await client.stack())[0]!.replace(/\+0x\w+/, '');
      expect(await here()).toBe(`sum  [EL2]  main.c:${line('result += twice')}`);
      await client.run('stepIn');
      expect(await here()).toBe(`twice  [EL2]  main.c:${line('int y = x * 2')}`);
      await client.run('next');
      expect(await here()).toBe(`twice  [EL2]  main.c:${line('return y')}`);
      await client.run('stepOut');
      expect(await here()).toBe(`sum  [EL2]  main.c:${line('result += twice')}`);
      await client.run('next');
      expect(await here()).toBe(`sum  [EL2]  main.c:${line('for (struct node')}`);
      await client.run('stepBack');
      expect(await here()).toBe(`sum  [EL2]  main.c:${line('result += twice')}`);
      expect(await client.evaluate('result = 100')).toBe('100');
      await client.run('continue');
      expect(await client.evaluate('n->value')).toBe('-2');
      expect(await client.evaluate('result')).toBe('114');
    }),
  );

  testWith('aarch64-linux-gnu-gcc')('optimised code keeps its callers, which tell what they passed', () =>
    debugProgram(['-g', '-O1', '-fno-inline'], 'result += twice', async client => {
      const stack = await client.stack();
      expect(stack.map(frame => frame.replace(/\+0x\w+/, '').replace(/:\d+$/, '')).slice(0, 2)).toEqual([
        'sum  [EL2]  main.c',
        'main  [EL2]  main.c',
      ]);
      const all = await locals(client);
      expect(all).toContain('int result = 0');
      // The register has another value by now.
      expect(await client.evaluate('list->value')).toBe('7');
      expect(await client.evaluate('list->next->value')).toBe('-2');
    }),
  );

  testWith('aarch64-linux-gnu-gcc')(
    'a function breakpoint stops after the prologue, with the parameters in place',
    () =>
      debugProgram(['-g', '-O0'], 'for (;;) ;', async client => {
        await client.request('setFunctionBreakpoints', {
          breakpoints: [{ name: 'sum', condition: 'weight == 1 && list->value == 7' }],
        });
        await client.request('setBreakpoints', { source: { path: '/nowhere/main.c' }, breakpoints: [] });
        await client.run('reverseContinue');
        expect((await client.stack())[0]).toMatch(new RegExp(`main\\.c:${line('int result = 0')}$`));
      }),
  );
});
