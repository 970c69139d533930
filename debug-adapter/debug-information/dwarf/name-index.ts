/**
 * Definitions outside functions by name, over all units: one quick pass over the outermost entries, made when a name is
 * asked for that the unit at hand does not know.
 */
import type { ByteReader } from '../byte-reader.ts';
import type { Abbreviation } from './abbreviations.ts';
import { attribute, tag } from './constants.ts';
import type { DebugEntries, Unit } from './entries.ts';
import { readForm, skipForm } from './forms.ts';
import { readOffset } from './sections.ts';

export type DefinitionKind = 'type' | 'variable';

export function definitionKind(entryTag: number): DefinitionKind | undefined {
  switch (entryTag) {
    case tag.structureType:
    case tag.classType:
    case tag.unionType:
    case tag.enumerationType:
    case tag.typedef:
    case tag.baseType:
      return 'type';
    case tag.variable:
      return 'variable';
    default:
      return undefined;
  }
}

/** What an abbreviation says of the definitions that it describes. */
interface Plan {
  readonly abbreviation: Abbreviation;
  readonly kind: DefinitionKind | undefined;
  /** Index of DW_AT_name among the attributes, or -1. */
  readonly name: number;
  /** It completes a declaration, which has the name. */
  readonly completes: boolean;
}

function planOf(abbreviation: Abbreviation): Plan {
  const kind = abbreviation.isDeclaration ? undefined : definitionKind(abbreviation.tag);
  const at = (name: number) => indexOfAttribute(abbreviation, name);
  // A variable without a location is not stored anywhere, or completes one that is.
  const counts = kind !== 'variable' || at(attribute.location) >= 0;
  return {
    abbreviation,
    kind: counts ? kind : undefined,
    name: at(attribute.name),
    completes: at(attribute.specification) >= 0,
  };
}

export const DW_FORM_strp = 0x0e;

export class NameIndex {
  readonly #byName: Readonly<Record<DefinitionKind, Map<string, number>>> = { type: new Map(), variable: new Map() };
  /** Offsets in .debug_str whose name is known already: the same string stands for the same name in most units. */
  readonly #seen: Readonly<Record<DefinitionKind, Set<number>>> = { type: new Set(), variable: new Set() };

  constructor(entries: DebugEntries) {
    for (const unit of entries.units) this.#scan(unit);
    this.#seen.type.clear();
    this.#seen.variable.clear();
  }

  /** Offset in .debug_info of the first definition of this name. */
  find(kind: DefinitionKind, name: string): number | undefined {
    return this.#byName[kind].get(name);
  }

  #scan(unit: Unit): void {
    const plans = new Map<Abbreviation, Plan>();
    forEachOutermost(unit, (abbreviation, offset, first) => {
      let plan = plans.get(abbreviation);
      if (!plan) plans.set(abbreviation, (plan = planOf(abbreviation)));
      if (plan.kind) this.#add(unit, plan, plan.kind, offset, first);
    });
  }

  #add(unit: Unit, plan: Plan, kind: DefinitionKind, offset: number, first: number): void {
    const text = plan.name >= 0 ? this.#ownName(unit, plan, kind, first) : plan.completes && unit.read(offset)?.name;
    const names = this.#byName[kind];
    if (text && !names.has(text)) names.set(text, offset);
  }

  /** Undefined when it is known already. */
  #ownName(unit: Unit, { abbreviation, name }: Plan, kind: DefinitionKind, first: number): string | undefined {
    const { form, implicit } = abbreviation.attributes[name]!;
    const reader = readerAt(unit, abbreviation, name, first);
    const seen = this.#seen[kind];
    if (form === DW_FORM_strp) {
      const string = readOffset(reader, unit.offsetSize);
      if (seen.has(string)) return undefined;
      seen.add(string);
      return unit.sections.string(string);
    }
    const value = readForm(reader, form, unit, implicit);
    return value.kind === 'string' ? value.value : undefined;
  }
}

/**
 * Passes over the outermost entries of a unit. `visit` is given the entry's abbreviation, its offset and that of its first
 * attribute.
 */
export function forEachOutermost(
  unit: Unit,
  visit: (abbreviation: Abbreviation, offset: number, first: number) => void,
): void {
  const { root, abbreviations } = unit;
  if (!root?.hasChildren) return;
  const siblings = new Map<Abbreviation, number>();
  const reader = unit.reader(root.next);
  for (let depth = 1; depth > 0 && !reader.atEnd; ) {
    const offset = reader.offset;
    const code = reader.ulebNumber();
    if (code === 0) {
      depth--;
      continue;
    }
    const abbreviation = abbreviations.get(code);
    if (!abbreviation) return;
    const first = reader.offset;
    if (depth === 1) visit(abbreviation, offset, first);
    if (abbreviation.hasChildren) {
      let index = siblings.get(abbreviation);
      if (index === undefined) siblings.set(abbreviation, (index = indexOfAttribute(abbreviation, attribute.sibling)));
      const sibling = index < 0 ? undefined : siblingAt(unit, abbreviation, index, first);
      if (sibling !== undefined && sibling > offset) {
        reader.offset = Math.min(sibling, unit.end);
        continue;
      }
      depth++;
    }
    passOver(reader, abbreviation, unit);
  }
}

export const indexOfAttribute = ({ attributes }: Abbreviation, name: number): number =>
  attributes.findIndex(one => one.name === name);

function siblingAt(unit: Unit, abbreviation: Abbreviation, index: number, first: number): number | undefined {
  const { form, implicit } = abbreviation.attributes[index]!;
  const value = readForm(readerAt(unit, abbreviation, index, first), form, unit, implicit);
  return value.kind === 'reference' ? value.value : undefined;
}

/** A reader at one attribute of an entry. */
export function readerAt(unit: Unit, { attributes }: Abbreviation, index: number, first: number): ByteReader {
  let nearest = index;
  while (attributes[nearest]!.offset === undefined) nearest--;
  const reader = unit.reader(first + attributes[nearest]!.offset!);
  for (; nearest < index; nearest++) skipForm(reader, attributes[nearest]!.form, unit);
  return reader;
}

function passOver(reader: ByteReader, { size, attributes }: Abbreviation, unit: Unit): void {
  if (size !== undefined) reader.skip(size);
  else for (const { form } of attributes) skipForm(reader, form, unit);
}
