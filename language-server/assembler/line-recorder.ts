import { type SourceFile, type SourceRange, statementPlace } from '../syntax/source.ts';
import type { Fragment } from './model.ts';

/** One row of the line table before addresses are known. */
export interface LineEntry {
  readonly fragment: Fragment;
  readonly offset: number;
  readonly path: string;
  /** One-based. */
  readonly line: number;
  /** One-based, 0 when not told. */
  readonly column: number;
}

/** Which source line each instruction came from: the author's own line, or what `.loc` and line markers say. */
export class LineRecorder {
  readonly entries: LineEntry[] = [];
  private readonly files = new Map<number, string>();
  /** Once the source speaks for itself by `.loc`, lines of the assembly text are no longer recorded. */
  private explicit = false;
  private pending: { path: string; line: number; column: number } | undefined;
  private logical: { file: SourceFile; physical: number; path: string; line: number } | undefined;

  instruction(fragment: Fragment, offset: number, range: SourceRange): void {
    if (this.explicit) {
      if (!this.pending) return;
      this.entries.push({ fragment, offset, ...this.pending });
      this.pending = undefined;
      return;
    }
    const place = statementPlace(range);
    const line = place.file.position(place.start).line + 1;
    if (this.logical && this.logical.file === place.file) {
      const path = this.logical.path;
      this.entries.push({ fragment, offset, path, line: line - this.logical.physical + this.logical.line, column: 0 });
      return;
    }
    this.entries.push({ fragment, offset, path: place.file.path, line, column: 0 });
  }

  /** `# 12 "file"`: the next line is line 12 of that file. */
  marker(line: number, path: string, range: SourceRange): void {
    const physical = range.file.position(range.start).line + 2;
    this.logical = { file: range.file, physical, path, line };
  }

  /** `.file 1 "name"`. */
  file(number: number, path: string): void {
    this.files.set(number, path);
  }

  /** `.loc 1 12 3`; answers false when the file number is unknown. */
  location(file: number, line: number, column: number): boolean {
    const path = this.files.get(file);
    if (path === undefined) return false;
    if (!this.explicit) this.entries.length = 0;
    this.explicit = true;
    this.pending = { path, line, column };
    return true;
  }
}
