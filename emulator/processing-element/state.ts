/**
 * The state of one processing element in linear memory: declared once, read by both engines, the debugger and snapshots.
 *
 * The PE that executes has its state in the *active window* at a fixed address, so that generated code reaches every
 * field by a constant offset. The others rest in copies of the same layout; `switchTo` in the machine copies.
 */
import {
  type SystemRegisterName,
  storedSystemRegisters,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';

type FieldType = 'i32' | 'i64' | 'v128';
const SIZES: Record<FieldType, number> = { i32: 4, i64: 8, v128: 16 };

/** Slot of the current stack pointer in `x`. */
export const SP_SLOT = 31;
/** Slot that always reads zero. */
export const ZERO_SLOT = 32;
/** Slot that swallows writes to the zero register. */
export const DISCARD_SLOT = 33;

const declaration = {
  /** X0–X30, then SP, the zero slot and the discard slot. */
  x: ['i64', 34],
  v: ['v128', 32],
  /** Address of the next instruction; valid whenever the engine is not inside a page. */
  pc: ['i64', 1],
  /** Banked stack pointers by exception level; the live one is `x[31]`. */
  spBank: ['i64', 4],
  n: ['i32', 1],
  z: ['i32', 1],
  c: ['i32', 1],
  v_: ['i32', 1],
  el: ['i32', 1],
  spSel: ['i32', 1],
  /** PSTATE.DAIF at bits 9:6, as DAIF and SPSR_ELx hold it. */
  daif: ['i32', 1],
  pan: ['i32', 1],
  uao: ['i32', 1],
  dit: ['i32', 1],
  ssbs: ['i32', 1],
  tco: ['i32', 1],
  btype: ['i32', 1],
  ss: ['i32', 1],
  il: ['i32', 1],
  allInt: ['i32', 1],
  /** 15 while SP must be 16-byte aligned for accesses through it (SCTLR_ELx.SA, SA0), else 0. */
  spAlignMask: ['i32', 1],
  /** 1 while every access must be aligned (SCTLR_ELx.A). */
  alignmentCheck: ['i32', 1],
  /** 1 while the current level's data is big-endian (SCTLR_ELx.EE, E0E). */
  bigEndianData: ['i32', 1],
  /** 1 while FP/SIMD instructions trap or are disabled at the current level. */
  fpTrapped: ['i32', 1],
  /** 1 once an instruction was fetched from a guarded page: from then on indirect branches tell PSTATE.BTYPE. */
  guardedPagesSeen: ['i32', 1],
  /** What pointer authentication does here and now (`authenticationWord`). */
  pointerAuthentication: ['i32', 1],
  /** 1 while allocation tags can be accessed at the current level (SCTLR_ELx.ATA and the controls above it). */
  allocationTags: ['i32', 1],
  /** WFE's event register. */
  eventRegister: ['i32', 1],
  /** 1 while an interrupt waits that an unmasking instruction would let through. */
  interruptPending: ['i32', 1],
  /** Position up to which the performance counters have been brought up to date, in this PE's own instructions. */
  performanceCountedTo: ['i64', 1],
  /** Instructions of other PEs: those up to the last turn, and the machine's position when that turn ended. */
  retiredElsewhere: ['i64', 1],
  turnEndedAt: ['i64', 1],
  exclusiveValid: ['i32', 1],
  exclusiveSize: ['i32', 1],
  exclusiveAddress: ['i64', 1],
  fpcr: ['i64', 1],
  fpsr: ['i64', 1],
  /** Linear address of the data TLB of the current translation context, and of the one for LDTR/STTR. */
  tlb: ['i32', 1],
  tlbUnprivileged: ['i32', 1],
  /** Linear address of the instruction TLB of the current context. */
  instructionTlb: ['i32', 1],
  /** Engine: record being executed, and where the budget until a check ends if the code runs straight on. */
  record: ['i32', 1],
  budgetEnd: ['i32', 1],
  /** Engine: virtual address of the page being executed. */
  page: ['i64', 1],
  /** Engine: what `run` returned about (system operation, exception, address). */
  exitDetail: ['i32', 1],
  /** Engine: system operations that may be done here and now without asking, by the bits that the code cache assigned. */
  directOperations: ['i64', 1],
  /** Engine: what DCZID_EL0 reads here and now. */
  zeroBlockIdentification: ['i64', 1],
  /** Engine: virtual time of an instruction less the budget then left, instructions per tick (both binary64), CNTVOFF. */
  timeBase: ['i64', 1],
  instructionsPerTick: ['i64', 1],
  counterOffset: ['i64', 1],
  /** Set by a slow access that could not be done. */
  accessFailed: ['i32', 1],
  exitAddress: ['i64', 1],
  systemRegisters: ['i64', 1024],
} as const satisfies Record<string, readonly [FieldType, number]>;

export type StateFieldName = keyof typeof declaration;

function assignOffsets(): { offsets: Record<StateFieldName, number>; size: number } {
  const offsets = {} as Record<StateFieldName, number>;
  let next = 0;
  for (const [name, [type, count]] of Object.entries(declaration)) {
    const size = SIZES[type];
    next = Math.ceil(next / size) * size;
    offsets[name as StateFieldName] = next;
    next += size * count;
  }
  return { offsets, size: Math.ceil(next / 4096) * 4096 };
}

const assigned = assignOffsets();

/** Byte offset of each field within a PE's state. */
export const stateOffsets: Readonly<Record<StateFieldName, number>> = {
  // A copy made at once is an object whose fields hosts compile as constants; one that grew name by name is a table.
  ...assigned.offsets,
};
/** Bytes of one PE's state. */
export const STATE_SIZE = assigned.size;
/** Linear address of the active window. Address 0 stays unused so that a null pointer is not a register. */
export const ACTIVE_WINDOW = 4096;

if (storedSystemRegisters.length > declaration.systemRegisters[1])
  throw new Error(`${storedSystemRegisters.length} system registers need storage; the state has room for fewer`);

const MASK64 = (1n << 64n) - 1n;

/** Accessors over one PE's state. No access checks, no side effects: that is `system-register-access.ts`. */
export class ProcessingElementState {
  readonly index: number;
  private base: number;
  private i32: Int32Array;
  private u64: BigUint64Array;
  private f64: Float64Array;
  private bytes: Uint8Array;
  /**
   * Counts what may have changed a system register: while it stands still, so does all that follows from them. What
   * generated code writes itself (RGSR_EL1) is not counted: nothing follows from that.
   */
  generation = 0;

  constructor(memory: WebAssembly.Memory, base: number, index: number) {
    this.index = index;
    this.base = base;
    this.i32 = new Int32Array(memory.buffer);
    this.u64 = new BigUint64Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** Linear address of this state; moves when the PE becomes active or rests. */
  get address(): number {
    return this.base;
  }
  moveTo(base: number): void {
    this.base = base;
    this.generation++;
  }
  /** Takes the whole state from a copy of its bytes. */
  load(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.base);
    this.generation++;
  }

  private word(name: StateFieldName): number {
    return this.i32[(this.base + stateOffsets[name]) >>> 2] as number;
  }
  private setWord(name: StateFieldName, value: number): void {
    this.i32[(this.base + stateOffsets[name]) >>> 2] = value;
  }
  private wide(name: StateFieldName, index = 0): bigint {
    return this.u64[((this.base + stateOffsets[name]) >>> 3) + index] as bigint;
  }
  private setWide(name: StateFieldName, value: bigint, index = 0): void {
    this.u64[((this.base + stateOffsets[name]) >>> 3) + index] = value & MASK64;
  }

  /** X0–X30 by number; 31 reads as zero. */
  readX(n: number): bigint {
    return n === 31 ? 0n : this.wide('x', n);
  }
  /** Writes X0–X30; a write to 31 is discarded. */
  writeX(n: number, value: bigint): void {
    if (n !== 31) this.setWide('x', value, n);
  }
  /** A view of the 16 bytes of V0–V31. */
  readV(n: number): Uint8Array {
    const start = this.base + stateOffsets.v + n * 16;
    return this.bytes.subarray(start, start + 16);
  }

  get pc(): bigint {
    return this.wide('pc');
  }
  set pc(value: bigint) {
    this.setWide('pc', value);
  }

  /** The stack pointer in use. */
  get sp(): bigint {
    return this.wide('x', SP_SLOT);
  }
  set sp(value: bigint) {
    this.setWide('x', value, SP_SLOT);
  }
  /** Exception level whose SP_ELx is in use. */
  get spLevel(): number {
    return this.spSel ? this.el : 0;
  }
  readSp(el: number): bigint {
    return el === this.spLevel ? this.sp : this.wide('spBank', el);
  }
  writeSp(el: number, value: bigint): void {
    if (el === this.spLevel) this.sp = value;
    else this.setWide('spBank', value, el);
  }
  /** Changes EL and PSTATE.SP together, banking the stack pointer. */
  setLevel(el: number, spSel: number): void {
    this.setWide('spBank', this.sp, this.spLevel);
    this.setWord('el', el);
    this.setWord('spSel', spSel);
    this.sp = this.wide('spBank', this.spLevel);
  }

  get n(): number {
    return this.word('n');
  }
  set n(value: number) {
    this.setWord('n', value);
  }
  get z(): number {
    return this.word('z');
  }
  set z(value: number) {
    this.setWord('z', value);
  }
  get c(): number {
    return this.word('c');
  }
  set c(value: number) {
    this.setWord('c', value);
  }
  get v(): number {
    return this.word('v_');
  }
  set v(value: number) {
    this.setWord('v_', value);
  }
  /** Current exception level; changed by `setLevel`. */
  get el(): number {
    return this.word('el');
  }
  /** PSTATE.SP; changed by `setLevel`. */
  get spSel(): number {
    return this.word('spSel');
  }
  get daif(): number {
    return this.word('daif');
  }
  set daif(value: number) {
    this.setWord('daif', value & 0x3c0);
  }
  get pan(): number {
    return this.word('pan');
  }
  set pan(value: number) {
    this.setWord('pan', value);
  }
  get uao(): number {
    return this.word('uao');
  }
  set uao(value: number) {
    this.setWord('uao', value);
  }
  get dit(): number {
    return this.word('dit');
  }
  set dit(value: number) {
    this.setWord('dit', value);
  }
  get ssbs(): number {
    return this.word('ssbs');
  }
  set ssbs(value: number) {
    this.setWord('ssbs', value);
  }
  get tco(): number {
    return this.word('tco');
  }
  set tco(value: number) {
    this.setWord('tco', value);
  }
  get btype(): number {
    return this.word('btype');
  }
  set btype(value: number) {
    this.setWord('btype', value);
  }
  get ss(): number {
    return this.word('ss');
  }
  set ss(value: number) {
    this.setWord('ss', value);
  }
  get il(): number {
    return this.word('il');
  }
  set il(value: number) {
    this.setWord('il', value);
  }
  get allInt(): number {
    return this.word('allInt');
  }
  set allInt(value: number) {
    this.setWord('allInt', value);
  }
  get fpcr(): bigint {
    return this.wide('fpcr');
  }
  set fpcr(value: bigint) {
    this.setWide('fpcr', value);
  }
  get fpsr(): bigint {
    return this.wide('fpsr');
  }
  set fpsr(value: bigint) {
    this.setWide('fpsr', value);
  }
  get eventRegister(): number {
    return this.word('eventRegister');
  }
  set eventRegister(value: number) {
    this.setWord('eventRegister', value);
  }
  /** Clears the local exclusive monitor. */
  clearExclusive(): void {
    this.setWord('exclusiveValid', 0);
  }

  /** Raw storage of a system register. Throws for a register that is a view of other state. */
  read(name: SystemRegisterName): bigint {
    return this.wide('systemRegisters', this.slot(name));
  }
  write(name: SystemRegisterName, value: bigint): void {
    this.generation++;
    this.setWide('systemRegisters', value, this.slot(name));
  }
  private slot(name: SystemRegisterName): number {
    const slot = systemRegisterSlot(name);
    if (slot === undefined) throw new Error(`${name} has no storage of its own`);
    return slot;
  }

  /** Fields that only the engine and the machine use. */
  readonly engine = {
    get: (name: StateFieldName): number => this.word(name),
    set: (name: StateFieldName, value: number): void => this.setWord(name, value),
    getWide: (name: StateFieldName): bigint => this.wide(name),
    setWide: (name: StateFieldName, value: bigint): void => this.setWide(name, value),
    setFloat: (name: StateFieldName, value: number): void => {
      this.f64[(this.base + stateOffsets[name]) >>> 3] = value;
    },
  };
}
