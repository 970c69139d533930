/** The C preprocessor for `.S`: text in, lines out, each character of which knows where it came from. */

export type { Macro } from './macro.ts';
export { predefinedMacros } from './predefined.ts';
export {
  type IncludeMention,
  type MacroMention,
  type Preprocessed,
  type PreprocessOptions,
  type PreprocessorHost,
  preprocess,
} from './preprocessor.ts';
