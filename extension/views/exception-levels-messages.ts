import type { LevelsResponseBody } from '../../debug-adapter/protocol.ts';

/** From the extension to the page *Exception levels*. */
export type ToPage =
  | { readonly kind: 'levels'; readonly levels: LevelsResponseBody }
  /** Nothing to show, and why. */
  | { readonly kind: 'nothing'; readonly reason: string };

/** From the page to the extension. */
export type FromPage = { readonly kind: 'ready' } | { readonly kind: 'travelTo'; readonly position: number };
