/**
 * The locality-specific peripheral interrupts (LPIs) of one processing element: INTIDs from 8192, always edge-triggered
 * and in Non-secure Group 1, without an active state (GICv3 architecture, "LPIs"). Their configuration is a table in
 * memory, a byte each; so is what is pending, a bit each, while LPIs are off.
 */
import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { PendingInterrupt } from './cpu-interface.ts';
import { nonSecureGroup1 } from './interrupt-id.ts';

/** INTID of the first LPI. */
export const firstLpi = 8192;
/** Number of bits of the largest INTID there can be. */
export const largestIdBits = 16;

/** GICR_PROPBASER, and what of GICR_PENDBASER has the same place. */
const addressMask = 0x000f_ffff_ffff_f000n;
const pendingAddressMask = 0x000f_ffff_ffff_0000n;
const idBitsMask = 0x1fn;
/** GICR_PENDBASER.PTZ: the table holds zeros, so it need not be read. Reads as zero. */
const pendingTableZero = 1n << 62n;
const propertyWritable = 0x070f_ffff_ffff_ff9fn;
const pendingWritable = 0x070f_ffff_ffff_0f80n;

/** What the configuration table said of a pending LPI when it was last read. */
interface LpiConfiguration {
  priority: number;
  enabled: boolean;
}

interface LpiState {
  enabled: boolean;
  properties: bigint;
  pendingTable: bigint;
  pending: Map<number, LpiConfiguration>;
}

export class LocalitySpecificInterrupts {
  readonly #memory: DirectMemoryAccess;
  readonly #twoSecurityStates: () => boolean;
  readonly #onChange: () => void;
  #state: LpiState = { enabled: false, properties: 0n, pendingTable: 0n, pending: new Map() };

  /** @param options.onChange called when what is pending, or its configuration, changed */
  constructor(options: {
    readonly memory: DirectMemoryAccess;
    readonly twoSecurityStates: () => boolean;
    readonly onChange: () => void;
  }) {
    this.#memory = options.memory;
    this.#twoSecurityStates = options.twoSecurityStates;
    this.#onChange = options.onChange;
  }

  /** GICR_CTLR.EnableLPIs. */
  get enabled(): boolean {
    return this.#state.enabled;
  }

  set enabled(on: boolean) {
    if (on === this.#state.enabled) return;
    this.#state.enabled = on;
    if (on) this.#readPending();
    else this.#writePending();
    this.#onChange();
  }

  /** GICR_PROPBASER. */
  get properties(): bigint {
    return this.#state.properties;
  }

  /** Takes effect while LPIs are off. */
  set properties(value: bigint) {
    if (!this.#state.enabled) this.#state.properties = value & propertyWritable;
  }

  /** GICR_PENDBASER. */
  get pendingTable(): bigint {
    return this.#state.pendingTable & ~pendingTableZero;
  }

  /** Takes effect while LPIs are off. */
  set pendingTable(value: bigint) {
    if (!this.#state.enabled) this.#state.pendingTable = value & (pendingWritable | pendingTableZero);
  }

  /** INTIDs below this one have a place in the tables. */
  get limit(): number {
    const bits = Math.min(largestIdBits, Number(this.#state.properties & idBitsMask) + 1);
    return 2 ** bits;
  }

  #exists(intid: number): boolean {
    return this.#state.enabled && intid >= firstLpi && intid < this.limit;
  }

  setPending(intid: number): void {
    if (!this.#exists(intid)) return;
    this.#state.pending.set(intid, this.#configuration(intid));
    this.#onChange();
  }

  clearPending(intid: number): void {
    if (this.#state.pending.delete(intid)) this.#onChange();
  }

  isPending(intid: number): boolean {
    return this.#state.pending.has(intid);
  }

  /** Everything that is pending, in ascending order. */
  get pending(): readonly number[] {
    return [...this.#state.pending.keys()].sort((a, b) => a - b);
  }

  /** What is known of an LPI that is pending. */
  pendingConfiguration(intid: number): Readonly<LpiConfiguration> {
    return this.#state.pending.get(intid) ?? this.#configuration(intid);
  }

  /** The configuration of an LPI may have changed in memory. */
  invalidate(intid: number): void {
    if (this.#state.pending.has(intid)) this.setPending(intid);
  }

  /** Any configuration may have changed in memory. */
  invalidateAll(): void {
    for (const intid of this.#state.pending.keys()) this.#state.pending.set(intid, this.#configuration(intid));
    this.#onChange();
  }

  /** The more urgent of `best` and the most urgent LPI that is pending and enabled. */
  mostUrgent(best: PendingInterrupt | undefined): PendingInterrupt | undefined {
    let found = best;
    for (const [intid, { priority, enabled }] of this.#state.pending) {
      if (!enabled) continue;
      if (!found || priority < found.priority || (priority === found.priority && intid < found.intid)) {
        found = { intid, priority, group: nonSecureGroup1 };
      }
    }
    return found;
  }

  #configuration(intid: number): LpiConfiguration {
    const at = Number(this.#state.properties & addressMask) + intid - firstLpi;
    const byte = this.#memory.read(at, 1)?.[0] ?? 0;
    const priority = byte & 0xfc;
    return {
      // Priorities of Non-secure interrupts are in the less urgent half when there is another half.
      priority: this.#twoSecurityStates() ? 0x80 | (priority >> 1) : priority,
      enabled: (byte & 1) !== 0,
    };
  }

  #pendingBytes(): { readonly at: number; readonly length: number } {
    const table = Number(this.#state.pendingTable & pendingAddressMask);
    return { at: table + firstLpi / 8, length: Math.max(0, (this.limit - firstLpi) / 8) };
  }

  #readPending(): void {
    this.#state.pending.clear();
    if (this.#state.pendingTable & pendingTableZero) return;
    const { at, length } = this.#pendingBytes();
    const bytes = this.#memory.read(at, length) ?? new Uint8Array();
    bytes.forEach((byte, index) => {
      for (let bit = 0; bit < 8; bit++) {
        if ((byte >> bit) & 1) this.setPending(firstLpi + 8 * index + bit);
      }
    });
  }

  #writePending(): void {
    const { at, length } = this.#pendingBytes();
    const bytes = new Uint8Array(length);
    for (const intid of this.#state.pending.keys()) {
      const index = (intid - firstLpi) >> 3;
      bytes[index] = (bytes[index] ?? 0) | (1 << (intid & 7));
    }
    this.#memory.write(at, bytes);
    this.#state.pending.clear();
    this.#state.pendingTable &= ~pendingTableZero;
  }

  save(): unknown {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as LpiState);
  }
}
