/** Variables of the source program in a frame, by what the debug information says of them. */

import type { SourceScope } from '../debug-information/debug-information.ts';
import { attribute } from '../debug-information/dwarf/constants.ts';
import { addressAt } from '../debug-information/dwarf/forms.ts';
import type { DebugVariable } from '../debug-information/dwarf/functions.ts';
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
  const address = linkedAddress(frame, scope);
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
  { image, placement }: PlacedImage,
  scope: SourceScope | undefined,
  address: bigint,
  read: ReadMemory,
): SourceVariable {
  const { entry, type } = variable;
  const space = frame?.space ?? { kind: 'va' as const };
  const fn = scope?.fn;
  const locate = (): Location | undefined => {
    const constant = entry.inherited(attribute.constValue);
    if (constant?.kind === 'constant') return { kind: 'value', value: BigInt.asUintN(64, constant.value) };
    const location = entry.inherited(attribute.location);
    const expression = location && entry.unit.locationAt(location, address);
    if (!expression) return undefined;
    const context: ExpressionContext = {
      littleEndian: entry.unit.sections.littleEndian,
      register: number => (number === 31 ? frame?.registers.sp : number < 31 ? frame?.registers.x(number) : undefined),
      memory: (at, size) => read({ space, address: at }, size),
      get cfa() {
        return frame?.cfa;
      },
      frameBase: () => {
        const base = fn?.entry.attribute(attribute.frameBase);
        const baseExpression = fn && base && fn.entry.unit.locationAt(base, address);
        if (!baseExpression) return undefined;
        const found = evaluateLocation(baseExpression, { ...context, cfa: frame?.cfa, frameBase: () => undefined });
        if (found.kind === 'register') return context.register(found.register);
        return found.kind === 'memory' ? found.address : found.kind === 'value' ? found.value : undefined;
      },
      loadOffset: placement.offset,
      indexedAddress: index => addressAt(entry.unit, index),
    };
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
