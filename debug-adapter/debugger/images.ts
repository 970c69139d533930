/** The images whose symbols are known, each perhaps loaded elsewhere than it was linked. */
import type { ByteSource } from '../debug-information/byte-source.ts';
import { DebugInformation, type SourceLine } from '../debug-information/debug-information.ts';
import type { ElfSymbol } from '../debug-information/elf.ts';
import type { ExceptionLevel } from './target.ts';

/** Limits an image's symbols to code that runs in a context. */
export interface ImageContext {
  readonly el?: readonly ExceptionLevel[];
}

export interface Image {
  /** File name, for people. */
  readonly name: string;
  readonly path: string;
  readonly information: DebugInformation;
  /** Run address minus link address. */
  readonly offset: bigint;
  readonly context?: ImageContext;
}

/** A symbol at its run address. */
export interface SymbolPlace {
  readonly image: Image;
  readonly symbol: ElfSymbol;
  readonly address: bigint;
  readonly offset: number;
}

export interface CodePlace extends SourceLine {
  readonly image: Image;
}

/** A line that a breakpoint was bound to. */
export interface LineBinding {
  readonly line: number;
  readonly addresses: readonly bigint[];
}

export class Images {
  readonly #images: Image[] = [];

  get all(): readonly Image[] {
    return this.#images;
  }

  /** Throws `MalformedData` when the bytes are no AArch64 ELF file. */
  add(file: ByteSource | Uint8Array, path: string, offset = 0n, context?: ImageContext): Image {
    const name = path.split(/[\\/]/).pop() ?? path;
    const image: Image = {
      name,
      path,
      information: new DebugInformation(file, name),
      offset,
      ...(context && { context }),
    };
    this.#images.push(image);
    return image;
  }

  /** Images in the order in which they apply to code at an Exception level. */
  *#applying(el: ExceptionLevel | undefined): Generator<Image> {
    for (const image of this.#images) {
      if (image.context?.el === undefined || el === undefined || image.context.el.includes(el)) yield image;
    }
  }

  symbolAt(address: bigint, el?: ExceptionLevel): SymbolPlace | undefined {
    for (const image of this.#applying(el)) {
      const found = image.information.attempt(information => information.symbols.at(address - image.offset));
      if (found)
        return { image, symbol: found.symbol, address: found.symbol.address + image.offset, offset: found.offset };
    }
    return undefined;
  }

  /**
   * `symbol+0x10` for an address, or undefined when no image knows it. The symbol is that of `within`: a return address
   * belongs to the function that called, also where the call is its last instruction.
   */
  nameOf(address: bigint, el?: ExceptionLevel, within = address): string | undefined {
    const place = this.symbolAt(within, el);
    if (!place) return undefined;
    const offset = place.offset + Number(address - within);
    return offset === 0 ? place.symbol.name : `${place.symbol.name}+0x${offset.toString(16)}`;
  }

  symbolNamed(name: string, el?: ExceptionLevel): SymbolPlace | undefined {
    for (const place of this.#symbolsNamed(name, el)) return place;
    return undefined;
  }

  /** A symbol in every image that has it: code that moves itself is there once for each place it runs at. */
  *#symbolsNamed(name: string, el?: ExceptionLevel): Generator<SymbolPlace> {
    const [imageName, symbolName] = splitName(name);
    for (const image of this.#applying(el)) {
      if (imageName !== undefined && !image.name.startsWith(imageName)) continue;
      const symbol = image.information.attempt(information => information.symbols.named(symbolName));
      if (symbol) yield { image, symbol, address: symbol.address + image.offset, offset: 0 };
    }
  }

  lineAt(address: bigint, el?: ExceptionLevel): CodePlace | undefined {
    for (const image of this.#applying(el)) {
      const line = image.information.attempt(information => information.lineAt(address - image.offset));
      if (line) return { ...line, image };
    }
    return undefined;
  }

  /** Is this address the first of a line's instructions? */
  isLineStart(address: bigint, el?: ExceptionLevel): boolean {
    for (const image of this.#applying(el)) {
      const row = image.information.attempt(information => information.rowAt(address - image.offset));
      if (row) return row.isStatement && row.address === address - image.offset;
    }
    return false;
  }

  /** All source paths, as the compiler wrote them. */
  get sourcePaths(): readonly string[] {
    const paths = new Set<string>();
    for (const image of this.#images) {
      for (const path of image.information.attempt(information => information.lines.files) ?? []) paths.add(path);
    }
    return [...paths].sort();
  }

  /**
   * The code of a line. A line without code moves to the next one that has some, as long as that lies in the same file;
   * undefined when no image has this file. `matches` decides whether a compiler's path is the file meant.
   */
  bindLine(line: number, matches: (path: string) => boolean): LineBinding | undefined {
    const candidates: { image: Image; file: number }[] = [];
    for (const image of this.#images) {
      const files = image.information.attempt(information => information.lines.files);
      files?.forEach((path, file) => {
        if (matches(path)) candidates.push({ image, file });
      });
    }
    let bound = Number.POSITIVE_INFINITY;
    for (const { image, file } of candidates) {
      const next = image.information.linesWithCode(file).find(candidate => candidate >= line);
      if (next !== undefined && next < bound) bound = next;
    }
    if (bound === Number.POSITIVE_INFINITY) return undefined;
    const addresses = candidates.flatMap(({ image, file }) =>
      image.information.addressesOfLine(file, bound).map(address => address + image.offset),
    );
    return { line: bound, addresses: [...new Set(addresses)] };
  }

  /** Lines of a file that have code. */
  linesWithCode(matches: (path: string) => boolean): readonly number[] {
    const found = new Set<number>();
    for (const image of this.#images) {
      const files = image.information.attempt(information => information.lines.files);
      files?.forEach((path, file) => {
        if (matches(path)) for (const line of image.information.linesWithCode(file)) found.add(line);
      });
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Where a breakpoint on a function goes, in each image that has the function. */
  functionBreakpoints(name: string, el?: ExceptionLevel): readonly bigint[] {
    const addresses = [...this.#symbolsNamed(name, el)].map(({ image, symbol: { address: start } }) => {
      const body = image.information.attempt(information => information.breakpointAddress(start)) ?? start;
      return BigInt.asUintN(64, body + image.offset);
    });
    return [...new Set(addresses)];
  }

  /** Names of functions and objects that start so, for completions. */
  symbolsStarting(prefix: string, limit: number): readonly string[] {
    const names = new Set<string>();
    for (const image of this.#images) {
      for (const symbol of image.information.attempt(information => information.symbols.all) ?? []) {
        if (symbol.name.startsWith(prefix)) names.add(symbol.name);
        if (names.size >= limit) return [...names];
      }
    }
    return [...names];
  }
}

/** `image!symbol`. */
function splitName(name: string): [image: string | undefined, symbol: string] {
  const mark = name.indexOf('!');
  return mark < 0 ? [undefined, name] : [name.slice(0, mark), name.slice(mark + 1)];
}

/** A name that reads "el2!sym" names an Exception level, not an image. */
export function splitContext(name: string): { readonly el?: ExceptionLevel; readonly name: string } {
  const match = /^el([0-3])!(.+)$/i.exec(name);
  return match ? { el: Number(match[1]) as ExceptionLevel, name: match[2]! } : { name };
}
