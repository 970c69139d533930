/** Where a function was inlined, over all units. Source: DWARF 5, 3.3.8. */
import type { Abbreviation } from './abbreviations.ts';
import { attribute, tag } from './constants.ts';
import type { DebugEntries, Entry, Unit } from './entries.ts';
import { readForm } from './forms.ts';
import { DW_FORM_strp, forEachOutermost, indexOfAttribute, readerAt } from './name-index.ts';
import { readOffset } from './sections.ts';

/** First addresses of all inlined calls of functions of this name: static functions of headers are one in each unit. */
export function inlinedPlaces(entries: DebugEntries, name: string): readonly bigint[] {
  const places = new Set<bigint>();
  // One string stands for the same name in most units.
  const strings = new Map<number, boolean>();
  for (const unit of entries.units) {
    const origins = abstractInstances(unit, name, strings);
    if (origins.size === 0) continue;
    for (const child of unit.root?.children ?? []) visit(child, origins, places);
    unit.forget();
  }
  return [...places].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Offsets of the functions of this name in a unit that were inlined. */
function abstractInstances(unit: Unit, name: string, strings: Map<number, boolean>): ReadonlySet<number> {
  const found = new Set<number>();
  const names = new Map<Abbreviation, number>();
  forEachOutermost(unit, (abbreviation, offset, first) => {
    if (abbreviation.tag !== tag.subprogram) return;
    let index = names.get(abbreviation);
    if (index === undefined) {
      const isInlined = indexOfAttribute(abbreviation, attribute.inline) >= 0;
      names.set(abbreviation, (index = isInlined ? indexOfAttribute(abbreviation, attribute.name) : -1));
    }
    if (index < 0) return;
    const { form, implicit } = abbreviation.attributes[index]!;
    const reader = readerAt(unit, abbreviation, index, first);
    if (form !== DW_FORM_strp) {
      const value = readForm(reader, form, unit, implicit);
      if (value.kind === 'string' && value.value === name) found.add(offset);
      return;
    }
    const string = readOffset(reader, unit.offsetSize);
    let isIt = strings.get(string);
    if (isIt === undefined) strings.set(string, (isIt = unit.sections.string(string) === name));
    if (isIt) found.add(offset);
  });
  return found;
}

function visit(entry: Entry, origins: ReadonlySet<number>, places: Set<bigint>): void {
  if (entry.tag === tag.inlinedSubroutine) {
    const origin = entry.attribute(attribute.abstractOrigin);
    if (origin?.kind === 'reference' && origins.has(origin.value)) {
      const place = entryAddress(entry);
      if (place !== undefined) places.add(place);
    }
  } else if (entry.tag !== tag.subprogram && entry.tag !== tag.lexicalBlock && entry.tag !== tag.namespace) return;
  for (const child of entry.children) visit(child, origins, places);
}

/** Where control comes in: as the compiler says, if that belongs to the call, or at the first of its instructions. */
function entryAddress(entry: Entry): bigint | undefined {
  const ranges = entry.ranges.filter(([low, high]) => high > low);
  const first = ranges[0]?.[0];
  const value = entry.attribute(attribute.entryPc);
  const low = entry.attribute(attribute.lowPc);
  const base = low?.kind === 'address' ? low.value : first;
  const stated =
    value?.kind === 'address'
      ? value.value
      : value?.kind === 'constant' && base !== undefined
        ? base + BigInt(value.value)
        : undefined;
  return stated !== undefined && ranges.some(([from, to]) => stated >= from && stated < to) ? stated : first;
}
