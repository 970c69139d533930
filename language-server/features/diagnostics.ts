import { type Diagnostic, DiagnosticSeverity } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { locationOf, rangeOf } from './position.ts';

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

const mostDiagnostics = 400;

/** What is wrong with a source, where its author sees it; the inside of expansions as related places. */
export function diagnostics(analysis: Analysis): Diagnostic[] {
  return analysis.problems(mostDiagnostics).map(shown => ({
    range: rangeOf(analysis, shown),
    severity: severities[shown.severity],
    code: shown.problem.code,
    source: 'trapdoor',
    message: shown.problem.message,
    ...(shown.trail.length > 0 && {
      relatedInformation: shown.trail
        .slice(0, 8)
        .map(({ range, message }) => ({ location: locationOf(range), message })),
    }),
  }));
}
