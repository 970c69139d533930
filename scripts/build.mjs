// Bundles the extension and the command line into dist/. `node scripts/build.mjs [--minify]`
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root } from './ensure.mjs';

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
