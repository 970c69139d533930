import type { SourceRange } from '../syntax/source.ts';
import type { Limits } from './limits.ts';
import {
  AssemblySymbol,
  type BoundExpression,
  type Fragment,
  Section,
  type SectionFlags,
  type SectionType,
} from './model.ts';
import { StatementError } from './reader.ts';
import { standardSection } from './section-names.ts';
import type { StatementAtHand } from './statement-at-hand.ts';

/** A section and a subsection of it. */
export interface SectionPlace {
  readonly section: Section;
  readonly subsection: number;
}

/** One statement that put bytes somewhere. */
export interface ListingEntry {
  readonly range: SourceRange;
  readonly fragment: Fragment;
  readonly offset: number;
  /** Bytes, 0 where the layout decides. */
  readonly size: number;
  readonly kind: 'instruction' | 'data';
}

type BytesFragment = Fragment & { readonly kind: 'bytes' };

/** Where bytes go: sections with their subsections, the fragment that is being filled, and a listing of who filled it. */
export class SectionOutput {
  readonly sections: Section[] = [];
  readonly listing: ListingEntry[] = [];
  readonly stack: { now: SectionPlace; before: SectionPlace | undefined }[] = [];
  section: Section;
  subsection = 0;
  previous: SectionPlace | undefined;
  private fragment: BytesFragment;
  private readonly byName = new Map<string, Section>();
  private readonly limits: Limits;
  private readonly statement: StatementAtHand;
  private readonly entered: (place: SectionPlace) => void;
  private bytesEmitted = 0;

  /** `entered` hears of every change of section or subsection, the first one included. */
  constructor(limits: Limits, statement: StatementAtHand, entered: (place: SectionPlace) => void) {
    this.limits = limits;
    this.statement = statement;
    this.entered = entered;
    for (const name of ['.text', '.data', '.bss']) this.sectionNamed(name);
    this.section = this.sectionNamed('.text');
    this.fragment = this.section.open(0);
    entered(this);
  }

  /** Where the next byte goes, as a definition. */
  place(): { kind: 'label'; fragment: Fragment; offset: number } {
    return { kind: 'label', fragment: this.fragment, offset: this.fragment.data.length };
  }

  /** A nameless symbol at the current place. */
  here(): AssemblySymbol {
    const symbol = new AssemblySymbol('.', true);
    symbol.definition = this.place();
    return symbol;
  }

  /** The section of that name; comes into being with the flags its name implies, or those given. */
  sectionNamed(name: string, given?: { type: SectionType; flags: SectionFlags }): Section {
    let section = this.byName.get(name);
    if (!section) {
      const { type, flags } = given ?? standardSection(name);
      section = new Section(name, type, flags, new AssemblySymbol(name, true));
      this.sections.push(section);
      this.byName.set(name, section);
    }
    return section;
  }

  findSection(name: string): Section | undefined {
    return this.byName.get(name);
  }

  /** Goes on in another section, remembering this one for `.previous`. */
  enter(section: Section, subsection = 0): void {
    this.previous = { section: this.section, subsection: this.subsection };
    this.section = section;
    this.subsection = subsection;
    this.fragment = section.open(subsection);
    this.entered(this);
  }

  /** Makes room for `count` bytes of data or code and returns the fragment. */
  content(count: number, code: boolean): BytesFragment {
    this.bytesEmitted += count;
    if (this.bytesEmitted > this.limits.bytes) {
      throw new StatementError(`More than ${this.limits.bytes} bytes in all.`, this.statement.span, 'too-large');
    }
    this.mapContent(code);
    return this.fragment;
  }

  /** Notes where code and data take turns. */
  private mapContent(code: boolean): void {
    const kind = code ? 'code' : 'data';
    const before = this.section.mappingState.get(this.subsection);
    if (before === kind) return;
    this.section.mappingState.set(this.subsection, kind);
    // Data alone needs no mark in a section that holds no code.
    if (!code && before === undefined && !this.section.flags.execute) return;
    this.section.mappings.push({ fragment: this.fragment, offset: this.fragment.data.length, code });
  }

  /** Notes what the statement at hand emits at an offset of the current fragment. */
  list(offset: number, size: number, kind: ListingEntry['kind'], range = this.statement.range()): void {
    this.listing.push({ range, fragment: this.fragment, offset, size, kind });
  }

  emitBytes(data: Uint8Array): void {
    const fragment = this.content(data.length, false);
    if (this.section.type === 'nobits' && data.some(byte => byte !== 0)) this.failNobits();
    this.list(fragment.data.length, data.length, 'data');
    fragment.data.append(data);
  }

  /** Emits `count` times the low `size` bytes of a value. */
  emitFill(count: number, size: number, value: bigint): void {
    const total = count * size;
    if (total === 0) return;
    const fragment = this.content(total, false);
    if (value !== 0n && this.section.type === 'nobits') this.failNobits();
    this.list(fragment.data.length, total, 'data');
    const at = fragment.data.reserve(total);
    if (value === 0n) return;
    const bytes = fragment.data.bytes;
    const pattern = new Uint8Array(size);
    for (let index = 0; index < Math.min(size, 8); index++)
      pattern[index] = Number((value >> BigInt(8 * index)) & 0xffn);
    for (let index = 0; index < total; index += size) bytes.set(pattern, at + index);
  }

  /** The current section holds no bytes of its own. Throws. */
  failNobits(): never {
    throw new StatementError(
      `Section ${this.section.name} holds zeros only; nothing else can be stored there.`,
      this.statement.span,
      'nobits-content',
    );
  }

  /** Adds a fragment whose size the layout decides, and goes on behind it. */
  pushFragment(fragment: Fragment, code = false): void {
    if (fragment.kind !== 'align') this.mapContent(code);
    this.section.push(this.subsection, fragment);
    this.list(this.fragment.data.length, 0, 'data');
    this.fragment = this.section.open(this.subsection);
  }

  /** Aligns the current place (in bytes, a power of two). */
  align(alignment: number, fill: { value: bigint; size: number } | undefined, atMost: number): void {
    const section = this.section;
    section.alignment = Math.max(section.alignment, alignment);
    if (alignment === 1) return;
    const code = fill === undefined && section.flags.execute;
    const fragment: Fragment = {
      kind: 'align',
      section,
      alignment,
      fill: code ? 'code' : (fill ?? { value: 0n, size: 1 }),
      atMost,
      offset: undefined,
      size: 0,
    };
    if (code && section.mappingState.get(this.subsection) !== 'code') {
      // The padding itself turns from data to code; where, the layout decides.
      section.mappingState.set(this.subsection, 'code');
      section.mappings.push({ fragment, offset: 0, code: true });
    }
    this.pushFragment(fragment);
  }

  /** Moves on to an offset from the section's start. */
  origin(target: BoundExpression, fill: number): void {
    const range = this.statement.range();
    this.pushFragment({ kind: 'origin', section: this.section, target, fill, range, offset: undefined, size: 0 });
  }
}
