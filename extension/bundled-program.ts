import type { ExtensionContext } from 'vscode';

/** How to start a command of the bundled `trapdoor` program. */
export interface BundledProgram {
  readonly command: string;
  readonly words: string[];
  /** Additions to the environment. */
  readonly environment: Record<string, string>;
}

/**
 * The bundled program with the Node that runs the extension: nothing needs to be installed or found on PATH.
 * On the desktop that Node is Electron, which acts as plain Node when ELECTRON_RUN_AS_NODE is set.
 */
export function bundledProgram(context: ExtensionContext, ...words: string[]): BundledProgram {
  return {
    command: process.execPath,
    words: [context.asAbsolutePath('dist/trapdoor.mjs'), ...words],
    environment: { ELECTRON_RUN_AS_NODE: '1' },
  };
}
