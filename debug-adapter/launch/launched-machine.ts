/** What launching gives: a machine at reset and the files that know its symbols. */
import type { ByteSource } from '../debug-information/byte-source.ts';
import type { ImageWishes } from '../debugger/images.ts';
import type { Target } from '../debugger/target.ts';
import type { LaunchConfiguration } from '../protocol.ts';

export interface SymbolSource extends ImageWishes {
  readonly path: string;
  readonly file: ByteSource;
}

export interface LaunchedMachine {
  readonly target: Target;
  readonly symbols: readonly SymbolSource[];
  /** What did not go as wished but keeps nobody from debugging, in words. */
  readonly problems: readonly string[];
}

/** Throws `UserProblem` when the configuration cannot be launched. */
export type Launch = (configuration: LaunchConfiguration) => Promise<LaunchedMachine>;
