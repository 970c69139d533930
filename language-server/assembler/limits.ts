/** Bounds that keep hostile or mistaken input from taking the machine down. */
export interface Limits {
  /** Statements read in all, macro expansions included. */
  readonly statements: number;
  /** Macros and repetitions open at once. */
  readonly nesting: number;
  /** Bytes of all sections together. */
  readonly bytes: number;
  /** Includes open at once. */
  readonly includes: number;
  /** Tokens that preprocessor macros may expand to in all. */
  readonly tokens: number;
}

export const defaultLimits: Limits = {
  statements: 4_000_000,
  nesting: 200,
  bytes: 64 << 20,
  includes: 64,
  tokens: 1_000_000,
};
