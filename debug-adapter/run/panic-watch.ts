/** Hears a kernel's panic on the console, to its end. */
import { endsPanic, panicReason } from '../debugger/kernel-panic.ts';

export class PanicWatch {
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

  hear(line: string): void {
    if (endsPanic(line)) this.#isOver = true;
    else this.#reason ??= panicReason(line);
  }
}
