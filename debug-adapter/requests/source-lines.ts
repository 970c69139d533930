/** From the lines of a client's source to code: a file that images were built from, or a listing. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakableSource } from '../debugger/breakpoints.ts';
import type { Session } from '../session.ts';

export interface SourceLines extends BreakableSource {
  /** Which of these lines have code. */
  withCode(first: number, last: number): readonly number[];
}

export function sourceLines(session: Session, { path, name, sourceReference = 0 }: DebugProtocol.Source): SourceLines {
  if (sourceReference > 0) {
    const { listings } = session;
    return {
      key: `listing ${sourceReference}`,
      bind(line) {
        const address = listings.address(sourceReference, line);
        return address === undefined ? undefined : { line, locations: [{ address }] };
      },
      withCode(first, last) {
        const lines: number[] = [];
        for (let line = first; line <= last && listings.address(sourceReference, line) !== undefined; line++) {
          lines.push(line);
        }
        return lines;
      },
    };
  }
  const file = path ?? name ?? '';
  const matches = session.sources.matcher(file);
  return {
    key: file,
    path: file,
    bind: line => session.debugger.images.bindLine(line, matches),
    withCode: (first, last) =>
      session.debugger.images.linesWithCode(matches).filter(line => line >= first && line <= last),
  };
}
