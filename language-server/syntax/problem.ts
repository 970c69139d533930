import type { SourceRange } from './source.ts';

export type Severity = 'error' | 'warning' | 'information';

/**
 * Something to tell the author of a source.
 *
 * `code` is a stable kebab-case word for the kind of problem, by which a reader may filter or soften it.
 */
export interface Problem {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly range: SourceRange;
}
