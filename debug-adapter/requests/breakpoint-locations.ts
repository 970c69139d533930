import { request } from './request.ts';
import { sourceLines } from './source-lines.ts';

export const breakpointLocations = request('breakpointLocations', {
  capabilities: { supportsBreakpointLocationsRequest: true },
  legalWhile: 'launched',
  needs: { source: 'object', line: 'number', endLine: 'number?' },
  run(session, { source, line, endLine }) {
    const first = session.adapterLine(line);
    const last = endLine === undefined ? first : session.adapterLine(endLine);
    const lines = sourceLines(session, source).withCode(first, last);
    return { breakpoints: lines.map(one => ({ line: session.clientLine(one) })) };
  },
});
