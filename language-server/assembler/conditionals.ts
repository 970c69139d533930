import type { SourceRange } from '../syntax/source.ts';

interface Level {
  /** Statements of the current branch are assembled. */
  active: boolean;
  /** Some branch was already active, or none may be since the surroundings are inactive. */
  done: boolean;
  elseSeen: boolean;
  readonly at: SourceRange;
}

/** The open `.if`s. */
export class Conditionals {
  private readonly levels: Level[] = [];

  /** Whether statements at this point are assembled. */
  get active(): boolean {
    const top = this.levels[this.levels.length - 1];
    return top ? top.active : true;
  }

  get depth(): number {
    return this.levels.length;
  }

  /** Opens a conditional; `condition` is not asked when the surroundings are inactive. */
  open(at: SourceRange, condition: () => boolean): void {
    if (!this.active) this.levels.push({ active: false, done: true, elseSeen: false, at });
    else {
      const level = { active: false, done: false, elseSeen: false, at };
      this.levels.push(level);
      level.active = level.done = condition();
    }
  }

  /** `.elseif`; answers a problem's text when it stands wrong. */
  otherwiseIf(condition: () => boolean): string | undefined {
    const top = this.levels[this.levels.length - 1];
    if (!top) return '`.elseif` stands without an `.if`.';
    if (top.elseSeen) return '`.elseif` cannot follow `.else`.';
    top.active = false;
    if (!top.done) top.active = top.done = condition();
    return undefined;
  }

  otherwise(): string | undefined {
    const top = this.levels[this.levels.length - 1];
    if (!top) return '`.else` stands without an `.if`.';
    if (top.elseSeen) return 'This `.if` has an `.else` already.';
    top.elseSeen = true;
    top.active = !top.done;
    top.done = true;
    return undefined;
  }

  close(): string | undefined {
    return this.levels.pop() ? undefined : '`.endif` stands without an `.if`.';
  }

  /** Closes everything above `depth`; answers where the closed ones began. */
  unwind(depth: number): SourceRange[] {
    return this.levels.splice(depth).map(level => level.at);
  }
}
