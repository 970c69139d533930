// Bundles the extension and the command line into dist/. `node scripts/build.mjs [--minify]`
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { ensureDependencies, root } from './ensure.mjs';

/**
 * The interpreter's module as the program embeds it: generated here from the same sources that are bundled, so that the
 * program need not do it each time it starts, and the two cannot differ.
 */
async function interpreterText(esbuild) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: `
        import { instructions } from './emulator/architecture/index.ts';
        import { generateInterpreter } from './emulator/index.ts';
        process.stdout.write(generateInterpreter(instructions));
      `,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  const { stdout, status, error } = spawnSync(process.execPath, ['--input-type=module', '-'], {
    input: outputFiles[0].contents,
    stdio: ['pipe', 'pipe', 'inherit'],
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw error ?? new Error('the interpreter could not be generated');
  return deflateRawSync(stdout, { level: 9 }).toString('base64');
}

/** Builds everything that is shipped into `folder`. Returns what was written, with sizes in bytes. */
export async function build({ minify = false, folder = `${root}dist` } = {}) {
  ensureDependencies();
  const esbuild = await import('esbuild');
  const started = performance.now();
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify,
    keepNames: minify,
    sourcemap: minify ? false : 'linked',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
  const results = await Promise.all([
    esbuild.build({
      ...common,
      entryPoints: ['extension/extension.ts'],
      outfile: `${folder}/extension.cjs`,
      format: 'cjs',
      external: ['vscode'],
    }),
    esbuild.build({
      ...common,
      entryPoints: ['extension/views/exception-levels-page.ts', 'extension/views/exception-levels-page.css'],
      outdir: folder,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
    }),
    esbuild.build({
      ...common,
      entryPoints: ['debug-adapter/cli.ts'],
      define: { BUILT_INTERPRETER: JSON.stringify(await interpreterText(esbuild)) },
      outfile: `${folder}/trapdoor.mjs`,
      format: 'esm',
      // The language-server libraries are CommonJS and ask for Node's own modules through require.
      banner: {
        js: "#!/usr/bin/env node\nimport { createRequire as trapdoorCreateRequire } from 'node:module';\nconst require = trapdoorCreateRequire(import.meta.url);",
      },
    }),
  ]);
  const outputs = results.flatMap(result => Object.entries(result.metafile.outputs));
  const written = outputs.filter(([file]) => !file.endsWith('.map')).map(([file, { bytes }]) => ({ file, bytes }));
  return { written, seconds: (performance.now() - started) / 1000 };
}

/** Prints what a build wrote, one file a line. */
export function report({ written, seconds }) {
  for (const { file, bytes } of written) console.log(`${file}  ${(bytes / 1024).toFixed(0)} KiB`);
  console.log(`built in ${seconds.toFixed(1)} s`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  report(await build({ minify: process.argv.includes('--minify') }));
}
