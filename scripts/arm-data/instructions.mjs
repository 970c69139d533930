// Condenses Arm's machine-readable instruction description (AARCHMRS, Instructions.json) to the expectations that
// test/emulator/architecture/instructions-arm.test.ts compares the rows with.
//
//   node scripts/arm-data/instructions.mjs aarchmrs.tar.gz
//
// It writes two files in test/data/arm. encodings.txt:
// One line an encoding of A64: group, name, mnemonic, bits from 31 down, features, and bit patterns
// that are not part of it. Bits: 0 and 1 are fixed, x is any value, z and o should be 0 and 1 (ignored when decoding).
// Features are alternatives separated by `|`, each a list joined by `&`; `-` for the base architecture.
//
// aliases.txt: one line an alias: encoding, mnemonic, and the condition under which it is preferred for disassembly as
// JSON. Operators are lists that begin with their name, fields are `[high:low]`, bit patterns are quoted as Arm does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const archive = process.argv[2];
if (!archive) throw new Error('usage: instructions.mjs <aarchmrs.tar.gz>');
const folder = mkdtempSync(join(tmpdir(), 'arm-data-'));
execFileSync('tar', ['xzf', archive, '-C', folder, 'Instructions.json']);
const { instructions } = JSON.parse(readFileSync(join(folder, 'Instructions.json'), 'utf8'));
rmSync(folder, { recursive: true });

const unquote = text => text.replaceAll("'", '');

/** Puts the encoding of a node over that of its parents. */
function overlay({ bits, fields }, encoding) {
  const result = { bits: [...bits], fields: { ...fields } };
  for (const part of encoding?.values ?? []) {
    const { start, width } = part.range;
    const value = unquote(part.value.value);
    const soft = unquote(part.should_be_mask?.value ?? '0'.repeat(width));
    if (part.name) result.fields[part.name] = { start, width };
    for (let i = 0; i < width; i++) {
      const at = 31 - (start + width - 1 - i);
      if (value[i] === 'x') continue;
      result.bits[at] = soft[i] === '1' ? { 0: 'z', 1: 'o' }[value[i]] : value[i];
    }
  }
  return result;
}

/** A condition as alternatives, each a list of features and of bit patterns that must or must not match. */
function alternatives(node, fields, negated = false) {
  switch (node._type) {
    case 'AST.Bool':
      return node.value !== negated ? [[]] : [];
    case 'AST.Function':
      if (node.name !== 'IsFeatureImplemented') throw new Error(`unknown function ${node.name}`);
      return [[{ feature: node.arguments[0].value, negated }]];
    case 'AST.UnaryOp':
      return alternatives(node.expr, fields, !negated);
    case 'AST.BinaryOp': {
      if (node.op === '&&' || node.op === '||') {
        const left = alternatives(node.left, fields, negated);
        const right = alternatives(node.right, fields, negated);
        if ((node.op === '||') !== negated) return [...left, ...right];
        return left.flatMap(a => right.map(b => [...a, ...b]));
      }
      const place = fields[node.left.value];
      const values = (node.op === 'IN' ? node.right.values : [node.right]).map(v => unquote(v.value));
      const patterns = values.map(value => {
        const text = Array(32).fill('x');
        for (let i = 0; i < place.width; i++) text[31 - (place.start + place.width - 1 - i)] = value[i];
        return text.join('');
      });
      const not = (node.op === '!=') !== negated;
      return not ? [patterns.map(pattern => ({ pattern, negated: true }))] : patterns.map(pattern => [{ pattern }]);
    }
    default:
      throw new Error(`unknown condition ${node._type}`);
  }
}

const both = (one, other) => {
  const text = [...one].map((bit, i) => (bit === 'x' ? other[i] : bit));
  const clash = [...one].some((bit, i) => /[01]/.test(bit) && /[01]/.test(other[i]) && bit !== other[i]);
  return clash ? undefined : text.join('');
};

/** A condition of an alias, with fields named by their place in the word. */
function spell(node, fields) {
  const all = nodes => nodes.map(one => spell(one, fields));
  switch (node._type) {
    case 'AST.Bool':
    case 'AST.Integer':
    case 'Values.Value':
      return node.value;
    case 'AST.Identifier': {
      const place = fields[node.value];
      return place ? `[${place.start + place.width - 1}:${place.start}]` : node.value;
    }
    case 'AST.BinaryOp':
      return [node.op, spell(node.left, fields), spell(node.right, fields)];
    case 'AST.UnaryOp':
      return [node.op, spell(node.expr, fields)];
    case 'AST.Set':
      return all(node.values);
    case 'AST.Concat':
      return [':', ...all(node.values)];
    case 'AST.Function':
      return [node.name, ...all(node.arguments)];
    case 'AST.SquareOp': {
      const { start } = fields[node.var.value];
      const [{ value }] = node.arguments;
      return `[${start + value}:${start + value}]`;
    }
    default:
      throw new Error(`unknown condition ${node._type}`);
  }
}

const lines = [];
const aliases = [];
function visit(node, group, encoding, conditions) {
  const here = overlay(encoding, node.encoding);
  const all = node.condition ? [...conditions, node.condition] : conditions;
  if (node._type === 'Instruction.InstructionGroup' || node._type === 'Instruction.InstructionSet') {
    const name = node._type === 'Instruction.InstructionSet' ? [] : [...group, node.name];
    for (const child of node.children) visit(child, name, here, all);
    return;
  }
  let options = [[]];
  for (const condition of all) {
    const next = alternatives(condition, here.fields);
    options = options.flatMap(a => next.map(b => [...a, ...b]));
  }
  const mnemonic = node.assembly.symbols[0].value.toLowerCase();
  for (const alias of node.children ?? []) {
    if (alias._type !== 'Instruction.InstructionAlias') continue;
    const name = alias.assembly.symbols[0].value.toLowerCase();
    const parts = [alias.condition, alias.preferred].map(one => spell(one, here.fields)).filter(one => one !== true);
    const when = parts.length === 2 ? ['&&', ...parts] : (parts[0] ?? true);
    aliases.push(`${node.name} ${name} ${JSON.stringify(when)}`);
  }
  // Alternatives that differ in their bits are lines of their own; those that differ in features are joined.
  const byBits = new Map();
  for (const option of options) {
    let bits = here.bits.join('');
    for (const { pattern, negated } of option) if (pattern && !negated && bits) bits = both(bits, pattern);
    if (!bits) continue;
    const without = option.filter(o => o.pattern && o.negated).map(o => o.pattern);
    const features = option.filter(o => o.feature).map(o => (o.negated ? '!' : '') + o.feature);
    const key = [bits, ...without].join(' ');
    byBits.set(key, [...(byBits.get(key) ?? []), [...new Set(features)].sort().join('&') || '-']);
  }
  for (const [key, features] of byBits) {
    const [bits, ...without] = key.split(' ');
    const list = features.includes('-') ? '-' : features.join('|');
    lines.push([`${group[0]}/${group[1]}`, node.name, mnemonic, bits, list, ...without].join(' '));
  }
}
for (const set of instructions) visit(set, [], { bits: Array(32).fill('x'), fields: {} }, []);
for (const [file, list] of Object.entries({ encodings: lines, aliases }))
  writeFileSync(new URL(`../../test/data/arm/${file}.txt`, import.meta.url), `${list.join('\n')}\n`);
