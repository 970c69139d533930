/** Why the debugger stopped, in the debugger's own words. */
import type { ExceptionRecord, WatchpointHit } from './target.ts';

export type Stop =
  | { readonly reason: 'entry'; readonly pe: number }
  | { readonly reason: 'step'; readonly pe: number }
  | { readonly reason: 'pause'; readonly pe: number }
  | {
      readonly reason: 'breakpoint';
      readonly pe: number;
      readonly ids: readonly number[];
      readonly text?: string;
      readonly kind: 'source' | 'function' | 'instruction';
    }
  | {
      readonly reason: 'data';
      readonly pe: number;
      readonly ids: readonly number[];
      readonly hit: WatchpointHit;
      readonly text: string;
    }
  | {
      readonly reason: 'exception';
      readonly pe: number;
      readonly ids: readonly number[];
      readonly record: ExceptionRecord;
      readonly filter: string;
    }
  /** The guest's kernel has said on its console that it panicked. */
  | {
      readonly reason: 'panic';
      readonly pe: number;
      readonly ids: readonly number[];
      /** The kernel's reason. */
      readonly text: string;
    }
  /** The recording ends here; there is nothing before (or after) it. */
  | { readonly reason: 'history'; readonly pe: number; readonly end: 'start' | 'end' }
  /** Put there by a journey to a position. */
  | { readonly reason: 'travel'; readonly pe: number }
  /** Every element waits and no event is scheduled. */
  | { readonly reason: 'idle'; readonly pe: number }
  | { readonly reason: 'unsupported'; readonly pe: number; readonly text: string }
  | {
      readonly reason: 'ended';
      readonly how: 'shutdown' | 'reset' | 'exit';
      readonly status?: number;
      readonly text: string;
    };

/**
 * Something the machine does over time: each `next` runs one slice, and the value at the end says why it stopped.
 * Between slices the machine stands still and may be looked at; leaving a plan unfinished is a pause.
 */
export type Plan = Generator<undefined, Stop, undefined>;
