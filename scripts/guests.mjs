// `npm run guests`: real guests out of Debian's packages, into .guests/ (not committed). What is there is not fetched again.
//   node scripts/guests.mjs [linux] [memory-tags] [virtio] [qemu] [xen] [edk2] [u-boot] [dbg]
// Without names all are made but dbg, which is the debug information of the kernel: 800 MB to fetch.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpio, directory, file } from './guests/cpio.mjs';
import { Debian, fileOfPackage, filesOfPackage, requirePrograms, unpack } from './guests/debian.mjs';
import { guestFile, guestsFolder, manifest, manifestPath, root } from './guests/folder.mjs';
import { initramfs } from './guests/initramfs.mjs';
import { withLibraries } from './guests/shared-libraries.mjs';

function writeWhole(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}

function put(name, contents, packages) {
  writeWhole(join(guestsFolder, name), contents);
  const all = manifest();
  all.files[name] = { size: contents.length, from: packages.map(one => `${one.name} ${one.version}`) };
  writeWhole(manifestPath, `${JSON.stringify(all, undefined, 2)}\n`);
  console.log(`  ${name}: ${(contents.length / 1e6).toFixed(1)} MB`);
}

/** One file taken out of one package as it is. */
function copied(name, packageName, member) {
  return {
    files: [name],
    make(debian) {
      const one = debian.fetch(packageName);
      put(name, fileOfPackage(one.path, member), [one]);
    },
  };
}

/** The VMM of the sample, and what else the project itself puts into a guest. */
const ownPrograms = () => [file('bin/kvm-vmm', readFileSync(join(root, 'samples/kvm-vmm/kvm-vmm')), 0o755)];

/** QEMU with KVM as a program of the initial RAM file system; `guest` are its last words. */
const qemuWithKvm = guest => `#!/bin/sh
exec qemu-system-aarch64 -accel kvm -M virt,gic-version=host -cpu host -m 256 -nodefaults -nic none -display none -serial stdio \\
  ${guest}
`;
/** The same Linux once more, and a program without an operating system. */
const nested = qemuWithKvm(
  "-kernel /Image -initrd /initramfs.cpio -append 'console=ttyAMA0 cryptomgr.notests nokaslr run=uname'",
);
const nestedBareMetal = qemuWithKvm('-kernel /bare-metal');

/**
 * Writes an initial RAM file system unless it is there as it should be: the project's own part may have changed. Linux unpacks one
 * archive after the other, so that `archive` may be a further one.
 */
function putInitramfs(name, extra, packages, archive = Buffer.alloc(0)) {
  const own = initramfs(readFileSync(join(guestsFolder, 'linux/busybox')), [...ownPrograms(), ...extra]);
  const contents = Buffer.concat([own, archive]);
  const path = guestFile(name);
  if (path === undefined || !contents.equals(readFileSync(path))) put(name, contents, packages);
}

/** In the order in which they can be loaded. */
const virtioModules = [
  ...['net/core/failover', 'drivers/net/net_failover'],
  ...['drivers/virtio/virtio_pci_legacy_dev', 'drivers/virtio/virtio_pci_modern_dev', 'drivers/virtio/virtio_pci'],
  ...['drivers/virtio/virtio_mmio', 'drivers/block/virtio_blk', 'drivers/net/virtio_net'],
  ...['drivers/char/virtio_console', 'drivers/char/hw_random/virtio-rng'],
  ...['fs/netfs/netfs', 'fs/fscache/fscache', 'net/9p/9pnet', 'net/9p/9pnet_virtio', 'fs/9p/9p'],
];

/** Uses every device, and says the same on every machine. */
const virtioTour = `#!/bin/sh
for module in /modules/*.ko; do insmod $module || echo "$module: $?"; done
for drive in vda vdb; do
  echo "$drive: $(cat /sys/block/$drive/size) sectors, $(md5sum < /dev/$drive)"
  echo "written by the guest to $drive" | dd of=/dev/$drive bs=512 seek=7 conv=sync 2> /dev/null
  sync
  echo 3 > /proc/sys/vm/drop_caches
  dd if=/dev/$drive bs=512 skip=7 count=1 2> /dev/null | head -n 1
  md5sum < /dev/$drive
done
echo "entropy: $(cat /sys/class/misc/hw_random/rng_current), $(head -c 64 /dev/hwrng | wc -c) bytes"
echo hello > /dev/hvc0 && echo 'console: written'
ip link set eth0 up
udhcpc -i eth0 -n -q -s /bin/true 2>&1 | grep obtained
ip addr add 10.0.2.15/24 dev eth0
ping -c 3 10.0.2.2 | grep received
mount -t 9p -o trans=virtio,version=9p2000.L,ro host0 /mnt && ls /mnt && cat /mnt/hello.txt
sed -n '/virtio/s/^ *[0-9]*: *[0-9]* *//p' /proc/interrupts
`;

const recipes = {
  linux: {
    brief: 'Linux of Debian, and busybox',
    files: ['linux/Image', 'linux/busybox'],
    make(debian) {
      const [name] = debian.describe('linux-image-arm64').dependencies;
      const kernel = debian.fetch(name);
      const version = name.replace('linux-image-', '');
      put('linux/Image', fileOfPackage(kernel.path, `boot/vmlinuz-${version}`), [kernel]);
      // That of the kernel before.
      rmSync(join(guestsFolder, 'linux/vmlinux'), { force: true });
      const busybox = debian.fetch('busybox-static');
      put('linux/busybox', fileOfPackage(busybox.path, 'bin/busybox'), [busybox]);
    },
    finish: () => putInitramfs('linux/initramfs.cpio', [], []),
  },
  qemu: {
    brief: "QEMU as it runs inside of a Linux guest, with KVM; and that guest's guests",
    after: ['linux'],
    files: ['qemu/programs.cpio'],
    make(debian) {
      const packages = debian.fetchAll(debian.closure('qemu-system-arm'));
      const folder = join(guestsFolder, 'qemu/root');
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const { path } of packages) unpack(path, folder);
      const qemu = packages.find(one => one.name === 'qemu-system-arm');
      put('qemu/programs.cpio', cpio(withLibraries(folder, 'usr/bin/qemu-system-aarch64')), [qemu]);
      rmSync(folder, { recursive: true });
    },
    finish() {
      const own = [
        ...['Image', 'initramfs.cpio'].map(name => file(name, readFileSync(guestFile(`linux/${name}`)))),
        file('bare-metal', readFileSync(join(root, 'test/guests/programs/bare-metal'))),
        file('bin/nested', nested, 0o755),
        file('bin/nested-bare-metal', nestedBareMetal, 0o755),
      ];
      putInitramfs('qemu/initramfs.cpio', own, [], readFileSync(guestFile('qemu/programs.cpio')));
    },
  },
  'memory-tags': {
    brief: 'Linux with a program that uses allocation tags (MTE)',
    after: ['linux'],
    files: ['linux/memory-tags.cpio'],
    make() {
      const program = readFileSync(join(root, 'test/guests/programs/memory-tags'));
      putInitramfs('linux/memory-tags.cpio', [file('bin/memory-tags', program, 0o755)], []);
    },
  },
  virtio: {
    brief: 'Linux with drivers for the devices of virtio, and something for each to work on',
    after: ['linux'],
    files: ['virtio/initramfs.cpio', 'virtio/disk.img', 'virtio/folder/hello.txt'],
    make(debian) {
      const [name] = debian.describe('linux-image-arm64').dependencies;
      const kernel = debian.fetch(name);
      const modules = `lib/modules/${name.replace('linux-image-', '')}/kernel`;
      const contents = filesOfPackage(
        kernel.path,
        virtioModules.map(module => `${modules}/${module}.ko`),
      );
      const entries = contents.map((bytes, index) =>
        file(`modules/${String(index).padStart(2, '0')}-${virtioModules[index].split('/').at(-1)}.ko`, bytes),
      );
      const all = [directory('modules'), directory('mnt'), ...entries, file('bin/virtio-tour', virtioTour, 0o755)];
      putInitramfs('virtio/initramfs.cpio', all, [kernel]);
      const disk = Buffer.alloc(1 << 20);
      for (let at = 0; at < disk.length; at += 4) disk.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
      put('virtio/disk.img', disk, []);
      put('virtio/folder/hello.txt', Buffer.from('hello from a folder of the host\n'), []);
    },
  },
  xen: {
    brief: 'the Xen hypervisor',
    ...copied('xen/xen', 'xen-hypervisor-4.17-arm64', 'boot/xen-4.17-arm64'),
  },
  edk2: {
    brief: 'UEFI firmware',
    ...copied('edk2/QEMU_EFI.fd', 'qemu-efi-aarch64', 'usr/share/qemu-efi-aarch64/QEMU_EFI.fd'),
  },
  'u-boot': {
    brief: 'the boot loader U-Boot',
    ...copied('u-boot/u-boot.bin', 'u-boot-qemu', 'usr/lib/u-boot/qemu_arm64/u-boot.bin'),
  },
  dbg: {
    brief: 'the vmlinux of Linux, with lines, types and variables; its package has 800 MB',
    after: ['linux'],
    onlyNamed: true,
    files: ['linux/vmlinux'],
    make(debian) {
      const [kernel] = manifest().files['linux/Image'].from;
      const [name] = kernel.split(' ');
      const debug = debian.describe(`${name}-dbg`);
      if (kernel !== `${name} ${debug.version}`) {
        throw new Error(`linux/Image is of ${kernel}, and Debian has ${debug.version}: remove it and run this again`);
      }
      const { path } = debian.fetch(debug.name);
      const version = name.replace('linux-image-', '');
      put('linux/vmlinux', fileOfPackage(path, `usr/lib/debug/boot/vmlinux-${version}`), [debug]);
      rmSync(path);
    },
  },
};

/** What is made when nothing is named. */
const usual = Object.keys(recipes).filter(name => !recipes[name].onlyNamed);

/** Makes what is absent of the named guests. */
export function makeGuests(names = usual) {
  let debian;
  for (const name of names) {
    const recipe = recipes[name];
    if (!recipe) throw new Error(`There is no guest ${name}; there are ${Object.keys(recipes).join(', ')}`);
    if (recipe.after) makeGuests(recipe.after);
    if (recipe.files.every(one => guestFile(one) !== undefined)) console.log(`${name}: here`);
    else {
      console.log(`${name}: ${recipe.brief}`);
      if (!debian) {
        requirePrograms();
        debian = new Debian(guestsFolder);
      }
      recipe.make(debian);
    }
    recipe.finish?.();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    makeGuests(process.argv.length > 2 ? process.argv.slice(2) : undefined);
  } catch (problem) {
    console.error(problem instanceof Error ? problem.message : problem);
    process.exitCode = 1;
  }
}
