import {
  commands,
  type DebugConfiguration,
  DebugConfigurationProviderTriggerKind,
  type Disposable,
  debug,
  type ExtensionContext,
  TabInputCustom,
  TabInputText,
  type Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from 'vscode';
import { findElfFiles, isAssemblySource, isGuestProgram, portablePath, resolvePath } from './guest-files.ts';
import { type Schema, schemaProblems } from './schema-check.ts';

/** The file in front: an editor's, or the one a binary's placeholder tab stands for. */
function fileInFront(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof TabInputText || input instanceof TabInputCustom
    ? input.uri
    : window.activeTextEditor?.document.uri;
}

function nameOf(uri: Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

/** The configuration that runs one file. */
function configurationFor(uri: Uri, folder: WorkspaceFolder | undefined): DebugConfiguration {
  return {
    type: 'trapdoor',
    request: 'launch',
    name: `Trapdoor: ${nameOf(uri)}`,
    program: portablePath(uri, folder),
    // A bare source is there to be walked through; a whole program is there to be run.
    ...(isAssemblySource(uri) ? { stopOnEntry: true } : {}),
  };
}

/** Everything in the folder that can be run, the file in front first. */
async function configurationsFor(folder: WorkspaceFolder | undefined): Promise<DebugConfiguration[]> {
  const front = fileInFront();
  const programs = front && (await isGuestProgram(front)) ? [front] : [];
  const elfFiles = folder ? await findElfFiles(folder) : [];
  programs.push(...elfFiles.filter(uri => uri.toString() !== front?.toString()));
  return programs.map(uri => configurationFor(uri, folder));
}

/** The launch configuration's schema: package.json is the one place that has it. */
function launchSchema(context: ExtensionContext): Schema {
  const manifest = context.extension.packageJSON as {
    contributes: { debuggers: readonly [{ configurationAttributes: { launch: Schema } }] };
  };
  return manifest.contributes.debuggers[0].configurationAttributes.launch;
}

/** The properties of a launch configuration that name files which must be there. */
const fileProperties = ['program', 'kernel', 'bios', 'initrd', 'dtb'] as const;

/** What keeps a configuration from being launched, as sentences. */
async function configurationProblems(configuration: DebugConfiguration, schema: Schema): Promise<string[]> {
  const problems = schemaProblems(configuration, schema);
  if (problems.length > 0) return problems;
  // They can let a guest out of its machine: into folders, and to this computer's network.
  if (!workspace.isTrusted && Array.isArray(configuration.options) && configuration.options.length > 0) {
    return ['"options" are for trusted workspaces only.'];
  }
  for (const property of fileProperties) {
    const path: unknown = configuration[property];
    if (typeof path !== 'string') continue;
    const uri = resolvePath(path, configuration.cwd);
    try {
      await workspace.fs.stat(uri);
    } catch {
      problems.push(`There is no file ${uri.fsPath} ("${property}").`);
    }
  }
  return problems;
}

/** Makes F5 work with and without a launch.json, and refuses what cannot work with a message that says why. */
export function registerDebugConfigurations(context: ExtensionContext): Disposable[] {
  const schema = launchSchema(context);
  return [
    debug.registerDebugConfigurationProvider('trapdoor', {
      async resolveDebugConfiguration(folder, configuration) {
        if (configuration.type) return configuration;
        // F5 without a launch.json.
        const [first] = await configurationsFor(folder);
        if (first) return { ...configuration, ...first };
        window.showErrorMessage(
          'Trapdoor runs AArch64 programs: open an assembly source (.s, .S) or an ELF file, then press F5 again.',
        );
        return undefined;
      },
      async resolveDebugConfigurationWithSubstitutedVariables(folder, configuration) {
        const complete: DebugConfiguration = { ...configuration, cwd: configuration.cwd ?? folder?.uri.fsPath };
        const problems = await configurationProblems(complete, schema);
        if (problems.length === 0) return complete;
        const openLaunchJson = 'Open launch.json';
        window.showErrorMessage(`Cannot launch: ${problems.join(' ')}`, openLaunchJson).then(choice => {
          if (choice === openLaunchJson) commands.executeCommand('workbench.action.debug.configure');
        });
        return undefined;
      },
    }),
    debug.registerDebugConfigurationProvider(
      'trapdoor',
      { provideDebugConfigurations: configurationsFor },
      DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    debug.registerDebugConfigurationProvider(
      'trapdoor',
      { provideDebugConfigurations: configurationsFor },
      DebugConfigurationProviderTriggerKind.Initial,
    ),
    commands.registerCommand('trapdoor.debugFile', async (uri: Uri | undefined = fileInFront()) => {
      if (!uri || !(await isGuestProgram(uri))) {
        window.showErrorMessage(
          `${uri ? nameOf(uri) : 'This'} is neither assembly source (.s, .S) nor an AArch64 ELF file.`,
        );
        return;
      }
      const folder = workspace.getWorkspaceFolder(uri);
      await debug.startDebugging(folder, configurationFor(uri, folder));
    }),
  ];
}
