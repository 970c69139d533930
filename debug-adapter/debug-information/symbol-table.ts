/** Symbols by name and by address. */
import type { ElfFile, ElfSymbol } from './elf.ts';

/** A symbol and the distance of an address from it. */
export interface SymbolAt {
  readonly symbol: ElfSymbol;
  readonly offset: number;
}

export class SymbolTable {
  readonly #byName = new Map<string, ElfSymbol[]>();
  /** Sorted by address; of several at one address the preferred one comes last. */
  readonly #byAddress: readonly ElfSymbol[];
  readonly #sectionEnd: (section: number) => bigint | undefined;

  constructor(elf: ElfFile) {
    for (const symbol of elf.symbols) {
      const same = this.#byName.get(symbol.name);
      if (same) same.push(symbol);
      else this.#byName.set(symbol.name, [symbol]);
    }
    this.#byAddress = [...elf.symbols].sort((a, b) =>
      a.address < b.address ? -1 : a.address > b.address ? 1 : rank(a) - rank(b),
    );
    this.#sectionEnd = index => {
      const section = elf.sections[index];
      return section && section.type !== 0 ? section.address + BigInt(section.size) : undefined;
    };
  }

  get all(): readonly ElfSymbol[] {
    return this.#byAddress;
  }

  /** The symbol of this name: a global before a weak before a local one. */
  named(name: string): ElfSymbol | undefined {
    const same = this.#byName.get(name);
    return same?.find(s => s.binding === 'global') ?? same?.find(s => s.binding === 'weak') ?? same?.[0];
  }

  /** Functions of this name, static ones of several files included; where there is none, what else is called so. */
  functionsNamed(name: string): readonly ElfSymbol[] {
    const same = this.#byName.get(name) ?? [];
    const functions = same.filter(symbol => symbol.kind === 'function');
    if (functions.length > 0) return functions;
    const other = this.named(name);
    return other ? [other] : [];
  }

  /** The innermost symbol that holds an address: within its size, or, when it has none, up to the next symbol or section end. */
  at(address: bigint): SymbolAt | undefined {
    let low = 0;
    let high = this.#byAddress.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#byAddress[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0 && index > low - 64; index--) {
      const symbol = this.#byAddress[index]!;
      const distance = address - symbol.address;
      const end = this.#sectionEnd(symbol.section);
      const inside =
        symbol.size > 0 ? distance < BigInt(symbol.size) : end === undefined ? distance < 0x1000n : address < end;
      if (inside) return { symbol, offset: Number(distance) };
    }
    return undefined;
  }
}

/**
 * At one and the same address functions are preferred over labels, then names for people over those that begin with an
 * underscore (`memset` over `__pi_memset`), then global names over local ones.
 */
function rank(symbol: ElfSymbol): number {
  return (
    (symbol.kind === 'label' ? 0 : 8) +
    (symbol.name.startsWith('_') ? 0 : 4) +
    (symbol.binding === 'local' ? 0 : symbol.binding === 'weak' ? 1 : 2)
  );
}
