import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly specifier: string;
  /** Path from the project's root, for a relative import. */
  readonly target: string | undefined;
  readonly line: number;
}

interface SourceFile {
  readonly path: string;
  /** The text with comments and the contents of strings blanked; line numbers are kept. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** Splits TypeScript text into what is code and what is comment or quoted text, well enough for these rules. */
const tokens = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` as statements, and `import('x')` anywhere. */
const importStatement = /(?:^(?:import|export)\b[^;'"`=]*?\bfrom\s*|^import\s*|\bimport\(\s*)['"]([^'"\n]+)['"]/gm;

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const withoutComments = text.replace(tokens, token => (/^\/[/*]/.test(token) ? blank(token) : token));
  const code = withoutComments.replace(tokens, token => token[0] + blank(token.slice(1, -1)) + token.at(-1));
  const imports = [...withoutComments.matchAll(importStatement)].map(match => {
    const specifier = match[1]!;
    const target = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(path), specifier)).replaceAll('\\', '/')
      : undefined;
    return { specifier, target, line: withoutComments.slice(0, match.index).split('\n').length };
  });
  return { path, code, imports };
}

function sourcesUnder(folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.[mc]?ts$/.test(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
    .map(readSource);
}

const sources = ['emulator', 'debug-adapter', 'language-server', 'extension'].flatMap(sourcesUnder);

/** `path:line imports what`, for each import that the rule forbids. */
function offences(folder: string, forbidden: (found: Import, importer: SourceFile) => boolean): string[] {
  return sources
    .filter(source => source.path.startsWith(`${folder}/`))
    .flatMap(source =>
      source.imports
        .filter(found => forbidden(found, source))
        .map(found => `${source.path}:${found.line} imports ${found.specifier}`),
    );
}

const isUnder = (target: string | undefined, ...folders: string[]): boolean =>
  target !== undefined && folders.some(folder => target.startsWith(`${folder}/`));

const isPackage = (found: Import, ...names: string[]): boolean =>
  names.some(name => found.specifier === name || found.specifier.startsWith(`${name}/`));

describe('imports follow the architecture', () => {
  test('relative imports name an existing file with its extension', () => {
    const offenders = sources.flatMap(source =>
      source.imports
        .filter(found => found.target !== undefined && !existsSync(join(root, found.target)))
        .map(found => `${source.path}:${found.line} imports ${found.specifier}`),
    );
    expect(offenders).toEqual([]);
  });

  test('the architecture imports nothing outside of itself', () => {
    expect(offences('emulator/architecture', found => !isUnder(found.target, 'emulator/architecture'))).toEqual([]);
  });

  test('the emulator imports only itself: no Node, no editor, no package', () => {
    expect(offences('emulator', found => !isUnder(found.target, 'emulator'))).toEqual([]);
  });

  test('devices know the bus, devices and the clock, never a processing element, an engine or the machine', () => {
    expect(
      offences(
        'emulator/devices',
        found =>
          isUnder(
            found.target,
            'emulator/machine',
            'emulator/execution',
            'emulator/translation',
            'emulator/firmware',
          ) ||
          // The types by which a device serves system registers are the one meeting point.
          (isUnder(found.target, 'emulator/processing-element') &&
            found.target !== 'emulator/processing-element/system-register-handlers.ts'),
      ),
    ).toEqual([]);
  });

  test('interpreter and JIT do not import each other', () => {
    expect(
      offences('emulator/execution/interpreter', found => isUnder(found.target, 'emulator/execution/jit')),
    ).toEqual([]);
    expect(
      offences('emulator/execution/jit', found => isUnder(found.target, 'emulator/execution/interpreter')),
    ).toEqual([]);
  });

  test('the emulator is reached through its index, its architecture through its own as well', () => {
    const doors = new Set(['emulator/index.ts', 'emulator/architecture/index.ts']);
    const offenders = ['debug-adapter', 'language-server', 'extension'].flatMap(folder =>
      offences(folder, found => isUnder(found.target, 'emulator') && !doors.has(found.target!)),
    );
    expect(offenders).toEqual([]);
  });

  test('only the extension imports vscode', () => {
    const offenders = ['emulator', 'debug-adapter', 'language-server'].flatMap(folder =>
      offences(folder, found => isPackage(found, 'vscode')),
    );
    expect(offenders).toEqual([]);
  });

  test('nothing imports the extension', () => {
    const offenders = ['emulator', 'debug-adapter', 'language-server'].flatMap(folder =>
      offences(folder, found => isUnder(found.target, 'extension')),
    );
    expect(offenders).toEqual([]);
  });

  test('the debugger has no types of the Debug Adapter Protocol', () => {
    const dap = ['@vscode/debugadapter', '@vscode/debugprotocol'];
    for (const folder of ['debug-adapter/debugger', 'debug-adapter/debug-information', 'debug-adapter/targets']) {
      expect(offences(folder, found => isPackage(found, ...dap))).toEqual([]);
    }
  });

  test('preprocessor, syntax and assembler have no types of the Language Server Protocol', () => {
    const lsp = ['vscode-languageserver', 'vscode-languageserver-protocol', 'vscode-languageserver-types'];
    for (const folder of ['preprocessor', 'syntax', 'assembler']) {
      expect(offences(`language-server/${folder}`, found => isPackage(found, ...lsp))).toEqual([]);
    }
  });

  test('there is no circle of imports', () => {
    const bySource = new Map(sources.map(source => [source.path, source]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start >= 0) {
        circles.push([...trail.slice(start), path].join(' → '));
        return;
      }
      if (done.has(path)) return;
      for (const found of bySource.get(path)?.imports ?? []) {
        if (found.target !== undefined) visit(found.target, [...trail, path]);
      }
      done.add(path);
    };
    for (const { path } of sources) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe('the emulator is deterministic by construction', () => {
  for (const word of ['Date', 'setTimeout', 'setInterval', 'Math.random', 'performance.now', 'process']) {
    test(`nothing in it says ${word}`, () => {
      const pattern = new RegExp(`(?<![\\w.$])${word.replace('.', '\\.')}(?![\\w$:])`);
      const offenders = sources
        .filter(source => source.path.startsWith('emulator/'))
        .flatMap(source =>
          source.code.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${source.path}:${index + 1}`] : [])),
        );
      expect(offenders).toEqual([]);
    });
  }
});

/** Runs one of the project's own tools and returns what it complains of. */
function complaints(script: string, ...words: string[]): string {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', script), ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return result.status === 0 ? '' : `${result.stdout}${result.stderr}${result.error ?? ''}`;
}

describe('the tools have nothing to say', () => {
  test('types check', () => {
    expect(complaints('typescript/bin/tsc', '--noEmit', '--pretty', 'false')).toBe('');
  });

  test('format and lint are clean', () => {
    expect(complaints('@biomejs/biome/bin/biome', 'check', '--max-diagnostics=200', '.')).toBe('');
  });
});
