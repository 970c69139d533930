/** Consoles of one guest on two machines: what may differ, and what does. */

/** A kind of line that need not be the same on both machines, and why. */
export interface Allowance {
  readonly pattern: RegExp;
  readonly why: string;
  /** What stays of the line for the comparison; nothing when absent. */
  readonly keep?: string;
}

/** Text of the console in lines, without times and without what the terminal alone is concerned with. */
export function consoleLines(text: string): string[] {
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map(line => line.replace(/^\[ *\d+\.\d+\] ?/, '').trimEnd())
    .filter(line => line !== '');
}

function allowed(lines: readonly string[], allowances: readonly Allowance[]): string[] {
  return lines.flatMap(line => {
    for (const { pattern, keep } of allowances) {
      if (!pattern.test(line)) continue;
      if (keep === undefined) return [];
      line = line.replace(pattern, keep);
    }
    return [line];
  });
}

/** Lines that only one of the two has, `-` for QEMU's and `+` for ours, in order. */
export function consoleDifferences(ours: string, qemus: string, allowances: readonly Allowance[]): string[] {
  return difference(allowed(consoleLines(qemus), allowances), allowed(consoleLines(ours), allowances));
}

/** By the longest common subsequence, after equal beginnings and ends are set aside. */
function difference(a: readonly string[], b: readonly string[]): string[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let tail = 0;
  while (tail < a.length - start && tail < b.length - start && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const left = a.slice(start, a.length - tail);
  const right = b.slice(start, b.length - tail);
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        left[i] === right[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const result: string[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      i++;
      j++;
    } else if (j >= right.length || (i < left.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)) {
      result.push(`- ${left[i++]}`);
    } else result.push(`+ ${right[j++]}`);
  }
  return result;
}

/** What may differ in the kernel's log. */
export const linuxAllowances: readonly Allowance[] = [
  { pattern: /^psci: SMC Calling Convention v1\.\d$/, why: 'SMCCC 1.1 here; QEMU 7.2 says 1.0' },
  { pattern: /^GICv3: \d+ SPIs implemented$/, why: 'the number of interrupts: QEMU 7.2 reports 32 fewer than it has' },
  { pattern: /32-bit EL[01] Support$/, why: 'no AArch32 here' },
  {
    pattern: /^(Registered setend emulation handler|setend instruction emulation is not supported.*)$/,
    why: 'no AArch32 here',
  },
  { pattern: /(irq = )\d+/, why: 'QEMU 7.2 lacks the interrupt of the EL2 virtual timer', keep: '$1N' },
  { pattern: /^audit: type=2000/, why: 'comes when a thread has time' },
  { pattern: /^(Freeing initrd memory|Trying to unpack rootfs image)/, why: 'comes when a thread has time' },
  { pattern: /^(MemTotal: +)\d+ kB$/, why: 'the device tree has another size', keep: '$1N kB' },
  { pattern: /(NUMA: NODE_DATA )\[.*\]/, why: 'the device tree before it has another size', keep: '$1[]' },
  { pattern: /(^Memory: )\d+K(.*), \d+K reserved/, why: 'the device tree has another size', keep: '$1N$2, N reserved' },
  { pattern: /(node \d+ deferred pages initialised in )\d+ms/, why: 'a time', keep: '$1N ms' },
  { pattern: /^hrtimer: interrupt took \d+ ns$/, why: "QEMU's time is the host's, and the host was busy" },
  { pattern: /setting system clock to/, why: 'a time' },
  { pattern: /^random: crng init done$/, why: 'comes when there was enough noise' },
];

/** What may differ in Xen's log, and in that of the Linux above it. */
export const xenAllowances: readonly Allowance[] = [
  ...linuxAllowances,
  {
    pattern: /^\(XEN\) +(32-bit Execution|Exception Levels|Instruction Sets|Extensions|[\w ]+ Features):/,
    why: 'no AArch32 here, and identification registers say so',
  },
  { pattern: /^\(XEN\) +[0-9a-f]{16}( [0-9a-f]{16})+$/, why: 'no AArch32 here, and identification registers say so' },
  { pattern: /^\(XEN\) GICv3: \d+ lines/, why: 'the number of interrupts: QEMU 7.2 reports 32 fewer than it has' },
  { pattern: /vGICD: unhandled word write .* to ICACTIVER32$/, why: 'one more word of interrupts, as above' },
  { pattern: /(Loading d0 DTB to) .*/, why: 'the device tree has another size', keep: '$1' },
];

/** What may differ when firmware starts Linux. */
export const firmwareAllowances: readonly Allowance[] = [
  ...linuxAllowances,
  { pattern: /^(SMBIOS .* present\.|DMI( not present or invalid\.|: .*))$/, why: 'no SMBIOS tables here' },
  { pattern: /^(efi:)( SMBIOS|) .*/, why: 'no SMBIOS tables here, hence other addresses', keep: '$1' },
  { pattern: /^( +node +\d+: )\[mem .*\]$/, why: 'no SMBIOS tables here, hence other addresses', keep: '$1[]' },
];
