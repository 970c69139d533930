import type { SourceRange } from '../syntax/source.ts';

export type NameKind = 'symbol' | 'macro' | 'preprocessor-macro' | 'register-alias' | 'section' | 'include';

/** One place that mentions a name. */
export interface NameOccurrence {
  readonly kind: NameKind;
  /** As looked up; numeric labels carry their instance, so that each `1:` is a name of its own. */
  readonly name: string;
  readonly role: 'definition' | 'declaration' | 'reference';
  readonly range: SourceRange;
}
