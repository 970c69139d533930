import { builtinTypes, type ValueType } from '../../../debug-adapter/debug-information/types.ts';
import { evaluate, parse } from '../../../debug-adapter/debugger/expression/evaluate.ts';
import type { ExpressionHost } from '../../../debug-adapter/debugger/expression/host.ts';
import { integerValue, scalarText, u64Type, type Value } from '../../../debug-adapter/debugger/expression/value.ts';

const int = builtinTypes.get('int')!;
const node: ValueType = {
  kind: 'structure',
  name: 'struct node',
  size: 16,
  members: () => [
    { name: 'value', offset: 0, type: int },
    { name: 'low', offset: 4, type: builtinTypes.get('u32')!, bits: { low: 0, width: 3 } },
    { name: 'next', offset: 8, type: { kind: 'pointer', name: 'struct node *', size: 8, target: () => node } },
  ],
};

/** A host with a few registers, one variable and sixteen bytes at 0x1000. */
export function host(): ExpressionHost & { readonly registers: Map<string, bigint>; readonly memory: Uint8Array } {
  const registers = new Map<string, bigint>([
    ['x0', 0x20n],
    ['x1', 0xffff_ffff_ffff_ffffn],
    ['sp', 0x1000n],
    ['hcr_el2', 0x80000001n],
  ]);
  const memory = new Uint8Array([7, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
  const facts = new Map<string, Value>([
    ['el', integerValue(1n)],
    ['ipa', integerValue(0x09000010n)],
    ['ec', integerValue(0x24n)],
    ['dabort', { type: u64Type, bits: 0x24n, set: new Set([0x24n, 0x25n]) }],
    ['hvc', { type: u64Type, bits: 0x16n, set: new Set([0x16n]) }],
  ]);
  return {
    registers,
    memory,
    fact: name => facts.get(name),
    variable: name =>
      name === 'list'
        ? {
            type: { kind: 'pointer', name: 'struct node *', size: 8, target: () => node },
            bits: 0x1000n,
          }
        : undefined,
    register: name => {
      const bits = registers.get(name);
      return bits === undefined
        ? undefined
        : { type: u64Type, bits, place: { kind: 'register', name, high: 63, low: 0 } };
    },
    field: (of, field) =>
      of !== 'hcr_el2'
        ? undefined
        : field.toUpperCase() === 'VM'
          ? { high: 0, low: 0, meaning: value => (value ? 'stage 2 on' : undefined) }
          : field.toUpperCase() === 'RW'
            ? { high: 31, low: 31 }
            : undefined,
    symbol: name => (name === '_start' ? { address: 0x40080000n, isFunction: true } : undefined),
    type: name => (name === 'node' ? node : undefined),
    read: ({ address }, length) => {
      const offset = Number(address - 0x1000n);
      return offset >= 0 && offset + length <= memory.length ? memory.subarray(offset, offset + length) : undefined;
    },
    writeMemory: ({ address }, bytes) => memory.set(bytes, Number(address - 0x1000n)),
    isBigEndian: () => false,
    writeRegister: (name, value) => {
      registers.set(name, value);
    },
  };
}

/** The text of what an expression gives, or of why it gives nothing. */
export function result(text: string, on = host()): string {
  try {
    return scalarText(evaluate(parse(text, on), on));
  } catch (problem) {
    return `problem: ${(problem as Error).message}`;
  }
}
