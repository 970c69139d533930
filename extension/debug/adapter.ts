import { DebugAdapterExecutable, type Disposable, debug, type ExtensionContext } from 'vscode';
import { bundledProgram } from '../bundled-program.ts';

/** Each debug session has an adapter process of its own. */
export function registerDebugAdapter(context: ExtensionContext): Disposable {
  return debug.registerDebugAdapterDescriptorFactory('trapdoor', {
    createDebugAdapterDescriptor: () => {
      const { command, words, environment } = bundledProgram(context, 'dap');
      return new DebugAdapterExecutable(command, words, { env: environment });
    },
  });
}
