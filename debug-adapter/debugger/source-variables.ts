/** Variables of the source program in a frame, by what the debug information says of them. */

import type { SourceScope } from '../debug-information/debug-information.ts';
import { attribute, tag } from '../debug-information/dwarf/constants.ts';
import type { Unit } from '../debug-information/dwarf/entries.ts';
import { type AttributeValue, addressAt } from '../debug-information/dwarf/forms.ts';
import type { DebugFunction, DebugVariable } from '../debug-information/dwarf/functions.ts';
import { type ExpressionContext, evaluateLocation, type Location } from '../debug-information/dwarf/location.ts';
import { load } from './expression/evaluate.ts';
import type { ExpressionHost } from './expression/host.ts';
import { bitsOf, isScalar, type Value } from './expression/value.ts';
import type { CodeFrame } from './frame.ts';
import type { Images, PlacedImage } from './images.ts';
import type { SpaceAddress } from './target.ts';

export interface SourceVariable {
  readonly name: string;
  readonly isParameter: boolean;
  readonly typeName: string;
  /** Undefined where the variable has no value at this instruction (optimised away, or lost in a caller). */
  value(host: ExpressionHost): Value | undefined;
}

/** The variables in scope at a frame's instruction. */
export function frameVariables(frame: CodeFrame, images: Images, read: ReadMemory): readonly SourceVariable[] {
  const scope = scopeOf(frame, images);
  if (!scope) return [];
  // In a caller a place holds up to the end of the call: a register that the callee may change is given up just before.
  const address = linkedAddress(frame, scope) + (frame.isTop ? 0n : 3n);
  const variables =
    scope.image.information.attempt(information => information.functions.variablesAt(scope, address)) ?? [];
  return variables.map(variable => sourceVariable(variable, frame, scope, scope, address, read));
}

/** A variable outside functions, nearest first. */
export function globalVariable(
  name: string,
  frame: CodeFrame | undefined,
  images: Images,
  read: ReadMemory,
): SourceVariable | undefined {
  for (const placed of images.forNames(frame?.context)) {
    const address = frame && linkedAddress(frame, placed);
    const variable = placed.image.information.attempt(information => information.functions.globalNamed(name, address));
    if (variable) return sourceVariable(variable, frame, placed, undefined, address ?? 0n, read);
  }
  return undefined;
}

export type ReadMemory = (at: SpaceAddress, size: number) => bigint | undefined;

/** The function, or inlined call, that a frame is of. */
export function scopeOf(frame: CodeFrame, images: Images): (SourceScope & PlacedImage) | undefined {
  return images.scopesAt(frame.lookup, frame.context)[frame.inlinedInside];
}

function linkedAddress(frame: CodeFrame, { placement }: PlacedImage): bigint {
  return BigInt.asUintN(64, frame.lookup - placement.offset);
}

function sourceVariable(
  variable: DebugVariable,
  frame: CodeFrame | undefined,
  placed: PlacedImage,
  scope: SourceScope | undefined,
  address: bigint,
  read: ReadMemory,
): SourceVariable {
  const { entry, type } = variable;
  const { image } = placed;
  const space = frame?.space ?? { kind: 'va' as const };
  const locate = (): Location | undefined => {
    const constant = entry.inherited(attribute.constValue);
    if (constant?.kind === 'constant') return { kind: 'value', value: BigInt.asUintN(64, constant.value) };
    const location = entry.inherited(attribute.location);
    const expression = location && entry.unit.locationAt(location, address);
    if (!expression) return undefined;
    const context = expressionContext(frame, placed, scope?.fn, address, entry.unit, read);
    return evaluateLocation(expression, context);
  };
  return {
    name: variable.name,
    isParameter: variable.isParameter,
    typeName: type.name,
    value: host => {
      const location = image.information.attempt(locate);
      switch (location?.kind) {
        case 'memory':
          return load({ kind: 'memory', at: { space, address: location.address } }, type, host);
        case 'register': {
          if (!frame || location.register > 31) return undefined;
          const number = location.register;
          const bits = number === 31 ? frame.registers.sp : frame.registers.x(number);
          if (bits === undefined || !isScalar(type)) return undefined;
          const name = number === 31 ? 'sp' : `x${number}`;
          const value: Value = { type, bits: BigInt.asUintN(type.size * 8, bits) };
          return frame.isLive
            ? { ...value, place: { kind: 'register', name, high: type.size * 8 - 1, low: 0 } }
            : value;
        }
        case 'value':
          return isScalar(type) ? { type, bits: BigInt.asUintN(type.size * 8, location.value) } : undefined;
        case 'bytes':
          return isScalar(type)
            ? { type, bits: BigInt.asUintN(type.size * 8, bitsOf(location.bytes, !entry.unit.sections.littleEndian)) }
            : undefined;
        case 'pieces':
          return undefined;
        default:
          return undefined;
      }
    },
  };
}

/** How expressions of a function's debug information are evaluated in a frame of it; `address` is that of the image. */
function expressionContext(
  frame: CodeFrame | undefined,
  placed: PlacedImage,
  fn: DebugFunction | undefined,
  address: bigint,
  unit: Unit,
  read: ReadMemory,
  depth = 0,
): ExpressionContext {
  const space = frame?.space ?? { kind: 'va' as const };
  const context: ExpressionContext = {
    littleEndian: unit.sections.littleEndian,
    register: number => (number === 31 ? frame?.registers.sp : number < 31 ? frame?.registers.x(number) : undefined),
    memory: (at, size) => read({ space, address: at }, size),
    get cfa() {
      return frame?.cfa;
    },
    frameBase: () => {
      const base = fn?.entry.attribute(attribute.frameBase);
      const baseExpression = fn && base && fn.entry.unit.locationAt(base, address);
      if (!baseExpression) return undefined;
      return numberOf(
        evaluateLocation(baseExpression, { ...context, cfa: frame?.cfa, frameBase: () => undefined }),
        context,
      );
    },
    loadOffset: placed.placement.offset,
    indexedAddress: index => addressAt(unit, index),
    entryValue: expression =>
      frame && fn && depth < mostCallers ? entryValue(expression, frame, placed, fn, read, depth) : undefined,
  };
  return context;
}

/** Callers that are asked, one after the other, for what they passed. */
const mostCallers = 8;
/** At most so many bytes lie between where a function is called and its own code (`-fpatchable-function-entry`). */
const patchableBytes = 16n;

function instructionWord(read: bigint, littleEndian: boolean): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(read), littleEndian);
  return view.getUint32(0, true);
}

/** The number that an expression stands for: an address it computes, a value, or what a register holds. */
function numberOf(found: Location, context: ExpressionContext): bigint | undefined {
  if (found.kind === 'register') return context.register(found.register);
  return found.kind === 'memory' ? found.address : found.kind === 'value' ? found.value : undefined;
}

/**
 * What a register held when a function was called: the caller's debug information tells what it passed (DWARF 5, 3.4),
 * as long as it is known that it was this function that the caller called.
 */
function entryValue(
  expression: Uint8Array,
  frame: CodeFrame,
  placed: PlacedImage,
  fn: DebugFunction,
  read: ReadMemory,
  depth: number,
): bigint | undefined {
  const caller = frame.caller();
  const isRegister = expression.length === 1 && expression[0]! >= 0x50 && expression[0]! <= 0x6f;
  if (!caller || !isRegister) return undefined;
  const { functions } = placed.image.information;
  const returnAddress = linkedAddress({ ...caller, lookup: caller.pc }, placed);
  const site = functions.callSite(returnAddress);
  if (!site) return undefined;
  const { unit } = site;
  const callerFunction = functions.functionAt(returnAddress - 4n);
  const context = expressionContext(caller, placed, callerFunction, returnAddress - 4n, unit, read, depth + 1);
  const evaluated = (value: AttributeValue | undefined): bigint | undefined =>
    value?.kind === 'expression' || value?.kind === 'block'
      ? numberOf(evaluateLocation(value.value, context), context)
      : undefined;
  const instruction = read({ space: caller.space, address: caller.pc - 4n }, 4);
  // Instructions are little-endian whatever data is.
  const word = instruction === undefined ? undefined : instructionWord(instruction, unit.sections.littleEndian);
  const target =
    word !== undefined && word >>> 26 === 0b100101
      ? caller.pc - 4n + BigInt((word << 6) >> 4)
      : evaluated(site.attribute(attribute.callTarget) ?? site.attribute(attribute.gnuCallSiteTarget));
  if (target === undefined) return undefined;
  const before = fn.low - BigInt.asUintN(64, target - placed.placement.offset);
  if (before < 0n || before > patchableBytes) return undefined;
  const parameter = site.children.find(child => {
    if (child.tag !== tag.callSiteParameter && child.tag !== tag.gnuCallSiteParameter) return false;
    const place = child.attribute(attribute.location);
    return (
      (place?.kind === 'expression' || place?.kind === 'block') &&
      place.value.length === 1 &&
      place.value[0] === expression[0]
    );
  });
  return (
    parameter && evaluated(parameter.attribute(attribute.callValue) ?? parameter.attribute(attribute.gnuCallSiteValue))
  );
}
