/** A hash of everything that a guest could tell apart: memory, registers, devices. Equal states have equal hashes. */
import { type StateFieldName, stateOffsets } from '../processing-element/state.ts';

/** Fields that belong to the engine, not to the architecture. */
const ENGINE_FIELDS: ReadonlySet<StateFieldName> = new Set<StateFieldName>([
  'spAlignMask',
  'alignmentCheck',
  'bigEndianData',
  'fpTrapped',
  'pointerAuthentication',
  'allocationTags',
  'interruptPending',
  'tlb',
  'tlbUnprivileged',
  'instructionTlb',
  'record',
  'budgetEnd',
  'page',
  'directOperations',
  'zeroBlockIdentification',
  'timeBase',
  'instructionsPerTick',
  'counterOffset',
  'exitDetail',
  'accessFailed',
  'exitAddress',
]);

/** A plain loop: most of a machine's memory is zero, and there is much of it. */
function isZero(words: Uint32Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** Two independent 32-bit multiplicative hashes over words. */
export class StateHash {
  private a = 0x811c9dc5;
  private b = 0x9e3779b9;

  word(value: number): void {
    this.a = Math.imul(this.a ^ value, 0x01000193);
    this.b = Math.imul((this.b << 13) | (this.b >>> 19), 5) + (value ^ 0x85ebca6b);
    this.b |= 0;
  }
  words(words: Uint32Array): void {
    for (let i = 0; i < words.length; i++) this.word(words[i] as number);
  }
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i));
  }
  /** Memory in pages: a page of zeros counts by its number alone, so that sparse memory is quick. */
  memory(words: Uint32Array): void {
    const wordsPerPage = 1024;
    for (let page = 0; page * wordsPerPage < words.length; page++) {
      const part = words.subarray(page * wordsPerPage, (page + 1) * wordsPerPage);
      if (isZero(part)) continue;
      this.word(page);
      this.words(part);
    }
  }
  /** Sixteen hexadecimal digits. */
  digest(): string {
    const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    return hex(this.a) + hex(this.b);
  }
}

/** Hashes the architectural fields of one processing element's state. */
export function hashProcessingElement(hash: StateHash, words: Uint32Array, address: number, stateSize: number): void {
  const fields = Object.entries(stateOffsets).sort(([, a], [, b]) => a - b) as [StateFieldName, number][];
  fields.forEach(([name, offset], i) => {
    if (ENGINE_FIELDS.has(name)) return;
    const end = fields[i + 1]?.[1] ?? stateSize;
    const length = name === 'x' ? 32 * 8 : end - offset;
    hash.words(words.subarray((address + offset) >>> 2, (address + offset + length) >>> 2));
  });
}
