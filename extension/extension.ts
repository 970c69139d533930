import type { ExtensionContext } from 'vscode';

/** Called by VS Code when one of the activation events of package.json happens. */
export function activate(_context: ExtensionContext): void {}
