/** What is expected of a guest's serial output, and what it is told when it has said it. */
import type { ConversationStep } from './arguments.ts';

export class Conversation {
  readonly #steps: readonly ConversationStep[];
  readonly #send: (text: string) => void;
  #at = 0;
  /** Output in which the text expected next has not been found. */
  #pending = '';

  constructor(steps: readonly ConversationStep[], send: (text: string) => void) {
    this.#steps = steps;
    this.#send = send;
  }

  /** Something is expected at all. */
  get expectsSomething(): boolean {
    return this.#steps.some(step => step.kind === 'expect');
  }
  /** The text that is waited for, if any. */
  get awaited(): string | undefined {
    const step = this.#steps[this.#at];
    return step?.kind === 'expect' ? step.text : undefined;
  }
  /** All was said and seen. */
  get isOver(): boolean {
    return this.#at >= this.#steps.length;
  }
  /** The last thing was expected, and it was seen: nothing is left to wait for. */
  get isSatisfied(): boolean {
    return this.isOver && this.#steps.at(-1)?.kind === 'expect';
  }

  /** Says what comes before anything is expected. */
  begin(): void {
    this.#advance();
  }

  hear(text: string): void {
    if (this.awaited === undefined) return;
    this.#pending += text;
    this.#advance();
  }

  #advance(): void {
    for (;;) {
      const step = this.#steps[this.#at];
      if (!step) return;
      if (step.kind === 'expect') {
        const found = this.#pending.indexOf(step.text);
        if (found < 0) {
          // Only the end can still become part of the text.
          this.#pending = this.#pending.slice(-Math.max(1, step.text.length));
          return;
        }
        this.#pending = this.#pending.slice(found + step.text.length);
      } else this.#send(step.text);
      this.#at++;
    }
  }
}
