/**
 * `npm run conformance -- symbols [FILE] [--addresses N] [--seed N]`: functions, inlined calls and lines at random addresses
 * of an image (the vmlinux of the Linux guest, unless FILE is named) as this debugger and as addr2line find them.
 */
import { spawnSync } from 'node:child_process';
import { DebugInformation } from '../../../debug-adapter/debug-information/debug-information.ts';
import { HostFiles } from '../../../debug-adapter/launch/host-files.ts';
import { elfFile, option } from './words.ts';

const path = elfFile();
const count = option('--addresses', 500);
const seed = option('--seed', Math.floor(Math.random() * 2 ** 31));

let state = seed;
const below = (limit: number) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};

const started = performance.now();
const information = new DebugInformation(new HostFiles(process.cwd()).open(path), path);
for (const _ of information.prepare());
const prepared = performance.now() - started;

const functions = information.symbols.all.filter(
  ({ kind, size, address }) => kind === 'function' && size >= 8 && information.elf.isExecutable(address),
);
const addresses = Array.from({ length: count }, () => {
  const { address, size } = functions[below(functions.length)]!;
  return address + BigInt(below(size >> 2) * 4);
});

/** "function line" from the innermost on. Some versions of addr2line name the wrong file, and aliases have many names. */
const ours = (address: bigint) => information.scopesAt(address).map(({ name, place }) => `${name} ${place?.line ?? 0}`);

const hexadecimal = addresses.map(address => `0x${address.toString(16)}`);
const { stdout } = spawnSync('aarch64-linux-gnu-addr2line', ['-e', path, '-f', '-i', '-a', ...hexadecimal], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
const theirs = new Map(
  stdout
    .split(/^(?=0x[0-9a-f]{16}$)/m)
    .filter(block => block !== '')
    .map((block): [bigint, string[]] => {
      const [address, ...lines] = block.trim().split('\n');
      const frames = lines.flatMap((name, index) =>
        index % 2 ? [] : [`${name} ${Number(/:(\d+)/.exec(lines[index + 1] ?? '')?.[1] ?? 0)}`],
      );
      return [BigInt(address!), frames];
    }),
);

/** One function may have several names. */
const withoutAlias = (frames: readonly string[]) =>
  frames
    .map(frame => {
      const [name = '', line] = frame.split(' ');
      return `${information.symbols.named(name)?.address ?? name} ${line}`;
    })
    .join();

let differences = 0;
let inlined = 0;
for (const address of addresses) {
  const here = ours(address);
  const there = theirs.get(address) ?? [];
  if (here.length > 1) inlined++;
  // Code without an entry of its own, such as assembly, has a line and a symbol alone.
  const agree = here.length === 0 ? there.length === 1 : withoutAlias(here) === withoutAlias(there);
  if (agree) continue;
  differences++;
  console.log(`0x${address.toString(16)}\n  here      ${here.join(', ')}\n  addr2line ${there.join(', ')}`);
}
console.log(
  `${count} addresses of ${path}, ${inlined} within inlined calls, seed ${seed}: ${differences} differences. Prepared in ${(prepared / 1000).toFixed(1)} s; ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB at most.`,
);
process.exitCode = differences === 0 ? 0 : 1;
