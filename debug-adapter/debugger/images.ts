/** The images whose symbols are known, and the places at which each of them runs. */
import type { ByteSource } from '../debug-information/byte-source.ts';
import { DebugInformation, type SourceLine, type SourceScope } from '../debug-information/debug-information.ts';
import type { ElfSymbol } from '../debug-information/elf.ts';
import { type CodeContext, contextAllows, type ImageContext, sameGuest } from './code-context.ts';
import type { ExceptionLevel } from './target.ts';

/** Run address minus link address, and where that holds. */
export interface Placement {
  readonly offset: bigint;
  /** The context in which the image was found there by its code; absent where the user said so. */
  readonly found?: { readonly privileged: boolean; readonly vmid: number | 'none' };
}

export interface Image {
  /** File name, for people. */
  readonly name: string;
  readonly path: string;
  readonly information: DebugInformation;
  /** The one that was seen to hold last comes first. */
  readonly placements: readonly Placement[];
  readonly context?: ImageContext;
  /** The user said where it runs: it is not looked for. */
  readonly isFixed: boolean;
}

export interface ImageWishes {
  /** Run address minus link address; without it the image is taken to run where it was linked, and looked for. */
  readonly offset?: bigint;
  readonly context?: ImageContext;
}

/** An image at one of its places. */
export interface PlacedImage {
  readonly image: Image;
  readonly placement: Placement;
}

/** A symbol at its run address. */
export interface SymbolPlace extends PlacedImage {
  readonly symbol: ElfSymbol;
  readonly address: bigint;
  /** Distance of the address asked for from the symbol's. */
  readonly offset: number;
}

export interface CodePlace extends SourceLine, PlacedImage {}

/** An address for a breakpoint, and the image whose code should be there; none for code that is no image's. */
export interface CodeLocation {
  readonly address: bigint;
  readonly placed?: PlacedImage;
}

/** A line that a breakpoint was bound to. */
export interface LineBinding {
  readonly line: number;
  readonly locations: readonly CodeLocation[];
}

/** Whether the code at an address is an image's; undefined when that cannot be told. */
export type CodeComparison = (placed: PlacedImage, address: bigint, where: CodeContext) => boolean | undefined;

interface MutableImage extends Image {
  placements: readonly Placement[];
}

export class Images {
  readonly #images: MutableImage[] = [];
  /** Asked before an image speaks of an address, so that it does not name another program's code. */
  comparison: CodeComparison | undefined;

  get all(): readonly Image[] {
    return this.#images;
  }

  /** Throws `MalformedData` when the bytes are no AArch64 ELF file. */
  add(file: ByteSource | Uint8Array, path: string, { offset, context }: ImageWishes = {}): Image {
    const name = path.split(/[\\/]/).pop() ?? path;
    const image: MutableImage = {
      name,
      path,
      information: new DebugInformation(file, name),
      placements: [{ offset: offset ?? 0n }],
      isFixed: offset !== undefined,
      ...(context && { context }),
    };
    this.#images.push(image);
    return image;
  }

  /** The image was seen at this place: it comes first from here on. */
  confirm({ image, placement }: PlacedImage): void {
    const one = this.#images.find(candidate => candidate === image);
    if (one && one.placements[0] !== placement)
      one.placements = [placement, ...one.placements.filter(other => other !== placement)];
  }

  /** The image runs at this place as well, and was seen there last. */
  addPlacement(image: Image, placement: Placement): PlacedImage {
    const one = this.#images.find(candidate => candidate === image);
    if (one) one.placements = [placement, ...one.placements];
    return { image, placement };
  }

  /** Images at places that apply to a context, in the order in which they are asked. */
  *#applying(where: CodeContext): Generator<PlacedImage> {
    for (const image of this.#images) {
      if (image.context && !contextAllows(image.context, where)) continue;
      for (const placement of image.placements) if (applies(placement, where)) yield { image, placement };
    }
  }

  /** As above, but only those whose code may be what is at the address. */
  *#at(address: bigint, where: CodeContext): Generator<PlacedImage & { readonly linked: bigint }> {
    for (const placed of this.#applying(where)) {
      if (this.comparison?.(placed, address, where) !== false)
        yield { ...placed, linked: BigInt.asUintN(64, address - placed.placement.offset) };
    }
  }

  /** Whether what is at an address in a context is this image's code, as far as can be told. */
  isAt(placed: PlacedImage, address: bigint, where: CodeContext): boolean {
    const { image, placement } = placed;
    return (
      (!image.context || contextAllows(image.context, where)) &&
      applies(placement, where) &&
      this.comparison?.(placed, address, where) !== false
    );
  }

  /** Gives the first answer of an image that applies at an address. */
  #ask<T>(
    address: bigint,
    where: CodeContext,
    query: (information: DebugInformation, linked: bigint, placed: PlacedImage) => T | undefined,
  ): T | undefined {
    for (const { linked, ...placed } of this.#at(address, where)) {
      const answer = placed.image.information.attempt(information => query(information, linked, placed));
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  symbolAt(address: bigint, where: CodeContext = {}): SymbolPlace | undefined {
    return this.#ask(address, where, (information, linked, placed) => {
      const found = information.symbols.at(linked);
      return (
        found && {
          ...placed,
          symbol: found.symbol,
          address: BigInt.asUintN(64, found.symbol.address + placed.placement.offset),
          offset: found.offset,
        }
      );
    });
  }

  /**
   * `symbol+0x10` for an address, or undefined when no image knows it. The symbol is that of `within`: a return address
   * belongs to the function that called, also where the call is its last instruction.
   */
  nameOf(address: bigint, where: CodeContext = {}, within = address): string | undefined {
    const place = this.symbolAt(within, where);
    if (!place) return undefined;
    const offset = place.offset + Number(address - within);
    return offset === 0 ? place.symbol.name : `${place.symbol.name}+0x${offset.toString(16)}`;
  }

  symbolNamed(name: string, where: CodeContext = {}): SymbolPlace | undefined {
    const [imageName, symbolName] = splitName(name);
    for (const { image, placement } of this.#applying(where)) {
      if (imageName !== undefined && !image.name.startsWith(imageName)) continue;
      const symbol = image.information.attempt(information => information.symbols.named(symbolName));
      if (symbol) {
        return { image, placement, symbol, address: BigInt.asUintN(64, symbol.address + placement.offset), offset: 0 };
      }
    }
    return undefined;
  }

  lineAt(address: bigint, where: CodeContext = {}): CodePlace | undefined {
    return this.#ask(address, where, (information, linked, placed) => {
      const line = information.lineAt(linked);
      return line && { ...line, ...placed };
    });
  }

  /** The line of a place in an image, whatever is in memory there now. */
  lineOf({ address, placed }: CodeLocation): SourceLine | undefined {
    const linked = placed && BigInt.asUintN(64, address - placed.placement.offset);
    return linked === undefined
      ? undefined
      : placed!.image.information.attempt(information => information.lineAt(linked));
  }

  /** Is this address the first of a line's instructions? */
  isLineStart(address: bigint, where: CodeContext = {}): boolean {
    return (
      this.#ask(address, where, (information, linked) => {
        const row = information.rowAt(linked);
        return row === undefined ? undefined : row.isStatement && row.address === linked;
      }) ?? false
    );
  }

  /** The function at an address and the calls inlined there, the innermost first. */
  scopesAt(address: bigint, where: CodeContext = {}): readonly (SourceScope & PlacedImage)[] {
    return (
      this.#ask(address, where, (information, linked, placed) => {
        const scopes = information.scopesAt(linked);
        return scopes.length > 0 ? scopes.map(scope => ({ ...scope, ...placed })) : undefined;
      }) ?? []
    );
  }

  /** How to unwind at an address. */
  frameRulesAt(address: bigint, where: CodeContext = {}) {
    return this.#ask(address, where, (information, linked, { placement }) => {
      const rules = information.frames.rulesAt(linked);
      return rules && { rules, loadOffset: placement.offset };
    });
  }

  /** Images to ask for what has no address, such as types: those of a context first. */
  forNames(where: CodeContext = {}): readonly PlacedImage[] {
    return [...this.#applying(where)];
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
    const locations = candidates.flatMap(({ image, file }) =>
      image.information.addressesOfLine(file, bound).flatMap(address => locationsOf(image, address)),
    );
    return { line: bound, locations };
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

  /**
   * Where a breakpoint on a function goes, in each image that has the function and at each place it runs at: to the
   * function and to all that it was inlined into.
   */
  functionBreakpoints(name: string, el?: ExceptionLevel): readonly CodeLocation[] {
    const [imageName, symbolName] = splitName(name);
    return this.#images.flatMap(image => {
      if (imageName !== undefined && !image.name.startsWith(imageName)) return [];
      if (el !== undefined && image.context && !contextAllows(image.context, { el })) return [];
      const symbols = image.information.attempt(information => information.symbols.functionsNamed(symbolName)) ?? [];
      const bodies = symbols.map(
        ({ address }) => image.information.attempt(information => information.breakpointAddress(address)) ?? address,
      );
      const inlined = image.information.attempt(information => information.functions.inlinedPlaces(symbolName)) ?? [];
      return [...new Set([...bodies, ...inlined])].flatMap(address => locationsOf(image, address));
    });
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

/** Where an image runs, for people. */
export function placementText({ offset, found }: Placement): string {
  const signed = BigInt.asIntN(64, offset);
  const distance = `0x${(signed < 0n ? -signed : signed).toString(16)}`;
  const where =
    signed === 0n ? 'where it was linked' : `${distance} ${signed < 0n ? 'below' : 'above'} where it was linked`;
  const guest = found && found.vmid !== 'none' && found.vmid !== 0 ? ` in the guest with VMID ${found.vmid}` : '';
  return `is ${where}${guest}`;
}

/** What was found in a context holds in its like: a kernel's addresses are not its programs'. */
function applies({ found }: Placement, where: CodeContext): boolean {
  if (!found) return true;
  if (where.el !== undefined && where.el > 0 !== found.privileged) return false;
  return where.vmid === undefined || sameGuest(where.vmid, found.vmid);
}

function locationsOf(image: Image, linked: bigint): CodeLocation[] {
  return image.placements.map(placement => ({
    address: BigInt.asUintN(64, linked + placement.offset),
    placed: { image, placement },
  }));
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
