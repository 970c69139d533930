// `npm run guests`: real guests out of Debian's packages, into .guests/ (not committed). What is there is not fetched again.
//   node scripts/guests.mjs [linux] [xen] [edk2] [u-boot] [--list]
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { file } from './guests/cpio.mjs';
import { Debian, fileOfPackage, requirePrograms } from './guests/debian.mjs';
import { guestFile, guestsFolder, manifest, manifestPath, root } from './guests/folder.mjs';
import { initramfs } from './guests/initramfs.mjs';

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

const vmm = 'samples/kvm-vmm/kvm-vmm';

const recipes = {
  linux: {
    brief: 'Linux of Debian with a shell in an initramfs',
    files: ['linux/Image', 'linux/initramfs.cpio'],
    make(debian) {
      const [name] = debian.describe('linux-image-arm64').dependencies;
      const kernel = debian.fetch(name);
      const version = name.replace('linux-image-', '');
      put('linux/Image', fileOfPackage(kernel.path, `boot/vmlinuz-${version}`), [kernel]);
      const busybox = debian.fetch('busybox-static');
      const extra = existsSync(join(root, vmm)) ? [file('bin/kvm-vmm', readFileSync(join(root, vmm)), 0o755)] : [];
      put('linux/initramfs.cpio', initramfs(fileOfPackage(busybox.path, 'bin/busybox'), extra), [busybox]);
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
    if (recipe.files.every(one => guestFile(one) !== undefined) && !recipe.isStale?.()) {
      console.log(`${name}: here`);
      continue;
    }
    console.log(`${name}: ${recipe.brief}`);
    if (!debian) {
      requirePrograms();
      debian = new Debian(guestsFolder);
    }
    recipe.make(debian);
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
