/** How Linux says on its console that it panicked: from then on it spins for ever, which looks like work from outside. */

const first = /Kernel panic - not syncing: (.*?)\s*$/;
const last = /---\[ end Kernel panic - not syncing: /;

/** The kernel's reason, where this is the line in which a panic begins. */
export function panicReason(line: string): string | undefined {
  return endsPanic(line) ? undefined : first.exec(line)?.[1];
}

/** This is the line behind all that a kernel says about its panic; it will do nothing any more. */
export function endsPanic(line: string): boolean {
  return last.test(line);
}
