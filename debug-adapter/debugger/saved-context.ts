/**
 * Where a function put its caller's registers before it loaded others: a hypervisor that enters its guest, or code that
 * changes to another thread, keeps them in a structure of its own instead of on the stack.
 *
 * Only the function's first block is read, which every way through the function has come by. An address counts when it is
 * made of constants, of where the code is and of the thread pointer of the Exception level (TPIDR_ELx), which software
 * leaves alone: then it can be made again later. Encodings: Arm ARM C4.1.
 */

export interface SavedContext {
  /** Addresses of registers as the function was called with them, by number. */
  readonly slots: ReadonlyMap<number, bigint>;
  /** X30 was signed before it was stored. */
  readonly signed: boolean;
}

const number64 = (value: bigint) => BigInt.asUintN(64, value);
const signExtended = (value: number, bits: number) => (value << (32 - bits)) >> (32 - bits);

/** MRS of TPIDR_EL1, TPIDR_EL2 and TPIDR_EL3, without Rt: Arm ARM C5.2. */
const threadPointers: ReadonlyMap<number, number> = new Map([
  [0xd538d080, 1],
  [0xd53cd040, 2],
  [0xd53ed040, 3],
]);

/**
 * Reads the words of a function from its start, which is at `start`. `threadPointer` gives TPIDR_ELx of an Exception
 * level, or undefined where it is not what it was when the function ran.
 */
export function savedContext(
  words: readonly number[],
  start: bigint,
  threadPointer: (el: number) => bigint | undefined,
): SavedContext {
  const slots = new Map<number, bigint>();
  /** What registers hold that were written; one that was not holds what the function was called with. */
  const written = new Map<number, bigint | undefined>();
  let signed = false;
  const store = (register: number, address: bigint) => {
    if (register < 31 && !written.has(register) && !slots.has(register)) slots.set(register, number64(address));
  };
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const masked = (mask: number) => (word & mask) >>> 0;
    const rd = word & 31;
    const rn = (word >>> 5) & 31;
    const rm = (word >>> 16) & 31;
    const pc = start + BigInt(index * 4);
    if (masked(0xfffff01f) === 0xd503201f) {
      // HINT: PACIASP and PACIBSP sign X30.
      const hint = (word >>> 5) & 0x7f;
      if (hint === 25 || hint === 27) signed = true;
    } else if (masked(0xfffff01f) === 0xd503301f) {
      // Barriers change no register.
    } else if (masked(0x1f000000) === 0x10000000) {
      // ADR and ADRP
      const imm = BigInt((signExtended(word >>> 5, 19) << 2) | ((word >>> 29) & 3));
      written.set(rd, number64(word >>> 31 ? (pc & ~0xfffn) + (imm << 12n) : pc + imm));
    } else if (masked(0xbf800000) === 0x91000000 && rn !== 31 && rd !== 31) {
      // ADD and SUB (immediate), 64 bits
      const imm = BigInt((word >>> 10) & 0xfff) << (word & (1 << 22) ? 12n : 0n);
      const base = written.get(rn);
      written.set(rd, base === undefined ? undefined : number64(word & (1 << 30) ? base - imm : base + imm));
    } else if (masked(0xffe0fc00) === 0x8b000000 && rd !== 31) {
      // ADD (shifted register), not shifted
      const [a, b] = [written.get(rn), written.get(rm)];
      written.set(rd, a === undefined || b === undefined ? undefined : number64(a + b));
    } else if (masked(0xfff00000) === 0xd5300000) {
      // MRS
      const el = threadPointers.get(masked(0xffffffe0));
      written.set(rd, el === undefined ? undefined : threadPointer(el));
    } else if (masked(0xffc00000) === 0xf9000000 && rn !== 31) {
      // STR (immediate, unsigned offset)
      const base = written.get(rn);
      if (base !== undefined) store(rd, base + BigInt(((word >>> 10) & 0xfff) * 8));
    } else if (masked(0xffc00000) === 0xa9000000 && rn !== 31) {
      // STP (signed offset)
      const base = written.get(rn);
      const at = base === undefined ? undefined : base + BigInt(signExtended(word >>> 15, 7) * 8);
      if (at !== undefined) {
        store(rd, at);
        store((word >>> 10) & 31, at + 8n);
      }
    } else {
      // Whatever else it does: a branch, the stack, or something that is not followed.
      break;
    }
  }
  return { slots, signed };
}

/** Whether any of these instructions gives SP a new value. */
export function movesStack(words: readonly number[]): boolean {
  return words.some(word => {
    const masked = (mask: number) => (word & mask) >>> 0;
    const rn = (word >>> 5) & 31;
    return (
      // ADD, SUB (immediate and extended register), with SP as result
      ((word & 31) === 31 && (masked(0xbf800000) === 0x91000000 || masked(0xbfe00000) === 0x8b200000)) ||
      // Loads and stores with writeback on SP: of one register, and of pairs
      (rn === 31 && masked(0x3b200400) === 0x38000400) ||
      (rn === 31 && masked(0x3a800000) === 0x28800000)
    );
  });
}
