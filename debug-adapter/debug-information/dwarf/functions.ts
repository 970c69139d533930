/** Functions and the variables visible in them, from debugging entries. Source: DWARF 5, 3.3, 3.5 and 4.1. */
import type { ValueType } from '../types.ts';
import { attribute, tag } from './constants.ts';
import type { DebugEntries, Entry, Unit } from './entries.ts';
import { DwarfTypes } from './types.ts';

export interface DebugFunction {
  readonly name: string;
  readonly low: bigint;
  readonly high: bigint;
  readonly entry: Entry;
}

export interface DebugVariable {
  readonly name: string;
  readonly type: ValueType;
  readonly isParameter: boolean;
  readonly entry: Entry;
}

export class DebugFunctions {
  readonly types = new DwarfTypes();
  readonly #entries: DebugEntries;
  readonly #byUnit = new Map<Unit, readonly DebugFunction[]>();
  readonly #globals = new Map<Unit, ReadonlyMap<string, Entry>>();

  constructor(entries: DebugEntries) {
    this.#entries = entries;
  }

  unitAt(address: bigint): Unit | undefined {
    return this.#entries.units.find(unit => unit.root?.ranges.some(([low, high]) => address >= low && address < high));
  }

  functionAt(address: bigint): DebugFunction | undefined {
    const unit = this.unitAt(address);
    return unit && this.#functionsOf(unit).find(fn => address >= fn.low && address < fn.high);
  }

  #functionsOf(unit: Unit): readonly DebugFunction[] {
    let functions = this.#byUnit.get(unit);
    if (!functions) {
      const found: DebugFunction[] = [];
      const visit = (entry: Entry) => {
        if (entry.tag === tag.subprogram) {
          for (const [low, high] of entry.ranges) {
            if (high > low) found.push({ name: entry.name ?? '?', low, high, entry });
          }
        } else if (entry.tag === tag.namespace || entry.tag === tag.compileUnit) entry.children.forEach(visit);
      };
      if (unit.root) visit(unit.root);
      functions = found;
      this.#byUnit.set(unit, functions);
    }
    return functions;
  }

  /** Parameters and local variables in scope at an address; an inner name hides an outer one. */
  variablesAt(fn: DebugFunction, address: bigint): readonly DebugVariable[] {
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
        } else if (child.tag === tag.lexicalBlock || child.tag === tag.inlinedSubroutine) {
          if (child.ranges.some(([low, high]) => address >= low && address < high)) visit(child);
        }
      }
    };
    visit(fn.entry);
    return [...variables.values()];
  }

  /** A variable outside functions, looked for first in the unit of an address. */
  globalNamed(name: string, near: bigint | undefined): DebugVariable | undefined {
    const first = near === undefined ? undefined : this.unitAt(near);
    const units = first ? [first, ...this.#entries.units.filter(unit => unit !== first)] : this.#entries.units;
    for (const unit of units) {
      const entry = this.#globalsOf(unit).get(name);
      if (entry) return { name, type: this.types.of(entry.type), isParameter: false, entry };
    }
    return undefined;
  }

  #globalsOf(unit: Unit): ReadonlyMap<string, Entry> {
    let globals = this.#globals.get(unit);
    if (!globals) {
      const found = new Map<string, Entry>();
      for (const child of unit.root?.children ?? []) {
        if (child.tag === tag.variable && child.attribute(attribute.location) && child.name)
          found.set(child.name, child);
      }
      globals = found;
      this.#globals.set(unit, globals);
    }
    return globals;
  }

  /** A structure, union, enumeration, typedef or base type by its name. */
  typeNamed(name: string): ValueType | undefined {
    for (const unit of this.#entries.units) {
      for (const child of unit.root?.children ?? []) {
        const isType =
          child.tag === tag.structureType ||
          child.tag === tag.unionType ||
          child.tag === tag.enumerationType ||
          child.tag === tag.typedef ||
          child.tag === tag.baseType;
        if (isType && child.name === name && !child.flag(attribute.declaration)) return this.types.of(child);
      }
    }
    return undefined;
  }
}
