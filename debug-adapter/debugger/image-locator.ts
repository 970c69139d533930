/**
 * Finds out where images run: a kernel that placed itself at random, firmware that moved itself, code that runs at its
 * physical address before translation is on, a guest's kernel. What runs is compared with what the image holds, so that
 * no place is believed that does not have the image's code.
 */
import { type CodeContext, liveContext, recordContext, sameGuest } from './code-context.ts';
import type { Image, Images, PlacedImage, Placement } from './images.ts';
import type { AddressSpace, ExceptionRecord, SpaceAddress, Target } from './target.ts';

const pageSize = 4096;
/** Words that are compared at once. */
const windowWords = 32;
/** Distances from the instruction at which a page is compared first, in words. */
const anchors = [0, 3, -5, 9, -14, 20];
/** Of the words compared, so many must be equal: a kernel patches itself. */
const enough = 0.8;
/** With fewer words than this in common nothing is believed. */
const fewest = 16;
const samples = 48;
/** Contexts and pages that were looked at without finding anything. */
const mostForgotten = 8192;

interface Sight {
  readonly pe: number;
  readonly address: bigint;
  readonly space: AddressSpace;
  readonly where: CodeContext;
}

export class ImageLocator {
  readonly #target: Target;
  readonly #images: Images;
  /** Pages of contexts that are no image's, or whose image is known. */
  readonly #seen = new Set<string>();
  #recordsSeen = 0;
  #compared = new Map<string, boolean | undefined>();

  constructor(target: Target, images: Images) {
    this.#target = target;
    this.#images = images;
  }

  /** Compares memory with an image's code around an address; undefined when either cannot be read. */
  readonly compare = ({ image, placement }: PlacedImage, address: bigint, where: CodeContext): boolean | undefined => {
    if (!where.memory) return undefined;
    const { pe, space } = where.memory;
    const context = `${where.el} ${where.vmid} ${space.kind === 'va' ? space.record : ''}`;
    const key = `${this.#target.position} ${image.path} ${placement.offset} ${address >> 6n} ${context}`;
    if (this.#compared.has(key)) return this.#compared.get(key);
    if (this.#compared.size > 1000) this.#compared.clear();
    const answer = this.#agrees(pe, image, placement.offset, address, space);
    this.#compared.set(key, answer);
    return answer;
  };

  /** At least half of the code around an address is the image's: what is patched there now may be the other half. */
  #agrees(pe: number, image: Image, offset: bigint, address: bigint, space: AddressSpace): boolean | undefined {
    const from = address & ~3n;
    const code = image.information.attempt(information =>
      information.code.around(BigInt.asUintN(64, from - offset), windowWords),
    );
    if (!code) return undefined;
    const memory = this.#words(pe, { space, address: BigInt.asUintN(64, code.address + offset) }, code.words.length);
    const count = Math.min(memory.length, code.words.length);
    if (count === 0) return undefined;
    let equal = 0;
    for (let index = 0; index < count; index++) if (memory[index] === code.words[index]) equal++;
    return equal * 2 >= count;
  }

  #words(pe: number, at: SpaceAddress, count: number): Uint32Array {
    const { bytes } = this.#target.readMemory(pe, at, count * 4);
    return new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer);
  }

  /** Looks for images in memory by their code. Gives those that were found at a place not known before. */
  searchMemory(): readonly PlacedImage[] {
    const { findInMemory } = this.#target;
    if (!findInMemory) return [];
    const found: PlacedImage[] = [];
    for (const image of this.#images.all) {
      const window = image.isFixed
        ? undefined
        : image.information.attempt(information => information.code.typical(windowWords));
      if (!window) continue;
      for (const address of this.#target.findInMemory!(window.words, Number(window.address & 0xfffn))) {
        const offset = BigInt.asUintN(64, address - window.address);
        const pe = this.#target.current;
        if (!this.#verify(pe, image, offset, { kind: 'pa' }, window.address)) continue;
        const placed = this.#place(image, offset, { privileged: true, vmid: 'none' });
        if (placed) found.push(placed);
      }
    }
    return found;
  }

  /**
   * Looks at what runs now and at what exceptions have left since the last time. Gives the images that were found at a
   * place not known before.
   */
  look(): readonly PlacedImage[] {
    if (this.#images.all.every(image => image.isFixed)) return [];
    const found: PlacedImage[] = [];
    for (const sight of this.#sights()) {
      const key = `${sight.address >> 12n} ${sight.where.el} ${sight.where.vmid} ${sight.where.asid}`;
      if (this.#seen.has(key)) continue;
      if (this.#seen.size > mostForgotten) this.#seen.clear();
      this.#seen.add(key);
      for (const image of this.#images.all) {
        const placed = image.isFixed ? undefined : this.#identify(image, sight);
        if (placed) found.push(placed);
      }
    }
    return found;
  }

  /** Puts first the places that what runs now was found at. */
  confirm(): void {
    if (this.#images.all.every(({ placements }) => placements.length === 1)) return;
    for (const sight of this.#liveSights()) {
      const known = this.#images.symbolAt(sight.address, sight.where);
      if (known) this.#images.confirm(known);
    }
  }

  /** Memory has other contents than before: what was looked at must be looked at again. */
  forget(): void {
    this.#seen.clear();
    this.#compared.clear();
    this.#recordsSeen = 0;
  }

  *#sights(): Generator<Sight> {
    yield* this.#liveSights();
    const { exceptions } = this.#target;
    const from = Math.max(exceptions.first, Math.min(this.#recordsSeen, exceptions.end));
    for (let index = from; index < exceptions.end; index++) {
      const record = exceptions.at(index);
      const sight = record && this.#sightOf(record, index);
      if (sight) yield sight;
    }
    this.#recordsSeen = exceptions.end;
  }

  *#liveSights(): Generator<Sight> {
    for (const element of this.#target.processingElements) {
      const address = element.power === 'off' ? undefined : element.readRegister('pc');
      if (address === undefined) continue;
      yield { pe: element.index, address, space: { kind: 'va', el: element.el }, where: liveContext(element) };
    }
  }

  /** What a guest was executing can be read as it was then; other levels are there still. */
  #sightOf(record: ExceptionRecord, index: number): Sight | undefined {
    const { pe, from, instruction: address } = record;
    const isExit = record.kind === 'exception' && record.guest === 'exit';
    const space: AddressSpace = { kind: 'va', el: from, ...(isExit && { record: index }) };
    return { pe, address, space, where: recordContext(record, 'from', space) };
  }

  #identify(image: Image, { pe, address, space, where }: Sight): PlacedImage | undefined {
    const page = address & ~(BigInt(pageSize) - 1n);
    const memory = this.#words(pe, { space, address: page }, pageSize / 4);
    if (memory.length < pageSize / 4) return undefined;
    const within = Number((address - page) >> 2n);
    const candidates = image.information.attempt(information =>
      information.code.pagesLike(memory, within, anchors, windowWords),
    );
    for (const linked of candidates ?? []) {
      const offset = BigInt.asUintN(64, page - linked);
      if (this.#verify(pe, image, offset, space, BigInt.asUintN(64, address - offset)))
        return this.#place(image, offset, { privileged: (where.el ?? 0) > 0, vmid: where.vmid ?? 'none' });
    }
    return undefined;
  }

  /** Compares places all over the image's code, and around one of them; what cannot be read is left out. */
  #verify(pe: number, image: Image, offset: bigint, space: AddressSpace, around: bigint): boolean {
    const places = image.information.attempt(information => information.code.samples(samples, around)) ?? [];
    let equal = 0;
    let compared = 0;
    let wanted = 0;
    for (const { address, words } of places) {
      wanted += words.length;
      const memory = this.#words(pe, { space, address: BigInt.asUintN(64, address + offset) }, words.length);
      for (let index = 0; index < memory.length; index++) if (memory[index] === words[index]) equal++;
      compared += memory.length;
    }
    return compared >= Math.min(fewest, wanted) && compared > 0 && equal >= compared * enough;
  }

  #place(image: Image, offset: bigint, found: NonNullable<Placement['found']>): PlacedImage | undefined {
    const isKnown = image.placements.some(
      known =>
        known.offset === offset &&
        (!known.found || (known.found.privileged === found.privileged && sameGuest(known.found.vmid, found.vmid))),
    );
    return isKnown ? undefined : this.#images.addPlacement(image, { offset, found });
  }
}
