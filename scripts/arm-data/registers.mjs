// Condenses Arm's machine-readable register description (AARCHMRS, Registers.json) to the expectation that
// test/emulator/architecture/system-registers.test.ts compares the tables with.
//
//   node scripts/arm-data/registers.mjs aarchmrs.tar.gz > test/data/arm/registers.json
//
// Kept for each AArch64 register: encoding, fields, and for each direction and Exception level the list of
// outcomes in order, "condition and condition -> outcome". Left out: features the machine does not have
// (listed below), external debug.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Features whose fields and conditions are dropped. */
const absent = new Set(
  `A32 AA32 AA32EL0 AA32EL1 AA32EL2 AA32EL3 ABLE ADERR AIE AMUv1 AMUv1p1 ANERR ASID2 ATS1A BRBE BRBEv1p1 BWE BWE2 CCIDX CPA2 CSV2_1p2 D128
  Debugv8p9 DoubleFault DoubleFault2 DPB3 E2H0 E3DSE EBEP EBF16 FGT2 FGWTE3 FPMR GCS GICv3_NMI GICv4p1 HACDBS HAFT HDBSS HINJ IDTE3 ITE LS64
  LS64_ACCDATA LS64_V LVA3 MEC MPAM MTE_CANONICAL_TAGS MTE_PERM MTE_STORE_ONLY MTE_TAGGED_FAR MTPMU NV2p1 NV3
  MTE_NO_ADDRESS_TAGS PAuth_LR PCSRv8 PCSRv8p2 PFAR PMUv3_EDGE PMUv3_EXT PMUv3_EXTPMN PMUv3_ICNTR PMUv3_SME PMUv3_SS PMUv3_TH PMUv3_TH2 PMUv3p9 RASv2 RNG_TRAP
  RME RME_GPC2 RME_GPC3 S1PIE S1POE S2PIE S2POE SCTLR2 SEBEP SME SME2p2 SPE SPEv1p2 SPEv1p5 SPE_EXC SPE_FDS SPE_FnE SPE_nVM SPMU SPMU2
  SRMASK STEP2 SVE2p2 SYSINSTR128 SYSREG128 TCR2 THE TLBIW TME TRBE TRBE_EXC TRBE_EXT TRBE_MPAM TRBEv1p1 TRC_SR TRF UINJ ETE ETEv1p3 ETMv4 FPACCOMBINE SME2`
    .split(/\s+/)
    .filter(Boolean)
    .map(name => `FEAT_${name}`),
);
/** Features every machine has: conditions on them are settled. */
const present = new Set(
  ['AA64', 'AA64EL0', 'AA64EL1', 'AA64EL2', 'AA64EL3', 'AdvSIMD', 'FP', 'GICv3_TDIR'].map(n => `FEAT_${n}`),
);

// ---- conditions in disjunctive form: a list of conjunctions, each a list of atoms ---------------

const yes = [[]];
const no = [];
const truth = (value, negated) => (value !== negated ? yes : no);
const or = (left, right) => [...left, ...right];
const and = (left, right) => left.flatMap(a => right.map(b => [...a, ...b]));
const atom = (register, field, is, negated) => [[{ register, field, is, not: negated }]];

const bitStrings = text => {
  const pattern = text.replaceAll("'", '');
  let all = [''];
  for (const bit of pattern) all = all.flatMap(head => (bit === 'x' ? [`${head}0`, `${head}1`] : [head + bit]));
  return { width: pattern.length, values: all.map(one => Number.parseInt(one, 2)) };
};

/** The fields a side of a comparison names: one field or a concatenation; undefined when it is something else. */
function subject(node) {
  if (node._type === 'Types.Field' && !node.value.slices) {
    return { register: node.value.name, field: node.value.field.replace(/<[nm]>/, 'n') };
  }
  if (node._type === 'AST.Concat') {
    const parts = node.values.map(subject);
    if (parts.every(part => part && part.register === parts[0].register)) {
      return { register: parts[0].register, field: parts.map(part => part.field).join(',') };
    }
  }
  return undefined;
}

const unknown = new Map();
const notice = text => unknown.set(text, (unknown.get(text) ?? 0) + 1);

/** HCR_EL2.{NV2,NV1,NV} match a pattern such as 1x1. */
function nestedCondition(pattern, negated) {
  const tests = ['NV2', 'NV1', 'NV'].flatMap((field, at) =>
    pattern[at] === 'x' ? [] : [atom('HCR_EL2', field, [Number(pattern[at]) ^ (negated ? 1 : 0)], false)],
  );
  return negated ? tests.flat() : tests.reduce(and);
}

function condition(node, level, negated = false) {
  if (node._type === 'AST.Bool') return truth(node.value, negated);
  if (node._type === 'AST.UnaryOp' && node.op === '!') return condition(node.expr, level, !negated);
  if (node._type === 'AST.BinaryOp' && (node.op === '&&' || node.op === '||')) {
    const [left, right] = [condition(node.left, level, negated), condition(node.right, level, negated)];
    return (node.op === '&&') !== negated ? and(left, right) : or(left, right);
  }
  if (node._type === 'AST.BinaryOp') {
    const text = print(node);
    const el = /^\(PSTATE\.EL == EL([0-3])\)$/.exec(text);
    if (el) return truth(Number(el[1]) === level, negated);
    const nested = /^\(EffectiveHCR_EL2_NVx\(\) (?:IN|==) \{?'?([01x]{3})'?\}?\)$/.exec(text);
    if (nested) return nestedCondition(nested[1], negated);
    const what = subject(node.left);
    if (what) {
      const values = node.right._type === 'AST.Set' ? node.right.values : [node.right];
      if (values.every(value => value._type === 'Values.Value')) {
        const all = values.map(value => bitStrings(value.value));
        const is = [...new Set(all.flatMap(one => one.values))].sort((a, b) => a - b);
        const differs = (node.op === '!=') !== negated;
        const width = all[0].width;
        // Keep the shorter way to say it; a single bit is always said positively.
        if (differs && (width === 1 || is.length * 2 > 2 ** width)) {
          const others = Array.from({ length: 2 ** width }, (_, value) => value).filter(value => !is.includes(value));
          return atom(what.register, what.field, others, false);
        }
        return atom(what.register, what.field, is, differs);
      }
    }
    if (/NUM_|GetNum|UInt\(|^\(m |PMUACR/.test(text)) return truth(false, negated);
    notice(text);
    return truth(false, negated);
  }
  if (node._type === 'AST.Function') {
    const text = print(node);
    const argument = node.arguments[0] ? print(node.arguments[0]) : '';
    switch (node.name) {
      case 'IsFeatureImplemented':
        if (absent.has(argument)) return truth(false, negated);
        if (present.has(argument)) return truth(true, negated);
        // A field of an absent feature is zero already; these features are asked for beside their own fields.
        if (
          !negated &&
          level !== undefined &&
          /FEAT_(FGT|EVT|RAS|LOR|CSV2_2|NMI|HCX|ECV|ECV_POFF|DoubleLock|SEL2)$/.test(argument)
        )
          return yes;
        return [[{ feature: argument, not: negated }]];
      case 'HaveEL':
      case 'EL2Enabled':
        return truth(true, negated);
      case 'ELIsInHost':
        if (argument === 'EL2') return atom('HCR_EL2', 'E2H', negated ? [0] : [1], false);
        return atom('HCR_EL2', 'E2H,TGE', [3], negated);
      case 'IsHCRXEL2Enabled':
        return atom('SCR_EL3', 'HXEn', negated ? [0] : [1], false);
      case 'ImpDefBool':
        return truth(true, negated);
      case 'IsCurrentSecurityState':
        return argument === 'SS_Realm' || argument === 'SS_Root'
          ? truth(false, negated)
          : atom('SCR_EL3', 'NS', [(argument === 'SS_NonSecure') !== negated ? 1 : 0], false);
      case 'EL3SDDUndef':
      case 'EL3SDDUndefPriority':
      case 'HaltingAllowed':
      case 'Halted':
      case 'IsZero':
      case 'ConstrainUnpredictableBool':
      case 'ELUsingAArch32':
      case 'HaveAArch32EL':
        return truth(false, negated);
      // The AArch32 identification registers are described as they are where AArch32 exists.
      case 'HaveAArch32':
        return truth(true, negated);
      case 'Text':
        return truth(!text.includes('AArch32'), negated);
      case 'IsHighestEL':
        return truth(argument === 'EL3', negated);
      default:
        notice(text);
        return truth(false, negated);
    }
  }
  notice(print(node));
  return truth(false, negated);
}

function print(node) {
  switch (node?._type) {
    case 'AST.Bool':
      return String(node.value);
    case 'AST.Integer':
    case 'AST.Identifier':
      return String(node.value);
    case 'AST.BinaryOp':
      return `(${print(node.left)} ${node.op} ${print(node.right)})`;
    case 'AST.UnaryOp':
      return `${node.op}${print(node.expr)}`;
    case 'AST.Function':
      return `${node.name}(${node.arguments.map(print).join(',')})`;
    case 'AST.DotAtom':
      return node.values.map(print).join('.');
    case 'Types.Field':
      return `${node.value.name}.${node.value.field}`;
    case 'Types.RegisterType':
      return node.value.name;
    case 'AST.Set':
      return `{${node.values.map(print).join(',')}}`;
    case 'AST.Assignment':
      return `${print(node.var)} = ${print(node.val)}`;
    case 'AST.SquareOp':
      return `${print(node.var)}[${node.arguments.map(print).join(',')}]`;
    case 'AST.Slice':
      return `${print(node.left)}:${print(node.right)}`;
    case 'AST.Concat':
      return node.values.map(print).join(':');
    case 'AST.TypeAnnotation':
      return print(node.var);
    default:
      return typeof node?.value === 'string' ? node.value : (node?._type ?? String(node));
  }
}

/** Drops repeated atoms; undefined when two of them exclude each other. */
function tidy(conjunction, level) {
  const kept = [];
  // EL1 does not run while TGE is 1.
  if (level === 1) conjunction = [...conjunction, { register: 'HCR_EL2', field: 'TGE', is: [0], not: false }];
  for (const one of conjunction) {
    if (one.feature) {
      if (kept.some(other => other.feature === one.feature && other.not !== one.not)) return undefined;
      if (!kept.some(other => other.feature === one.feature)) kept.push(one);
      continue;
    }
    const same = kept.find(other => other.register === one.register && other.field === one.field);
    if (!same) {
      kept.push(one);
      continue;
    }
    const holds = value => same.is.includes(value) !== same.not && one.is.includes(value) !== one.not;
    if (!same.not || !one.not) {
      const values = (same.not ? one : same).is.filter(holds);
      if (values.length === 0) return undefined;
      Object.assign(same, { is: values, not: false });
    } else same.is = [...new Set([...same.is, ...one.is])].sort((a, b) => a - b);
  }
  // "E2H and TGE are not both 1" says nothing new beside TGE = 0 or E2H = 0, and excludes both being 1.
  const value = field => kept.find(one => one.register === 'HCR_EL2' && one.field === field && !one.not)?.is[0];
  const pair = kept.findIndex(one => one.register === 'HCR_EL2' && one.field === 'E2H,TGE');
  if (pair >= 0) {
    const [e2h, tge] = [value('E2H'), value('TGE')];
    if (kept[pair].not) {
      if (e2h === 1 && tge === 1) return undefined;
      if (e2h === 0 || tge === 0) kept.splice(pair, 1);
      else if (e2h === 1) kept.splice(pair, 1, { register: 'HCR_EL2', field: 'TGE', is: [0], not: false });
      else if (tge === 1) kept.splice(pair, 1, { register: 'HCR_EL2', field: 'E2H', is: [0], not: false });
    } else {
      if (e2h === 0 || tge === 0) return undefined;
      return kept.filter(one => one.register !== 'HCR_EL2' || (one.field !== 'E2H' && one.field !== 'TGE'));
    }
  }
  if (level === 1) return kept.filter(one => one.register !== 'HCR_EL2' || one.field !== 'TGE');
  return kept;
}

// ---- outcomes ----------------------------------------------------------------------------------

/** What an access comes to: 'undefined', 'EL2' (class 0x18), 'EL2 0x7', a register's name, or undefined to skip. */
function outcome(node, names, nested, path) {
  const text = print(node);
  const trap = /^AArch64_SystemAccessTrap\(EL([123]),(\d+)\)$/.exec(text);
  if (trap) return trap[2] === '24' ? `EL${trap[1]}` : `EL${trap[1]} class ${trap[2]}`;
  if (/^(Undefined|UnimplementedIDRegister)\(\)/.test(text)) return 'undefined';
  if (/^Halt|EXLOCK|^ConstrainUnp/.test(text)) return undefined;
  const memory = /NVMem\[(.*?)\]/.exec(text);
  if (memory) {
    nested.push([memory[1], path]);
    return 'memory';
  }
  const { own, base } = names;
  const target = /^X\[t,64\] = (.*)$/.exec(text)?.[1] ?? /^(.*?) = /.exec(text)?.[1] ?? text;
  const timer = /(CNTH?[PV]S?|CNTPS)_CVAL_(EL[012])/.exec(target);
  if (own.includes('_TVAL_') && timer) {
    const name = `${timer[1]}_TVAL_${timer[2]}`;
    return name === base ? 'self' : name;
  }
  // An element of an array is what the register at hand selects, not another register.
  if (/\[[^:\]]*\]$/.test(target)) return 'self';
  const name = target.replace(/\[.*$/, '').replace(/_(S|NS)$/, '');
  if (name === base || name === own || /^ICV/.test(name)) return 'self';
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && /_EL[0-3]$/.test(name) ? name : 'self';
}

function leaves(permission, level, names, nested) {
  const found = [];
  const walk = (node, guard, path) => {
    const here = and(guard, condition(node.condition, level));
    const way = `${path} ${print(node.condition)}`;
    if (Array.isArray(node.access)) for (const inner of node.access) walk(inner, here, way);
    else if (node.access?._type === 'Accessors.Permission.SystemAccess') walk(node.access, here, way);
    else {
      const result = outcome(node.access, names, level === 1 ? nested : [], way);
      if (result === undefined) return;
      for (const conjunction of here) {
        const when = tidy(
          conjunction.map(one => ({ ...one })),
          level,
        );
        if (when) found.push({ when, result });
      }
    }
  };
  walk(permission, yes, '');
  return reduce(found);
}

const spell = one =>
  one.feature
    ? `${one.not ? 'no ' : ''}${one.feature}`
    : `${one.register}.${one.field}${one.not ? '!=' : '='}${one.is.join('|')}`;

function reduce(list) {
  let out = [];
  for (const { when, result } of list) {
    const text = when.map(spell).sort();
    // A route that depends on TGE alone is the rule for every exception from EL0 to EL1.
    const last = out.at(-1);
    if (
      result.startsWith('EL1') &&
      last?.result === result.replace('EL1', 'EL2') &&
      last.text.filter(one => one !== 'HCR_EL2.TGE=1' && one !== 'HCR_EL2.E2H=0').join() ===
        text.filter(one => one !== 'HCR_EL2.E2H,TGE!=3').join() &&
      last.text.includes('HCR_EL2.TGE=1')
    ) {
      out.pop();
    }
    if (out.some(one => one.text.every(part => text.includes(part)))) continue;
    out.push({ when, text, result });
  }
  // Where a permitted case comes before a trap, the trap says that the case does not hold.
  for (let index = 0; index < out.length; index++) {
    const { result, when, text } = out[index];
    const later = out.slice(index + 1);
    if (result !== 'self' || when.length !== 1 || !later.some(one => one.result.startsWith('EL'))) continue;
    const [only] = when;
    if (only.feature || only.not || only.is.length !== 1) continue;
    const opposite = { ...only, is: [1 - only.is[0]] };
    out = [
      ...out.slice(0, index),
      ...later.map(one =>
        one.result.startsWith('EL')
          ? { ...one, when: [...one.when, opposite], text: [...one.text, spell(opposite)].sort() }
          : one,
      ),
    ];
    index--;
    void text;
  }
  // Permitted under a condition and permitted anyway is permitted.
  while (out.length > 1 && out.at(-1).result === out.at(-2).result && out.at(-1).text.length === 0) out.splice(-2, 1);
  return out.map(({ text, result }) => (text.length ? `${text.join(' and ')} -> ${result}` : result));
}

// ---- encodings and fields ----------------------------------------------------------------------

function encodingNumber(node, index) {
  if (node._type === 'Values.Value') return Number.parseInt(node.value.replaceAll("'", ''), 2);
  if (node._type === 'Values.EquationValue') {
    const [{ start, width }] = node.slice;
    return (index >> start) & ((1 << width) - 1);
  }
  if (node._type === 'Values.Group') {
    return node.value.split(':m').length === 2
      ? (() => {
          const [, fixed, high, low = high] = /^'([01]+)':m\[(\d)(?::(\d))?\]$/.exec(node.value);
          const width = high - low + 1;
          return (Number.parseInt(fixed, 2) << width) | ((index >> low) & ((1 << width) - 1));
        })()
      : Number.NaN;
  }
  return Number.NaN;
}

const encodingOf = (encodings, index) =>
  ['op0', 'op1', 'CRn', 'CRm', 'op2'].map(part => encodingNumber(encodings[part], index)).join();

/** The one feature that stands for alternatives such as "FEAT_NV2, FEAT_NV" or "FEAT_LPA2 with D128 off". */
function mainFeature(forms) {
  if (forms.some(form => form.every(one => !one.feature || one.not))) return undefined;
  return forms.map(form => form.findLast(one => one.feature && !one.not).feature).at(-1);
}

/**
 * A field as [name, high, low, feature or null, 1 when the bits read as one without the feature]. Pieces of one field
 * that lie side by side are joined; RES1 is kept, RES0 is what remains.
 */
function fieldsOf(fieldset) {
  let found = [];
  const walk = (node, low, width, feature, otherwise) => {
    const high = low + width - 1;
    const add = (name, top = high, bottom = low) => found.push([name, top, bottom, feature ?? null, otherwise]);
    switch (node._type) {
      case 'Fields.Reserved':
        if (/RES1|RAO/.test(node.value)) add('RES1');
        return;
      case 'Fields.ConditionalField': {
        const ones = /RES1|RAO/.test(node.reservedtype ?? '') ? 1 : 0;
        const before = found.length;
        for (const { condition: when, field } of node.fields) {
          const forms = condition(when, undefined)
            .map(form => tidy(form.map(one => ({ ...one }))))
            .filter(Boolean);
          if (forms.length > 0) walk(field, low, width, mainFeature(forms) ?? feature, ones);
        }
        if (found.length === before && ones) add('RES1');
        return;
      }
      case 'Fields.Array':
      case 'Fields.Vector': {
        const [{ start, width: count }] = node.indexes;
        const each = width / count;
        for (let n = count - 1; n >= 0; n--) {
          add(node.name.replace(/<[nm]>/, String(start + n)), low + (n + 1) * each - 1, low + n * each);
        }
        return;
      }
      case 'Fields.Dynamic':
        add(node.name ?? 'ISS');
        return;
      default:
        add(node.name ?? 'IMPLEMENTATION_DEFINED');
    }
  };
  for (const value of fieldset.values) {
    for (const { start, width } of value.rangeset) if (start < 64) walk(value, start, width, undefined, 0);
  }
  // Two readings of the same bits: the first that asks for no feature, else the first.
  found = found.filter(
    (one, at) =>
      !found.some(
        (other, place) =>
          place !== at &&
          other[1] >= one[2] &&
          other[2] <= one[1] &&
          ((other[3] === null && one[3] !== null) || ((other[3] === null) === (one[3] === null) && place < at)),
      ),
  );
  found.sort((a, b) => b[1] - a[1]);
  const joined = [];
  for (const one of found) {
    const name = one[0].replace(/\[.*\]$/, '').replace(/<\w>/, '');
    const last = joined.at(-1);
    if (last && last[0] === name && last[2] === one[1] + 1) {
      last[2] = one[2];
      last[3] = one[3];
    } else joined.push([name, ...one.slice(1)]);
  }
  return joined.map(([name, high, low, feature, otherwise]) =>
    feature === null ? [name, high, low] : otherwise ? [name, high, low, feature, 1] : [name, high, low, feature],
  );
}

/** The layout in AArch64 state, and the one of a host at EL2 where there is one. */
function layoutsOf(fieldsets) {
  const usable = fieldsets
    .map(fieldset => ({
      fieldset,
      forms: condition(fieldset.condition, undefined).map(form => form.map(spell).join(' and ')),
    }))
    .filter(({ forms }) => forms.length > 0);
  const host = usable.find(({ forms }) => forms[0] === 'HCR_EL2.E2H=1');
  const others = usable.filter(one => one !== host);
  const basic = others.find(({ forms }) => forms.includes('')) ?? others[0];
  return {
    ...(basic && { fields: fieldsOf(basic.fieldset) }),
    ...(host && { host: fieldsOf(host.fieldset) }),
  };
}

// ---- registers ---------------------------------------------------------------------------------

const [archive] = process.argv.slice(2);
if (!archive) {
  process.stderr.write('usage: node scripts/arm-data/registers.mjs <aarchmrs.tar.gz>\n');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'arm-data-'));
let all;
try {
  execFileSync('tar', ['xzf', archive, '-C', folder, 'Registers.json']);
  all = JSON.parse(readFileSync(join(folder, 'Registers.json'), 'utf8'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const out = {};
for (const register of all) {
  if (register.state !== 'AArch64') continue;
  for (const accessor of register.accessors) {
    const direction = { 'A64.MRS': 'read', 'A64.MSRregister': 'write' }[accessor.name];
    const operation = /^A64\.(TLBI|AT|DC|IC|CFP|DVP|CPP)$/.test(accessor.name);
    if (!direction && !operation) continue;
    const indexes = accessor.indexes ? Array.from({ length: accessor.indexes[0].width }, (_, n) => n) : [undefined];
    const { asmvalue, encodings } = accessor.encoding[0];
    for (const index of indexes) {
      const operand = asmvalue?.replace(/<[nm]>/, String(index));
      const name = operation ? `${accessor.name.slice(4)} ${operand ?? ''}`.trim() : operand;
      if (!name || name.includes('<')) continue;
      const nested = [];
      const described = register.name.replace(/<[nm]>/, String(index));
      // Registers list the accessors that reach them by redirection too; only their own names count here.
      const base = name.replace(/_EL([01])2$/, '_EL$1');
      if (!operation && described !== name && described !== base) continue;
      const levels = [0, 1, 2, 3].map(level =>
        leaves(
          accessor.access,
          level,
          { own: name, base: base.replace(/\d+(_EL\d)$/, index === undefined ? '$&' : '$1') },
          nested,
        ).map(one => (index === undefined ? one : one.replaceAll(/(BVR|BCR|WVR|WCR|CNTR|TYPER)n_/g, `$1n_`))),
      );
      out[name] ??= { encoding: encodingOf(encodings, index) };
      out[name][operation ? 'use' : direction] = levels;
      for (const [offset, way] of nested) {
        const base = /^\(?(\d+)/.exec(offset);
        if (!base) continue;
        const bytes = Number(base[1]) + (offset.includes('m') ? (index ?? 0) * 8 : 0);
        const rule = way
          .match(/NVx\(\) (?:IN|==) \{?'([01x]+)'/g)
          ?.at(-1)
          ?.match(/'([01x]+)'/)?.[1];
        out[name].nested = `${bytes} ${rule}`;
      }
      if (!operation && !out[name].fields) Object.assign(out[name], layoutsOf(register.fieldsets));
    }
  }
}
for (const [text, count] of unknown) process.stderr.write(`not understood, taken as false: ${text} (${count})\n`);
// What every level begins with is a condition of the whole register.
for (const entry of Object.values(out)) {
  const features = new Set();
  for (const key of ['read', 'write', 'use']) {
    entry[key]?.forEach((level, at) => {
      entry[key][at] = level.filter(one => {
        const missing = /^no (FEAT_\w+) -> undefined$/.exec(one);
        if (missing) features.add(missing[1]);
        return !missing;
      });
    });
  }
  if (features.size) entry.features = [...features];
}
// Registers of absent features are only named; lists of outcomes that repeat are written once.
const isAbsent = entry =>
  ['read', 'write', 'use'].every(key => (entry[key] ?? []).flat().every(one => one === 'undefined'));
const rules = [];
const ruleNumbers = new Map();
const ruleNumber = levels => {
  const text = JSON.stringify(levels);
  if (!ruleNumbers.has(text)) ruleNumbers.set(text, rules.push(text) - 1);
  return ruleNumbers.get(text);
};
const lines = [];
const left = [];
for (const name of Object.keys(out).sort()) {
  const { encoding, read, write, use, fields, host, nested, features } = out[name];
  if (isAbsent(out[name])) left.push(name);
  else {
    const entry = {
      encoding,
      features,
      nested,
      read: read && ruleNumber(read),
      write: write && ruleNumber(write),
      use: use && ruleNumber(use),
      fields,
      host,
    };
    lines.push(`${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  }
}
process.stdout.write(
  `{\n"source": "AARCHMRS 2025-03, Copyright (c) 2010-2025 Arm Limited, BSD 3-clause license",\n"rules": [\n${rules.join(',\n')}\n],\n"absent": ${JSON.stringify(left)},\n"registers": {\n${lines.join(',\n')}\n}\n}\n`,
);
