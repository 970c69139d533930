import type { DebugProtocol } from '@vscode/debugprotocol';
import type { SourceLine } from '../debug-information/debug-information.ts';
import { headline } from '../debugger/exception-text.ts';
import { hex } from '../debugger/expression/value.ts';
import type { Frame } from '../debugger/frame.ts';
import { scopeOf } from '../debugger/source-variables.ts';
import type { ListedPlace } from '../listings.ts';
import type { Session } from '../session.ts';
import { request } from './request.ts';

/** The call stack; where it crosses Exception levels, a label says by what. */
export const stackTrace = request('stackTrace', {
  legalWhile: 'stopped',
  needs: { threadId: 'number', startFrame: 'number?', levels: 'number?' },
  run(session, { threadId, startFrame = 0, levels = 0 }) {
    const pe = session.element(threadId);
    const wanted = levels > 0 ? startFrame + levels : 200;
    const frames: Frame[] = [];
    const all = session.debugger.frames(pe);
    let more = true;
    while (frames.length < wanted) {
      const { value, done } = all.next();
      if (done) {
        more = false;
        break;
      }
      frames.push(value);
    }
    return {
      stackFrames: frames.slice(startFrame).map(frame => protocolFrame(session, pe, frame)),
      // One more than is known says that there may be more.
      totalFrames: frames.length + (more ? 1 : 0),
    };
  },
});

function protocolFrame(session: Session, pe: number, frame: Frame): DebugProtocol.StackFrame {
  const id = session.frameId(pe, frame);
  if (frame.kind === 'crossing') {
    return { id, name: `── ${headline(frame.record)} ──`, line: 0, column: 0, presentationHint: 'label' };
  }
  const { images } = session.debugger;
  const scope = scopeOf(frame, images);
  const name = scope?.isInlined ? `${scope.name}, inlined` : images.nameOf(frame.pc, frame.context, frame.lookup);
  const place = scope ? scope.place : images.lineAt(frame.lookup, frame.context);
  const isThere = place !== undefined && session.sources.exists(session.sources.resolve(place.path));
  const listed = isThere ? undefined : session.listings.at(session.debugger, frame);
  const image = images.symbolAt(frame.lookup, frame.context)?.image;
  return {
    id,
    name: `${name ?? hex(frame.pc)}  [EL${frame.el}]`,
    instructionPointerReference: hex(frame.pc),
    ...(listed ? listedSource(session, listed, place) : sourcePlace(session, place)),
    ...(image && { moduleId: image.name }),
  };
}

function sourcePlace(session: Session, place: SourceLine | undefined) {
  if (!place) return { line: 0, column: 0 };
  const firstColumn = session.client.columnsStartAt1 === false ? 0 : 1;
  return {
    source: session.source(place.path),
    line: session.clientLine(place.line),
    column: Math.max(place.column, firstColumn),
  };
}

/** The code itself, where there is no source or its file is not on this computer. */
function listedSource(session: Session, { reference, name, line }: ListedPlace, place: SourceLine | undefined) {
  const origin = place ? `code in memory; there is no file ${session.sources.resolve(place.path)}` : 'code in memory';
  return {
    source: { name, sourceReference: reference, origin },
    line: session.clientLine(line),
    column: session.client.columnsStartAt1 === false ? 0 : 1,
  };
}
