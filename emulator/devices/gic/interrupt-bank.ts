/**
 * State of a run of interrupts: the 32 private ones of a processing element, or all shared ones.
 *
 * Bits are kept 32 to a word, in the layout of the GIC's own bitmap registers, so that both register accesses and the
 * search for the highest-priority pending interrupt work on whole words.
 */
import { group0, type InterruptGroup, nonSecureGroup1, secureGroup1 } from './interrupt-id.ts';

interface InterruptBankState {
  enabled: Uint32Array;
  latched: Uint32Array;
  level: Uint32Array;
  active: Uint32Array;
  edge: Uint32Array;
  group1: Uint32Array;
  groupModifier: Uint32Array;
  priority: Uint8Array;
  nonSecureAccess: Uint8Array;
}

/** The bitmaps of a bank that are read and written as a whole through registers. */
export type InterruptBitmap = 'enabled' | 'active' | 'edge' | 'group1' | 'groupModifier';

export class InterruptBank {
  /** INTID of the first interrupt. */
  readonly first: number;
  /** Number of interrupts, a multiple of 32. */
  readonly count: number;
  readonly words: number;
  #state: InterruptBankState;

  constructor(first: number, count: number) {
    this.first = first;
    this.count = count;
    this.words = count / 32;
    const bitmap = () => new Uint32Array(this.words);
    this.#state = {
      enabled: bitmap(),
      latched: bitmap(),
      level: bitmap(),
      active: bitmap(),
      edge: bitmap(),
      group1: bitmap(),
      groupModifier: bitmap(),
      priority: new Uint8Array(count),
      nonSecureAccess: new Uint8Array(count),
    };
  }

  /** 32 bits of a bitmap, unsigned; `word` counts from the bank's first interrupt. */
  bits(bitmap: InterruptBitmap, word: number): number {
    return this.#state[bitmap][word] ?? 0;
  }

  setBits(bitmap: InterruptBitmap, word: number, mask: number): void {
    const words = this.#state[bitmap];
    words[word] = (words[word] ?? 0) | mask;
  }

  clearBits(bitmap: InterruptBitmap, word: number, mask: number): void {
    const words = this.#state[bitmap];
    words[word] = (words[word] ?? 0) & ~mask;
  }

  /** Pending interrupts of a word: latched ones, and level-sensitive ones whose line is high. */
  pending(word: number): number {
    const { latched, level, edge } = this.#state;
    return ((latched[word] ?? 0) | ((level[word] ?? 0) & ~(edge[word] ?? 0))) >>> 0;
  }

  /** Interrupts of a word that wait to be taken: pending, enabled and not active. */
  waiting(word: number): number {
    const { latched, level, edge, enabled, active } = this.#state;
    const pending = (latched[word] ?? 0) | ((level[word] ?? 0) & ~(edge[word] ?? 0));
    return pending & (enabled[word] ?? 0) & ~(active[word] ?? 0);
  }

  /** Makes interrupts pending as software does (set-pending registers, SGIs). */
  latch(word: number, mask: number): void {
    const { latched } = this.#state;
    latched[word] = (latched[word] ?? 0) | mask;
  }

  /** Takes back what an edge or software made pending; a level-sensitive line that is high keeps it pending. */
  unlatch(word: number, mask: number): void {
    const { latched } = this.#state;
    latched[word] = (latched[word] ?? 0) & ~mask;
  }

  /** Level of an interrupt's line; answers whether it changed. A rising edge latches an edge-triggered interrupt. */
  setLine(intid: number, high: boolean): boolean {
    const { level, edge } = this.#state;
    const word = (intid - this.first) >> 5;
    const bit = 1 << (intid & 31);
    const before = level[word] ?? 0;
    if (((before & bit) !== 0) === high) return false;
    level[word] = high ? before | bit : before & ~bit;
    if (high && ((edge[word] ?? 0) & bit) !== 0) this.latch(word, bit);
    return true;
  }

  /** Acknowledges an interrupt: it becomes active, and is no longer pending unless its line is still high. */
  activate(intid: number): void {
    const word = (intid - this.first) >> 5;
    this.setBits('active', word, 1 << (intid & 31));
    this.unlatch(word, 1 << (intid & 31));
  }

  deactivate(intid: number): void {
    this.clearBits('active', (intid - this.first) >> 5, 1 << (intid & 31));
  }

  /** Answers one interrupt's bit of a bitmap (or of its pending or line state). */
  test(what: InterruptBitmap | 'pending' | 'level', intid: number): boolean {
    const word = (intid - this.first) >> 5;
    const bits =
      what === 'pending' ? this.pending(word) : what === 'level' ? this.#state.level[word] : this.bits(what, word);
    return (((bits ?? 0) >>> (intid & 31)) & 1) !== 0;
  }

  /** Priority of an interrupt, 0 (most urgent) to 255. */
  priority(intid: number): number {
    return this.#state.priority[intid - this.first] ?? 0;
  }

  setPriority(intid: number, priority: number): void {
    this.#state.priority[intid - this.first] = priority;
  }

  /** How far Non-secure software may handle a Secure interrupt: the interrupt's field of the NSACR register, 0–3. */
  nonSecureAccess(intid: number): number {
    return this.#state.nonSecureAccess[intid - this.first] ?? 0;
  }

  setNonSecureAccess(intid: number, access: number): void {
    this.#state.nonSecureAccess[intid - this.first] = access;
  }

  /** Interrupts of a word that belong to a group. */
  membersOf(group: InterruptGroup, word: number, twoSecurityStates: boolean): number {
    const group1 = this.#state.group1[word] ?? 0;
    if (group === nonSecureGroup1) return group1;
    const modifier = twoSecurityStates ? (this.#state.groupModifier[word] ?? 0) : 0;
    return (group === secureGroup1 ? ~group1 & modifier : ~group1 & ~modifier) >>> 0;
  }

  groupOf(intid: number, twoSecurityStates: boolean): InterruptGroup {
    if (this.test('group1', intid)) return nonSecureGroup1;
    return twoSecurityStates && this.test('groupModifier', intid) ? secureGroup1 : group0;
  }

  /** Interrupts of a word that Non-secure software may handle to the given degree (see `nonSecureAccess`). */
  nonSecureAccessible(word: number, degree: number): number {
    let mask = this.bits('group1', word);
    const start = word * 32;
    for (let i = 0; i < 32; i++) if ((this.#state.nonSecureAccess[start + i] ?? 0) >= degree) mask |= 1 << i;
    return mask >>> 0;
  }

  save(): unknown {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as InterruptBankState);
  }
}
