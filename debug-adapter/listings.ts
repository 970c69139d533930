/** Listings of code that a client has been told of, each under its `sourceReference`. */
import { type CodeListing, listingAddress, listingAt, listingLine, listingText } from './debugger/code-listing.ts';
import type { Debugger } from './debugger/debugger.ts';
import type { CodeFrame } from './debugger/frame.ts';

/** A line of a listing, counted from 1. */
export interface ListedPlace {
  readonly reference: number;
  readonly name: string;
  readonly line: number;
}

interface Listed {
  readonly listing: CodeListing;
  readonly pe: number;
  text?: string;
}

export class Listings {
  /** In the order of their references, which count from 1. A client keeps what it has read: a listing never changes. */
  readonly #all: Listed[] = [];
  readonly #references = new Map<string, number>();

  /** Where an address is listed; undefined where no memory can be read. Code that changed has another listing. */
  at(session: Debugger, frame: CodeFrame): ListedPlace | undefined {
    const listing = listingAt(session, frame);
    if (!listing) return undefined;
    const reference = this.#references.get(listing.fingerprint) ?? this.#all.push({ listing, pe: frame.pe });
    this.#references.set(listing.fingerprint, reference);
    return { reference, name: listing.name, line: listingLine(listing, frame.lookup) };
  }

  text(session: Debugger, reference: number): string | undefined {
    const listed = this.#all[reference - 1];
    if (listed) listed.text ??= listingText(session, listed.pe, listed.listing);
    return listed?.text;
  }

  /** Address of a line's instruction. */
  address(reference: number, line: number): bigint | undefined {
    const listed = this.#all[reference - 1];
    return listed && listingAddress(listed.listing, line);
  }
}
