import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'vitest';
import { provisionedEditor } from '../../scripts/provision-editor.mjs';

/** What a test needs beyond Node: how to find it, and how a person gets it. */
export interface Requirement {
  readonly name: string;
  /** Where it is on this machine, or undefined when it is not here. */
  readonly find: () => string | undefined;
  readonly remedy: string;
}

/** The path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this directory
    }
  }
  return undefined;
}

const debianPackages: Readonly<Record<string, string>> = {
  'qemu-system-aarch64': 'qemu-system-arm',
  'qemu-aarch64': 'qemu-user',
  'aarch64-linux-gnu-as': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-ld': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-objcopy': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-objdump': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-readelf': 'binutils-aarch64-linux-gnu',
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
  dtc: 'device-tree-compiler',
  chromium: 'chromium',
};

/** A program on PATH as a requirement. */
export function program(name: string): Requirement {
  const debianPackage = debianPackages[name];
  return {
    name,
    find: () => findProgram(name),
    remedy: debianPackage ? `Debian package ${debianPackage}` : 'install it and put it on PATH',
  };
}

/** A file outside of the project (such as firmware of a Debian package) as a requirement. */
export function file(path: string, remedy: string): Requirement {
  return {
    name: path,
    find: () => {
      try {
        accessSync(path, constants.R_OK);
        return path;
      } catch {
        return undefined;
      }
    },
    remedy,
  };
}

/** Debian's U-Boot for QEMU's `virt` board (package u-boot-qemu): `u-boot.bin` or `uboot.elf`. */
export function ubootFile(name: 'u-boot.bin' | 'uboot.elf'): Requirement {
  return file(`/usr/lib/u-boot/qemu_arm64/${name}`, 'Debian package u-boot-qemu');
}

/** A VS Code that a browser can drive. */
export const codeServer: Requirement = {
  name: 'code-server',
  find: () => provisionedEditor()?.entry,
  remedy: 'node scripts/provision-editor.mjs',
};

/** Why the requirements are not met, or undefined when they are. */
export function missing(requirements: readonly Requirement[]): string | undefined {
  const absent = requirements.filter(requirement => requirement.find() === undefined);
  if (absent.length === 0) return undefined;
  return `needs ${absent.map(requirement => `${requirement.name} (${requirement.remedy})`).join(', ')}`;
}

/**
 * `test`, for tests that need something beyond Node: a program by its name, or a {@link Requirement}.
 * Where it is missing the test is skipped with the reason; where CI is set it fails instead, because there nothing
 * may be skipped. `testWith('aarch64-linux-gnu-as')('agrees with GNU as', () => …)`
 */
export function testWith(...needs: readonly (string | Requirement)[]) {
  const requirements = needs.map(need => (typeof need === 'string' ? program(need) : need));
  return (name: string, run: (context: TestContext) => unknown, timeout?: number): void => {
    const reason = missing(requirements);
    if (reason === undefined) {
      test(
        name,
        async context => {
          await run(context);
        },
        timeout,
      );
    } else {
      test(name, context => {
        if (process.env.CI) throw new Error(`${reason}; where CI is set nothing may be skipped`);
        context.skip(reason);
      });
    }
  };
}
