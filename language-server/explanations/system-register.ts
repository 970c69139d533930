import {
  type AbsentRegister,
  describeCondition,
  describeTrap,
  type Field,
  genericName,
  isReserved,
  nestedConditions,
  nestedPlace,
  nestedTrap,
  type SystemInstruction,
  type SystemRegister,
  type Trap,
} from '../architecture.ts';

/** A system register in words: what it holds, who may access it, what traps an access, its fields. */
export function explainSystemRegister(row: SystemRegister): string {
  const parts = [`**${row.name}** — ${row.brief}`, `\`${genericName(row.encoding)}\` · ${accessPhrase(row)}`];
  if (row.feature) parts.push(`Needs ${row.feature}; UNDEFINED without it.`);
  if (row.onlyIfHighest !== undefined)
    parts.push(`Exists only where EL${row.onlyIfHighest} is the highest Exception level.`);
  if (row.unless.length > 0) parts.push(`UNDEFINED unless ${row.unless.map(describeCondition).join(' and ')}.`);
  const traps = [...row.traps, ...nestedTraps(row)].map(
    trap => `- ${describeTrap(trap)}${trap.feature ? ` (${trap.feature})` : ''}`,
  );
  if (traps.length > 0) parts.push(`Traps:\n${traps.join('\n')}`);
  const memory = row.nested && {
    from: [1],
    on: 'access',
    to: nestedPlace(row.nested),
    when: nestedConditions(row.nested),
  };
  const redirects = [...(memory ? [memory] : []), ...row.redirects].map(({ from, on, to, when }) => {
    const levels = from.map(level => `EL${level}`).join(', ');
    const direction = on === 'access' ? 'An access' : `A ${on}`;
    const condition = when.length > 0 ? ` when ${when.map(describeCondition).join(' and ')}` : '';
    return `- ${direction} from ${levels} reaches ${to}${condition}`;
  });
  if (redirects.length > 0) parts.push(`Redirections:\n${redirects.join('\n')}`);
  parts.push(fieldTable(row.fields));
  for (const layout of row.layouts) {
    const when = layout.when.map(describeCondition).join(' and ');
    parts.push(`**${layout.name}**${when ? ` (when ${when})` : ''}`, fieldTable(layout.fields));
  }
  return parts.join('\n\n');
}

/** What HCR_EL2.NV traps, in both directions at once where they are alike. */
function nestedTraps(row: SystemRegister): Trap[] {
  const traps = (['read', 'write'] as const).flatMap(direction => nestedTrap(row, direction) ?? []);
  return traps.length === 2 ? traps.slice(0, 1).map(trap => ({ ...trap, on: 'access' })) : traps;
}

/** A register that the machine does not have. */
export function explainAbsentRegister({ name, encoding, access, feature }: AbsentRegister): string {
  const ways = access.read && access.write ? 'read and write' : access.read ? 'read-only' : 'write-only';
  const reason = `Belongs to ${feature}, which the machine does not have: an access is UNDEFINED.`;
  return [`**${name}**`, `\`${genericName(encoding)}\` · ${ways}`, reason].join('\n\n');
}

/** A system instruction such as `tlbi vae2is` in words. */
export function explainSystemInstruction(row: SystemInstruction): string {
  const parts = [`**${row.name}** — ${row.brief}`, `\`${genericName(row.encoding)}\` · from EL${row.access.write} up`];
  if (row.feature) parts.push(`Needs ${row.feature}; UNDEFINED without it.`);
  const traps = row.traps.map(trap => `- ${describeTrap(trap)}${trap.feature ? ` (${trap.feature})` : ''}`);
  if (traps.length > 0) parts.push(`Traps:\n${traps.join('\n')}`);
  return parts.join('\n\n');
}

function accessPhrase({ access: { read, write } }: SystemRegister): string {
  if (read === undefined && write === undefined) return 'not accessible';
  if (write === undefined) return `read-only, from EL${read} up`;
  if (read === undefined) return `write-only, from EL${write} up`;
  if (read === write) return `read and write from EL${read} up`;
  return `read from EL${read} up, write from EL${write} up`;
}

function fieldTable(fields: readonly Field[]): string {
  const shown = fields.filter(field => !isReserved(field));
  if (shown.length === 0) return '';
  const rows = shown.map(field => {
    const position = field.high === field.low ? `${field.high}` : `${field.high}:${field.low}`;
    const values = Object.entries(field.values ?? {}).map(([value, meaning]) => `${value} = ${meaning}`);
    const notes = [field.brief ?? '', values.join('; '), field.feature ?? '', field.readOnly ? 'read-only' : ''];
    return `| ${position} | ${field.name} | ${notes
      .filter(note => note !== '')
      .join(' · ')
      .replaceAll('|', '\\|')} |`;
  });
  return ['| bits | field | meaning |', '|---|---|---|', ...rows].join('\n');
}
