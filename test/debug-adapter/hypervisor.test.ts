import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, test } from 'vitest';
import type { Client } from './support/client.ts';
import { debugSource, hypervisor, lineOf, powerOff, stopReason, vectors } from './support/guests.ts';

const line = (text: string) => lineOf(hypervisor, text);

const breakAt =
  (client: Client, path: string, ...lines: number[]) =>
  async () => {
    await client.request('setBreakpoints', { source: { path }, breakpoints: lines.map(one => ({ line: one })) });
  };

/** The names and values of a scope's children, as a path leads to them. */
async function variables(client: Client, scopeName: string, ...path: string[]): Promise<DebugProtocol.Variable[]> {
  const { stackFrames } = await client.request('stackTrace', { threadId: 1, levels: 1 });
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0]!.id });
  let reference = scopes.find(({ name }) => name === scopeName)!.variablesReference;
  for (const name of path) {
    const { variables: all } = await client.request('variables', { variablesReference: reference });
    const found = all.find(one => one.name === name);
    if (!found) throw new Error(`there is no ${name} among ${all.map(one => one.name).join(', ')}`);
    reference = found.variablesReference;
  }
  return (await client.request('variables', { variablesReference: reference })).variables;
}

const inWords = (all: readonly DebugProtocol.Variable[]) => all.map(({ name, value }) => `${name}: ${value}`);

describe('a hypervisor in assembly, launched from its source', () => {
  test('stops at a VM exit and says why', () =>
    debugSource(hypervisor, async client => {
      const stop = await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['vmexit'] }));
      expect(stop.body).toMatchObject({ reason: 'exception', description: 'EL1 → EL2: HVC #1' });
      expect(await client.stack()).toEqual([
        `hypervisor_vectors+0x400  [EL2]  guest.S:${line('hypervisor_vectors:') + 17}`,
        '── EL1 → EL2: HVC #1 ──',
        `guest+0xc  [EL1]  guest.S:${line('hvc #1')}`,
        '── EL2 → EL1: VM entry ──',
        expect.stringMatching(/^_start\+0x\w+ {2}\[EL2\] {2}guest\.S:/),
      ]);
      const why = inWords(await variables(client, 'Why am I here'));
      expect(why.slice(0, 4)).toEqual([
        'Exception: EL1 → EL2: HVC #1',
        expect.stringMatching(/^Instruction: hvc #0x1 {2}at 0x\w+ <guest\+0x8> \(guest\.S:\d+\)$/),
        'Class: HVC: A call of the hypervisor.',
        'ESR_EL2: 0x5a000001',
      ]);
      expect(inWords(await variables(client, 'Why am I here', 'ESR_EL2'))).toEqual([
        'EC: 0x16  HVC',
        'IL: 0x1  32-bit instruction',
        'imm16: 0x1',
      ]);
      const { description } = (await client.request('exceptionInfo', { threadId: 1 }))!;
      expect(description).toContain('Class: HVC: A call of the hypervisor.');
    }));

  test('shows the registers of each Exception level, decoded', () =>
    debugSource(hypervisor, async client => {
      await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['hvc'] }));
      expect((await variables(client, 'Registers')).map(({ name }) => name)).toEqual([
        'Current',
        'General',
        'EL0',
        'EL1',
        'EL2',
        'Hypervisor',
        'Translation',
        'Timers',
        'Interrupts',
        'Debug',
        'Performance monitors',
        'Identification',
        'FP/SIMD',
      ]);
      const el2 = await variables(client, 'Registers', 'EL2');
      expect(el2.find(({ name }) => name === 'HCR_EL2')?.value).toMatch(/^0x0000000080000000 {2}RW/);
      expect(el2.find(({ name }) => name === 'ESR_EL2')?.value).toMatch(/^0x000000005a000001/);
      expect(
        inWords(await variables(client, 'Registers', 'EL2', 'HCR_EL2')).find(one => one.startsWith('RW:')),
      ).toMatch(/^RW: 1/);
      expect(await client.evaluate('ESR_EL2.EC')).toMatch(/^0x16/);
      expect(await client.evaluate('esr.imm16')).toBe('1');
      expect(await client.evaluate('SPSR_EL2.M')).toMatch(/^5|^0x5/);
    }));

  test('steps over calls and exceptions, into them, and out of them', () =>
    debugSource(hypervisor, async (client, path) => {
      await client.launch({}, breakAt(client, path, line('bl outer')));
      const at = async () => (await client.stack())[0];
      expect(await at()).toBe(`guest+0x4  [EL1]  guest.S:${line('bl outer')}`);
      await client.run('next');
      expect(await at()).toBe(`guest+0x8  [EL1]  guest.S:${line('hvc #1')}`);
      await client.run('next');
      expect(await at()).toBe(`guest+0xc  [EL1]  guest.S:${line('ldr x1, =counter')}`);
      await client.run('stepBack');
      expect(await client.evaluate('pc')).toBe(await client.evaluate('handle_guest + 0x10'));
      await client.run('reverseContinue');
      expect(await at()).toBe(`guest+0x4  [EL1]  guest.S:${line('bl outer')}`);
      await client.run('stepIn');
      await client.run('stepIn');
      await client.run('stepIn');
      await client.run('stepIn');
      expect((await client.stack()).slice(0, 3)).toEqual([
        `inner  [EL1]  guest.S:${line('inner:') + 1}`,
        `outer+0xc  [EL1]  guest.S:${line('bl inner')}`,
        `guest+0x8  [EL1]  guest.S:${line('bl outer')}`,
      ]);
      await client.run('stepOut');
      expect(await at()).toBe(`outer+0xc  [EL1]  guest.S:${line('ldp x29, x30')}`);
      await client.run('stepOut');
      expect(await at()).toBe(`guest+0x8  [EL1]  guest.S:${line('hvc #1')}`);
      await client.run('stepIn');
      expect(await client.evaluate('el')).toBe('2');
      await client.run('stepOut');
      expect(await at()).toBe(`guest+0xc  [EL1]  guest.S:${line('ldr x1, =counter')}`);
    }));

  test('joins the call stack from the hypervisor to the function in the guest', () =>
    debugSource(hypervisor, async (client, path) => {
      await client.launch({}, breakAt(client, path, line('str w0, [x1]')));
      expect(await client.stack()).toEqual([
        `count_exit+0xc  [EL2]  guest.S:${line('str w0, [x1]')}`,
        `handle_guest+0xc  [EL2]  guest.S:${line('bl count_exit')}`,
        '── EL1 → EL2: HVC #1 ──',
        `guest+0xc  [EL1]  guest.S:${line('hvc #1')}`,
        '── EL2 → EL1: VM entry ──',
        expect.stringMatching(/^_start/),
      ]);
    }));

  test('a data breakpoint names the writer and both values; going back finds it again', () =>
    debugSource(hypervisor, async client => {
      await client.launch({ stopOnEntry: true });
      const { dataId } = (await client.request('dataBreakpointInfo', { name: 'counter', bytes: 8 }))!;
      await client.request('setDataBreakpoints', { breakpoints: [{ dataId: dataId!, accessType: 'write' }] });
      const stop = await client.run('continue');
      expect(stop.body).toMatchObject({
        reason: 'data breakpoint',
        text: expect.stringMatching(/^8-byte write of va:0x\w+ by guest\+0x18 at EL1, 0x29 → 0x2a$/),
      });
      expect(await client.evaluate('[counter]')).toBe('0x2a');
      const position = await client.evaluate('position');
      await client.request('setExceptionBreakpoints', { filters: ['hvc'] });
      await client.run('continue');
      expect((await client.run('reverseContinue')).body).toMatchObject({ reason: 'data breakpoint' });
      expect(await client.evaluate('position')).toBe(position);
    }));

  test('counts its exits by cause and ends with the machine off', () =>
    debugSource(hypervisor, async client => {
      await client.launch({}, () =>
        client.request('setFunctionBreakpoints', {
          breakpoints: [{ name: 'count_exit', condition: 'exits == 0 || el == 2 && [exits].u32 == 1' }],
        }),
      );
      const { causes } = await client.request('trapdoor/exceptions', {});
      expect(causes.map(({ from, to, cause, count }) => `${count} EL${from} → EL${to} ${cause}`)).toEqual([
        '2 EL2 → EL1 VM entry',
        '1 EL1 → EL2 HVC #2',
        '1 EL1 → EL2 HVC #1',
      ]);
      const { levels, path } = await client.request('trapdoor/levels', {});
      expect(
        levels.map(({ el, implemented, activity, role }) => `EL${el} ${implemented ? activity : 'absent'}: ${role}`),
      ).toEqual([
        'EL3 absent: secure monitor',
        'EL2 running: hypervisor',
        'EL1 waiting: kernel',
        'EL0 idle: application',
      ]);
      expect(path.map(({ cause }) => cause)).toEqual(['VM entry', 'HVC #1', 'VM entry', 'HVC #2']);
      expect(stopReason(await client.run('continue'))).toBe('terminated');
    }));

  test('writes registers, fields and memory; history goes on from there', () =>
    debugSource(hypervisor, async (client, path) => {
      await client.launch({}, breakAt(client, path, line('bl outer'), line('hvc #1')));
      expect(await client.evaluate('x5')).toBe('7');
      expect(await client.evaluate('x5 = 0x100')).toBe('0x100');
      await client.run('continue');
      expect(await client.evaluate('x5')).toBe('0x101');
      expect(await client.evaluate('[counter] = 5')).toBe('5');
      await client.run('stepBack');
      expect(await client.evaluate('x5')).toBe('0x101');
      expect(await client.evaluate('[counter]')).toBe('0x29');
      const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
      const { scopes } = await client.request('scopes', { frameId: stackFrames[0]!.id });
      const registers = scopes.find(({ name }) => name === 'Registers')!.variablesReference;
      const general = (await client.request('variables', { variablesReference: registers })).variables.find(
        ({ name }) => name === 'General',
      )!;
      expect(
        await client.request('setVariable', {
          variablesReference: general.variablesReference,
          name: 'X9',
          value: '0xabc',
        }),
      ).toMatchObject({ value: '0x0000000000000abc' });
      expect(
        (
          await client.respond('setVariable', {
            variablesReference: general.variablesReference,
            name: 'X9',
            value: 'zzz',
          })
        ).message,
      ).toBe("'zzz' is no number");
    }));

  test('restarts with its breakpoints, from the source as it is now', () =>
    debugSource(hypervisor, async (client, path) => {
      await client.launch({}, breakAt(client, path, line('hvc #1')));
      await client.run('stepIn');
      await client.request('restart', {});
      // Otherwise a client would go on showing the stop before.
      await client.event('continued');
      expect(stopReason(await client.event('stopped'))).toBe('breakpoint');
      expect((await client.stack())[0]).toBe(`guest+0x8  [EL1]  guest.S:${line('hvc #1')}`);
      // What the run before came to is not this one's future.
      const state = client.events.filter(({ event }) => event === 'trapdoor/state').at(-1)?.body;
      expect(state.present).toBe(state.position);
    }));

  test('a log point in the hypervisor writes its message at each exit', () =>
    debugSource(hypervisor, async (client, path) => {
      await client.launch({ stopOnEntry: true });
      await client.request('setBreakpoints', {
        source: { path },
        breakpoints: [
          { line: line('bl count_exit'), logMessage: 'exit {[exits].u32,d} with {esr_el2,x} at {pc,x}: {{el{el}}}' },
        ],
      });
      await client.run('continue');
      const logged = client.events.filter(({ event }) => event === 'output').map(({ body }) => body.output as string);
      expect(logged.slice(0, 2)).toEqual([
        expect.stringMatching(/^exit 0 with 0x5a000001 at 0x\w+: \{el2\}\n$/),
        expect.stringMatching(/^exit 1 with 0x5a000002 at 0x\w+: \{el2\}\n$/),
      ]);
    }));
});

describe('guests that go wrong', () => {
  test('a jump to nowhere is an unexpected exception, explained', () =>
    debugSource('_start:\n  ldr x0, =0x70000000\n  br x0\n', async client => {
      const stop = await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['unhandled'] }));
      expect(stop.body).toMatchObject({
        reason: 'exception',
        description: expect.stringMatching(
          /^EL2 → EL2: Instruction fetch at 0x70000000 failed: synchronous external abort/,
        ),
      });
    }));

  test('waiting for nothing is said, and can be paused', () =>
    debugSource('_start:\n  msr daifset, #15\n1: wfi\n  b 1b\n', async client => {
      await client.launch({ stopOnEntry: true });
      await client.request('continue', { threadId: 1 });
      const said = await client.event('output');
      expect(said.body.output).toMatch(/^Every processing element waits/);
      expect((await client.request('threads'))!.threads[0]!.name).toBe('PE 0 (EL2, waiting)');
      await client.request('pause', { threadId: 1 });
      expect(stopReason(await client.event('stopped'))).toBe('pause');
    }));

  test('an endless loop answers requests and pauses', () =>
    debugSource('_start:\n  b _start\n', async client => {
      await client.launch({ stopOnEntry: true });
      await client.request('continue', { threadId: 1 });
      expect((await client.request('threads'))!.threads[0]!.name).toBe('PE 0 (EL2)');
      await client.request('pause', { threadId: 1 });
      expect(stopReason(await client.event('stopped'))).toBe('pause');
    }));

  test('a source with errors is refused with their lines', () =>
    debugSource('_start:\n  mov x0\n  nonsense\n', async (client, path) => {
      await client.request('initialize', { adapterID: 'trapdoor' });
      const response = await client.respond('launch', { program: path });
      expect(response.success).toBe(false);
      expect(response.message).toMatch(/guest\.S:2:\d+: .*\n.*guest\.S:3:\d+: /);
    }));

  test('an ELF file that is cut short is refused', () =>
    debugSource('x', async (client, path) => {
      const { writeFileSync } = await import('node:fs');
      const program = `${path}.elf`;
      writeFileSync(program, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1));
      await client.request('initialize', { adapterID: 'trapdoor' });
      expect((await client.respond('launch', { program })).message).toMatch(/cut short/);
      expect((await client.respond('launch', { program: '/nonexistent/file' })).message).toBe(
        '/nonexistent/file cannot be read: there is no such file',
      );
      expect((await client.respond('launch', {})).message).toMatch(/nothing to run/);
    }));
});

/** EL2 keeps its registers in a structure of its own while its guest runs with others. */
const keepsContext = `
  .globl _start
_start:
  ldr x0, =0x40300000
  mov sp, x0
  adr x0, context_vectors
  msr vbar_el2, x0
  mov x0, #(1 << 31)
  msr hcr_el2, x0
  mov x0, #256
  msr tpidr_el2, x0
  isb
  bl serve
  b .

serve:
  stp x29, x30, [sp, #-32]!
  mov x29, sp
  str x19, [sp, #16]
  mov x19, #0x19
  bl run
  ldr x19, [sp, #16]
  ldp x29, x30, [sp], #32
  ret

run:
  stp x29, x30, [sp, #-16]!
  mov x29, sp
  ldr x0, =guest
  bl enter
  ldp x29, x30, [sp], #16
  ret

  .globl enter
enter:
  adrp x1, context
  add x1, x1, :lo12:context
  mrs x2, tpidr_el2
  add x1, x1, x2
  stp x19, x20, [x1, #16]
  stp x29, x30, [x1, #32]
  cbnz x0, 1f
  ret
1: msr elr_el2, x0
  mov x0, #0x3c5
  msr spsr_el2, x0
  mov x19, #1
  mov x29, #2
  mov x30, #3
  eret

  .globl guest
guest:
  hvc #1
${powerOff}
unexpected:
  b .
${vectors('context_vectors', { lower: 'unexpected' })}
  .data
  .balign 8
context: .space 512
`;

describe('a hypervisor that keeps its registers in a structure', () => {
  test('is unwound from where it entered its guest, with what its callers had in registers', () =>
    debugSource(keepsContext, async client => {
      await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['vmexit'] }));
      const stack = await client.stack();
      expect(stack.map(frame => frame.split(/[+ ]/)[0])).toEqual([
        'context_vectors',
        '──',
        'guest',
        '──',
        'enter',
        'run',
        'serve',
        '_start',
      ]);
      expect(stack[6]).toContain(`guest.S:${lineOf(keepsContext, 'bl run')}`);
      const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
      const x19 = (frame: number) =>
        client.request('evaluate', { expression: 'x19', frameId: stackFrames[frame]!.id, context: 'watch' });
      expect((await x19(5)).result).toBe('0x19');
      expect((await x19(6)).result).toBe('0x19');
    }));
});

/** A host kernel whose program executes an undefined instruction, and which then does so itself. */
const undefinedTwice = `
  .globl _start
_start:
  adr x0, host_vectors
  msr vbar_el2, x0
  ldr x0, =0x88000000       // HCR_EL2.TGE and RW: the program's exceptions come here
  msr hcr_el2, x0
  adr x0, program
  msr elr_el2, x0
  mov x0, #0x3c0
  msr spsr_el2, x0
  isb
  eret
program:
  udf #1
answer:
  udf #2
unexpected:
${powerOff}
${vectors('host_vectors', { lower: 'answer', same: 'unexpected' })}
`;

describe('the filter for undefined instructions', () => {
  test("is on by default, and passes a program's, which its kernel may answer", () =>
    debugSource(undefinedTwice, async client => {
      const { exceptionBreakpointFilters = [] } = client.connection.session.capabilities;
      const defaults = exceptionBreakpointFilters.filter(one => one.default).map(({ filter }) => filter);
      await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: defaults }));
      expect((await client.stack())[2]).toContain('answer  [EL2]');
    }));

  test('has a fellow for programs', () =>
    debugSource(undefinedTwice, async client => {
      await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['undef0'] }));
      expect((await client.stack())[2]).toContain('program  [EL0]');
      expect((await client.run('continue')).event).toBe('terminated');
    }));
});
