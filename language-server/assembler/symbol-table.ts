import { AssemblySymbol } from './model.ts';

/** The symbols of an assembly by name, and its numeric local labels. */
export class SymbolTable {
  private readonly named = new Map<string, AssemblySymbol>();
  private readonly numeric = new Map<string, { last: AssemblySymbol | undefined; next: AssemblySymbol | undefined }>();

  /** The symbol of that name; it comes into being when it is first asked for. */
  get(name: string): AssemblySymbol {
    let symbol = this.named.get(name);
    if (!symbol) {
      symbol = new AssemblySymbol(name);
      this.named.set(name, symbol);
    }
    return symbol;
  }

  find(name: string): AssemblySymbol | undefined {
    return this.named.get(name);
  }

  /** Gives the name to a fresh symbol, so that those who referred to the old one keep its meaning. */
  renew(name: string): AssemblySymbol {
    const old = this.named.get(name);
    const symbol = new AssemblySymbol(name);
    if (old) {
      symbol.binding = old.binding;
      symbol.visibility = old.visibility;
      symbol.type = old.type;
      symbol.declared = old.declared;
    }
    this.named.set(name, symbol);
    return symbol;
  }

  /** The symbol that `1:` at this place defines. */
  defineNumeric(number: string): AssemblySymbol {
    const entry = this.numeric.get(number);
    const symbol = entry?.next ?? new AssemblySymbol(number, true);
    this.numeric.set(number, { last: symbol, next: undefined });
    return symbol;
  }

  /** The symbol that `1f` or `1b` at this place means; undefined for `1b` with no `1:` before. */
  numericReference(number: string, direction: 'f' | 'b'): AssemblySymbol | undefined {
    const entry = this.numeric.get(number) ?? { last: undefined, next: undefined };
    if (direction === 'b') return entry.last;
    entry.next ??= new AssemblySymbol(number, true);
    this.numeric.set(number, entry);
    return entry.next;
  }

  /** Numeric labels referred to forwards and never defined. */
  *missingNumeric(): Iterable<AssemblySymbol> {
    for (const { next } of this.numeric.values()) if (next) yield next;
  }

  values(): Iterable<AssemblySymbol> {
    return this.named.values();
  }
}
