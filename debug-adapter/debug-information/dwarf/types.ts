/** Types from debugging entries. Source: DWARF 5, chapter 5. */
import type { Member, ValueType } from '../types.ts';
import { attribute, encoding, tag } from './constants.ts';
import type { Entry } from './entries.ts';

const voidType: ValueType = { kind: 'unknown', name: 'void', size: 0 };

export class DwarfTypes {
  /** By the offset of their entries. */
  readonly #known = new Map<number, ValueType>();

  /** The type an entry describes; of a variable or member, `entry.type`. */
  of(entry: Entry | undefined, depth = 0): ValueType {
    if (!entry) return voidType;
    const known = this.#known.get(entry.offset);
    if (known) return known;
    if (depth > 32) return { kind: 'unknown', name: entry.name ?? '?', size: 0 };
    const type = this.#make(entry, depth);
    this.#known.set(entry.offset, type);
    return type;
  }

  #make(entry: Entry, depth: number): ValueType {
    const size = entry.number(attribute.byteSize) ?? 0;
    const name = entry.name;
    const inner = () => this.of(entry.type, depth + 1);
    switch (entry.tag) {
      case tag.baseType:
        return baseType(name ?? '?', size, entry.number(attribute.encoding));
      case tag.pointerType:
      case tag.referenceType: {
        const target = entry.type;
        return {
          kind: 'pointer',
          name: `${target ? (this.#nameOf(target) ?? '?') : 'void'} *`,
          size: size || 8,
          target: () => (target ? this.of(target) : undefined),
        };
      }
      case tag.typedef: {
        const type = inner();
        return name ? { ...type, name } : type;
      }
      case tag.constType:
      case tag.volatileType:
      case tag.restrictType:
      case tag.atomicType:
        return inner();
      case tag.structureType:
      case tag.classType:
      case tag.unionType: {
        const word = entry.tag === tag.unionType ? 'union' : 'struct';
        let members: readonly Member[] | undefined;
        return {
          kind: 'structure',
          name: name ? `${word} ${name}` : word,
          size,
          members: () => (members ??= this.#members(entry)),
        };
      }
      case tag.enumerationType: {
        const values = new Map<bigint, string>();
        for (const child of entry.children) {
          const value = child.attribute(attribute.constValue);
          if (child.tag === tag.enumerator && value?.kind === 'constant') values.set(value.value, child.name ?? '?');
        }
        return { kind: 'enumeration', name: name ? `enum ${name}` : 'enum', size: size || 4, values };
      }
      case tag.arrayType: {
        const counts = entry.children.filter(child => child.tag === tag.subrangeType).map(countOf);
        return counts.reduceRight<ValueType>(
          (element, count) => ({
            kind: 'array',
            name: `${element.name}[${count}]`,
            size: element.size * count,
            element,
            count,
          }),
          inner(),
        );
      }
      case tag.subroutineType:
        return { kind: 'function', name: 'function', size: 0 };
      default:
        return { kind: 'unknown', name: name ?? '?', size };
    }
  }

  /** The name of a type without making it, so that types that point to themselves end. */
  #nameOf(entry: Entry, depth = 0): string | undefined {
    if (entry.name) {
      const word = entry.tag === tag.structureType ? 'struct ' : entry.tag === tag.unionType ? 'union ' : '';
      return word + entry.name;
    }
    if (depth > 8 || !entry.type) return entry.tag === tag.subroutineType ? 'function' : 'void';
    const inner = this.#nameOf(entry.type, depth + 1);
    return entry.tag === tag.pointerType ? `${inner} *` : inner;
  }

  #members(entry: Entry): Member[] {
    const members: Member[] = [];
    for (const child of entry.children) {
      if (child.tag !== tag.member) continue;
      const type = this.of(child.type);
      const width = child.number(attribute.bitSize);
      const bitOffset = child.number(attribute.dataBitOffset);
      const offset = child.number(attribute.dataMemberLocation) ?? 0;
      if (width !== undefined && bitOffset !== undefined) {
        // The storage unit is the declared type, aligned to itself.
        const unit = Math.max(type.size, 1) * 8;
        const start = Math.floor(bitOffset / unit) * unit;
        members.push({ name: child.name ?? '', offset: start / 8, type, bits: { low: bitOffset - start, width } });
      } else members.push({ name: child.name ?? '', offset, type });
    }
    return members;
  }
}

function countOf(subrange: Entry): number {
  const count = subrange.number(attribute.count);
  if (count !== undefined) return count;
  const upper = subrange.attribute(attribute.upperBound);
  if (upper?.kind !== 'constant') return 0;
  // An upper bound of all ones is how an empty array is written.
  const bound = BigInt.asIntN(64, upper.value);
  return bound >= 0n && bound < 0xffff_ffffn ? Number(bound) + 1 : 0;
}

function baseType(name: string, size: number, kind: number | undefined): ValueType {
  switch (kind) {
    case encoding.boolean:
      return { kind: 'boolean', name, size };
    case encoding.float:
      return { kind: 'float', name, size };
    case encoding.signed:
      return { kind: 'integer', name, size, signed: true };
    case encoding.signedChar:
    case encoding.unsignedChar:
    case encoding.utf:
      return { kind: 'integer', name, size, signed: kind === encoding.signedChar, character: true };
    default:
      return { kind: 'integer', name, size, signed: false };
  }
}
