/** Functions and the variables visible in them, from debugging entries. Source: DWARF 5, 3.3, 3.5 and 4.1. */
import type { ValueType } from '../types.ts';
import { attribute, tag } from './constants.ts';
import type { DebugEntries, Entry, Unit } from './entries.ts';
import { inlinedPlaces } from './inlined-places.ts';
import type { UnitLocator } from './line-index.ts';
import { type DefinitionKind, definitionKind, NameIndex } from './name-index.ts';
import { DwarfTypes } from './types.ts';
import { UnitIndex } from './unit-index.ts';

export interface DebugFunction {
  readonly name: string;
  readonly low: bigint;
  readonly high: bigint;
  readonly entry: Entry;
}

/** A call that the compiler replaced by the body of the function. */
export interface InlinedCall {
  /** Of the function that was called. */
  readonly name: string;
  readonly entry: Entry;
  /** Where the call stands: number of the file in the unit's line program, and line, from 1. */
  readonly callFile: number | undefined;
  readonly callLine: number;
  readonly callColumn: number;
}

export interface DebugVariable {
  readonly name: string;
  readonly type: ValueType;
  readonly isParameter: boolean;
  readonly entry: Entry;
}

/** Units whose functions are remembered. */
const mostUnits = 256;
/** Answers to names that are remembered. */
const mostDefinitions = 4096;

export class DebugFunctions implements UnitLocator {
  readonly types = new DwarfTypes();
  readonly #entries: DebugEntries;
  readonly #byUnit = new Map<Unit, readonly DebugFunction[]>();
  readonly #splitFiles = new Set<string>();
  readonly #definitions = new Map<string, Entry | undefined>();
  readonly #inlined = new Map<string, readonly bigint[]>();
  #index: UnitIndex | undefined;
  #names: NameIndex | undefined;

  constructor(entries: DebugEntries) {
    this.#entries = entries;
  }

  /** What could not be read so far, in words. */
  get problems(): readonly string[] {
    const split = [...this.#splitFiles];
    return [
      ...(this.#index?.problems ?? []),
      ...(split.length > 0
        ? [
            `variables, types and inlined calls of ${split[0]}${split.length > 1 ? ` and ${split.length - 1} more` : ''} were split off by the compiler, and such files are not read; compile with -gno-split-dwarf`,
          ]
        : []),
    ];
  }

  unitAt(address: bigint): Unit | undefined {
    this.#index ??= new UnitIndex(this.#entries);
    return this.#index.at(address);
  }

  lineProgramAt(address: bigint): number | undefined {
    return this.unitAt(address)?.lineProgram;
  }
  get linePrograms(): ReadonlySet<number> {
    return new Set(this.#entries.units.map(unit => unit.lineProgram).filter(offset => offset !== undefined));
  }

  functionAt(address: bigint): DebugFunction | undefined {
    const unit = this.unitAt(address);
    return unit && this.#functionsOf(unit).find(fn => address >= fn.low && address < fn.high);
  }

  #functionsOf(unit: Unit): readonly DebugFunction[] {
    const known = this.#byUnit.get(unit);
    if (known) return known;
    const functions: DebugFunction[] = [];
    const visit = (entry: Entry) => {
      if (entry.tag === tag.subprogram) {
        for (const [low, high] of entry.ranges) {
          if (high > low) functions.push({ name: entry.name ?? '?', low, high, entry });
        }
      } else if (entry.tag === tag.namespace) for (const child of entry.children) visit(child);
    };
    for (const child of unit.root?.children ?? []) visit(child);
    const { splitFile } = unit;
    if (splitFile !== undefined) this.#splitFiles.add(splitFile);
    if (this.#byUnit.size >= mostUnits) {
      const oldest = this.#byUnit.keys().next().value as Unit;
      this.#byUnit.delete(oldest);
      oldest.forget();
    }
    this.#byUnit.set(unit, functions);
    return functions;
  }

  /** Whether its variables have different places at different instructions: the compiler kept track of them. */
  isOptimised(fn: DebugFunction): boolean {
    return fn.entry.children.some(child => {
      if (child.tag !== tag.formalParameter && child.tag !== tag.variable) return child.tag === tag.inlinedSubroutine;
      const kind = child.attribute(attribute.location)?.kind;
      return kind === 'offset' || kind === 'index' || kind === 'constant';
    });
  }

  /** The inlined calls that an address is in, the outermost first. */
  inlinedCallsAt(fn: DebugFunction, address: bigint): readonly InlinedCall[] {
    const calls: InlinedCall[] = [];
    /** True when the scope that holds the address was found. */
    const visit = (scope: Entry): boolean => {
      for (const child of scope.children) {
        if (child.tag === tag.lexicalBlock) {
          if (isUnbounded(child)) {
            if (visit(child)) return true;
          } else if (contains(child, address)) {
            visit(child);
            return true;
          }
        } else if (child.tag === tag.inlinedSubroutine && contains(child, address)) {
          calls.push({
            name: child.name ?? '?',
            entry: child,
            callFile: child.number(attribute.callFile),
            callLine: child.number(attribute.callLine) ?? 0,
            callColumn: child.number(attribute.callColumn) ?? 0,
          });
          visit(child);
          return true;
        }
      }
      return false;
    };
    visit(fn.entry);
    return calls;
  }

  /** The call that returns to an address. Source: DWARF 5, 3.4. */
  callSite(returnAddress: bigint): Entry | undefined {
    const fn = this.functionAt(returnAddress - 4n);
    const visit = (scope: Entry): Entry | undefined => {
      for (const child of scope.children) {
        if (child.tag === tag.callSite || child.tag === tag.gnuCallSite) {
          const at = child.attribute(attribute.callReturnPc) ?? child.attribute(attribute.lowPc);
          if (at?.kind === 'address' && at.value === returnAddress) return child;
        } else if (child.tag === tag.lexicalBlock || child.tag === tag.inlinedSubroutine) {
          const found = visit(child);
          if (found) return found;
        }
      }
      return undefined;
    };
    return fn && visit(fn.entry);
  }

  /** Where calls of functions of this name begin that were inlined, anywhere. */
  inlinedPlaces(name: string): readonly bigint[] {
    let places = this.#inlined.get(name);
    if (!places) this.#inlined.set(name, (places = inlinedPlaces(this.#entries, name)));
    return places;
  }

  /**
   * Parameters and local variables of a function or inlined call in scope at an address; an inner name hides an outer
   * one.
   */
  variablesAt({ entry: outermost }: { readonly entry: Entry }, address: bigint): readonly DebugVariable[] {
    const variables = new Map<string, DebugVariable>();
    const visit = (scope: Entry) => {
      for (const child of scope.children) {
        if (child.tag === tag.formalParameter || child.tag === tag.variable) {
          const name = child.name;
          if (name) {
            variables.set(name, {
              name,
              type: this.types.of(child.type),
              isParameter: child.tag === tag.formalParameter,
              entry: child,
            });
          }
        } else if (child.tag === tag.lexicalBlock && (isUnbounded(child) || contains(child, address))) {
          visit(child);
        }
      }
    };
    visit(outermost);
    return [...variables.values()];
  }

  /** A variable outside functions, looked for first in the unit of an address. */
  globalNamed(name: string, near: bigint | undefined): DebugVariable | undefined {
    const entry = this.#definition('variable', name, near);
    return entry && { name, type: this.types.of(entry.type), isParameter: false, entry };
  }

  /**
   * A structure, union, enumeration, typedef or base type by its name, looked for first in the unit of an address: units
   * may have different types of one name.
   */
  typeNamed(name: string, near?: bigint): ValueType | undefined {
    const entry = this.#definition('type', name, near);
    return entry && this.types.of(entry);
  }

  #definition(kind: DefinitionKind, name: string, near: bigint | undefined): Entry | undefined {
    const unit = near === undefined ? undefined : this.unitAt(near);
    // A condition may ask for the same name a million times.
    const key = `${kind} ${unit?.unitOffset} ${name}`;
    if (this.#definitions.has(key)) return this.#definitions.get(key);
    const found = this.#findDefinition(kind, name, unit);
    if (this.#definitions.size >= mostDefinitions) this.#definitions.clear();
    this.#definitions.set(key, found);
    return found;
  }

  #findDefinition(kind: DefinitionKind, name: string, unit: Unit | undefined): Entry | undefined {
    for (const child of unit?.root?.children ?? []) {
      if (definitionKind(child.tag) !== kind || child.name !== name || child.flag(attribute.declaration)) continue;
      if (kind === 'type' || child.attribute(attribute.location)) return child;
    }
    this.#names ??= new NameIndex(this.#entries);
    const offset = this.#names.find(kind, name);
    return offset === undefined ? undefined : this.#entries.entryAt(offset);
  }
}

/**
 * Whether a block's list of ranges is empty: in DWARF 4 one that begins with an empty range at the unit's first address
 * reads so, as that is also how a list ends.
 */
function isUnbounded(entry: Entry): boolean {
  return entry.attribute(attribute.ranges) !== undefined && entry.ranges.length === 0;
}

function contains(entry: Entry, address: bigint): boolean {
  return entry.ranges.some(([low, high]) => address >= low && address < high);
}
