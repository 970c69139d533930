// The shared libraries that a program of an unpacked Debian system needs.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { directory, file, symlink } from './cpio.mjs';

const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const NEEDED = 1n;
const STRING_TABLE = 5n;

/** The names of the libraries that an ELF file asks for, and its dynamic linker (ELF-64 specification, dynamic section). */
function neededBy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = at => Number(view.getBigUint64(at, true));
  const segments = Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = word(32) + index * view.getUint16(54, true);
    return { type: view.getUint32(at, true), offset: word(at + 8), address: word(at + 16), size: word(at + 32) };
  });
  const text = at => bytes.toString('latin1', at, bytes.indexOf(0, at));
  const interpreter = segments.find(({ type }) => type === INTERPRETER);
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  const names = [];
  if (dynamic) {
    const entries = Array.from({ length: dynamic.size / 16 }, (_, index) => {
      const at = dynamic.offset + index * 16;
      return { tag: view.getBigUint64(at, true), value: word(at + 8) };
    });
    const table = entries.find(({ tag }) => tag === STRING_TABLE)?.value ?? 0;
    const segment = segments.find(
      ({ type, address, size }) => type === LOAD && table >= address && table < address + size,
    );
    const strings = table - (segment?.address ?? 0) + (segment?.offset ?? 0);
    for (const { tag, value } of entries) if (tag === NEEDED) names.push(text(strings + value));
  }
  return { names, ...(interpreter && { interpreter: basename(text(interpreter.offset)) }) };
}

const libraryFolders = [
  'lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu/pulseaudio',
  'lib',
];

/** The program (in /bin) with its libraries (in /lib, which is where the dynamic linker looks last), as entries of an archive. */
export function withLibraries(system, program) {
  const found = new Map();
  const queue = [];
  const read = path => {
    const bytes = readFileSync(realpathSync(path));
    const { names, interpreter } = neededBy(bytes);
    queue.push(...names, ...(interpreter ? [interpreter] : []));
    return bytes;
  };
  const bytes = read(join(system, program));
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const path = libraryFolders.map(folder => join(system, folder, name)).find(one => existsSync(one));
    if (path === undefined) throw new Error(`${program} needs ${name}, and no package has it`);
    found.set(name, undefined);
    found.set(name, read(path));
  }
  return [
    directory('lib'),
    symlink('lib64', 'lib'),
    ...[...found].map(([name, contents]) => file(`lib/${name}`, contents, 0o755)),
    file(`bin/${basename(program)}`, bytes, 0o755),
  ];
}
