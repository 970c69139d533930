// The archive format of an initial RAM file system ("newc", Documentation/driver-api/early-userspace/buffer-format of
// the kernel): for each entry a header of hexadecimal words, its name, its contents, each padded to four bytes.

const kinds = { directory: 0o040000, file: 0o100000, symlink: 0o120000, character: 0o020000 };

const padded = bytes => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/**
 * Entries: { name, kind, mode, contents?, major?, minor? }, each folder before what is in it. The result depends on
 * nothing else: no times, no owners of this computer.
 */
export function cpio(entries) {
  const parts = [];
  let inode = 0;
  const add = (name, mode, contents, major, minor) => {
    inode++;
    const nameBytes = Buffer.from(`${name}\0`);
    const words = [inode, mode, 0, 0, 1, 0, contents.length, 0, 0, major, minor, nameBytes.length, 0];
    const header = `070701${words.map(word => word.toString(16).padStart(8, '0')).join('')}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), nameBytes])), padded(contents));
  };
  for (const { name, kind, mode, contents = '', major = 0, minor = 0 } of entries) {
    add(name, kinds[kind] | mode, Buffer.from(contents), major, minor);
  }
  add('TRAILER!!!', 0, Buffer.alloc(0), 0, 0);
  return Buffer.concat(parts);
}

export const directory = name => ({ name, kind: 'directory', mode: 0o755 });
export const file = (name, contents, mode = 0o644) => ({ name, kind: 'file', mode, contents });
export const symlink = (name, target) => ({ name, kind: 'symlink', mode: 0o777, contents: target });
