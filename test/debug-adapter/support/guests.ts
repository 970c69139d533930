/** Small guests in assembly, which launch without a toolchain. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { launch } from '../../../debug-adapter/launch/launch.ts';
import type { LaunchConfiguration } from '../../../debug-adapter/protocol.ts';
import { Client } from './client.ts';

/** Power off by PSCI, whose conduit is SMC where EL2 is the guest's. */
export const powerOff = `
  ldr x0, =0x84000008
  smc #0
  b .
`;

/** A vector table: each of the sixteen entries branches to the label given, or to `unexpected`. */
export function vectors(
  name: string,
  entries: Readonly<Partial<Record<'same' | 'sameIrq' | 'lower' | 'lowerIrq', string>>>,
): string {
  const targets = Array.from({ length: 16 }, (_, index) => {
    if (index === 4) return entries.same;
    if (index === 5) return entries.sameIrq;
    if (index === 8) return entries.lower;
    if (index === 9) return entries.lowerIrq;
    return undefined;
  });
  return `
  .balign 2048
${name}:
${targets.map(target => `  b ${target ?? 'unexpected'}\n  .balign 128`).join('\n')}
`;
}

/** EL2 enters a guest at EL1, which calls a function and then its hypervisor twice, and touches memory that is not there. */
export const hypervisor = `
  .globl _start
_start:
  adr x0, hypervisor_vectors
  msr vbar_el2, x0
  mov x0, #(1 << 31)
  msr hcr_el2, x0
  ldr x0, =guest
  msr elr_el2, x0
  mov x0, #0x3c5
  msr spsr_el2, x0
  ldr x0, =0x40200000
  msr sp_el1, x0
  ldr x0, =0x40300000
  mov sp, x0
  isb
  eret

  .globl guest
guest:
  mov x5, #7
  bl outer
  hvc #1
  ldr x1, =counter
  ldr x2, [x1]
  add x2, x2, #1
  str x2, [x1]
  hvc #2
  mrs x3, midr_el1
${powerOff}

outer:
  stp x29, x30, [sp, #-16]!
  mov x29, sp
  bl inner
  ldp x29, x30, [sp], #16
  ret
inner:
  add x5, x5, #1
  ret

  .globl handle_guest
handle_guest:
  stp x0, x1, [sp, #-16]!
  mrs x0, esr_el2
  bl count_exit
  ldp x0, x1, [sp], #16
  eret
count_exit:
  ldr x1, =exits
  ldr w0, [x1]
  add w0, w0, #1
  str w0, [x1]
  ret
unexpected:
  b .
${vectors('hypervisor_vectors', { lower: 'handle_guest' })}
  .data
  .balign 8
counter: .quad 41
exits: .word 0
`;

/** A client with a guest launched from source; the folder goes when `use` is done. */
export async function debugSource<T>(
  source: string,
  use: (client: Client, path: string) => Promise<T>,
  configuration: Partial<LaunchConfiguration> = {},
  name = 'guest.S',
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  const path = join(folder, name);
  writeFileSync(path, source);
  const client = new Client(launch);
  const begin = client.launch.bind(client);
  client.launch = (more = {}, configure) => begin({ program: path, cwd: folder, ...configuration, ...more }, configure);
  try {
    return await use(client, path);
  } finally {
    await client.respond('disconnect');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The line (from 1) on which a text stands in a source. */
export function lineOf(source: string, text: string): number {
  const at = source.indexOf(text);
  if (at < 0) throw new Error(`the source has no ${JSON.stringify(text)}`);
  return source.slice(0, at).split('\n').length;
}

export function stopReason({ event, body }: DebugProtocol.Event): string {
  return event === 'stopped' ? (body as DebugProtocol.StoppedEvent['body']).reason : event;
}
