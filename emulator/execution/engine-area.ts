/** The engine's area at the front of linear memory: active window, resting states, TLBs, then the code cache. */
import { ACTIVE_WINDOW, STATE_SIZE } from '../processing-element/state.ts';
import { TLB_BYTES } from '../translation/tlb.ts';
import { INSTRUCTION_TLB_BYTES } from './instruction-tlb.ts';
import { PAGE_STRIDE } from './record.ts';

/** Pages of code that can be decoded at once. */
const CODE_PAGES = 2048;

export interface EngineArea {
  readonly restingStates: readonly number[];
  readonly dataTlbs: readonly number[];
  readonly instructionTlbs: readonly number[];
  readonly codeCache: number;
  readonly codePages: number;
  /** Bytes in all. */
  readonly size: number;
}

const align = (value: number, to: number) => Math.ceil(value / to) * to;

/** Places everything for a number of processing elements. */
export function engineArea(processingElements: number): EngineArea {
  let next = align(ACTIVE_WINDOW + STATE_SIZE, 4096);
  const take = (size: number, alignment = 4096): number => {
    const at = align(next, alignment);
    next = at + size;
    return at;
  };
  const each = (size: number) => Array.from({ length: processingElements }, () => take(size));
  const restingStates = each(STATE_SIZE);
  const dataTlbs = each(TLB_BYTES);
  const instructionTlbs = each(INSTRUCTION_TLB_BYTES);
  const codeCache = take(CODE_PAGES * PAGE_STRIDE, PAGE_STRIDE);
  return { restingStates, dataTlbs, instructionTlbs, codeCache, codePages: CODE_PAGES, size: next };
}
