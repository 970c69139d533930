import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Schema, schemaProblems } from '../../extension/debug/schema-check.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const manifest = JSON.parse(read('package.json')) as {
  contributes: { debuggers: [{ configurationAttributes: { launch: Schema } }] };
};
const schema = manifest.contributes.debuggers[0].configurationAttributes.launch;

describe('a launch configuration', () => {
  test('has the same words in the editor and in the adapter', () => {
    const body = /export interface LaunchConfiguration \{([\s\S]*?)\n\}/.exec(read('debug-adapter/protocol.ts'))?.[1];
    const words = [...(body ?? '').matchAll(/^ {2}readonly (\w+)\?:/gm)].map(match => match[1]!);
    expect(Object.keys(schema.properties ?? {}).sort()).toEqual(words.sort());
  });

  test('explains each of its words', () => {
    const silent = Object.entries(schema.properties ?? {}).filter(([, property]) => !('description' in property));
    expect(silent).toEqual([]);
  });

  test('that names a program is accepted', () => {
    expect(
      schemaProblems({ type: 'trapdoor', request: 'launch', name: 'x', program: 'a.elf', smp: 2 }, schema),
    ).toEqual([]);
  });

  test('that names nothing to run is refused', () => {
    expect(schemaProblems({ type: 'trapdoor' }, schema)).toEqual(['One of "program", "kernel", "bios" is needed.']);
  });

  test('with values of the wrong kind is refused, each named', () => {
    const wrong = { program: 7, smp: 'two', stopOnEntry: 'yes' };
    expect(schemaProblems(wrong, schema)).toEqual([
      '"program" must be of type string, not integer.',
      '"smp" must be of type integer, not string.',
      '"stopOnEntry" must be of type boolean, not string.',
    ]);
  });

  test('with values out of range is refused', () => {
    expect(schemaProblems({ program: 'a', smp: 0, gicVersion: 4, memory: 'much' }, schema)).toEqual([
      '"smp" must be at least 1.',
      '"gicVersion" must be one of 2, 3.',
      '"memory" is "much". A number, with K, M or G.',
    ]);
  });

  test('with a faulty member of a list is refused by the path to it', () => {
    const wrong = { program: 'a', images: [{ file: 'guest.bin', loadAddress: 1 }, { file: 'x' }], symbolFiles: [true] };
    expect(schemaProblems(wrong, schema)).toEqual([
      '"images[1].loadAddress" is missing.',
      '"symbolFiles[0]" must be of type string or object, not boolean.',
    ]);
  });
});
