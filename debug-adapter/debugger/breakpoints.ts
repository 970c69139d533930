/**
 * All breakpoints of a session: what the user asked for, where it is in the code, and whether reaching it counts.
 * Nothing is ever written into the guest: the target compares the PC.
 */

import type { ValueType } from '../debug-information/types.ts';
import { type ExceptionFilter, exceptionFilters } from './exception-filters.ts';
import { parse } from './expression/evaluate.ts';
import { ExpressionProblem } from './expression/lexer.ts';
import { type Expression, spaceOf, spaceText } from './expression/parser.ts';
import { hex } from './expression/value.ts';
import { type HitCondition, parseHitCondition } from './hit-condition.ts';
import { type CodeLocation, type Images, type LineBinding, splitContext } from './images.ts';
import { type LogPart, parseLogMessage } from './log-message.ts';
import type { ExceptionLevel, SpaceAddress, Target, Watchpoint } from './target.ts';

/** What may be asked of any breakpoint beside its place. */
export interface BreakpointWishes {
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
  /** The number this breakpoint had before the machine was launched anew. */
  readonly id?: number;
  /** A breakpoint mode: `el0` to `el3` limit it to an Exception level. */
  readonly mode?: string;
}

export type BreakpointKind = 'source' | 'function' | 'instruction' | 'data' | 'exception';

export interface Breakpoint {
  readonly id: number;
  readonly kind: BreakpointKind;
  /** Places in code; empty while pending and for data and exception breakpoints. */
  locations: readonly CodeLocation[];
  readonly el?: ExceptionLevel;
  readonly condition?: Expression;
  readonly hitCondition?: HitCondition;
  readonly log?: readonly LogPart[];
  /** How often it was reached with its condition true. */
  hits: number;
  verified: boolean;
  /** Why it is not verified, or where it moved. */
  message?: string;
  /** The line it was bound to. */
  line?: number;
  readonly path?: string;
  readonly watch?: Watchpoint;
  readonly filter?: ExceptionFilter;
}

export interface SourceBreakpointWish extends BreakpointWishes {
  readonly line: number;
}
/** What lines can be broken on: a file, or a listing of code. */
export interface BreakableSource {
  /** What tells this source from others. */
  readonly key: string;
  /** Of a file. */
  readonly path?: string;
  /** The code of a line, counted from 1; a line without code moves to the next one that has some. */
  bind(line: number): LineBinding | undefined;
}
export interface FunctionBreakpointWish extends BreakpointWishes {
  readonly name: string;
}
export interface InstructionBreakpointWish extends BreakpointWishes {
  readonly address: bigint;
}
export interface DataBreakpointWish extends BreakpointWishes {
  readonly dataId: string;
  readonly access?: 'read' | 'write' | 'readWrite';
}
export interface ExceptionBreakpointWish extends BreakpointWishes {
  readonly filterId: string;
}

export class Breakpoints {
  readonly #target: Target;
  readonly #images: Images;
  readonly #types: { type(name: string): ValueType | undefined };
  #nextId = 1;
  readonly #bySource = new Map<string, { bind: BreakableSource['bind']; breakpoints: Breakpoint[] }>();
  /** With the names that were asked for. */
  #functionNames = new Map<Breakpoint, string>();
  #functions: Breakpoint[] = [];
  #instructions: Breakpoint[] = [];
  #data: Breakpoint[] = [];
  #exceptions: Breakpoint[] = [];
  #byAddress = new Map<bigint, Breakpoint[]>();
  /** Addresses of plans in progress, such as the return of a call that is stepped over. */
  readonly #temporary = new Map<bigint, number>();

  constructor(target: Target, images: Images, types: { type(name: string): ValueType | undefined }) {
    this.#target = target;
    this.#images = images;
    this.#types = types;
  }

  /** Breakpoints whose code is at this address. */
  at(address: bigint): readonly Breakpoint[] {
    return this.#byAddress.get(address) ?? [];
  }
  get exceptions(): readonly Breakpoint[] {
    return this.#exceptions;
  }
  data(id: number): Breakpoint | undefined {
    return this.#data.find(breakpoint => breakpoint.id === id);
  }
  get watched(): readonly Breakpoint[] {
    return this.#data;
  }
  get any(): boolean {
    return this.#byAddress.size > 0 || this.#data.length > 0 || this.#exceptions.length > 0;
  }

  /** Replaces the breakpoints of one source, which `key` names; `bind` gives the code of its lines. */
  setSource({ key, path, bind }: BreakableSource, wishes: readonly SourceBreakpointWish[]): readonly Breakpoint[] {
    const made = wishes.map(wish => {
      const breakpoint = this.#make('source', wish, { ...(path !== undefined && { path }) });
      if (breakpoint.message === undefined) {
        const binding = bind(wish.line);
        if (binding) {
          breakpoint.locations = binding.locations;
          breakpoint.line = binding.line;
          breakpoint.verified = true;
        } else {
          breakpoint.message = 'No loaded image has code for this line';
        }
      }
      return breakpoint;
    });
    this.#bySource.set(key, { bind, breakpoints: made });
    this.#arm();
    return made;
  }

  setFunctions(wishes: readonly FunctionBreakpointWish[]): readonly Breakpoint[] {
    this.#functionNames = new Map();
    this.#functions = wishes.map(wish => {
      const { el, name } = splitContext(wish.name);
      const breakpoint = this.#make('function', wish, { ...(el !== undefined && { el }) });
      this.#functionNames.set(breakpoint, name);
      if (breakpoint.message === undefined) {
        this.#bindFunction(breakpoint, name);
        if (!breakpoint.verified) breakpoint.message = `No loaded image has a symbol ${name}`;
      }
      return breakpoint;
    });
    this.#arm();
    return this.#functions;
  }

  setInstructions(wishes: readonly InstructionBreakpointWish[]): readonly Breakpoint[] {
    this.#instructions = wishes.map(wish => {
      const breakpoint = this.#make('instruction', wish, {});
      if (breakpoint.message === undefined) {
        if ((wish.address & 3n) !== 0n)
          breakpoint.message = `${hex(wish.address)} is not the address of an instruction`;
        else {
          breakpoint.locations = [{ address: wish.address }];
          breakpoint.verified = true;
        }
      }
      return breakpoint;
    });
    this.#arm();
    return this.#instructions;
  }

  setData(wishes: readonly DataBreakpointWish[]): readonly Breakpoint[] {
    this.#data = wishes.map(wish => {
      const place = parseDataId(wish.dataId);
      const id = wish.id ?? this.#nextId;
      const watch = place && { id, at: place.at, length: place.length, access: wish.access ?? 'write' };
      const breakpoint = this.#make('data', wish, { ...(watch && { watch }) });
      if (!watch) breakpoint.message = `'${wish.dataId}' names no memory to watch`;
      return breakpoint;
    });
    const watched = this.#data.filter(breakpoint => breakpoint.watch && breakpoint.message === undefined);
    const problems = this.#target.setWatchpoints(watched.map(breakpoint => breakpoint.watch!));
    watched.forEach((breakpoint, index) => {
      const problem = problems[index];
      if (problem === undefined) breakpoint.verified = true;
      else breakpoint.message = problem;
    });
    return this.#data;
  }

  setExceptions(wishes: readonly ExceptionBreakpointWish[]): readonly Breakpoint[] {
    const made = wishes.map(wish => {
      const filter = exceptionFilters.find(candidate => candidate.id === wish.filterId);
      const breakpoint = this.#make('exception', wish, { ...(filter && { filter }) });
      if (!filter) breakpoint.message = `There is no exception filter '${wish.filterId}'`;
      else if (breakpoint.message === undefined) breakpoint.verified = true;
      return breakpoint;
    });
    this.#exceptions = made.filter(breakpoint => breakpoint.verified);
    return made;
  }

  #bindFunction(breakpoint: Breakpoint, name: string): void {
    const locations = this.#images.functionBreakpoints(name, breakpoint.el);
    if (locations.length === 0) return;
    breakpoint.locations = locations;
    breakpoint.verified = true;
    const line = this.#images.lineOf(locations[0]!);
    if (line) breakpoint.line = line.line;
  }

  /** An image runs at another place as well: breakpoints go there too. */
  bindAgain(): void {
    for (const { bind, breakpoints } of this.#bySource.values()) {
      for (const breakpoint of breakpoints) {
        const binding = breakpoint.verified && breakpoint.line !== undefined ? bind(breakpoint.line) : undefined;
        if (binding) breakpoint.locations = binding.locations;
      }
    }
    for (const [breakpoint, name] of this.#functionNames) if (breakpoint.verified) this.#bindFunction(breakpoint, name);
    this.#arm();
  }

  addTemporary(address: bigint): void {
    this.#temporary.set(address, (this.#temporary.get(address) ?? 0) + 1);
    this.#arm();
  }
  removeTemporary(address: bigint): void {
    const count = (this.#temporary.get(address) ?? 0) - 1;
    if (count > 0) this.#temporary.set(address, count);
    else this.#temporary.delete(address);
    this.#arm();
  }

  #arm(): void {
    const byAddress = new Map<bigint, Breakpoint[]>();
    for (const breakpoint of [
      ...[...this.#bySource.values()].flatMap(({ breakpoints }) => breakpoints),
      ...this.#functions,
      ...this.#instructions,
    ]) {
      for (const { address } of breakpoint.locations) {
        const same = byAddress.get(address);
        if (!same) byAddress.set(address, [breakpoint]);
        else if (!same.includes(breakpoint)) same.push(breakpoint);
      }
    }
    this.#byAddress = byAddress;
    this.#target.setBreakpoints(new Set([...byAddress.keys(), ...this.#temporary.keys()]));
  }

  #make(kind: BreakpointKind, wish: BreakpointWishes & { line?: number }, more: Partial<Breakpoint>): Breakpoint {
    const breakpoint: { -readonly [Name in keyof Breakpoint]: Breakpoint[Name] } = {
      id: wish.id ?? this.#nextId++,
      kind,
      locations: [],
      hits: 0,
      verified: false,
      ...(wish.line !== undefined && { line: wish.line }),
      ...more,
    };
    try {
      if (wish.condition) breakpoint.condition = parse(wish.condition, this.#types);
      if (wish.logMessage) breakpoint.log = parseLogMessage(wish.logMessage, text => parse(text, this.#types));
      if (wish.hitCondition) {
        const hitCondition = parseHitCondition(wish.hitCondition);
        if (!hitCondition) throw new ExpressionProblem(`'${wish.hitCondition}' is no hit condition; write 5, >5 or %5`);
        breakpoint.hitCondition = hitCondition;
      }
      const mode = /^el([0-3])$/.exec(wish.mode ?? '');
      if (mode) breakpoint.el = Number(mode[1]) as ExceptionLevel;
    } catch (problem) {
      if (!(problem instanceof ExpressionProblem)) throw problem;
      breakpoint.message = problem.message;
    }
    return breakpoint;
  }
}

/** `pa:0x9000000+4`, `va@el1:0xffff000000080000+8`: what a data breakpoint watches. A bare number is virtual. */
export function parseDataId(text: string): { readonly at: SpaceAddress; readonly length: number } | undefined {
  const match = /^(?:(va(?:@el[0-3])?|ipa|pa):)?(0x[0-9a-f]+|\d+)(?:\+(\d+))?$/i.exec(text.trim());
  if (!match) return undefined;
  const length = match[3] === undefined ? 8 : Number(match[3]);
  if (length < 1 || length > 0x10_0000) return undefined;
  return { at: { space: spaceOf(match[1] ?? 'va'), address: BigInt.asUintN(64, BigInt(match[2]!)) }, length };
}

export function dataIdOf(at: SpaceAddress, length: number): string {
  return `${spaceText(at.space)}${hex(at.address)}+${length}`;
}
