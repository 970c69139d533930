import { request } from './request.ts';

export const breakpointLocations = request('breakpointLocations', {
  capabilities: { supportsBreakpointLocationsRequest: true },
  legalWhile: 'launched',
  needs: { source: 'object', line: 'number', endLine: 'number?' },
  run(session, { source, line, endLine }) {
    const first = session.adapterLine(line);
    const last = endLine === undefined ? first : session.adapterLine(endLine);
    const lines = session.debugger.images.linesWithCode(session.sources.matcher(source.path ?? source.name ?? ''));
    return {
      breakpoints: lines.filter(one => one >= first && one <= last).map(one => ({ line: session.clientLine(one) })),
    };
  },
});
