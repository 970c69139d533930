/** Values as lines of a variables view. */
import type { ValueType } from '../debug-information/types.ts';
import { dataIdOf } from '../debugger/breakpoints.ts';
import { elementValue, evaluate, loadMember, parse, store } from '../debugger/expression/evaluate.ts';
import { ExpressionProblem } from '../debugger/expression/lexer.ts';
import { hex, isScalar, type NumberFormat, scalarText, type Value } from '../debugger/expression/value.ts';
import type { FrameHost } from '../debugger/frame-host.ts';
import { UserProblem } from '../debugger/target.ts';
import { referenceText } from '../requests/memory-reference.ts';
import type { VariableNode } from '../variables.ts';

/** Elements shown of a pointer to characters, and of an array at once. */
const maximumText = 200;

export function valueNode(
  name: string,
  value: Value,
  host: FrameHost,
  evaluateName?: string,
  format?: NumberFormat,
): VariableNode {
  const { type, place } = value;
  const memory = place?.kind === 'memory' ? referenceText(place.at) : undefined;
  const pointed =
    type.kind === 'pointer' ? referenceText({ space: value.space ?? { kind: 'va' }, address: value.bits }) : undefined;
  const children = childrenOf(value, host, evaluateName, format);
  return {
    name,
    value: text(value, host, format),
    type: type.name,
    ...(evaluateName !== undefined && { evaluateName }),
    ...((pointed ?? memory) !== undefined && { memoryReference: (pointed ?? memory)! }),
    ...(children && { children }),
    ...(type.kind === 'array' && { indexed: type.count }),
    ...(place && isScalar(type) && { set: (written: string) => assign(value, written, host) }),
    ...(place?.kind === 'memory' && type.size > 0 && { dataId: dataIdOf(place.at, type.size) }),
  };
}

function text(value: Value, host: FrameHost, format: NumberFormat | undefined): string {
  const { type } = value;
  if (type.kind === 'structure') return type.name;
  if (type.kind === 'array') return arrayText(value, host);
  if (!isScalar(type)) return type.name;
  const shown = scalarText(value, format);
  if (type.kind === 'pointer') {
    const target = type.target();
    const characters = target?.kind === 'integer' && target.character ? cString(value, host) : undefined;
    return characters === undefined ? shown : `${shown} "${characters}"`;
  }
  return shown;
}

function arrayText(value: Value, host: FrameHost): string {
  const { type, place } = value;
  if (type.kind !== 'array') return type.name;
  if (type.element.kind === 'integer' && type.element.character && place?.kind === 'memory') {
    const bytes = host.read(place.at, Math.min(type.size, maximumText));
    if (bytes) return `"${printable(bytes)}"`;
  }
  return type.name;
}

function cString(value: Value, host: FrameHost): string | undefined {
  const at = { space: value.space ?? ({ kind: 'va' } as const), address: value.bits };
  for (let length = maximumText; length >= 1; length >>= 1) {
    const bytes = host.read(at, length);
    if (bytes) return printable(bytes);
  }
  return undefined;
}

function printable(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return [...(end < 0 ? bytes : bytes.subarray(0, end))]
    .map(byte =>
      byte >= 32 && byte < 127 && byte !== 34 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}

function childrenOf(value: Value, host: FrameHost, evaluateName: string | undefined, format: NumberFormat | undefined) {
  const { type } = value;
  const path = (suffix: string) => (evaluateName === undefined ? undefined : `${evaluateName}${suffix}`);
  switch (type.kind) {
    case 'structure':
      return () =>
        type
          .members()
          .map(member =>
            attempt(
              member.name || '(unnamed)',
              member.type,
              () => loadMember(value, member, host),
              host,
              path(`.${member.name}`),
              format,
            ),
          );
    case 'array':
      return () =>
        Array.from({ length: type.count }, (_, index) =>
          attempt(
            `[${index}]`,
            type.element,
            () => elementValue(value, BigInt(index), host),
            host,
            path(`[${index}]`),
            format,
          ),
        );
    case 'pointer': {
      const target = type.target();
      if (!target || target.size === 0 || value.bits === 0n || value.meaning !== undefined) return undefined;
      if (target.kind === 'structure') {
        return () => {
          const pointed = elementValue(value, 0n, host);
          return target
            .members()
            .map(member =>
              attempt(
                member.name || '(unnamed)',
                member.type,
                () => loadMember(pointed, member, host),
                host,
                path(`->${member.name}`),
                format,
              ),
            );
        };
      }
      return () => [
        attempt(
          `*${evaluateName ?? ''}`,
          target,
          () => elementValue(value, 0n, host),
          host,
          evaluateName === undefined ? undefined : `*${evaluateName}`,
          format,
        ),
      ];
    }
    default:
      return undefined;
  }
}

/** A line for a value that may not be there: then it says why. */
export function attempt(
  name: string,
  type: Pick<ValueType, 'name'>,
  get: () => Value | undefined,
  host: FrameHost,
  evaluateName?: string,
  format?: NumberFormat,
): VariableNode {
  try {
    const value = get();
    if (value) return valueNode(name, value, host, evaluateName, format);
    return { name, value: '<not kept by the compiler>', type: type.name };
  } catch (problem) {
    if (!(problem instanceof ExpressionProblem)) throw problem;
    return { name, value: `<${problem.message}>`, type: type.name };
  }
}

/** Writes what a text evaluates to. */
export function assign(target: Value, written: string, host: FrameHost): void {
  try {
    const value = evaluate(parse(written, host), host);
    const width = BigInt(target.type.size * 8);
    const limit = target.place?.kind === 'register' ? target.place.high - target.place.low + 1 : Number(width);
    if (target.type.kind !== 'float' && value.bits >> BigInt(limit) !== 0n && BigInt.asIntN(64, value.bits) >= 0n) {
      throw new UserProblem(`${hex(value.bits)} does not fit ${limit} ${limit === 1 ? 'bit' : 'bits'}`);
    }
    store(target, BigInt.asUintN(limit, value.bits), host);
  } catch (problem) {
    if (problem instanceof ExpressionProblem) throw new UserProblem(problem.message);
    throw problem;
  }
}
