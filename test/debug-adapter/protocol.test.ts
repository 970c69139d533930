import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { ScriptedTarget, type ScriptStep } from './support/scripted-target.ts';

const nop = 0xd503201f;
const hvc0 = 0xd4000002;
const eret = 0xd69f03e0;

/** A guest at EL1 calls its hypervisor at EL2 twice; the hypervisor stores to memory on its way. */
const guest: readonly ScriptStep[] = [
  { pc: 0x1000n, el: 1, set: { x0: 1n, sp: 0x8000n } },
  {
    pc: 0x1004n,
    crossing: {
      kind: 'exception',
      from: 1,
      to: 2,
      exceptionClass: 0x16,
      syndrome: 0x5a00_0000n,
      preferredReturn: 0x1008n,
      guest: 'exit',
      vmid: 1,
    },
  },
  { pc: 0x2400n, el: 2, set: { sp: 0x9000n }, write: { address: 0x5000n, bytes: [42] }, output: 'first\n' },
  { pc: 0x2404n, crossing: { kind: 'return', from: 2, to: 1, guest: 'entry', vmid: 1 } },
  { pc: 0x1008n, el: 1, set: { x0: 2n, sp: 0x8000n } },
  {
    pc: 0x1004n,
    crossing: {
      kind: 'exception',
      from: 1,
      to: 2,
      exceptionClass: 0x16,
      syndrome: 0x5a00_0000n,
      preferredReturn: 0x1008n,
      guest: 'exit',
      vmid: 1,
    },
  },
  { pc: 0x2400n, el: 2, set: { sp: 0x9000n }, write: { address: 0x5000n, bytes: [43] } },
  { pc: 0x2404n, crossing: { kind: 'return', from: 2, to: 1, guest: 'entry', vmid: 1 } },
  { pc: 0x1008n, el: 1, set: { sp: 0x8000n } },
  { pc: 0x100cn },
];
const machine = () =>
  new ScriptedTarget(guest, { '0x5000': [41, 0, 0, 0, 0, 0, 0, 0] })
    .code(0x1000n, nop, hvc0, nop, nop)
    .code(0x2400n, nop, eret);

const reason = ({ event, body }: DebugProtocol.Event) =>
  event === 'stopped' ? (body as DebugProtocol.StoppedEvent['body']).reason : event;

describe('a session', () => {
  test('launches, stops on entry, runs to the end', async () => {
    const client = Client.of(machine());
    expect(reason(await client.launch({ stopOnEntry: true }))).toBe('entry');
    expect(await client.evaluate('pc')).toBe('0x1000');
    expect(await client.evaluate('x0 + 1')).toBe('2');
    expect(reason(await client.run('continue'))).toBe('terminated');
    const uart = client.events.find(({ event }) => event === 'trapdoor/uart');
    expect(uart?.body).toEqual({ text: 'first\n' });
  });

  test('shows the protocol in the console when it is asked to', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true, trace: true });
    await client.request('threads');
    const shown = client.events.filter(({ event }) => event === 'output').map(({ body }) => body.output as string);
    expect(shown.some(line => line.startsWith('→') && line.includes('"threads"'))).toBe(true);
    expect(shown.some(line => line.startsWith('←') && line.includes('"threads"'))).toBe(true);
  });

  test('tells what it can do from the requests it serves', async () => {
    const client = Client.of(machine());
    const capabilities = (await client.request('initialize', { adapterID: 'trapdoor' }))!;
    expect(
      Object.entries(capabilities)
        .filter(([, value]) => value === true)
        .map(([name]) => name)
        .sort(),
    ).toMatchInlineSnapshot(`
      [
        "supportTerminateDebuggee",
        "supportsBreakpointLocationsRequest",
        "supportsCancelRequest",
        "supportsClipboardContext",
        "supportsCompletionsRequest",
        "supportsConditionalBreakpoints",
        "supportsConfigurationDoneRequest",
        "supportsDataBreakpointBytes",
        "supportsDataBreakpoints",
        "supportsDelayedStackTraceLoading",
        "supportsDisassembleRequest",
        "supportsEvaluateForHovers",
        "supportsExceptionFilterOptions",
        "supportsExceptionInfoRequest",
        "supportsFunctionBreakpoints",
        "supportsGotoTargetsRequest",
        "supportsHitConditionalBreakpoints",
        "supportsInstructionBreakpoints",
        "supportsLoadedSourcesRequest",
        "supportsLogPoints",
        "supportsModulesRequest",
        "supportsReadMemoryRequest",
        "supportsRestartRequest",
        "supportsSetExpression",
        "supportsSetVariable",
        "supportsStepBack",
        "supportsSteppingGranularity",
        "supportsTerminateRequest",
        "supportsValueFormattingOptions",
        "supportsWriteMemoryRequest",
      ]
    `);
    expect(capabilities.exceptionBreakpointFilters?.map(one => one.filter)).toContain('vmexit');
  });

  test('stops at a VM exit, shows how it came there, steps over the exception return', async () => {
    const client = Client.of(machine());
    const stop = await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['vmexit'] }));
    expect(stop.body).toMatchObject({ reason: 'exception', threadId: 1 });
    expect(await client.evaluate('el')).toBe('2');
    expect(await client.evaluate('ec == hvc && from == 1 && to == 2 && vmid == 1')).toBe('true');
    const stack = await client.stack();
    expect(stack[0]).toBe('0x2400  [EL2]');
    expect(stack[1]).toMatch(/^── EL1 → EL2: /);
    expect(stack[2]).toMatch(/^0x1008 {2}\[EL1\]/);
    expect(reason(await client.run('stepOut'))).toBe('step');
    expect(await client.evaluate('pc')).toBe('0x1008');
    expect(await client.evaluate('el')).toBe('1');
  });

  test('steps into an exception, and over it', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true });
    await client.run('next', 'instruction');
    expect(await client.evaluate('pc')).toBe('0x1004');
    await client.run('next', 'instruction');
    expect(await client.evaluate('pc')).toBe('0x1008');
    await client.run('stepIn', 'instruction');
    await client.run('stepIn', 'instruction');
    expect(await client.evaluate('pc')).toBe('0x2400');
    await client.run('stepIn', 'instruction');
    await client.run('stepIn', 'instruction');
    expect(await client.evaluate('pc')).toBe('0x1008');
  });

  test('steps asked for while a step is under way follow it, until something else stops the machine', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true }, () =>
      client.request('setExceptionBreakpoints', { filters: ['vmexit'] }),
    );
    const responses = Array.from({ length: 5 }, () => client.respond('stepIn', { threadId: 1 }));
    expect((await Promise.all(responses)).map(({ success }) => success)).toEqual([true, true, true, true, true]);
    const reasons: string[] = [];
    for (let count = 0; count < 2; count++) reasons.push(reason(await client.event('stopped')));
    expect(reasons).toEqual(['step', 'exception']);
    expect(await client.evaluate('pc')).toBe('0x2400');
    expect(client.events.filter(({ event }) => event === 'stopped')).toEqual([]);
  });

  test('goes back: one step, then to the last stop, then to the start of the recording', async () => {
    const client = Client.of(machine());
    await client.launch({}, async () => {
      await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x2400' }] });
    });
    expect(await client.evaluate('position')).toBe('2');
    expect(reason(await client.run('continue'))).toBe('instruction breakpoint');
    expect(await client.evaluate('position')).toBe('6');
    await client.run('stepBack', 'instruction');
    expect(await client.evaluate('pc')).toBe('0x1004');
    expect(reason(await client.run('reverseContinue'))).toBe('instruction breakpoint');
    expect(await client.evaluate('position')).toBe('2');
    const start = await client.run('reverseContinue');
    expect(start.body).toMatchObject({ description: 'Start of the recording' });
    expect(await client.evaluate('position')).toBe('0');
    await client.request('trapdoor/travelTo', { position: 6 });
    await client.event('stopped');
    expect(await client.evaluate('pc')).toBe('0x2400');
    expect((await client.respond('trapdoor/travelTo', { position: 600 })).message).toMatch(/outside of the recording/);
  });

  test('conditions, hit counts and log points decide whether a breakpoint counts', async () => {
    const client = Client.of(machine());
    await client.launch({}, async () => {
      await client.request('setInstructionBreakpoints', {
        breakpoints: [
          { instructionReference: '0x1004', condition: 'x0 == 2' },
          { instructionReference: '0x2400', hitCondition: '2' },
          { instructionReference: '0x2404', condition: 'nonsense +' },
        ],
      });
    });
    expect(await client.evaluate('position')).toBe('5');
    await client.run('continue');
    expect(await client.evaluate('position')).toBe('6');
  });

  test('a bad condition is refused with its reason', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true });
    const { breakpoints } = (await client.request('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [
        { filterId: 'hvc', condition: 'to == ' },
        { filterId: 'hvc', condition: 'to == 2 && ipa == 0x9000000' },
      ],
    })) as { breakpoints: DebugProtocol.Breakpoint[] };
    expect(breakpoints.map(({ verified, message }) => ({ verified, message }))).toEqual([
      { verified: false, message: 'a value is expected before the end' },
      { verified: true, message: undefined },
    ]);
    // The condition speaks of an address that this exception does not have: it does not hold.
    expect(reason(await client.run('continue'))).toBe('terminated');
  });

  test('a data breakpoint tells who wrote, and what it was before', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true });
    const info = (await client.request('dataBreakpointInfo', { name: 'pa:0x5000', bytes: 1 }))!;
    expect(info.dataId).toBe('pa:0x5000+1');
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId!, accessType: 'write' }] });
    const stop = await client.run('continue');
    expect(stop.body).toMatchObject({
      reason: 'data breakpoint',
      text: '1-byte write of pa:0x5000 by 0x2400 at EL2, 0x29 → 0x2a',
    });
    await client.run('continue');
    await client.run('stepBack', 'instruction');
    expect((await client.run('reverseContinue')).body).toMatchObject({ reason: 'data breakpoint' });
  });

  test('counts exits by cause and lists the record', async () => {
    const client = Client.of(machine());
    await client.launch({}, () =>
      client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x100c' }] }),
    );
    const { records, causes, total } = await client.request('trapdoor/exceptions', {});
    expect(total).toBe(4);
    expect(
      records.map(({ kind, from, to, category, occurrence }) => `${kind} ${from}→${to} ${category} ${occurrence}`),
    ).toEqual(['exception 1→2 hvc 1', 'return 2→1 vmentry 1', 'exception 1→2 hvc 2', 'return 2→1 vmentry 2']);
    expect(causes.map(({ category, count }) => `${category} ${count}`)).toEqual(['vmentry 2', 'hvc 2']);
  });

  test('keeps the record of what came later while it is back in the past', async () => {
    const client = Client.of(machine());
    await client.launch({}, () =>
      client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x100c' }] }),
    );
    await client.request('trapdoor/exceptions', {});
    await client.request('trapdoor/travelTo', { position: 3 });
    await client.event('stopped');
    const { total, causes } = await client.request('trapdoor/exceptions', {});
    expect(total).toBe(4);
    expect(causes.map(({ count }) => count)).toEqual([2, 2]);
    expect((await client.stack())[1]).toMatch(/EL1 → EL2/);
  });

  test('reads, writes and disassembles memory', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true });
    const read = (await client.request('readMemory', { memoryReference: 'pa:0x5000', count: 16 }))!;
    expect(read).toEqual({
      address: 'pa:0x5000',
      data: Buffer.from([41, 0, 0, 0, 0, 0, 0, 0]).toString('base64'),
      unreadableBytes: 8,
    });
    expect(
      await client.request('writeMemory', {
        memoryReference: '0x5000',
        offset: 1,
        data: Buffer.from([7]).toString('base64'),
      }),
    ).toEqual({ bytesWritten: 1 });
    expect(await client.evaluate('[0x5000].u16')).toBe('0x729');
    const { instructions } = (await client.request('disassemble', {
      memoryReference: '0x1004',
      instructionOffset: -2,
      instructionCount: 5,
    }))!;
    expect(
      instructions.map(
        ({ address, instruction, presentationHint }) =>
          `${BigInt(address).toString(16)} ${instruction}${presentationHint ? ` (${presentationHint})` : ''}`,
      ),
    ).toEqual(['ffc ?? (invalid)', '1000 nop', '1004 hvc #0x0', '1008 nop', '100c nop']);
  });

  test('code without source is listed, and a line of the listing can be broken on', async () => {
    const client = Client.of(machine());
    await client.launch({ stopOnEntry: true });
    const [frame] = (await client.request('stackTrace', { threadId: 1 }))!.stackFrames;
    expect(frame).toMatchObject({ line: 1, source: { name: '0x1000', origin: 'code in memory' } });
    const source = frame!.source!;
    const { content } = (await client.request('source', { source, sourceReference: source.sourceReference! }))!;
    expect(content.split('\n').map(line => line.trim().replace(/\s+/g, ' '))).toEqual([
      'nop // 0x1000 d503201f',
      'hvc #0x0 // 0x1004 d4000002',
      'nop // 0x1008 d503201f',
      'nop // 0x100c d503201f',
      '',
    ]);
    const wanted = { source, breakpoints: [{ line: 3 }, { line: 9 }] };
    const { breakpoints } = (await client.request('setBreakpoints', wanted))!;
    expect(breakpoints).toMatchObject([
      { verified: true, line: 3, instructionReference: '0x1008' },
      { verified: false },
    ]);
    expect(await client.request('breakpointLocations', { source, line: 3, endLine: 9 })).toEqual({
      breakpoints: [{ line: 3 }, { line: 4 }],
    });
    expect(reason(await client.run('continue'))).toBe('breakpoint');
    expect(await client.evaluate('pc')).toBe('0x1008');
  });
});

describe('what a client should not send', () => {
  test.each([
    ['unknown', 'nonsense', {}, "'nonsense' is not served here"],
    ['too early', 'stackTrace', { threadId: 1 }, "'stackTrace' needs a machine, and none has been launched"],
    ['an argument that is missing', 'evaluate', {}, "'evaluate' needs the argument 'expression' (string)"],
    [
      'an argument of the wrong type',
      'readMemory',
      { memoryReference: 5, count: 1 },
      "the argument 'memoryReference' of 'readMemory' must be of type string",
    ],
    ['no arguments', 'readMemory', undefined, "'readMemory' needs arguments"],
    ['arguments that are none', 'variables', [], "'variables' needs arguments"],
  ])('%s', async (_what, command, args, message) => {
    const client = Client.of(machine());
    expect((await client.respond(command, args)).message).toBe(message);
  });

  test('everything, of every type, in every state: an answer each time', async () => {
    const client = Client.of(machine());
    const commands = [...(await import('../../debug-adapter/requests/index.ts')).requests.keys()].filter(
      command => !['disconnect', 'terminate', 'launch', 'initialize', 'restart'].includes(command),
    );
    const junk = [
      undefined,
      null,
      0,
      'text',
      [],
      {},
      { threadId: 1 },
      { threadId: 99 },
      { frameId: 77, variablesReference: 88, name: 'x', value: 'y' },
      {
        expression: '))))',
        memoryReference: 'zzz',
        count: -5,
        instructionCount: 1e9,
        breakpoints: [null, {}, 5],
        source: {},
        filters: [{}],
        line: 1e308,
        text: '$',
        column: -4,
        name: '',
      },
    ];
    const tryAll = async () => {
      for (const command of commands)
        for (const args of junk) expect(typeof (await client.respond(command, args)).success).toBe('boolean');
    };
    await tryAll();
    await client.launch({ stopOnEntry: true });
    await tryAll();
    expect((await client.respond('threads')).success).toBe(true);
  });

  test('bytes that are no message do not end the connection', async () => {
    const client = Client.of(machine());
    const { PassThrough } = await import('node:stream');
    const [input, output] = [new PassThrough(), new PassThrough()];
    client.connection.start(input, output);
    const message = (text: string) => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    input.write('garbage\r\n\r\n');
    for (const text of [
      '{',
      'null',
      '5',
      '[]',
      '"x"',
      '{"type":"request"}',
      '{"type":"request","seq":"a","command":7}',
      '{"type":"response"}',
    ])
      input.write(message(text));
    input.write('Content-Length: -5\r\n\r\nContent-Length: zzz\r\n\r\n');
    input.write(message('{"type":"request","seq":9,"command":"initialize","arguments":{"adapterID":"x"}}'));
    let received = '';
    for await (const chunk of output) {
      received += String(chunk);
      if (received.includes('"request_seq":9')) break;
    }
    expect(received).toContain('"command":"initialize","success":true');
  });
});
