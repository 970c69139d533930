/** The interface between generated code and the host: exit codes and descriptors of slow accesses. */
import type { RaisedException } from '../architecture/semantics.ts';

/** Why generated code returned. */
export const Exit = {
  /** The budget is used up at a point where interrupts may be taken. */
  check: 1,
  /** The target page is not in the instruction TLB; the address is in `pc`. */
  fetch: 2,
  /** The record is not decoded yet. */
  decode: 3,
  /** A system operation for the processing element; `exitDetail` says which. */
  system: 4,
  /** The instruction raises an exception; `exitDetail` says which. */
  raise: 5,
  /** A slow access failed; the host has noted why. */
  accessFailed: 6,
  /** The word is not an instruction of this machine. */
  undefined: 7,
  /** A breakpoint stands on the instruction. */
  breakpoint: 8,
  /** The exact count of instructions has been executed. */
  counted: 9,
  /** An instruction unmasked interrupts while one was pending. */
  unmasked: 10,
} as const;
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** `exitDetail` of `Exit.raise`. */
export const raisedCodes: Readonly<Record<RaisedException, number>> = {
  undefined: 0,
  spAlignment: 1,
  pcAlignment: 2,
  fpTrap: 3,
};

/**
 * Descriptor bits of a slow access: log2 of the size in bits 2:0, demanded alignment (log2) in bits 10:8, and in bits
 * 14:12, unless it is the size, one more than log2 of the alignment that Device memory and SCTLR_ELx.A ask for.
 */
export const ACCESS_SIZE_MASK = 7;
export const ACCESS_STORE = 0x10;
export const ACCESS_UNPRIVILEGED = 0x20;
/** The access is the load of an atomic operation: it must be allowed to write. */
export const ACCESS_FOR_WRITE = 0x40;
/** The access is to the allocation tags of memory: to one, or to the sixteen of an aligned block. */
export const ACCESS_TAG = 0x80;
export const ACCESS_TAG_BLOCK = 0x800;
/** The access is not checked against allocation tags. */
export const ACCESS_UNCHECKED = 0x8000;
/** The demanded alignment is that of an ordered access, which SCTLR_ELx.nAA may lift. */
export const ACCESS_ORDERED = 0x1_0000;
export const accessAlignment = (descriptor: number): number => 1 << ((descriptor >>> 8) & 7);
export const naturalAlignment = (descriptor: number): number =>
  1 << (((descriptor >>> 12) & 7 || (descriptor & ACCESS_SIZE_MASK) + 1) - 1);
