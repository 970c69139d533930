/** The real guests: how each is started here and in QEMU, and what it has to say. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { guestsFolder } from '../../../scripts/guests/folder.mjs';
import { type Allowance, firmwareAllowances, linuxAllowances, xenAllowances } from './console.ts';

export interface Step {
  /** Text to wait for. */
  readonly expect: string;
  /** What is typed then. */
  readonly input: string;
}

export interface Guest {
  readonly name: string;
  /** Files of the guests folder by which the words name them. */
  readonly files: readonly string[];
  /** QEMU's words, the same for both machines; `@name` stands for the path of a file. */
  readonly words: readonly string[];
  /** What is done before each boot. */
  readonly prepare?: () => void;
  readonly conversation?: readonly Step[];
  /** What the console has in the end. */
  readonly says: readonly RegExp[];
  /** Where the guest ends without switching the machine off: the text that is the end. */
  readonly lastWords?: string;
  readonly allowances: readonly Allowance[];
  /** Instructions after which it has failed. */
  readonly limit: string;
}

const image = 'linux/Image';
const initramfs = 'linux/initramfs.cpio';

export interface LinuxVariant {
  readonly cpu: string;
  readonly gic: 2 | 3;
  readonly smp?: number;
  /** How KVM runs; `none` for a machine without EL2. */
  readonly mode: 'vhe' | 'nvhe' | 'protected' | 'none';
  /** Command that the guest runs before it switches itself off; a shell when absent. */
  readonly run?: string;
}

const initialized = {
  vhe: /kvm \[1\]: VHE mode initialized successfully/,
  nvhe: /kvm \[1\]: Hyp mode initialized successfully/,
  protected: /kvm \[1\]: Protected nVHE mode initialized successfully/,
  none: /kvm \[1\]: HYP mode not available/,
} as const;

/** Arguments of the kernel that every Linux guest has: without its self-tests of cryptography, which are 600 M instructions. */
const commonArguments = 'console=ttyAMA0 cryptomgr.notests nokaslr';

export function linux({ cpu, gic, smp = 1, mode, run }: LinuxVariant): Guest {
  const machine = [
    'virt',
    `gic-version=${gic}`,
    'dtb-randomness=off',
    ...(mode === 'none' ? [] : ['virtualization=on']),
  ].join(',');
  const append = [
    commonArguments,
    ...(mode === 'protected' || (mode === 'nvhe' && hasVhe(cpu)) ? [`kvm-arm.mode=${mode}`] : []),
    ...(run === undefined ? [] : [`run=${run}`]),
  ].join(' ');
  return {
    name: [`Linux ${cpu} GICv${gic}`, `-smp ${smp}`, mode === 'none' ? 'EL1' : mode, run ?? 'shell'].join(', '),
    files: [image, initramfs],
    words: [
      ...['-M', machine, '-cpu', cpu, '-smp', String(smp), '-m', '512'],
      ...['-kernel', `@${image}`, '-initrd', `@${initramfs}`, '-append', append],
      ...['-rtc', 'base=2025-01-01'],
    ],
    ...(run === undefined && { conversation: shellConversation }),
    says: [
      initialized[mode],
      ...(run === 'kvm-vmm' ? [/^kvm-vmm: the guest switched itself off$/m] : []),
      ...(run === undefined ? [/^aarch64$/m, /^MemTotal: +\d+ kB$/m, /^hello from a pipe$/m] : [/^init: status 0$/m]),
      /reboot: Power down/,
    ],
    allowances: linuxAllowances,
    limit: smp === 1 ? '900M' : '3G',
  };
}

const prompt = 'trapdoor:/# ';
const shellConversation: readonly Step[] = [
  { expect: prompt, input: 'uname -m; head -n 1 /proc/meminfo\n' },
  { expect: prompt, input: 'echo hello from a pipe | tee /tmp/file | wc -c; cat /tmp/file\n' },
  { expect: prompt, input: 'for i in 1 2 3; do echo $((i * i)); done; ls /\n' },
  { expect: prompt, input: 'poweroff -f\n' },
];

/** Without VHE the kernel has no choice. */
const hasVhe = (cpu: string) => !/^cortex-a(53|57|72)$/.test(cpu);

const kvmFlow = 'kvm-vmm';

/** All Linux guests; the first are those that every test run boots. */
export const linuxGuests: readonly Guest[] = [
  linux({ cpu: 'neoverse-n1', gic: 3, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, mode: 'protected', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 2, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 2, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, mode: 'vhe' }),
  linux({ cpu: 'neoverse-n1', gic: 3, mode: 'none' }),
  linux({ cpu: 'neoverse-n1', gic: 2, mode: 'none' }),
  linux({ cpu: 'cortex-a53', gic: 2, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'cortex-a53', gic: 3, mode: 'none' }),
  linux({ cpu: 'cortex-a72', gic: 2, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'cortex-a72', gic: 3, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'cortex-a76', gic: 2, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'cortex-a76', gic: 3, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'max,sve=off', gic: 3, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'max,sve=off', gic: 3, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'max,sve=off', gic: 3, mode: 'protected', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, smp: 2, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, smp: 4, mode: 'vhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, smp: 2, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'neoverse-n1', gic: 3, smp: 4, mode: 'protected', run: kvmFlow }),
  linux({ cpu: 'cortex-a72', gic: 2, smp: 4, mode: 'nvhe', run: kvmFlow }),
  linux({ cpu: 'cortex-a53', gic: 2, smp: 2, mode: 'none' }),
];

/** Linux uses a device of each kind: over MMIO, over PCI with messages to an ITS (GICv3) or a v2m frame (GICv2). */
export function virtio(gic: 2 | 3): Guest {
  const image = 'virtio/disk.img';
  const drive = (id: string) => ['-drive', `if=none,id=${id},file=@${image},format=raw,snapshot=on`];
  const folder = join(guestsFolder, 'virtio/folder');
  const linuxItself = linux({ cpu: 'neoverse-n1', gic, mode: 'vhe', run: 'virtio-tour' });
  return {
    ...linuxItself,
    files: ['linux/Image', 'virtio/initramfs.cpio', image, 'virtio/folder/hello.txt'],
    words: [
      ...linuxItself.words.map(word => (word === `@${initramfs}` ? '@virtio/initramfs.cpio' : word)),
      ...[...drive('d'), '-device', 'virtio-blk-device,drive=d'],
      ...[...drive('e'), '-device', 'virtio-blk-pci,drive=e,disable-legacy=on'],
      ...['-device', 'virtio-rng-device', '-device', 'virtio-serial-pci,disable-legacy=on'],
      ...['-chardev', 'null,id=c', '-device', 'virtconsole,chardev=c'],
      ...['-netdev', 'user,id=n', '-device', 'virtio-net-pci,netdev=n,disable-legacy=on,romfile='],
      ...['-fsdev', `local,id=f,path=${folder},security_model=none,readonly=on`],
      ...['-device', 'virtio-9p-device,fsdev=f,mount_tag=host0'],
    ],
    allowances: [
      ...linuxItself.allowances,
      { pattern: /^IPv6: ADDRCONF\(NETDEV_CHANGE\)/, why: 'depends on which thread comes first' },
      { pattern: /^([\w-]+) \(\d+\)(: drop_caches)/, keep: '$1$2', why: 'the number of a process counts threads too' },
    ],
    says: [
      ...linuxItself.says,
      /^vda: 2048 sectors, [0-9a-f]{32}/m,
      /^written by the guest to vdb$/m,
      /^entropy: virtio_rng.0, 64 bytes$/m,
      /^console: written$/m,
      /lease of 10.0.2.15 obtained from 10.0.2.2/,
      /^3 packets transmitted, 3 packets received, 0% packet loss$/m,
      /^hello from a folder of the host$/m,
    ],
  };
}

const taggedInitramfs = 'linux/memory-tags.cpio';
/** A program of Linux that uses allocation tags, on RAM that has them. */
const memoryTags: Guest = {
  name: 'Linux max,sve=off GICv3, allocation tags',
  files: [image, taggedInitramfs],
  words: [
    ...['-M', 'virt,gic-version=3,dtb-randomness=off,mte=on', '-cpu', 'max,sve=off', '-m', '512'],
    ...['-kernel', `@${image}`, '-initrd', `@${taggedInitramfs}`, '-append', `${commonArguments} run=memory-tags`],
    ...['-rtc', 'base=2025-01-01'],
  ],
  says: [
    /^memory-tags: a load without it is SEGV_MTESERR: yes$/m,
    /^memory-tags: later, a store without it is SEGV_MTEAERR: yes$/m,
    /^memory-tags: unchecked, all are permitted: yes\ninit: status 0$/m,
  ],
  allowances: linuxAllowances,
  limit: '900M',
};

/** Linux makes, changes, renames and removes what it can in a folder of the host. */
function folderForWriting(): Guest {
  const folder = join(guestsFolder, 'virtio/writable');
  const linuxItself = linux({ cpu: 'neoverse-n1', gic: 3, mode: 'none' });
  const commands = [
    'for n in 9pnet 9pnet_virtio netfs fscache 9p virtio_mmio; do insmod /modules/*-$n.ko; done 2> /tmp/insmod',
    'mount -t 9p -o trans=virtio,version=9p2000.L host0 /mnt && cd /mnt && umask 022 && ls -a',
    'echo one > new && cat new && echo two >> new && cat new && wc -c new',
    'mkdir -p deep/er && mv new deep/er/moved && cat deep/er/moved && ls -R',
    'dd if=/bin/busybox of=big bs=4k 2> /tmp/dd && cmp big /bin/busybox && echo same && rm big',
    'echo 12345678 > f && truncate -s 3 f && cat f && echo && truncate -s 5 f && md5sum < f',
    'chmod 640 f && touch -d "2020-01-02 03:04:05" f && stat -c "%a %s %F %h" f && date -r f +%s',
    'for i in 1 2 3 4 5 6 7 8 9; do echo $i > deep/f$i; done; ls deep; rm -r deep; ls',
    'mkdir a && mv f a && rmdir a; rm a; cat nothing; mkdir a; echo x > a; rm a/f && rmdir a && ls -a',
    'echo last > kept; sync; cd /; umount /mnt && echo unmounted',
    'poweroff -f',
  ];
  return {
    ...linuxItself,
    name: 'Linux neoverse-n1 GICv3, a folder of the host to write to',
    files: ['linux/Image', 'virtio/initramfs.cpio'],
    prepare: () => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    },
    words: [
      ...linuxItself.words.map(word => (word === `@${initramfs}` ? '@virtio/initramfs.cpio' : word)),
      ...['-fsdev', `local,id=f,path=${folder},security_model=none`],
      ...['-device', 'virtio-9p-device,fsdev=f,mount_tag=host0'],
    ],
    conversation: commands.map(input => ({ expect: '# ', input: `${input}\n` })),
    says: [/^same$/m, /^640 5 regular file 1$/m, /^unmounted$/m, /reboot: Power down/],
  };
}

/** QEMU and KVM inside of Linux, and in them another guest: three Exception levels at work, as on a cloud's host. */
function nested(what: string, run: string, says: RegExp): Guest {
  return {
    name: `Linux neoverse-n1 GICv3, vhe, QEMU with KVM and ${what} in it`,
    files: [image, 'qemu/initramfs.cpio'],
    words: [
      ...['-M', 'virt,gic-version=3,dtb-randomness=off,virtualization=on', '-cpu', 'neoverse-n1', '-m', '1024'],
      ...['-kernel', `@${image}`, '-initrd', '@qemu/initramfs.cpio', '-append', `${commonArguments} run=${run}`],
      ...['-rtc', 'base=2025-01-01'],
    ],
    says: [initialized.vhe, says],
    allowances: linuxAllowances,
    limit: '6G',
  };
}
const nestedGuests = [
  nested(
    'a bare-metal program',
    'nested-bare-metal',
    /^bare-metal: interrupt 27\n[^[]*^bare-metal: switching off\ninit: status 0$/m,
  ),
  nested('Linux', 'nested', /^Linux\ninit: status 0\n.*reboot: Power down\ninit: status 0$/m),
];

/** Xen at EL2, and Debian's Linux as its first domain. */
function xen(cpu: string): Guest {
  const bootargs = 'console=hvc0 cryptomgr.notests nokaslr loglevel=4 run=uname';
  return {
    name: `Xen ${cpu} GICv3, Linux as dom0`,
    files: ['xen/xen', image, initramfs],
    words: [
      ...['-M', 'virt,gic-version=3,dtb-randomness=off,virtualization=on', '-cpu', cpu, '-m', '1536'],
      ...['-kernel', '@xen/xen', '-append', 'console=dtuart dom0_mem=768M noreboot'],
      ...['-device', `guest-loader,addr=0x50000000,kernel=@${image},bootargs=${bootargs}`],
      ...['-device', `guest-loader,addr=0x54000000,initrd=@${initramfs}`, '-rtc', 'base=2025-01-01'],
    ],
    says: [/^Linux\ninit: status 0$/m, /\(XEN\) Hardware Dom0 halted: halting machine/],
    allowances: xenAllowances,
    limit: '2G',
  };
}

/** Firmware is given no ACPI tables here; without `acpi=off` QEMU makes some, and another board to go with them. */
const firmwareMachine = [
  ...['-M', 'virt,gic-version=3,dtb-randomness=off,virtualization=on,acpi=off'],
  ...['-cpu', 'neoverse-n1', '-m', '512', '-rtc', 'base=2025-01-01'],
];
const linuxToPowerOff = [initialized.vhe, /^kvm-vmm: the guest switched itself off$/m, /reboot: Power down/];

/** UEFI firmware to its shell; the countdown before it is cut short, because it is instructions and not waiting. */
const edk2: Guest = {
  name: 'EDK2 cortex-a72 GICv3, its shell',
  files: ['edk2/QEMU_EFI.fd'],
  words: [
    ...['-M', 'virt,gic-version=3,dtb-randomness=off,virtualization=on', '-cpu', 'cortex-a72', '-m', '512'],
    ...['-bios', '@edk2/QEMU_EFI.fd', '-rtc', 'base=2025-01-01'],
  ],
  conversation: [
    { expect: 'or any other key to continue', input: '\x1b' },
    { expect: 'Shell> ', input: 'ver\r' },
    { expect: 'Shell> ', input: 'reset -s\r' },
  ],
  says: [/UEFI Interactive Shell v2/],
  allowances: firmwareAllowances,
  limit: '8G',
};

const edk2WithLinux: Guest = {
  name: 'EDK2 neoverse-n1 GICv3, Linux started by it',
  files: ['edk2/QEMU_EFI.fd', image, initramfs],
  words: [
    ...firmwareMachine,
    ...['-bios', '@edk2/QEMU_EFI.fd'],
    ...['-kernel', `@${image}`, '-initrd', `@${initramfs}`, '-append', `${commonArguments} run=${kvmFlow}`],
  ],
  says: [/efi: EFI v2/, ...linuxToPowerOff],
  allowances: firmwareAllowances,
  limit: '3G',
};

const uBootWithLinux: Guest = {
  name: 'U-Boot neoverse-n1 GICv3, Linux started by it',
  files: ['u-boot/u-boot.bin', image, initramfs],
  words: [
    ...firmwareMachine,
    ...['-bios', '@u-boot/u-boot.bin'],
    ...['-device', `loader,file=@${image},addr=0x42000000,force-raw=on`],
    ...['-device', `loader,file=@${initramfs},addr=0x50000000,force-raw=on`],
  ],
  conversation: [
    { expect: 'stop autoboot', input: ' ' },
    { expect: '=> ', input: `setenv bootargs ${commonArguments} run=${kvmFlow}\n` },
    // Longer than the archive is: what follows it is zero.
    { expect: '=> ', input: 'booti 0x42000000 0x50000000:0x400000 $fdtcontroladdr\n' },
  ],
  says: [/^U-Boot \d/m, ...linuxToPowerOff],
  allowances: firmwareAllowances,
  limit: '2G',
};

export const guests: readonly Guest[] = [
  ...linuxGuests,
  virtio(3),
  virtio(2),
  memoryTags,
  folderForWriting(),
  ...nestedGuests,
  xen('cortex-a72'),
  xen('neoverse-n1'),
  edk2,
  edk2WithLinux,
  uBootWithLinux,
];
