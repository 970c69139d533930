// The initial RAM file system of the Linux guests: busybox, and an init that does what the command line asks for.
import { cpio, directory, file, symlink } from './cpio.mjs';

/**
 * `run=COMMAND` on the kernel's command line (words joined with `;` or `,` need no quotes) runs that and powers off; else a
 * shell on the console, after which the machine is powered off.
 */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
if [ -n "$run" ]; then
  sh -c "$run"
  echo "init: status $?"
else
  echo "init: a shell"
  setsid -c sh -l
fi
poweroff -f
`;

const profile = `export PS1='trapdoor:\\w# '\n`;

/** `extra` are further entries, such as programs and modules. */
export function initramfs(busybox, extra = []) {
  return cpio([
    ...['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map(directory),
    { name: 'dev/console', kind: 'character', mode: 0o600, major: 5, minor: 1 },
    { name: 'dev/null', kind: 'character', mode: 0o666, major: 1, minor: 3 },
    file('bin/busybox', busybox, 0o755),
    symlink('bin/sh', 'busybox'),
    file('etc/profile', profile),
    file('init', init, 0o755),
    ...extra,
  ]);
}
