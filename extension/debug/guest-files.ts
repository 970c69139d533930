import { type CancellationToken, FileType, RelativePattern, Uri, type WorkspaceFolder, workspace } from 'vscode';

const assemblySource = /\.[sS]$/;

export function isAssemblySource(uri: Uri): boolean {
  return assemblySource.test(uri.path);
}

/** Whether the file's header says: ELF, 64 bits, little-endian, machine AArch64 (ELF for the Arm 64-bit Architecture). */
export async function isAArch64Elf(uri: Uri): Promise<boolean> {
  try {
    const { type, size } = await workspace.fs.stat(uri);
    // The editor's file interface reads whole files; a header is not worth reading gigabytes.
    if (!(type & FileType.File) || size < 64 || size > 1 << 28) return false;
    const header = await workspace.fs.readFile(uri);
    const start = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
    return start.every((byte, index) => header[index] === byte) && header[18] === 183 && header[19] === 0;
  } catch {
    return false;
  }
}

/** Whether the file can be run: assembly source by its name, or an AArch64 ELF file by its header. */
export async function isGuestProgram(uri: Uri): Promise<boolean> {
  return isAssemblySource(uri) || (await isAArch64Elf(uri));
}

/** AArch64 ELF files of a workspace folder, by names that such files usually have. */
export async function findElfFiles(folder: WorkspaceFolder, token?: CancellationToken): Promise<Uri[]> {
  const pattern = '**/{*.elf,*.axf,vmlinux,u-boot,xen-syms}';
  const found = await workspace.findFiles(new RelativePattern(folder, pattern), undefined, 50, token);
  const checked = await Promise.all(found.map(async uri => ((await isAArch64Elf(uri)) ? uri : undefined)));
  return checked.filter(uri => uri !== undefined).sort((a, b) => a.path.localeCompare(b.path));
}

/** A path as launch.json should hold it: below `${workspaceFolder}` where it can be. */
export function portablePath(uri: Uri, folder: WorkspaceFolder | undefined): string {
  const base = folder?.uri.path;
  return base !== undefined && uri.path.startsWith(`${base}/`)
    ? `\${workspaceFolder}${uri.path.slice(base.length)}`
    : uri.fsPath;
}

/** The file a path of a launch configuration means. */
export function resolvePath(path: string, cwd: string | undefined): Uri {
  const absolute = /^([/\\]|[A-Za-z]:[/\\])/.test(path);
  return absolute || cwd === undefined ? Uri.file(path) : Uri.joinPath(Uri.file(cwd), path);
}
