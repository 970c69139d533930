import { expect, test } from 'vitest';
import { taggedProgram } from '../emulator/machine/tagged-program.ts';
import { debugSource } from './support/guests.ts';

test('the explanation of a failed tag check tells the tag of the address and that of its memory', () =>
  debugSource(taggedProgram('bl tag_page\n ldr x0, [x20, #16]'), async client => {
    const machine = 'virt,virtualization=off,mte=on';
    const stop = await client.launch({ machine }, () =>
      client.request('setExceptionBreakpoints', { filters: ['dabort'] }),
    );
    expect(stop.body).toMatchObject({ reason: 'exception' });
    const { description } = (await client.request('exceptionInfo', { threadId: 1 }))!;
    expect(description).toContain('Fault: tag check fault: The allocation tag of the memory differs');
    expect(description).toContain('Tags: the address has 0, its memory now has 5');
  }));
