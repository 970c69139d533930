// `npm run guests`: real guests out of Debian's packages, into .guests/ (not committed). What is there is not fetched again.
//   node scripts/guests.mjs [linux] [qemu] [xen] [edk2] [u-boot]
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { file } from './guests/cpio.mjs';
import { Debian, fileOfPackage, requirePrograms, unpack } from './guests/debian.mjs';
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

/** Writes an initial RAM file system unless it is there as it should be: the project's own part may have changed. */
function putInitramfs(name, extra, packages) {
  const contents = initramfs(readFileSync(join(guestsFolder, 'linux/busybox')), [...ownPrograms(), ...extra]);
  const path = guestFile(name);
  if (path === undefined || !contents.equals(readFileSync(path))) put(name, contents, packages);
}

const recipes = {
  linux: {
    brief: 'Linux of Debian, and busybox',
    files: ['linux/Image', 'linux/busybox'],
    make(debian) {
      const [name] = debian.describe('linux-image-arm64').dependencies;
      const kernel = debian.fetch(name);
      const version = name.replace('linux-image-', '');
      put('linux/Image', fileOfPackage(kernel.path, `boot/vmlinuz-${version}`), [kernel]);
      const busybox = debian.fetch('busybox-static');
      put('linux/busybox', fileOfPackage(busybox.path, 'bin/busybox'), [busybox]);
    },
    finish: () => putInitramfs('linux/initramfs.cpio', [], []),
  },
  qemu: {
    brief: "QEMU as it runs inside of a Linux guest, with KVM; and that guest's guests",
    after: ['linux'],
    files: ['qemu/initramfs.cpio'],
    make(debian) {
      const packages = debian.fetchAll(debian.closure('qemu-system-arm'));
      const folder = join(guestsFolder, 'qemu/root');
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const { path } of packages) unpack(path, folder);
      const programs = withLibraries(folder, 'usr/bin/qemu-system-aarch64');
      const qemu = packages.find(one => one.name === 'qemu-system-arm');
      putInitramfs('qemu/initramfs.cpio', [...programs, file('Image', readFileSync(guestFile('linux/Image')))], [qemu]);
      rmSync(folder, { recursive: true });
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
};

/** Makes what is absent of the named guests; of all when none is named. */
export function makeGuests(names = Object.keys(recipes)) {
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
