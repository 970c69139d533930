/** The whole comparison with Arm's data, in figures. */
import { type Agreement, compareAliases, compareEncodings, findInventions } from './arm-instructions.ts';
import {
  compareRegisterAccess,
  compareRegisterEncodings,
  compareRegisterFields,
  compareRegisterNames,
  compareSystemInstructions,
  covered,
  isAccessDifference,
  isFieldDifference,
  notInData,
  systemOperations,
  uncoveredRegisters,
} from './arm-registers.ts';

export interface Line {
  readonly what: string;
  readonly agreed: number;
  readonly disagreed: number;
  /** Differences on purpose, each with its reason in the source. */
  readonly excused: number;
  readonly uncovered: number;
}

export interface ArmAgreement {
  readonly summary: readonly Line[];
  readonly disagreed: readonly string[];
  /** What is not covered, by feature. */
  readonly uncovered: readonly string[];
}

export function agreementWithArm(seed: number): ArmAgreement {
  const disagreed: string[] = [];
  const line = (what: string, { agreed, disagreed: found, uncovered }: Agreement): Line => {
    disagreed.push(...found);
    const left = [...uncovered.values()].reduce((sum, names) => sum + names.length, 0);
    return { what, agreed, disagreed: found.length, excused: 0, uncovered: left };
  };
  const none: Agreement['uncovered'] = new Map();
  const encodings = compareEncodings(400, seed);
  const aliases = compareAliases(4000, seed, systemOperations);
  const byFeature = (name: string, { uncovered }: Agreement) =>
    `${name}: ${[...uncovered]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([feature, names]) => `${feature} ${names.length}`)
      .join(', ')}`;
  const inventions = findInventions(1_000_000, seed);

  /** A comparison that lists differences by name, some of them on purpose. */
  const differences = (
    what: string,
    total: number,
    found: ReadonlyMap<string, string>,
    on: (name: string) => boolean,
  ) => {
    const real = [...found].filter(([name]) => !on(name));
    disagreed.push(...real.map(([name, text]) => `${name} ${text}`));
    const excused = found.size - real.length;
    return { what, agreed: total - found.size, disagreed: real.length, excused, uncovered: 0 };
  };
  const access = compareRegisterAccess();
  const names = compareRegisterNames().missing.filter(name => !(name in notInData));
  const registers = [...names, ...compareRegisterEncodings()];
  const operations = compareSystemInstructions();
  disagreed.push(...registers, ...operations);
  const { known, others } = uncoveredRegisters();
  return {
    summary: [
      line('encodings: one row, its name, its feature', encodings),
      line('words that are no encoding have no row', { agreed: 0, disagreed: inventions, uncovered: none }),
      line('aliases: printed exactly when preferred', aliases),
      {
        what: 'system registers: name, encoding, feature',
        agreed: covered.length - registers.length,
        disagreed: registers.length,
        excused: Object.keys(notInData).length,
        uncovered: known.length + others.length,
      },
      differences('system registers: fields', covered.length, compareRegisterFields(), isFieldDifference),
      differences(
        'system registers: rules of access, traps and redirection',
        access.rules,
        access.found,
        isAccessDifference,
      ),
      {
        what: 'system instructions: encoding, feature, traps',
        agreed: systemOperations.size - operations.length,
        disagreed: operations.length,
        excused: 0,
        uncovered: 0,
      },
    ],
    disagreed,
    uncovered: [
      byFeature('encodings', encodings),
      byFeature('aliases', aliases),
      `system registers and instructions: ${known.length} of features in the data (${prefixes(known)}), ` +
        `${others.length} of features that the data leave out`,
    ],
  };
}

/** Names summed up by what they begin with. */
function prefixes(names: readonly string[]): string {
  const groups = new Map<string, number>();
  for (const name of names) {
    const group = / /.test(name)
      ? (name.split(' ')[0] as string)
      : (/^[A-Z]+?(?=[\d_]|[A-Z][a-z]|$)/.exec(name)?.[0] ?? name);
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return [...groups]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([group, count]) => `${group} ${count}`)
    .join(', ');
}
