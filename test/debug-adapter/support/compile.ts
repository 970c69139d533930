import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `use` in a directory that holds these files, and removes it afterwards. */
export function inDirectory<T>(files: Readonly<Record<string, string | Uint8Array>>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    for (const [name, contents] of Object.entries(files)) writeFileSync(join(directory, name), contents);
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs a program of the toolchain in a directory; gives its standard output. */
export function tool(directory: string, program: string, ...words: string[]): string {
  return execFileSync(program, words, {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Compiles and links free-standing C or assembly with gcc; gives the ELF file. */
export function compile(name: string, text: string, ...options: string[]): Uint8Array {
  return inDirectory({ [name]: text }, directory => {
    tool(
      directory,
      'aarch64-linux-gnu-gcc',
      '-nostdlib',
      '-ffreestanding',
      '-static',
      '-Wl,-Ttext=0x40080000',
      ...options,
      '-o',
      'a.elf',
      name,
    );
    return readFileSync(join(directory, 'a.elf'));
  });
}
