import { UserProblem } from '../debugger/target.ts';
import { request } from './request.ts';

export const loadedSources = request('loadedSources', {
  capabilities: { supportsLoadedSourcesRequest: true },
  legalWhile: 'launched',
  run(session) {
    return { sources: session.debugger.images.sourcePaths.map(path => session.source(path)) };
  },
});

/** Listings of code. Files clients read themselves; they are also here for those that cannot. */
export const source = request('source', {
  legalWhile: 'launched',
  needs: { source: 'object?', sourceReference: 'number?' },
  async run(session, { source: wanted, sourceReference }) {
    const reference = wanted?.sourceReference ?? sourceReference ?? 0;
    if (reference > 0) {
      const content = session.listings.text(session.debugger, reference);
      if (content === undefined) throw new UserProblem(`There is no listing ${reference}`);
      return { content, mimeType: 'text/x-aarch64-asm' };
    }
    const path = wanted?.path;
    const known = path !== undefined && session.debugger.images.sourcePaths.some(session.sources.matcher(path));
    if (!known) throw new UserProblem(`No loaded image was built from ${path ?? 'this source'}`);
    try {
      return { content: await session.environment.readFile(path) };
    } catch {
      throw new UserProblem(
        `${path} cannot be read; "sourceFileMap" in the launch configuration tells where sources are`,
      );
    }
  },
});

export const modules = request('modules', {
  capabilities: { supportsModulesRequest: true },
  legalWhile: 'launched',
  run(session) {
    const all = session.debugger.images.all.map(({ name, path, placements, information }) => {
      const offset = placements[0]?.offset ?? 0n;
      return {
        id: name,
        name,
        path,
        symbolStatus: `${information.symbols.all.length} symbols, ${information.lines.isEmpty ? 'no lines' : 'lines'}`,
        ...(offset !== 0n && { addressRange: `offset 0x${BigInt.asUintN(64, offset).toString(16)}` }),
      };
    });
    return { modules: all, totalModules: all.length };
  },
});
