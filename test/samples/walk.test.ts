import { expect, test } from 'vitest';
import { launch } from '../../debug-adapter/launch/launch.ts';
import { Client } from '../debug-adapter/support/client.ts';
import { sampleNamed } from './support.ts';

const sample = sampleNamed('exception-levels');

/** The instruction on the line where the machine stands, with its Exception level. */
async function place(client: Client): Promise<{ readonly el: string; readonly text: string }> {
  const { stackFrames } = await client.request('stackTrace', { threadId: 1, levels: 1 });
  const { name, source, line } = stackFrames[0]!;
  const text = sample.sources[source?.name ?? '']?.split('\n')[line - 1] ?? '';
  return {
    el: /\[(EL\d)\]/.exec(name)?.[1] ?? '',
    text: text
      .replace(/\/\/.*/, '')
      .trim()
      .replace(/\s+/g, ' '),
  };
}

test('stepping into what crosses Exception levels, and over the rest, visits each level as the lesson tells', async () => {
  const client = new Client(launch);
  const way: string[] = [];
  let stop = await client.launch(sample.configuration);
  while (stop.event === 'stopped' && way.length < 100) {
    const { el, text } = await place(client);
    const isCrossing = /^(svc|hvc|smc|eret|mrs x0, CurrentEL)\b/.test(text);
    if (isCrossing) way.push(`${el} ${text}`);
    stop = await client.run(isCrossing ? 'stepIn' : 'next');
  }
  await client.respond('disconnect');
  // The firmware that answers EL2 is the machine's own: there is no code of it to step into.
  expect(way).toEqual([
    'EL2 mrs x0, CurrentEL',
    'EL2 smc #0',
    'EL2 eret',
    'EL1 mrs x0, CurrentEL',
    'EL1 hvc #7',
    'EL2 eret',
    'EL1 smc #0',
    'EL2 smc #0',
    'EL2 eret',
    'EL1 eret',
    'EL0 svc #42',
    'EL1 eret',
    'EL0 mrs x0, CurrentEL',
    'EL1 eret',
    'EL0 svc #0',
    'EL1 hvc #0',
    'EL2 smc #0',
  ]);
});

test('the call stack names who called, also where the call is the last instruction before the next label', async () => {
  const vhe = sampleNamed('vhe');
  const client = new Client(launch);
  await client.launch(vhe.configuration, () => client.request('setExceptionBreakpoints', { filters: ['hvc'] }));
  await client.run('continue');
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
  await client.respond('disconnect');
  const caller = stackFrames.findIndex(({ name }) => name.includes('HVC #1')) + 1;
  expect(stackFrames[caller]?.name).toMatch(/^host_at_el1\+0x14 /);
});
