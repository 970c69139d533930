/**
 * Priorities: lower numbers are more urgent. A binary point splits a priority in a group priority, which decides
 * preemption, and a subpriority, which decides between pending interrupts (GICv3 architecture, "Interrupt
 * prioritization").
 */

/** The priority at which nothing runs: every other priority preempts it. */
export const idlePriority = 0xff;

/** Bits of an 8-bit priority that form the group priority for a binary point 0–7. */
export function groupPriorityMask(binaryPoint: number): number {
  return (0xff << (binaryPoint + 1)) & 0xff;
}

/** Bits of an 8-bit priority that exist when only the `bits` most significant ones are implemented. */
export function priorityMask(bits: number): number {
  return (0xff << (8 - bits)) & 0xff;
}

/** The priority as Non-secure software sees it: the lower half of the range, stretched; the upper half is hidden. */
export function nonSecurePriorityView(priority: number): number {
  return (priority & 0x80) === 0 ? 0 : (priority << 1) & 0xff;
}

/** The stored priority for a value that Non-secure software writes. */
export function priorityFromNonSecureView(value: number): number {
  return (value >> 1) | 0x80;
}

/** Active priorities: one bit for each preemption level at which an interrupt was acknowledged and not yet dropped. */
export class ActivePriorities {
  /** Number of priority bits that decide preemption, 5–7. */
  readonly preemptionBits: number;
  /** The words, least significant first, in the layout of the AP0Rn, AP1Rn and APRn registers. */
  readonly words: Uint32Array;

  constructor(preemptionBits: number) {
    this.preemptionBits = preemptionBits;
    this.words = new Uint32Array(1 << (preemptionBits - 5));
  }

  read(word: number): number {
    return this.words[word] ?? 0;
  }

  write(word: number, value: number): void {
    if (word < this.words.length) this.words[word] = value;
  }

  /** Marks the level of a priority active. */
  set(priority: number): void {
    const level = priority >> (8 - this.preemptionBits);
    this.words[level >> 5] = (this.words[level >> 5] ?? 0) | (1 << (level & 31));
  }

  /** Most urgent active priority, or `idlePriority`. */
  highest(): number {
    for (let word = 0; word < this.words.length; word++) {
      const bits = this.words[word] ?? 0;
      if (bits !== 0) return (word * 32 + 31 - Math.clz32(bits & -bits)) << (8 - this.preemptionBits);
    }
    return idlePriority;
  }

  /** Takes the most urgent active priority away and answers it, or `idlePriority` when there was none. */
  drop(): number {
    const highest = this.highest();
    if (highest !== idlePriority) {
      const level = highest >> (8 - this.preemptionBits);
      this.words[level >> 5] = (this.words[level >> 5] ?? 0) & ~(1 << (level & 31));
    }
    return highest;
  }
}
