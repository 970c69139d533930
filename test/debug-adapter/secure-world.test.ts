import { describe, expect, test } from 'vitest';
import { launch } from '../../debug-adapter/launch/launch.ts';
import type { LevelsResponseBody } from '../../debug-adapter/protocol.ts';
import { sampleNamed } from '../samples/support.ts';
import { Client } from './support/client.ts';

/** A client of the sample with two worlds, stopped in a function. */
async function stoppedIn(name: string): Promise<Client> {
  const client = new Client(launch);
  const { configuration } = sampleNamed('secure-world');
  await client.launch(configuration, () => client.request('setFunctionBreakpoints', { breakpoints: [{ name }] }));
  return client;
}

async function levels(client: Client): Promise<LevelsResponseBody> {
  return (await client.respond('trapdoor/levels', {})).body as LevelsResponseBody;
}

const functions = (stack: readonly string[]) => stack.map(line => line.replace(/(\+0x\w+)? {2}\[(EL\d)\].*/, ' $2'));

describe('two worlds and a monitor between them', () => {
  test('the call stack goes on below the service in the world that asked', async () => {
    const client = await stoppedIn('service_add');
    expect(functions(await client.stack())).toEqual([
      'service_add EL1',
      '── EL3 → S-EL1: Exception return ──',
      'enter_world EL3',
      '── EL1 → EL3: SMC #0 ──',
      'kernel EL1',
      '── EL2 → EL1: VM entry ──',
      'hypervisor EL2',
      '── EL3 → EL2: Exception return ──',
      'enter_world EL3',
    ]);
    expect(await client.evaluate('x1 + x2')).toBe('0x2a');
    await client.respond('disconnect');
  });

  test('the levels are those of the world that runs', async () => {
    const client = await stoppedIn('service_add');
    expect((await levels(client)).levels.map(({ el, activity, role }) => `${el} ${activity} ${role}`)).toEqual([
      '3 waiting secure monitor',
      '2 idle not used by the secure world',
      '1 running secure kernel',
      '0 idle secure application',
    ]);
    const last = (await levels(client)).path.at(-1)!;
    expect([last.fromSecurity, last.toSecurity]).toEqual(['secure', 'secure']);
    await client.respond('disconnect');
  });

  test('an interrupt of the secure world stands on what it interrupted; the kernel goes on as if nothing were', async () => {
    const client = await stoppedIn('service_interrupt');
    expect(functions(await client.stack()).slice(0, 5)).toEqual([
      'service_interrupt EL1',
      '── EL3 → S-EL1: Exception return ──',
      'enter_world EL3',
      '── EL1 → EL3: FIQ ──',
      'kernel EL1',
    ]);
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'switch_off' }] });
    await client.run('continue');
    expect(functions(await client.stack()).slice(0, 4)).toEqual([
      'switch_off EL3',
      '── EL1 → EL3: SMC #0 ──',
      'kernel EL1',
      '── EL2 → EL1: VM entry ──',
    ]);
    await client.respond('disconnect');
  });

  test('a step over SMC comes back in the world that called, whatever happened in the other', async () => {
    const client = await stoppedIn('kernel');
    const place = async () => functions(await client.stack())[0];
    let steps = 0;
    for (; (await client.evaluate('x0')) !== '0x2a' && steps < 400; steps++) {
      await client.run('next');
      expect(await place()).toMatch(/^(kernel|print|print_number) EL1$/);
    }
    expect(steps).toBeLessThan(400);
    expect(await place()).toBe('kernel EL1');
    await client.respond('disconnect');
  });

  test('the debugger reads what the normal world cannot', async () => {
    const client = await stoppedIn('look_at_secret');
    expect(await client.evaluate('*pa:0x0e002000')).toBe('0x5ec2e7');
    expect(await client.evaluate('el')).toBe('1');
    await client.respond('disconnect');
  });
});
