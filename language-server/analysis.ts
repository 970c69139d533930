import type { Limits } from './assembler/index.ts';
import {
  assembleSource,
  type FileProvider,
  type NameOccurrence,
  type Problem,
  type SourceAssembly,
  type SourceRange,
} from './assembler/index.ts';

/** Settings that say how a source is to be read. */
export interface AnalysisSettings {
  readonly includePaths: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
}

/** Keeps one keystroke's work within bounds. */
const editorLimits: Limits = { statements: 600_000, nesting: 100, bytes: 64 << 20, includes: 64, tokens: 300_000 };

/** A place in the source under analysis, as offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A problem where the reader of the source sees it, with the places it came through. */
export interface ShownProblem extends Span {
  readonly problem: Problem;
  /** From the outermost invocation inwards, the place of the problem itself last; empty when that is shown already. */
  readonly trail: readonly { readonly range: SourceRange; readonly message: string }[];
  readonly severity: Problem['severity'];
}

/** What is known of a source after assembling it. */
export class Analysis {
  readonly path: string;
  readonly text: string;
  readonly assembly: SourceAssembly;
  /** Every name that the sources mention, macros of the preprocessor included. */
  readonly occurrences: readonly NameOccurrence[];
  readonly missingIncludes: readonly string[];

  constructor(path: string, text: string, files: FileProvider, settings: AnalysisSettings) {
    this.path = path;
    this.text = text;
    const { includePaths, defines } = settings;
    this.assembly = assembleSource({ path, text }, { files, includePaths, defines, limits: editorLimits });
    const mentions = this.assembly.preprocessed?.mentions ?? [];
    this.occurrences = [
      ...this.assembly.assembler.expressions.occurrences,
      ...mentions.map(({ name, role, range }): NameOccurrence => ({ kind: 'preprocessor-macro', name, role, range })),
    ];
    this.missingIncludes = (this.assembly.preprocessed?.includes ?? [])
      .filter(one => one.path === undefined)
      .map(one => one.name);
  }

  get file() {
    return this.assembly.file;
  }

  /** Where in this source a reader finds a range: the range itself, or the invocation or include that led to it. */
  placeOf(range: SourceRange): Span {
    let place: Span = { start: 0, end: 0 };
    for (let at: SourceRange | undefined = range; at; at = at.expansion?.at) {
      if (at.file === this.file) place = at;
    }
    return place;
  }

  /** Problems as they are to be shown: softened where a missing header may be the cause, each once. */
  problems(most: number): ShownProblem[] {
    const shown: ShownProblem[] = [];
    const seen = new Set<string>();
    for (const problem of this.assembly.problems) {
      const severity = this.severity(problem);
      if (!severity) continue;
      const { start, end } = this.placeOf(problem.range);
      const key = `${start}/${end}/${problem.message}`;
      if (seen.has(key)) continue;
      seen.add(key);
      shown.push({ problem, start, end, severity, trail: trail(problem.range, this.file) });
      if (shown.length >= most) break;
    }
    return shown;
  }

  private severity(problem: Problem): Problem['severity'] | undefined {
    if (problem.code === 'missing-include') return 'information';
    // A build may define constants on the compiler's command line, which only a preprocessed source sees.
    if (problem.code === 'undefined-constant' && this.assembly.preprocessed) return 'information';
    if (this.missingIncludes.length === 0) return problem.severity;
    // What a header would have defined cannot be told from a mistake; only what is wrong by itself is reported.
    return dependsOnHeaders.has(problem.code) ? undefined : problem.severity;
  }

  /** Names that the source mentions at an offset, the narrowest last. */
  occurrencesAt(offset: number): NameOccurrence[] {
    return this.occurrences
      .filter(
        ({ range }) =>
          range.file === this.file && range.start <= offset && offset <= range.end && range.end > range.start,
      )
      .sort((a, b) => b.range.end - b.range.start - (a.range.end - a.range.start));
  }

  /** Every place of a name, each once. */
  occurrencesOf(kind: NameOccurrence['kind'], name: string): NameOccurrence[] {
    const seen = new Set<string>();
    return this.occurrences.filter(occurrence => {
      if (occurrence.kind !== kind || occurrence.name !== name) return false;
      const { file, start, end } = occurrence.range;
      const key = `${file.path}/${start}/${end}/${occurrence.role}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  }

  /** Where a name is defined; where it is declared when nothing defines it. */
  definitionsOf(kind: NameOccurrence['kind'], name: string): NameOccurrence[] {
    const all = this.occurrencesOf(kind, name);
    const definitions = all.filter(occurrence => occurrence.role === 'definition');
    return definitions.length > 0 ? definitions : all.filter(occurrence => occurrence.role === 'declaration');
  }
}

const dependsOnHeaders: ReadonlySet<string> = new Set([
  'unknown-mnemonic',
  'unknown-directive',
  'unknown-register',
  'not-constant',
  'undefined-constant',
  'bad-operands',
  'bad-expression',
  'bad-relocation',
  'macro-arguments',
  'condition',
  'conditional',
  'syntax',
  'unclosed-body',
  'user',
]);

/** The invocations between the source and a range, outermost first, and the range itself. */
function trail(range: SourceRange, file: SourceRange['file']): ShownProblem['trail'] {
  const steps: { range: SourceRange; message: string }[] = [];
  for (let at: SourceRange = range; at.expansion; at = at.expansion.at) {
    const { kind, name } = at.expansion;
    const message = kind === 'include' ? `in ${name}` : `in the expansion of \`${name}\``;
    steps.unshift({ range: { file: at.file, start: at.start, end: at.end }, message });
  }
  // An argument stands in the source itself; there is nothing to follow then.
  return steps.length === 1 && steps[0]!.range.file === file && range.file === file && isArgument(range) ? [] : steps;
}

function isArgument(range: SourceRange): boolean {
  const call = range.expansion?.at;
  return call !== undefined && call.file === range.file && call.start <= range.start && range.end <= call.end;
}
