import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: boolean } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly breakpoints: readonly { readonly language: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  };
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const { contributes } = manifest;
const source = readdirSync(join(root, 'extension'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => readFileSync(join(root, 'extension', path), 'utf8'))
  .join('\n');

describe('the manifest', () => {
  const commands = contributes.commands.map(({ command }) => command);

  test.each(commands)('%s is registered by the extension', command => {
    expect(source).toContain(`registerCommand('${command}'`);
  });

  test('menus name commands that exist', () => {
    const named = Object.values(contributes.menus).flatMap(items => items.map(({ command }) => command));
    expect(named.filter(command => !commands.includes(command))).toEqual([]);
  });

  test.each(contributes.views.debug!.map(({ id }) => id))('the view %s has a provider', id => {
    expect(source).toMatch(new RegExp(`(createTreeView|registerWebviewViewProvider)\\('${id.replace('.', '\\.')}'`));
  });

  test('settings are read by the names they have', () => {
    const unread = Object.keys(contributes.configuration.properties).filter(
      name => !source.includes(`'${name.replace(/^trapdoor\./, '')}'`),
    );
    expect(unread).toEqual([]);
  });

  test.each(['aarch64-asm', 'asm', 's', 'S', 'arm', 'arm64', 'gas', 'asm-collection', 'c', 'cpp', 'rust'])(
    'breakpoints can be set in files of the language id %s',
    id => {
      expect(contributes.breakpoints).toContainEqual({ language: id });
    },
  );

  test('the extension works where the workspace is not trusted', () => {
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe(true);
  });
});
