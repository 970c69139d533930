/** Boots a guest in a process of its own, here or in QEMU, and gives what it wrote and how it ended. */
import { spawn } from 'node:child_process';
import { guestFile } from '../../../scripts/guests/folder.mjs';
import type { Guest, Step } from './guests.ts';

export interface Boot {
  readonly console: string;
  /** What the program itself said. */
  readonly said: string;
  readonly status: number | null;
  readonly seconds: number;
}

/** The words with the paths of its files. */
export function wordsOf({ words }: Guest): string[] {
  return words.map(word =>
    word.replace(/@([\w./-]+)/g, (_, name: string) => {
      const path = guestFile(name);
      if (path === undefined) throw new Error(`${name} is missing: npm run guests`);
      return path;
    }),
  );
}

/** Boots it on the bundled machine; `program` is the built command line. */
export function bootHere(guest: Guest, program: string, timeout: number): Promise<Boot> {
  const conversation = (guest.conversation ?? []).flatMap(({ expect, input }) => [
    ...['--expect', expect],
    ...['--input', escaped(input)],
  ]);
  const last = guest.lastWords === undefined ? [] : ['--expect', guest.lastWords];
  guest.prepare?.();
  return boot(
    process.execPath,
    [program, 'run', ...wordsOf(guest), ...conversation, ...last, '--max-instructions', guest.limit, '--summary'],
    [],
    undefined,
    timeout,
  );
}

/** Boots it in QEMU, and types what is to be typed. */
export function bootInQemu(guest: Guest, timeout: number): Promise<Boot> {
  guest.prepare?.();
  return boot(
    'qemu-system-aarch64',
    [...wordsOf(guest), '-display', 'none', '-nodefaults', '-serial', 'stdio', '-monitor', 'none'],
    guest.conversation ?? [],
    guest.lastWords,
    timeout,
  );
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function boot(
  command: string,
  words: readonly string[],
  conversation: readonly Step[],
  lastWords: string | undefined,
  timeout: number,
): Promise<Boot> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, words, { stdio: [conversation.length > 0 ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    let text = '';
    let said = '';
    let step = 0;
    let searched = 0;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      for (let next = conversation[step]; next; next = conversation[++step]) {
        const found = text.indexOf(next.expect, searched);
        if (found < 0) break;
        searched = found + next.expect.length;
        child.stdin?.write(next.input);
      }
      if (step >= conversation.length && lastWords !== undefined && text.indexOf(lastWords, searched) >= 0) {
        child.kill();
      }
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', status => {
      clearTimeout(timer);
      resolve({ console: text, said, status, seconds: (performance.now() - started) / 1000 });
    });
  });
}
