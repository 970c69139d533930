// `npm start`: the main job without an editor. Debugs the sample hypervisor through the real debug adapter: prints each
// exception and return as it happens, stops at the first VM exit, shows the register banks, runs out of the handler,
// and ends with the exits counted by cause.
import { existsSync, readFileSync } from 'node:fs';
import { build } from './build.mjs';
import { DapClient } from './dap-client.mjs';
import { root } from './ensure.mjs';

const sample = `${root}samples/tiny-hypervisor`;
const bold = text => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const heading = text => console.log(`\n${bold(text)}`);
const counted = count => count.toLocaleString('en');

/** The sample's own launch configuration, as F5 uses it. */
function launchConfiguration() {
  const { configurations } = JSON.parse(readFileSync(`${sample}/.vscode/launch.json`, 'utf8'));
  return JSON.parse(
    JSON.stringify(configurations[0]).replaceAll('${workspaceFolder}', sample.replaceAll('\\', '\\\\')),
  );
}

/** One line for one exception or return. */
function recordLine({ from, to, kind, cause, location, syndrome, ipa, faultAddress, position }) {
  const arrow = kind === 'return' ? '↓' : '↑';
  const details = [
    `${kind === 'return' ? 'to' : 'at'} ${location.symbol ?? location.address}`,
    syndrome && `ESR ${syndrome}`,
    // Where the cause names the address already, it is not said twice.
    faultAddress && !cause.includes(faultAddress) && `FAR ${faultAddress}`,
    ipa && !cause.includes(`IPA ${ipa}`) && `IPA ${ipa}`,
    `after ${counted(position)} instructions`,
  ];
  return `${arrow} EL${from} → EL${to}  ${cause}  (${details.filter(Boolean).join(', ')})`;
}

/** Prints what is new in the exception record each time it is asked. */
class RecordPrinter {
  #client;
  #printed = 0;

  constructor(client) {
    this.#client = client;
  }

  async drain() {
    for (;;) {
      const { records, total } = await this.#client.request('trapdoor/exceptions', {
        from: this.#printed,
        count: 1000,
      });
      for (const record of records) console.log(recordLine(record));
      this.#printed += records.length;
      if (records.length === 0 || this.#printed >= total) return;
    }
  }
}

/** Sends a request that lets the machine run; prints the exceptions until it stops or ends. */
async function run(client, printer, command, args) {
  let over = false;
  const stopped = client.next('stopped', 'terminated').finally(() => {
    over = true;
  });
  stopped.catch(() => undefined);
  await client.request(command, args);
  while (!over) {
    await printer.drain();
    await Promise.race([stopped, new Promise(resolve => setTimeout(resolve, 20))]);
  }
  const stop = await stopped;
  await printer.drain();
  return stop;
}

const isZero = value => /^(0x)?0*$/.test(value);

/** Prints a bank: its registers that are not zero, and of each the fields that say something. */
async function printBank(client, { name, value, variablesReference }) {
  console.log(`  ${name}${value ? `: ${value}` : ''}`);
  const { variables } = await client.request('variables', { variablesReference });
  for (const register of variables) {
    const [number, ...words] = register.value.split('  ');
    if (isZero(number)) continue;
    const fields = register.variablesReference ? (await client.request('variables', register)).variables : [];
    // A field with a meaning of its own is worth a word; the bare bits stand in the register's own summary.
    const meanings = fields
      .filter(field => field.value.includes('  '))
      .map(field => `${field.name}: ${field.value.replace(/^\S+ +/, '')}`);
    console.log(`    ${register.name.padEnd(16)} ${number}${words.length > 0 ? `  ${words.join('  ')}` : ''}`);
    if (meanings.length > 0) console.log(`    ${' '.repeat(16)} ${meanings.join(', ')}`);
  }
}

/** The banks that tell of an exit: what runs, each exception level's own registers, and what EL2 controls. */
const banks = /^(Current|EL[0-3]|Hypervisor)$/;

async function printPlace(client, threadId) {
  const { stackFrames } = await client.request('stackTrace', { threadId, startFrame: 0, levels: 8 });
  for (const { name, source, line } of stackFrames) {
    console.log(`  ${name}${source?.path ? `  ${source.path.replace(root, '')}:${line}` : ''}`);
  }
  return stackFrames;
}

function printCauses(causes) {
  for (const { from, to, cause, count } of causes) {
    console.log(`  ${counted(count).padStart(8)}  EL${from} → EL${to}  ${cause}`);
  }
}

async function main() {
  if (!existsSync(sample)) throw new Error(`the sample ${sample} is missing`);
  const started = performance.now();
  await build();
  const client = new DapClient(process.execPath, [`${root}dist/trapdoor.mjs`, 'dap']);
  try {
    await debugHypervisor(client);
  } finally {
    client.close();
  }
  console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. In the editor: npm run editor`);
}

async function debugHypervisor(client) {
  let unfinishedLine = '';
  client.on('event', ({ event, body }) => {
    if (event === 'trapdoor/uart') {
      // The guest writes one character at a time, exiting for each: a line is shown when it is whole.
      const lines = (unfinishedLine + body.text).split('\n');
      unfinishedLine = lines.pop();
      for (const line of lines) console.log(`  UART │ ${line.trimEnd()}`);
    }
    if (event === 'output' && body.category === 'stderr') process.stderr.write(body.output);
  });
  await client.request('initialize', {
    clientID: 'npm-start',
    adapterID: 'trapdoor',
    pathFormat: 'path',
    linesStartAt1: true,
    columnsStartAt1: true,
  });
  const printer = new RecordPrinter(client);
  const initialized = client.next('initialized');
  const launched = client.request('launch', { ...launchConfiguration(), cwd: sample });
  // A launch that fails must not leave us waiting for `initialized`.
  await Promise.race([initialized, launched.then(() => initialized)]);
  await client.request('setExceptionBreakpoints', { filters: ['vmexit'] });

  heading('Running to the first VM exit');
  const stop = await run(client, printer, 'configurationDone', {});
  await launched;
  if (stop.event !== 'stopped') throw new Error('the hypervisor ended without a VM exit');
  const { threadId } = stop.body;

  heading(`Stopped: ${stop.body.description ?? stop.body.reason}`);
  const [frame] = await printPlace(client, threadId);
  const { description } = await client.request('exceptionInfo', { threadId });
  for (const line of description?.split('\n') ?? []) console.log(`  ${line}`);

  heading('Registers');
  const { scopes } = await client.request('scopes', { frameId: frame.id });
  for (const { presentationHint, variablesReference } of scopes) {
    if (presentationHint !== 'registers') continue;
    const { variables } = await client.request('variables', { variablesReference });
    for (const bank of variables) if (banks.test(bank.name)) await printBank(client, bank);
  }

  heading('Stepping out of the handler, over its ERET');
  await client.request('setExceptionBreakpoints', { filters: [] });
  await run(client, printer, 'stepOut', { threadId });
  await printPlace(client, threadId);

  heading('Running to the end');
  const end = await run(client, printer, 'continue', { threadId });
  if (end.event === 'stopped') throw new Error(`stopped before the end: ${end.body.description ?? end.body.reason}`);

  const { causes } = await client.request('trapdoor/exceptions', { count: 0 });
  const exceptions = causes.filter(({ kind }) => kind === 'exception');
  heading('VM exits by cause');
  printCauses(exceptions.filter(({ guest }) => guest === 'exit'));
  heading('Other exceptions');
  printCauses(exceptions.filter(({ guest }) => guest !== 'exit'));
  await client.request('disconnect', { terminateDebuggee: true });
}

await main();
