/**
 * `npm run conformance`: how far the machine agrees with Arm's data, with GNU binutils and with QEMU.
 *
 *   npm run conformance -- [arm-data] [binutils] [qemu [--big-endian] [--tags] [--newer]] [--programs N] [--seed N] [--rows REGEX]
 *   npm run conformance -- nested
 *   npm run conformance -- record [--tags] [--newer] [--programs N] [--seed N]
 *
 * `record` writes what QEMU makes of random programs to test/data/conformance, for tests without QEMU.
 * `nested` writes there what a QEMU of 9.0 or newer makes of registers under nested virtualization.
 * `--rows` looks only at rows whose names match, and publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { allInstructions } from '../../architecture/all-instructions.ts';
import { agreementWithArm } from '../../architecture/arm-agreement.ts';
import { recordNestedAccesses } from '../../processing-element/nested-accesses.ts';
import { recordNestedBehaviour } from '../../processing-element/nested-behaviour.ts';
import {
  compareAllocation,
  compareWithAs,
  compareWithObjdump,
  compareWithOurselves,
  describeDifferences,
  instancesOfAllRows,
} from './binutils.ts';
import { type Comparison, comparePrograms } from './compare.ts';
import { newerSettings, type Setting, synchronousTagSettings, tagSettings } from './harness.ts';
import { comparedRows, LENGTH, restrictTo } from './programs.ts';
import { compareNumbers } from './ranges.ts';
import { makeRecording } from './record.ts';
import { writeRecording } from './recording.ts';

const words = process.argv.slice(2);
const number = (name: string, otherwise: number): number => {
  const at = words.indexOf(name);
  return at < 0 ? otherwise : Number(words[at + 1]);
};
const parts: readonly string[] = words.filter(word => /^(arm-data|binutils|qemu|record|nested)$/.test(word));
const wanted = (part: string) => parts.length === 0 || parts.includes(part);
const seed = number('--seed', Date.now() >>> 0);
const version = (program: string) =>
  /\d+\.\d+(\.\d+)?/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? '';

const rowsAt = words.indexOf('--rows');
const rows = rowsAt < 0 ? undefined : new RegExp(words[rowsAt + 1] as string);
if (rows) restrictTo(rows);

/** Puts a section into the document between its marks. */
function publish(part: string, text: string): void {
  if (rows) return;
  const file = 'docs/conformance.md';
  const document = readFileSync(file, 'utf8');
  const pattern = new RegExp(`(<!-- ${part} -->\n)[^]*?(<!-- end -->)`);
  writeFileSync(
    file,
    document.replace(pattern, (_, before: string, after: string) => `${before}${text}\n${after}`),
  );
}

let failed = false;

if (wanted('arm-data')) {
  const { summary, disagreed, uncovered } = agreementWithArm(seed);
  console.log(`arm-data: seed ${seed}`);
  for (const { what, agreed, disagreed, excused, uncovered } of summary)
    console.log(
      `  ${what}: ${agreed} agreed, ${disagreed} disagreed, ${excused} differ with a reason, ${uncovered} not covered`,
    );
  for (const line of uncovered) console.log(`  not covered: ${line}`);
  for (const line of disagreed.slice(0, 40)) console.log(`    ${line}`);
  failed ||= disagreed.length > 0;
  const lines = summary.map(one =>
    [one.what, one.agreed, one.disagreed, one.excused, one.uncovered].join(' | ').replace(/.*/, '| $& |'),
  );
  publish(
    'arm-data',
    `| | agreed | disagreed | differ with a reason | not covered |\n|---|---:|---:|---:|---:|\n${lines.join('\n')}\n\nNot covered:\n\n${uncovered.map(line => `- ${line}`).join('\n')}`,
  );
}

if (wanted('binutils')) {
  const count = 1000;
  console.log(`binutils: ${allInstructions.length} rows, up to ${count} words of each, seed ${seed}`);
  const list = instancesOfAllRows(count, seed, rows);
  const numbers = compareNumbers(list, seed);
  const checks = [
    ['what we print, GNU as assembles to the same word', compareWithAs(list)],
    ['GNU objdump prints the same', compareWithObjdump(list)],
    ['what we print, we assemble to the same word', compareWithOurselves(list)],
    ['what is reserved here is undefined to objdump', compareAllocation(count, seed)],
    ['a number that GNU as refuses we refuse, naming what is legal', numbers.differences],
  ] as const;
  for (const [what, differences] of checks) {
    console.log(`  ${what}: ${differences.length} differences`);
    for (const line of describeDifferences(differences).slice(0, 20)) console.log(`    ${line}`);
    failed ||= differences.length > 0;
  }
  const lines = checks.map(([what, differences]) => `| ${what} | ${differences.length} |`);
  publish(
    'binutils',
    `${allInstructions.length} rows, ${list.length} words, ${numbers.lines} texts with another number (${numbers.refused} refused), seed ${seed}, GNU binutils ${version('aarch64-linux-gnu-as')}.\n\n| | differences |\n|---|---:|\n${lines.join('\n')}`,
  );
}

const tags = words.includes('--tags');
if (tags && Number.parseInt(version('qemu-system-aarch64'), 10) < 8)
  throw new Error('QEMU before version 8 keeps one byte of tags for a whole page: put a newer one in front on PATH');
const newer = words.includes('--newer');
if (newer && Number.parseInt(version('qemu-system-aarch64'), 10) < 10)
  throw new Error('QEMU before version 10 lacks features of the model: put a newer one in front on PATH');

/** What the runs of programs have in common, and how they differ. */
const [kind, settings]: [string, readonly Setting[]] =
  tags && newer
    ? ['newer-tags', synchronousTagSettings.map(tagChecks => ({ tagChecks, newer: newerSettings[0]! }))]
    : tags
      ? ['tags', tagSettings.map(tagChecks => ({ tagChecks }))]
      : newer
        ? ['newer', newerSettings.map(one => ({ newer: one }))]
        : words.includes('--big-endian')
          ? ['big-endian', [{ order: 'big' }]]
          : ['', [{}]];

/** Records what QEMU makes of programs; gives what is to be told. */
function record(file: string, programs: number, setting: Setting): string {
  const { recording, leftOut } = makeRecording(programs, seed, done => process.stdout.write(`\r  ${done}`), setting);
  const bytes = writeRecording(recording);
  mkdirSync('test/data/conformance', { recursive: true });
  writeFileSync(`test/data/conformance/${file}.bin`, bytes);
  return `${recording.programs.length} recorded in ${bytes.length} bytes, ${leftOut} left out`;
}

if (parts.includes('record')) {
  const programs = number('--programs', newer ? 400 : tags ? 2_000 : 15_000);
  console.log(`record: ${programs} programs, first seed ${seed}`);
  const told =
    settings.length > 1
      ? settings.map((one, i) => record(`recorded-${kind}-${i}`, Math.ceil(programs / settings.length), one))
      : [record('recorded', programs, {})];
  for (const line of told) console.log(`\n  ${line}`);
}

if (parts.includes('nested'))
  console.log(`nested: ${recordNestedAccesses()} accesses, ${recordNestedBehaviour()} other instructions recorded`);

if (wanted('qemu')) {
  const programs = number('--programs', 50_000);
  const section = kind ? `qemu-${kind}` : 'qemu';
  console.log(`${section}: ${programs} programs of ${LENGTH} instructions, first seed ${seed}`);
  const share = Math.ceil(programs / settings.length);
  const results = settings.map((setting, i) =>
    comparePrograms(share, seed + i * share, {
      ...setting,
      progress: done => process.stdout.write(`\r  ${i * share + done}`),
    }),
  );
  const sum = (of: (one: Comparison) => number) => results.map(of).reduce((a, b) => a + b);
  const result = {
    programs: sum(one => one.programs),
    instructions: sum(one => one.instructions),
    exceptions: sum(one => one.exceptions),
    differences: results.flatMap(one => one.differences),
  };
  process.stdout.write('\n');
  console.log(
    `  ${result.instructions} instructions, ${result.exceptions} exceptions, ${result.differences.length} differences`,
  );
  for (const text of result.differences.slice(0, 4)) console.log(text);
  failed ||= result.differences.length > 0;
  const seeds = result.differences.map(text => text.split('\n', 1)[0]);
  publish(
    section,
    `${result.programs} programs with ${result.instructions} instructions of ${comparedRows(settings[0]!).length} rows (those that a branch skips are counted), ${result.exceptions} exceptions, first seed ${seed}, QEMU ${version('qemu-system-aarch64')}; differences: ${[result.differences.length, ...seeds].join(', ')}.`,
  );
}

process.exitCode = failed ? 1 : 0;
