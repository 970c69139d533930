import type { AssemblyOperand, ImmediateOperand } from '../architecture.ts';
import type { SourceRange } from '../syntax/source.ts';
import type { Assembler } from './assembler.ts';
import { callFrameSections } from './call-frame-sections.ts';
import { evaluate, isAbsolute, type Value } from './expression.ts';
import type { DeferredInstruction, Fixup } from './fixup.ts';
import { sentence } from './instruction-assembler.ts';
import { distanceInSection, layOut, writeFragment } from './layout.ts';
import type { AssemblySymbol, BoundExpression, Fragment, Section } from './model.ts';
import type { AssembledObject, ObjectLine, ObjectSection, ObjectSymbol } from './object.ts';
import { applyRelocation, type RelocationRow, relativeRelocation, relocationFor } from './relocation.ts';

/** Turns what the assembler collected into an object: lays sections out, fills in what is known, leaves the rest as relocations. */
export function resolve(assembler: Assembler, path: string): AssembledObject {
  return new Resolver(assembler).resolve(path);
}

class Resolver {
  private readonly assembler: Assembler;
  private readonly sections = new Map<Section, ObjectSection>();
  private readonly symbols = new Map<AssemblySymbol, ObjectSymbol>();
  private readonly sectionSymbols = new Map<Section, ObjectSymbol>();
  /** Symbols that relocations need although their names are temporary. */
  private readonly needed: ObjectSymbol[] = [];

  constructor(assembler: Assembler) {
    this.assembler = assembler;
  }

  resolve(path: string): AssembledObject {
    const { assembler } = this;
    for (const symbol of assembler.symbols.missingNumeric()) {
      this.error('undefined-label', `No label \`${symbol.name}:\` follows.`, symbol.referencedAt);
    }
    layOut(assembler.output.sections, assembler.limits.bytes, assembler.problems);
    for (const section of assembler.output.sections) this.sections.set(section, this.section(section));
    for (const deferred of assembler.instructions.deferred) this.assembleDeferred(deferred);
    for (const fixup of assembler.fixups) this.fixup(fixup);
    const lines = assembler.lines.entries.map(
      ({ fragment, offset, path: file, line, column }): ObjectLine => ({
        section: this.sections.get(fragment.section)!,
        offset: placeOffset(fragment, offset),
        path: file,
        line,
        column,
      }),
    );
    const sections = [...this.sections.values()];
    sections.push(...callFrameSections(assembler.callFrames, section => this.sectionSymbol(section)));
    return { path, sections, symbols: this.symbolList(), lines };
  }

  private error(code: string, message: string, range: SourceRange | undefined): void {
    this.assembler.problems.push({ severity: 'error', code, message, range: range ?? this.assembler.range() });
  }

  private section(section: Section): ObjectSection {
    const { name, type, flags, entrySize, group, alignment, size } = section;
    const data = new Uint8Array(type === 'nobits' ? 0 : size);
    if (type !== 'nobits') for (const fragment of section.fragments()) writeFragment(fragment, data);
    return { name, type, flags, entrySize, group, alignment, size, data, relocations: [] };
  }

  // --- symbols -----------------------------------------------------------------------------------------------------

  private sectionSymbol(section: Section): ObjectSymbol {
    let symbol = this.sectionSymbols.get(section);
    if (!symbol) {
      symbol = {
        name: '',
        place: this.sections.get(section)!,
        value: 0n,
        size: 0n,
        binding: 'local',
        visibility: 'default',
        type: 'section',
      };
      this.sectionSymbols.set(section, symbol);
    }
    return symbol;
  }

  private symbol(symbol: AssemblySymbol): ObjectSymbol {
    let made = this.symbols.get(symbol);
    if (!made) {
      made = this.makeSymbol(symbol);
      this.symbols.set(symbol, made);
      if (symbol.temporary && made.place !== 'undefined') this.needed.push(made);
    }
    return made;
  }

  private makeSymbol(symbol: AssemblySymbol): ObjectSymbol {
    const original = aliased(symbol);
    const sizeOf = symbol.size ?? original?.size;
    const size = sizeOf ? evaluate(sizeOf, distanceInSection) : undefined;
    if (size && !isAbsolute(size)) {
      this.error('not-constant', `The size of \`${symbol.name}\` is not a constant.`, symbol.definedAt);
    }
    const at = this.whereabouts(symbol);
    const range = symbol.definedAt ?? symbol.referencedAt;
    return {
      name: symbol.name,
      ...at,
      size:
        symbol.definition?.kind === 'common'
          ? symbol.definition.size
          : size && isAbsolute(size)
            ? BigInt.asUintN(64, size.constant)
            : 0n,
      binding: at.place === 'undefined' && symbol.binding === 'local' ? 'global' : symbol.binding,
      visibility: symbol.visibility,
      type: symbol.type === 'notype' && original ? original.type : symbol.type,
      ...(range && { range }),
    };
  }

  private whereabouts(symbol: AssemblySymbol): { place: ObjectSymbol['place']; value: bigint } {
    const definition = symbol.definition;
    if (!definition) return { place: 'undefined', value: 0n };
    if (definition.kind === 'common') return { place: 'common', value: BigInt(definition.alignment) };
    if (definition.kind === 'label') {
      const { fragment, offset } = definition;
      return { place: this.sections.get(fragment.section)!, value: BigInt(placeOffset(fragment, offset)) };
    }
    const value = evaluate({ kind: 'symbol', symbol }, distanceInSection);
    if ('problem' in value) {
      this.error('bad-expression', value.problem, symbol.definedAt);
      return { place: 'absolute', value: 0n };
    }
    if (isAbsolute(value)) return { place: 'absolute', value: BigInt.asUintN(64, value.constant) };
    const base = value.plus[0]!;
    if (value.plus.length === 1 && value.minus.length === 0 && base.definition?.kind === 'label') {
      const { fragment, offset } = base.definition;
      const place = this.sections.get(fragment.section)!;
      return { place, value: BigInt(placeOffset(fragment, offset)) + value.constant };
    }
    if (value.plus.length === 1 && value.minus.length === 0 && value.constant === 0n && !base.definition) {
      // Another name for a symbol defined elsewhere; only references can be redirected, nothing can be exported.
      return { place: 'undefined', value: 0n };
    }
    this.error('not-constant', `The value of \`${symbol.name}\` cannot be told before linking.`, symbol.definedAt);
    return { place: 'absolute', value: 0n };
  }

  /** The symbol table: mapping symbols and locals, then the rest; undefined ones only when somebody needs them. */
  private symbolList(): ObjectSymbol[] {
    const list = new Set<ObjectSymbol>([...this.sectionSymbols.values(), ...this.needed]);
    for (const [section, place] of this.sections) {
      for (const { fragment, offset, code } of section.mappings) {
        // Padding before code is zeros up to a whole instruction, then NOPs.
        const value = placeOffset(fragment, fragment.kind === 'align' ? fragment.size % 4 : offset);
        if (value >= section.size && section.size > 0) continue;
        list.add({
          name: code ? '$x' : '$d',
          place,
          value: BigInt(value),
          size: 0n,
          binding: 'local',
          visibility: 'default',
          type: 'notype',
        });
      }
    }
    for (const symbol of this.assembler.symbols.values()) {
      const mentioned = this.symbols.has(symbol) || symbol.binding !== 'local' || symbol.declared;
      if (symbol.definition ? symbol.temporary : !mentioned) continue;
      list.add(this.symbols.get(symbol) ?? this.makeSymbol(symbol));
    }
    return [...list];
  }

  // --- fixups ------------------------------------------------------------------------------------------------------

  private fixup(fixup: Fixup): void {
    const value = this.valueOf(fixup.expression, fixup.range);
    if (!value) return;
    const section = this.sections.get(fixup.fragment.section)!;
    const offset = placeOffset(fixup.fragment, fixup.offset);
    const word = fixup.field.startsWith('data') ? 0 : new DataView(section.data.buffer).getUint32(offset, true);
    const row = relocationFor(fixup.field, fixup.relocation, word);
    if (!row && fixup.field !== 'data8') {
      const what = fixup.relocation
        ? `\`:${fixup.relocation}:\` cannot stand here.`
        : 'A symbol needs a relocation operator such as `:lo12:` here.';
      this.error('bad-relocation', what, fixup.range);
      return;
    }
    if (isAbsolute(value) && this.known(fixup, row, section, offset, value.constant)) return;
    this.unknown(fixup, row, section, offset, value);
  }

  private valueOf(expression: BoundExpression, range: SourceRange): Value | undefined {
    const value = evaluate(expression, distanceInSection);
    if ('problem' in value) {
      this.error('bad-expression', value.problem, range);
      return undefined;
    }
    const exported = exportedAlias(expression);
    if (exported && !isAbsolute(value)) return { constant: exported.addend, plus: [exported.symbol], minus: [] };
    return value;
  }

  /** Stores a number where that is possible; answers whether it was. */
  private known(
    fixup: Fixup,
    row: RelocationRow | undefined,
    section: ObjectSection,
    offset: number,
    value: bigint,
  ): boolean {
    if (!row) {
      section.data[offset] = Number(value & 0xffn);
      if (value < -128n || value > 255n)
        this.error('out-of-range', `The value ${value} does not fit in 1 byte.`, fixup.range);
      return true;
    }
    if (row.formula !== 'absolute') return false;
    const problem = applyRelocation(row, section.data, offset, BigInt.asIntN(64, value));
    if (problem) this.error('out-of-range', problem, fixup.range);
    return true;
  }

  private unknown(
    fixup: Fixup,
    row: RelocationRow | undefined,
    section: ObjectSection,
    offset: number,
    value: Value,
  ): void {
    const added = value.plus[0];
    const subtracted = value.minus[0];
    if (value.plus.length > 1 || value.minus.length > 1 || (subtracted && !added)) {
      this.error('bad-expression', 'This expression needs more than one relocation.', fixup.range);
      return;
    }
    const place = { fragment: fixup.fragment, offset: fixup.offset };
    let relocation = row;
    let addend = value.constant;
    if (subtracted) {
      const from = subtracted.definition;
      const distance = from?.kind === 'label' ? distanceInSection(from, place) : undefined;
      relocation = relativeRelocation(fixup.field);
      if (distance === undefined || !relocation) {
        const message = `The distance from ${shown(subtracted)} to ${shown(added)} cannot be told, nor left to the linker.`;
        this.error('bad-expression', message, fixup.range);
        return;
      }
      addend += distance;
    }
    if (!relocation) {
      this.error('bad-relocation', 'A symbol’s address does not fit in one byte.', fixup.range);
      return;
    }
    if (!added) {
      // A number as the target of a branch: an address, which only the linker can relate to the code.
      section.relocations.push({ offset, row: relocation, symbol: absoluteZero, addend, range: fixup.range });
      return;
    }
    const definition = added.definition;
    if (definition?.kind === 'label' && added.binding === 'local' && relocation.formula === 'relative' && !subtracted) {
      const distance = distanceInSection(place, definition);
      if (distance !== undefined) {
        const problem = applyRelocation(relocation, section.data, offset, distance + addend);
        if (problem) this.error('out-of-range', problem, fixup.range);
        return;
      }
    }
    section.relocations.push({
      offset,
      row: relocation,
      ...this.target(added, addend, relocation),
      range: fixup.range,
    });
  }

  /** Relocations name a local symbol's section, unless the linker may move things within that section. */
  private target(symbol: AssemblySymbol, addend: bigint, row: RelocationRow): { symbol: ObjectSymbol; addend: bigint } {
    const definition = symbol.definition;
    if (definition?.kind !== 'label' || symbol.binding !== 'local') return { symbol: this.symbol(symbol), addend };
    const section = definition.fragment.section;
    const keeps =
      section.flags.merge || section.flags.tls || row.formula === 'got' || symbol.type === 'indirect-function';
    if (keeps) return { symbol: this.symbol(symbol), addend };
    return {
      symbol: this.sectionSymbol(section),
      addend: addend + BigInt(placeOffset(definition.fragment, definition.offset)),
    };
  }

  // --- deferred instructions ---------------------------------------------------------------------------------------

  private assembleDeferred(deferred: DeferredInstruction): void {
    const problems: { message: string; range: SourceRange }[] = [];
    const operands = deferred.operands.map(operand => withValues(operand, problems, deferred.range));
    const problem = problems[0];
    if (problem) {
      this.error('not-constant', problem.message, problem.range);
      return;
    }
    const assembled = this.assembler.options.instructions.assemble(deferred.mnemonic, operands);
    if ('problem' in assembled) {
      this.error(
        'bad-operands',
        sentence(assembled.problem),
        assembled.span ? deferred.place(assembled.span) : deferred.range,
      );
      return;
    }
    const section = this.sections.get(deferred.fragment.section)!;
    const offset = placeOffset(deferred.fragment, deferred.offset);
    new DataView(section.data.buffer).setUint32(offset, assembled.word, true);
    for (const fixup of assembled.fixups) {
      if (fixup.kind === 'immediate') {
        this.error('not-constant', 'The value of this operand cannot be told before linking.', deferred.range);
        return;
      }
      this.fixup({
        fragment: deferred.fragment,
        offset: deferred.offset,
        field: fixup.kind,
        ...(fixup.relocation && { relocation: fixup.relocation }),
        expression: fixup.expression as BoundExpression,
        range: deferred.range,
      });
    }
  }
}

/** The symbol whose value is a number as it stands: the target of absolute branches. */
export const absoluteZero: ObjectSymbol = {
  name: '',
  place: 'absolute',
  value: 0n,
  size: 0n,
  binding: 'local',
  visibility: 'default',
  type: 'notype',
};

function placeOffset(fragment: Fragment, offset: number): number {
  return (fragment.offset ?? 0) + offset;
}

function shown(symbol: AssemblySymbol | undefined): string {
  return !symbol || symbol.internal ? 'this place' : `\`${symbol.name}\``;
}

/** The symbol that another is merely another name for; its type and size are the alias's too. */
function aliased(symbol: AssemblySymbol): AssemblySymbol | undefined {
  const seen = new Set<AssemblySymbol>();
  let at: AssemblySymbol | undefined = symbol;
  while (at?.definition?.kind === 'value' && at.definition.expression.kind === 'symbol' && !seen.has(at)) {
    seen.add(at);
    at = at.definition.expression.symbol;
  }
  return at === symbol || at?.definition?.kind !== 'label' || at.internal ? undefined : at;
}

/** `alias`, `alias+4`: a global name set to another symbol is what the linker must see. */
function exportedAlias(expression: BoundExpression): { symbol: AssemblySymbol; addend: bigint } | undefined {
  if (expression.kind === 'symbol') {
    const { symbol } = expression;
    return symbol.definition?.kind === 'value' && symbol.binding !== 'local' ? { symbol, addend: 0n } : undefined;
  }
  if (expression.kind !== 'binary' || expression.right.kind !== 'constant') return undefined;
  const inner = exportedAlias(expression.left);
  if (!inner || (expression.operator !== '+' && expression.operator !== '-')) return undefined;
  const sign = expression.operator === '+' ? 1n : -1n;
  return { symbol: inner.symbol, addend: inner.addend + sign * expression.right.value };
}

function withValues(
  operand: AssemblyOperand,
  problems: { message: string; range: SourceRange }[],
  range: SourceRange,
): AssemblyOperand {
  const immediate = (part: ImmediateOperand): ImmediateOperand => {
    if (part.float !== undefined || part.relocation || part.value !== undefined) return part;
    const value = evaluate(part.expression as BoundExpression, distanceInSection);
    if (isAbsolute(value)) return { ...part, value: value.constant };
    if ('problem' in value) problems.push({ message: value.problem, range });
    return part;
  };
  switch (operand.kind) {
    case 'immediate':
      return immediate(operand);
    case 'memory':
      return { ...operand, parts: operand.parts.map(part => withValues(part, problems, range)) };
    case 'shift':
      return operand.amount ? { ...operand, amount: immediate(operand.amount) } : operand;
    default:
      return operand;
  }
}
