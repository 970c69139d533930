/**
 * `npm run conformance -- variables [VMLINUX] [--stops N] [--seed N]`: call stacks, arguments and local variables of a Linux
 * that is stopped at random while it boots, as this debugger and as gdb find them. VMLINUX is that of the guest's Image.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Debugger } from '../../../debug-adapter/debugger/debugger.ts';
import { isScalar } from '../../../debug-adapter/debugger/expression/value.ts';
import type { CodeFrame } from '../../../debug-adapter/debugger/frame.ts';
import { scopeOf } from '../../../debug-adapter/debugger/source-variables.ts';
import { HostFiles } from '../../../debug-adapter/launch/host-files.ts';
import { launchMachine } from '../../../debug-adapter/launch/launch.ts';
import { wordsOf } from '../../guests/conformance/boot.ts';
import { linux } from '../../guests/conformance/guests.ts';
import { serveGdb } from './gdb-server.ts';
import { elfFile, option } from './words.ts';

const path = elfFile();
const stops = option('--stops', 20);
const seed = option('--seed', Math.floor(Math.random() * 2 ** 31));

/** Where Linux boots by its own code, in instructions. */
const [earliest, latest] = [20_000_000, 320_000_000];
const mostFrames = 12;

let state = seed;
const below = (limit: number) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const positions = Array.from({ length: stops }, () => earliest + below(latest - earliest)).sort((a, b) => a - b);

/** A frame: its function, and what its scalar variables hold; null where there is no value. */
interface SeenFrame {
  readonly name: string;
  readonly pc: string;
  readonly variables: Readonly<Record<string, string | null>>;
}

const { target } = await launchMachine(
  { reverseDebugging: false, symbolFiles: [path] },
  wordsOf(linux({ cpu: 'neoverse-n1', gic: 3, mode: 'vhe', run: 'kvm-vmm' })),
);
const session = new Debugger(target);
session.images.add(new HostFiles(process.cwd()).open(path), path);

function look(): SeenFrame[] {
  const frames: SeenFrame[] = [];
  for (const frame of session.frames(0)) {
    if (frame.kind !== 'code' || frames.length === mostFrames) break;
    frames.push(seen(frame));
  }
  return frames;
}

function seen(frame: CodeFrame): SeenFrame {
  const host = session.host(0, frame);
  const variables: Record<string, string | null> = {};
  for (const variable of host.variables) {
    const value = variable.value(host);
    if (value && !isScalar(value.type)) continue;
    variables[variable.name] = value ? `${value.bits}` : null;
  }
  const name =
    scopeOf(frame, session.images)?.name ?? session.images.symbolAt(frame.lookup, frame.context)?.symbol.name;
  return { name: name ?? '?', pc: frame.pc.toString(16), variables };
}

const ours: SeenFrame[][] = [];
let next = 0;
function advance(): void {
  const wanted = positions[next++];
  if (wanted === undefined) return;
  while (target.position < wanted || !session.images.scopesAt(pc(), {}).length) {
    const stop = target.run(Math.max(1_000, Math.min(wanted - target.position, 50_000_000)));
    if (stop.kind === 'ended') return;
  }
  ours.push(look());
}
const element = target.processingElements[0]!;
const pc = () => element.readRegister('pc') ?? 0n;

const server = await serveGdb(
  {
    registers: () => ({
      wide: [
        ...Array.from({ length: 31 }, (_, n) => element.readRegister(`x${n}`) ?? 0n),
        element.readRegister('sp') ?? 0n,
        pc(),
      ],
      pstate: Number(element.readRegister('pstate') ?? 0n),
    }),
    read(address, length) {
      const { bytes } = target.readMemory(0, { space: { kind: 'va', el: element.el }, address }, length);
      return bytes.length === length ? bytes : undefined;
    },
  },
  advance,
);

const { port } = server.address() as AddressInfo;
/** What gdb is told to write: a line of JSON for each stop. */
const script = `
import gdb, json
scalar = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_CHAR)
def variables(frame):
    found = {}
    try: block = frame.block()
    except RuntimeError: return found
    while block is not None and not block.is_static and not block.is_global:
        for symbol in block:
            if not (symbol.is_argument or symbol.is_variable) or symbol.name in found: continue
            if symbol.addr_class == gdb.SYMBOL_LOC_STATIC: continue
            kind = symbol.type.strip_typedefs()
            try:
                value = symbol.value(frame)
                if value.is_optimized_out: found[symbol.name] = None
                elif kind.code in scalar: found[symbol.name] = str(int(value) & ((1 << (kind.sizeof * 8)) - 1))
            except (gdb.error, RuntimeError) as problem: found[symbol.name] = "?" if "optimized out" not in str(problem) else None
        if block.function is not None: break
        block = block.superblock
    return found
def look():
    frames, frame = [], gdb.newest_frame()
    while frame is not None and len(frames) < ${mostFrames}:
        frames.append({"name": frame.name() or "?", "pc": "%x" % frame.pc(), "variables": variables(frame)})
        try: frame = frame.older()
        except gdb.error: break
    print("JSON " + json.dumps(frames), flush=True)
for count in range(${stops}):
    gdb.execute("target remote 127.0.0.1:${port}", False, True)
    look()
    gdb.execute("disconnect", False, True)
`;
const folder = mkdtempSync(join(tmpdir(), 'trapdoor-gdb-'));
const theirs: SeenFrame[][] = [];
try {
  writeFileSync(join(folder, 'look.py'), script);
  const commands = ['set confirm off', 'set pagination off', 'set remotetimeout 600'];
  const child = spawn('gdb-multiarch', [
    ...['-nx', '-batch', path],
    ...commands.flatMap(command => ['-ex', command]),
    ...['-x', join(folder, 'look.py')],
  ]);
  let text = '';
  let problems = '';
  child.stdout.on('data', data => (text += data));
  child.stderr.on('data', data => (problems += data));
  await new Promise(resolve => child.on('exit', resolve));
  for (const line of text.split('\n')) if (line.startsWith('JSON ')) theirs.push(JSON.parse(line.slice(5)));
  if (theirs.length < ours.length) console.log(problems);
} finally {
  rmSync(folder, { recursive: true });
  server.close();
}

let differences = 0;
let frames = 0;
let values = 0;
let absent = 0;
/** Values that one of the two derives, mostly from what callers passed, where the other says that there is none. */
let gdbAlone = 0;
let oursAlone = 0;
const differ = (where: string, here: unknown, there: unknown) => {
  differences++;
  console.log(`${where}\n  here ${here}\n  gdb  ${there}`);
};
/** One function may have several names. */
const sameFunction = (a: string, b: string) => {
  const [one, other] = [a, b].map(name => session.images.symbolNamed(name)?.address);
  return a === b || (one !== undefined && one === other);
};
ours.forEach((stack, stop) => {
  const other = theirs[stop] ?? [];
  const count = Math.min(stack.length, other.length);
  if (count === 0 && stack.length > 0) differ(`stop ${stop}`, stack[0]?.name, 'nothing');
  for (let index = 0; index < count; index++) {
    const [here, there] = [stack[index]!, other[index]!];
    frames++;
    const where = `stop ${stop} (${positions[stop]}), frame ${index} ${here.name}`;
    if (here.pc !== there.pc || !sameFunction(here.name, there.name)) {
      differ(where, `${here.name} ${here.pc}`, `${there.name} ${there.pc}`);
      break;
    }
    for (const [name, value] of Object.entries(there.variables)) {
      const own = here.variables[name] ?? null;
      if (own === value) value === null ? absent++ : values++;
      else if (own === null) gdbAlone++;
      else if (value === null) oursAlone++;
      else differ(`${where}: ${name}`, own, value);
    }
  }
});
console.log(
  `${ours.length} stops, seed ${seed}: ${frames} frames, ${values} values and ${absent} variables without a value agree; ` +
    `${oursAlone} values are known here alone and ${gdbAlone} to gdb alone; ${differences} differences`,
);
target.dispose();
process.exitCode = differences === 0 && theirs.length === ours.length ? 0 : 1;
