/**
 * `npm run conformance -- guests`: boots the real guests here and in QEMU, and compares what they write.
 *
 *   npm run conformance -- guests [--only REGEX] [--no-qemu]
 *
 * Consoles are kept in test-output/guests.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { guestFile } from '../../../scripts/guests/folder.mjs';
import { type Boot, bootHere, bootInQemu } from './boot.ts';
import { consoleDifferences } from './console.ts';
import { type Guest, guests } from './guests.ts';

const words = process.argv.slice(2);
const onlyAt = words.indexOf('--only');
const only = onlyAt < 0 ? undefined : new RegExp(words[onlyAt + 1] as string);
const program = process.env.TRAPDOOR_PROGRAM ?? 'dist/trapdoor.mjs';
const qemuVersion = /\d+\.\d+\.\d+/.exec(
  spawnSync('qemu-system-aarch64', ['--version'], { encoding: 'utf8' }).stdout ?? '',
)?.[0];
const withQemu = !words.includes('--no-qemu') && qemuVersion !== undefined;
const patience = 1_800_000;
const qemuPatience = 400_000;
const outputs = 'test-output/guests';
mkdirSync(outputs, { recursive: true });

interface Row {
  readonly guest: Guest;
  readonly problems: readonly string[];
  readonly here: Boot;
  readonly qemu?: Boot;
  readonly instructions: number | undefined;
}

function keep(guest: Guest, kind: string, text: string): void {
  writeFileSync(`${outputs}/${guest.name.replace(/[^\w]+/g, '-')}.${kind}`, text);
}

async function examine(guest: Guest): Promise<Row> {
  const here = await bootHere(guest, program, patience);
  keep(guest, 'here.txt', here.console);
  keep(guest, 'here.said.txt', here.said);
  const problems: string[] = [];
  if (here.status !== 0) problems.push(`ended with status ${here.status}: ${here.said.split('\n')[0]}`);
  for (const pattern of guest.says) {
    if (!pattern.test(here.console.replaceAll('\r', ''))) problems.push(`does not say ${pattern}`);
  }
  const count = /^([\d,]+) instructions$/m.exec(here.said)?.[1]?.replaceAll(',', '');
  let qemu: Boot | undefined;
  if (withQemu) {
    qemu = await bootInQemu(guest, qemuPatience);
    // With several processors QEMU's threads sometimes come to stand still for ever.
    if (qemu.status === null) qemu = await bootInQemu(guest, qemuPatience);
    keep(guest, 'qemu.txt', qemu.console);
    problems.push(...consoleDifferences(here.console, qemu.console, guest.allowances));
  }
  return { guest, problems, here, ...(qemu && { qemu }), instructions: count ? Number(count) : undefined };
}

const rows: Row[] = [];
for (const guest of guests) {
  if (only && !only.test(guest.name)) continue;
  const absent = guest.files.filter(name => guestFile(name) === undefined);
  if (absent.length > 0) {
    console.log(`${guest.name}: skipped, ${absent.join(' and ')} is missing (npm run guests)`);
    process.exitCode = 1;
    continue;
  }
  const row = await examine(guest);
  rows.push(row);
  const times = `${row.here.seconds.toFixed(0)} s here${row.qemu ? `, ${row.qemu.seconds.toFixed(0)} s in QEMU` : ''}`;
  console.log(
    `${guest.name}: ${row.problems.length === 0 ? 'the same' : `${row.problems.length} differences`}, ${times}`,
  );
  for (const problem of row.problems.slice(0, 30)) console.log(`    ${problem}`);
  if (row.problems.length > 0) process.exitCode = 1;
  if (withQemu) publish();
}

/**
 * Puts the table into the document between its marks. Guests that this run did not boot keep the line that they have
 * there.
 */
function publish(): void {
  const lineOf = ({ guest, problems, here, qemu, instructions }: Row) =>
    [
      '',
      guest.name,
      instructions === undefined ? '' : `${(instructions / 1e6).toFixed(0)} M`,
      here.status === 0 ? 'to its end' : `status ${here.status}`,
      problems.length === 0 ? 'the same' : `${problems.length} differences`,
      `${here.seconds.toFixed(0)} s`,
      qemu ? `${qemu.seconds.toFixed(0)} s` : '',
      '',
    ]
      .join(' | ')
      .trim();
  const file = 'docs/conformance.md';
  const document = readFileSync(file, 'utf8');
  const lines = guests.flatMap(({ name }) => {
    const row = rows.find(({ guest }) => guest.name === name);
    return row ? [lineOf(row)] : document.split('\n').filter(line => line.startsWith(`| ${name} | `));
  });
  const text = [
    `QEMU ${qemuVersion}.`,
    '',
    '| guest | instructions | runs | console | time here | in QEMU |',
    '|---|---:|---|---|---:|---:|',
    ...lines,
    '',
    'Times of day and times since the start are taken out of both consoles, and lines or parts of lines that may differ:',
    '',
    ...reasons(),
  ].join('\n');
  writeFileSync(
    file,
    document.replace(/(<!-- guests -->\n)[\s\S]*?(<!-- end -->)/, (_, before: string, after: string) => {
      return `${before}${text}\n${after}`;
    }),
  );
}

/** Why something may differ, and which lines that are. */
function reasons(): string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { pattern, why } of guests.flatMap(({ allowances }) => allowances)) {
    byReason.set(why, (byReason.get(why) ?? new Set()).add(`\`${pattern.source.replaceAll('`', '')}\``));
  }
  return [...byReason].map(([why, patterns]) => `- ${why}: ${[...patterns].join(', ')}`);
}
