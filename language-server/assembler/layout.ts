import type { Problem } from '../syntax/problem.ts';
import { type Distance, evaluate, isAbsolute } from './expression.ts';
import { leb128 } from './leb128.ts';
import { alignmentPadding, type Fragment, type Section } from './model.ts';

/** Distances once every fragment has its offset. */
export const distanceInSection: Distance = (from, to) => {
  if (from.fragment === to.fragment) return BigInt(to.offset - from.offset);
  if (from.fragment.section !== to.fragment.section) return undefined;
  if (from.fragment.offset === undefined || to.fragment.offset === undefined) return undefined;
  return BigInt(to.fragment.offset + to.offset - (from.fragment.offset + from.offset));
};

/** Rounds after which sizes that still change are given up. */
const mostRounds = 30;

/** Gives every fragment its offset and size. `mostBytes` bounds what `.org` and `.fill` may ask for. */
export function layOut(sections: readonly Section[], mostBytes: number, problems: Problem[]): void {
  const fragments = sections.map(section => section.fragments());
  for (let round = 0; round < mostRounds; round++) {
    let changed = false;
    const last = round === mostRounds - 1;
    for (let index = 0; index < sections.length; index++) {
      const size = pass(fragments[index]!, mostBytes, last ? problems : undefined);
      if (size.changed) changed = true;
      sections[index]!.size = size.end;
    }
    if (!changed) break;
  }
  // What is wrong with the final sizes is told once they are final.
  for (const list of fragments) pass(list, mostBytes, problems);
}

function pass(
  fragments: readonly Fragment[],
  mostBytes: number,
  problems: Problem[] | undefined,
): { end: number; changed: boolean } {
  let offset = 0;
  let changed = false;
  for (const fragment of fragments) {
    if (fragment.offset !== offset) {
      fragment.offset = offset;
      changed = true;
    }
    const size = Math.min(sizeOf(fragment, offset, mostBytes, problems), mostBytes);
    if (fragment.size !== size) {
      fragment.size = size;
      changed = true;
    }
    offset += size;
  }
  return { end: offset, changed };
}

function sizeOf(fragment: Fragment, offset: number, mostBytes: number, problems: Problem[] | undefined): number {
  switch (fragment.kind) {
    case 'bytes':
      return fragment.data.length;
    case 'align':
      return alignmentPadding(offset, fragment.alignment, fragment.atMost);
    case 'fill': {
      const value = evaluate(fragment.count, distanceInSection);
      const complain = (message: string) =>
        problems?.push({ severity: 'error', code: 'not-constant', message, range: fragment.range });
      if (!isAbsolute(value)) {
        complain('problem' in value ? value.problem : 'This count has no constant value.');
        return 0;
      }
      if (value.constant < 0n) {
        problems?.push({
          severity: 'warning',
          code: 'negative-count',
          message: 'A negative count stores nothing.',
          range: fragment.range,
        });
        return 0;
      }
      const total = value.constant * BigInt(fragment.unit);
      if (total > BigInt(mostBytes)) {
        complain(`This asks for more than ${mostBytes} bytes.`);
        return 0;
      }
      return Number(total);
    }
    case 'origin':
      return originSize(fragment, offset, mostBytes, problems);
    case 'leb128': {
      const value = evaluate(fragment.expression, distanceInSection);
      if (!isAbsolute(value)) {
        const message = 'problem' in value ? value.problem : 'This value must be known to the assembler.';
        problems?.push({ severity: 'error', code: 'not-constant', message, range: fragment.range });
        return 1;
      }
      // Never shrinks, so that sizes settle.
      return Math.max(fragment.size, leb128(value.constant, fragment.signed).length);
    }
  }
}

function originSize(
  fragment: Fragment & { kind: 'origin' },
  offset: number,
  mostBytes: number,
  problems: Problem[] | undefined,
): number {
  const complain = (message: string): number => {
    problems?.push({ severity: 'error', code: 'bad-origin', message, range: fragment.range });
    return 0;
  };
  const value = evaluate(fragment.target, distanceInSection);
  if ('problem' in value) return complain(value.problem);
  const base = value.plus[0];
  let target = value.constant;
  if (base) {
    const place = base.definition;
    if (value.plus.length > 1 || value.minus.length > 0 || place?.kind !== 'label') {
      return complain('This offset has no constant value.');
    }
    if (place.fragment.section !== fragment.section) return complain('The offset lies in another section.');
    target += BigInt((place.fragment.offset ?? 0) + place.offset);
  } else if (value.minus.length > 0) return complain('This offset has no constant value.');
  if (target < BigInt(offset)) {
    return complain(`\`.org\` cannot move back: the section is at ${offset} already, and ${target} is asked for.`);
  }
  if (target > BigInt(mostBytes)) return complain(`This asks for more than ${mostBytes} bytes.`);
  return Number(target) - offset;
}

const nop = [0x1f, 0x20, 0x03, 0xd5];

/** Writes a fragment's bytes at its offset. */
export function writeFragment(fragment: Fragment, out: Uint8Array): void {
  const offset = fragment.offset ?? 0;
  switch (fragment.kind) {
    case 'bytes':
      out.set(fragment.data.view(), offset);
      return;
    case 'origin':
      out.fill(fragment.fill, offset, offset + fragment.size);
      return;
    case 'fill':
      repeat(out, offset, fragment.size, fragment.value, Math.max(fragment.unit, 1));
      return;
    case 'align':
      if (fragment.fill !== 'code') {
        // A pattern that does not come out even is preceded by zeros.
        const { value, size } = fragment.fill;
        const uneven = fragment.size % size;
        repeat(out, offset + uneven, fragment.size - uneven, value, size);
        return;
      }
      for (let index = fragment.size % 4; index < fragment.size; index++) {
        out[offset + index] = nop[(index - (fragment.size % 4)) % 4]!;
      }
      return;
    case 'leb128': {
      const value = evaluate(fragment.expression, distanceInSection);
      if (!isAbsolute(value)) return;
      const bytes = leb128(value.constant, fragment.signed);
      // A value that became shorter while sizes settled keeps its room.
      while (bytes.length < fragment.size) {
        const sign = fragment.signed && value.constant < 0n ? 0x7f : 0;
        bytes[bytes.length - 1]! |= 0x80;
        bytes.push(sign);
      }
      out.set(bytes, offset);
    }
  }
}

function repeat(out: Uint8Array, offset: number, total: number, value: bigint, unit: number): void {
  if (value === 0n) return;
  for (let index = 0; index < total; index++) {
    out[offset + index] = Number((value >> BigInt(8 * (index % unit))) & 0xffn);
  }
}
