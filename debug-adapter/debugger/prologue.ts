/**
 * What a function has done to the stack so far, read from its instructions: for code without call frame information,
 * which is most assembly. Encodings: Arm ARM C4.1 (loads and stores, add/subtract immediate, branches).
 */

export interface PrologueEffect {
  /** SP at the function's start minus SP now, in bytes. */
  readonly stackBytes: number;
  /** Where the return address was stored, as an offset from SP at the function's start; undefined while it is in X30. */
  readonly savedReturn: number | undefined;
  /** Where X29 was stored, likewise. */
  readonly savedFrame: number | undefined;
  /** A call has overwritten X30 and it was not stored before. */
  readonly returnLost: boolean;
  /**
   * Where X29 has been made to point to, as an offset from SP at the function's start, and where the caller's registers
   * had been stored by then: true until the function gives X29 back, whatever way was taken through it.
   */
  readonly frame?: { readonly pointer: number; readonly savedReturn: number; readonly savedFrame: number };
}

/** Looks at the instructions from a function's start up to (not including) the current one, in the order they stand. */
export function prologueEffect(words: readonly number[]): PrologueEffect {
  let stackBytes = 0;
  let savedReturn: number | undefined;
  let savedFrame: number | undefined;
  let returnLost = false;
  let everSaved = false;
  let frame: PrologueEffect['frame'];
  const saved = (register: number, offset: number) => {
    everSaved = true;
    if (register === 30) savedReturn = offset;
    if (register === 29) savedFrame = offset;
  };
  const restored = (register: number) => {
    if (register === 30) savedReturn = undefined;
    if (register === 29) savedFrame = undefined;
  };
  for (const word of words) {
    const rn = (word >>> 5) & 31;
    const rt = word & 31;
    const rt2 = (word >>> 10) & 31;
    if ((word & 0xff8003ff) >>> 0 === 0xd10003ff || (word & 0xff8003ff) >>> 0 === 0x910003ff) {
      // SUB SP, SP, #imm and ADD SP, SP, #imm
      const amount = ((word >>> 10) & 0xfff) << ((word >>> 22) & 1 ? 12 : 0);
      stackBytes += word >>> 30 === 3 ? amount : -amount;
    } else if ((word & 0xffc003ff) >>> 0 === 0x910003fd) {
      // ADD X29, SP, #imm, also written as MOV
      const pointer = -stackBytes + ((word >>> 10) & 0xfff);
      if (savedReturn !== undefined && savedFrame !== undefined) frame ??= { pointer, savedReturn, savedFrame };
    } else if ((word & 0x7e000000) >>> 0 === 0x28000000 && word >>> 30 === 2 && rn === 31) {
      // STP and LDP of X registers on SP: bits 24:23 are 01 post-index, 10 offset, 11 pre-index.
      const mode = (word >>> 23) & 3;
      const imm = ((((word >>> 15) & 0x7f) << 25) >> 25) * 8;
      const load = (word >>> 22) & 1;
      if (mode === 3) stackBytes -= imm;
      const at = -stackBytes + (mode === 2 ? imm : 0);
      if (load) {
        restored(rt);
        restored(rt2);
      } else {
        saved(rt, at);
        saved(rt2, at + 8);
      }
      if (mode === 1) stackBytes -= imm;
    } else if ((word & 0xffa00000) >>> 0 === 0xf8000000 && rn === 31 && (word & 0x400) !== 0) {
      // STR and LDR of an X register with writeback on SP: bits 11:10 are 01 post-index, 11 pre-index.
      const imm = (((word >>> 12) & 0x1ff) << 23) >> 23;
      const load = (word >>> 22) & 1;
      const pre = (word >>> 11) & 1;
      if (pre) stackBytes -= imm;
      if (load) restored(rt);
      else saved(rt, -stackBytes);
      if (!pre) stackBytes -= imm;
    } else if ((word & 0xff800000) >>> 0 === 0xf9000000 && rn === 31) {
      // STR and LDR of an X register at SP + unsigned offset.
      const at = -stackBytes + ((word >>> 10) & 0xfff) * 8;
      if ((word >>> 22) & 1) restored(rt);
      else saved(rt, at);
    } else if (isCall(word)) {
      if (savedReturn === undefined) returnLost = true;
    } else if ((word & 0xfffffc1f) >>> 0 === 0xd65f0000) {
      // RET: what follows belongs to a path that did not come through here, with the frame as it was before the epilogue.
      // Straight-line reading cannot tell; the frame pointer has to.
      // A function that has put nothing on the stack so far has its frame unchanged on all its ways.
      if (stackBytes === 0 && savedReturn === undefined && savedFrame === undefined && !returnLost && !everSaved)
        continue;
      stackBytes = 0;
      savedReturn = undefined;
      savedFrame = undefined;
      returnLost = true;
    }
  }
  return { stackBytes, savedReturn, savedFrame, returnLost, ...(frame && { frame }) };
}

/** BL, BLR and its authenticated forms: instructions that leave a return address in X30. */
export function isCall(word: number): boolean {
  return (word & 0xfc000000) >>> 0 === 0x94000000 || (word & 0xfefff000) >>> 0 === 0xd63f0000;
}
