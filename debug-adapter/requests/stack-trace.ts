import type { DebugProtocol } from '@vscode/debugprotocol';
import { headline } from '../debugger/exception-text.ts';
import { hex } from '../debugger/expression/value.ts';
import type { Frame } from '../debugger/frame.ts';
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
    const { record } = frame;
    const words =
      record.kind === 'exception' ? headline(record) : `EL${record.from} → EL${record.to}: entered by exception return`;
    return { id, name: `── ${words} ──`, line: 0, column: 0, presentationHint: 'label' };
  }
  const { images } = session.debugger;
  const name = images.nameOf(frame.pc, frame.el, frame.lookup) ?? hex(frame.pc);
  const place = images.lineAt(frame.lookup, frame.el);
  const image = images.symbolAt(frame.lookup, frame.el)?.image;
  return {
    id,
    name: `${name}  [EL${frame.el}]`,
    line: place ? session.clientLine(place.line) : 0,
    column: place ? Math.max(place.column, session.client.columnsStartAt1 === false ? 0 : 1) : 0,
    instructionPointerReference: hex(frame.pc),
    ...(place && { source: session.source(place.path) }),
    ...(image && { moduleId: image.name }),
  };
}
