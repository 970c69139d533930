import { describe, expect, test } from 'vitest';
import type { Client } from './support/client.ts';
import { debugSource, lineOf, powerOff } from './support/guests.ts';

/** Writes lines to the PL011 from two functions deep, then ends. */
const guest = (...lines: string[]) => `
  .globl _start
_start:
  ldr x0, =0x40100000
  mov sp, x0
  mov x1, #0x09000000
${lines.map((_, index) => `  adr x2, text${index}\n  bl complain`).join('\n')}
${powerOff}
complain:
  stp x29, x30, [sp, #-16]!
  mov x29, sp
  bl print
  ldp x29, x30, [sp], #16
  ret
print:
  ldrb w3, [x2], #1
  cbz w3, 1f
  str w3, [x1]      // sends
  b print
1: ret
${lines.map((line, index) => `text${index}: .asciz ${JSON.stringify(line)}`).join('\n')}
`;

const panic = guest(
  'all is well\n',
  '[    1.5] Kernel panic - not syncing: no init \r\n',
  '---[ end Kernel panic - not syncing: no init ]---\r\n',
);

const filters =
  (client: Client, ...wanted: string[]) =>
  () =>
    client.request('setExceptionBreakpoints', { filters: wanted });

describe("a kernel's panic", () => {
  test('is a filter that is on by default', () =>
    debugSource(panic, async client => {
      const answer = await client.request('initialize', { adapterID: 'trapdoor' });
      const { exceptionBreakpointFilters = [] } = answer!;
      expect(exceptionBreakpointFilters.find(({ filter }) => filter === 'panic')).toMatchObject({
        label: 'Kernel panic',
        default: true,
      });
    }));

  test('stops where the kernel says so, once, and gives its words', () =>
    debugSource(panic, async client => {
      const stop = await client.launch({}, filters(client, 'panic'));
      expect(stop.body).toMatchObject({
        reason: 'exception',
        description: 'Guest kernel panic',
        text: 'no init',
        threadId: 1,
      });
      expect(await client.request('exceptionInfo', { threadId: 1 })).toMatchObject({
        exceptionId: 'Guest kernel panic',
        description: 'no init',
      });
      const stack = await client.stack();
      expect(stack.map(frame => frame.split(/[+ ]/)[0])).toEqual(['print', 'complain', '_start']);
      expect(stack[2]).toContain(`guest.S:${lineOf(panic, 'adr x2, text1') + 1}`);
      expect((await client.run('continue')).event).toBe('terminated');
    }));

  test('stops there again when history is run again, from before it and from within its line', () =>
    debugSource(panic, async client => {
      await client.launch({}, filters(client, 'panic'));
      const position = await client.evaluate('x2');
      for (let count = 0; count < 30; count++) await client.run('stepBack', 'instruction');
      expect(await client.evaluate('x2')).not.toBe(position);
      expect((await client.run('continue')).body).toMatchObject({ description: 'Guest kernel panic' });
      expect(await client.evaluate('x2')).toBe(position);

      // And on the way back from behind it.
      const frames = await client.stack();
      await filters(client)();
      await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'complain' }] });
      await client.run('continue');
      await client.request('setFunctionBreakpoints', { breakpoints: [] });
      await filters(client, 'panic')();
      expect((await client.run('reverseContinue')).body).toMatchObject({ description: 'Guest kernel panic' });
      expect(await client.stack()).toEqual(frames);
    }));

  test('does not stop where the filter is off, or its condition does not hold', () =>
    debugSource(panic, async client => {
      const stop = await client.launch({}, () =>
        client.request('setExceptionBreakpoints', {
          filters: [],
          filterOptions: [{ filterId: 'panic', condition: 'el==0' }],
        }),
      );
      expect(stop.event).toBe('terminated');
    }));
});
