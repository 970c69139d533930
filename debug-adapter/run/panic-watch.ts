/** Hears a kernel's panic on the console: a kernel that panicked spins for ever, which looks like work from outside. */

/** The first line of a panic of Linux, and the last, behind all that it says about it. */
const first = /Kernel panic - not syncing: (.*?)\s*$/;
const last = /---\[ end Kernel panic - not syncing: /;
const longestLine = 1024;

export class PanicWatch {
  #line = '';
  #reason: string | undefined;
  #isOver = false;

  /** What the kernel gave as reason, once it has begun to say so. */
  get reason(): string | undefined {
    return this.#reason;
  }
  /** The kernel has said all, and will do nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  hear(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) {
      if (last.test(line)) this.#isOver = true;
      else this.#reason ??= first.exec(line)?.[1];
    }
  }
}
