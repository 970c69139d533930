/** Call stacks, joined across Exception levels by the exception record. */
import { dwarfPc, dwarfSp, type FrameRules, type RegisterRule } from '../debug-information/dwarf/call-frames.ts';
import { evaluateLocation } from '../debug-information/dwarf/location.ts';
import { liveContext, recordContext } from './code-context.ts';
import type { ExceptionLevelStacks } from './exception-levels.ts';
import { bitsOf } from './expression/value.ts';
import type { CodeFrame, Frame, FrameRegisters } from './frame.ts';
import type { Images } from './images.ts';
import { prologueEffect } from './prologue.ts';
import { movesStack, savedContext } from './saved-context.ts';
import { type AddressSpace, type ExceptionLevel, isBigEndian, type Target } from './target.ts';

const maximumFrames = 200;
const maximumFramesPerLevel = 100;

/** Computes frames one after the other, so that the first is there at once. */
export function* callStack(target: Target, pe: number, images: Images, levels: ExceptionLevelStacks): Generator<Frame> {
  const element = target.processingElements[pe]!;
  const unwinder = new Unwinder(target, pe, images);
  let top: CodeFrame | undefined = unwinder.live(element.el);
  const crossings = [...levels.of(pe)].reverse();
  // Where exceptions that are being handled will return to, and the callers there that an entry saves as it does its own:
  // beyond the handler's frames, and no callers of theirs.
  const beyond = new Set<string>();
  for (const { index, record } of crossings) {
    if (record.kind !== 'exception') continue;
    beyond.add(`${record.to} ${record.preferredReturn}`);
    if (record.from !== record.to) beyond.add(`${record.to} ${target.exceptions.registersAt(index)?.x[30]}`);
  }
  let count = 0;
  /** The record that tells how addresses of guests were translated: the last exit from one. */
  let guestExit: number | undefined;
  for (let next = 0; ; next++) {
    const crossing = crossings[next];
    const captured = crossing && target.exceptions.registersAt(crossing.index);
    let frame: CodeFrame | undefined = top;
    for (let depth = 0; frame && depth < maximumFramesPerLevel; depth++) {
      yield frame;
      if (++count >= maximumFrames) return;
      // Calls that were inlined share the registers with the function they are in.
      const scopes = images.scopesAt(frame.lookup, frame.context).length;
      for (let inlinedInside = 1; inlinedInside < scopes; inlinedInside++) {
        yield unwinder.withCfa({ ...frame, inlinedInside });
        if (++count >= maximumFrames) return;
      }
      frame = unwinder.caller(frame, crossing?.reentry ? undefined : captured?.x, beyond);
    }
    if (!crossing || ++count >= maximumFrames) return;
    const { index, record, resumes, reentry } = crossing;
    yield { kind: 'crossing', pe, index, record };
    const pc = record.kind === 'exception' ? record.preferredReturn : record.instruction;
    if (record.kind === 'exception' && record.to === 2) guestExit = record.guest === 'exit' ? index : undefined;
    const translatedAt = record.from < 2 ? guestExit : undefined;
    const space: AddressSpace = {
      kind: 'va',
      el: record.from,
      ...(translatedAt !== undefined && { record: translatedAt }),
    };
    top = unwinder.withCfa({
      kind: 'code',
      pe,
      el: record.from,
      context: recordContext(record, 'from', space),
      space,
      pc,
      lookup: record.instruction,
      registers: captured
        ? { x: n => ((resumes || reentry) && n >= 29 ? undefined : captured.x[n]), sp: captured.sp }
        : unknownRegisters,
      isLive: false,
      isTop: true,
      inlinedInside: 0,
    });
  }
}

/** A frame without what is computed from it. */
type FrameParts = Omit<CodeFrame, 'cfa' | 'caller'>;

const unknownRegisters: FrameRegisters = { x: () => undefined, sp: undefined };

class Unwinder {
  readonly #target: Target;
  readonly #pe: number;
  readonly #images: Images;

  constructor(target: Target, pe: number, images: Images) {
    this.#target = target;
    this.#pe = pe;
    this.#images = images;
  }

  live(el: ExceptionLevel): CodeFrame {
    const element = this.#target.processingElements[this.#pe]!;
    const pc = element.readRegister('pc') ?? 0n;
    return this.withCfa({
      kind: 'code',
      pe: this.#pe,
      el,
      context: liveContext(element),
      space: { kind: 'va', el },
      pc,
      lookup: pc,
      registers: { x: number => element.readRegister(`x${number}`), sp: element.readRegister('sp') },
      isLive: true,
      isTop: true,
      inlinedInside: 0,
    });
  }

  /** Adds what is found when somebody asks for it. */
  withCfa(frame: FrameParts): CodeFrame {
    let known: { readonly cfa: bigint | undefined } | undefined;
    const find = () => this.#cfa(frame);
    const whole: CodeFrame = {
      ...frame,
      caller: () => this.#byCallFrames(whole),
      get cfa() {
        known ??= { cfa: find() };
        return known.cfa;
      },
    };
    return whole;
  }

  #cfa(frame: FrameParts): bigint | undefined {
    const found = this.#rules(frame);
    return found && this.#cfaBy(frame, found.rules, found.loadOffset);
  }

  #read(space: AddressSpace, address: bigint, size: number): bigint | undefined {
    const { bytes } = this.#target.readMemory(this.#pe, { space, address }, size);
    if (bytes.length < size) return undefined;
    return bitsOf(bytes, isBigEndian(this.#target.processingElements[this.#pe]!, space));
  }

  /**
   * The frame that called this one; undefined at the bottom. `before` are the registers with which the exception or
   * return came that leads to this level: a return address or frame pointer among them is of the other side.
   */
  caller(frame: CodeFrame, before: readonly bigint[] | undefined, beyond: ReadonlySet<string>): CodeFrame | undefined {
    const chained = before === undefined || frame.registers.x(29) !== before[29];
    const caller =
      this.#byCallFrames(frame) ??
      this.#bySavedContext(frame) ??
      this.#byPrologue(frame) ??
      (chained ? this.#byFramePointer(frame) : undefined);
    if (!caller || caller.pc === 0n || caller.pc === before?.[30] || beyond.has(`${frame.el} ${caller.pc}`))
      return undefined;
    const sp = caller.registers.sp;
    const own = frame.registers.sp;
    // A stack that does not grow towards its bottom is not a stack.
    if (sp !== undefined && own !== undefined && (sp < own || (sp === own && caller.pc === frame.pc))) return undefined;
    if (!this.#looksLikeCode(caller)) return undefined;
    return caller;
  }

  #looksLikeCode(frame: CodeFrame): boolean {
    return (frame.pc & 3n) === 0n && this.#read(frame.space, frame.pc - 4n, 4) !== undefined;
  }

  #byCallFrames(frame: CodeFrame): CodeFrame | undefined {
    const found = this.#rules(frame);
    return found && this.#apply(frame, found.rules, found.loadOffset);
  }

  #rules({ context, lookup }: FrameParts) {
    return this.#images.frameRulesAt(lookup, context);
  }

  /** Evaluates a call frame expression to an address or value. */
  #evaluate(frame: FrameParts, expression: Uint8Array, loadOffset: bigint, initial?: bigint): bigint | undefined {
    const context = {
      littleEndian: !isBigEndian(this.#target.processingElements[this.#pe]!, frame.space),
      register: (number: number) => dwarfRegister(frame, number),
      memory: (address: bigint, size: number) => this.#read(frame.space, address, size),
      cfa: undefined,
      frameBase: () => undefined,
      loadOffset,
      indexedAddress: () => undefined,
    };
    const location = evaluateLocation(expression, context, initial);
    return location.kind === 'memory' ? location.address : location.kind === 'value' ? location.value : undefined;
  }

  #cfaBy(frame: FrameParts, { cfa }: FrameRules, loadOffset: bigint): bigint | undefined {
    if (cfa.kind === 'expression') return this.#evaluate(frame, cfa.expression, loadOffset);
    const base = dwarfRegister(frame, cfa.register);
    return base === undefined ? undefined : BigInt.asUintN(64, base + cfa.offset);
  }

  #apply(frame: CodeFrame, rules: FrameRules, loadOffset: bigint): CodeFrame | undefined {
    const { space } = frame;
    const register = (number: number) => dwarfRegister(frame, number);
    const evaluate = (expression: Uint8Array, initial: bigint) =>
      this.#evaluate(frame, expression, loadOffset, initial);
    const cfa = this.#cfaBy(frame, rules, loadOffset);
    if (cfa === undefined) return undefined;
    const at = cfa;
    const recover = (number: number): bigint | undefined => {
      const rule: RegisterRule | undefined = rules.registers.get(number);
      // Call-preserved registers without a rule still have their value; so has X30 before anything is called.
      if (!rule) return register(number);
      switch (rule.kind) {
        case 'undefined':
          return undefined;
        case 'same':
          return register(number);
        case 'offset':
          return this.#read(space, BigInt.asUintN(64, at + rule.offset), 8);
        case 'value-offset':
          return BigInt.asUintN(64, at + rule.offset);
        case 'register':
          return register(rule.register);
        case 'expression': {
          const address = evaluate(rule.expression, at);
          return address === undefined ? undefined : this.#read(space, address, 8);
        }
        case 'value-expression':
          return evaluate(rule.expression, at);
      }
    };
    const returnRule = rules.registers.get(rules.returnRegister);
    if (returnRule?.kind === 'undefined') return undefined;
    // In a caller's frame X30 is no longer what it was on entry unless a rule says where it went.
    if (!returnRule && !frame.isTop) return undefined;
    const pc = recover(rules.returnRegister);
    if (pc === undefined) return undefined;
    return this.#frame(
      frame,
      rules.signed ? this.#stripSignature(frame, pc) : pc,
      at,
      n => recover(n),
      n => rules.registers.has(n),
    );
  }

  /** The function that a frame is in, from its start up to where the frame is. */
  #executed(frame: CodeFrame): { readonly start: bigint; readonly words: number[] } | undefined {
    const symbol = this.#images.symbolAt(frame.lookup, frame.context);
    if (!symbol || symbol.symbol.kind === 'object' || symbol.offset > 0x4000) return undefined;
    const start = symbol.address;
    const length = Number(frame.pc - start);
    const { bytes } = this.#target.readMemory(this.#pe, { space: frame.space, address: start }, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words: number[] = [];
    for (let at = 0; at + 4 <= bytes.length; at += 4) words.push(view.getUint32(at, true));
    return { start, words };
  }

  /** Of a function that has put its caller's registers into a structure, as the one that enters a guest does. */
  #bySavedContext(frame: CodeFrame): CodeFrame | undefined {
    const executed = this.#executed(frame);
    const { sp } = frame.registers;
    if (!executed || sp === undefined || movesStack(executed.words)) return undefined;
    const element = this.#target.processingElements[this.#pe]!;
    const { slots, signed } = savedContext(executed.words, executed.start, el =>
      el === frame.el ? element.readRegister(`tpidr_el${el}`) : undefined,
    );
    const saved = (number: number) => {
      const slot = slots.get(number);
      return slot === undefined ? undefined : this.#read(frame.space, slot, 8);
    };
    const pc = saved(30);
    // What was not saved is lost: other registers have been loaded since.
    return pc === undefined
      ? undefined
      : this.#frame(frame, signed ? this.#stripSignature(frame, pc) : pc, sp, saved, () => true);
  }

  #byPrologue(frame: CodeFrame): CodeFrame | undefined {
    const words = this.#executed(frame)?.words;
    const { sp } = frame.registers;
    if (!words || sp === undefined) return undefined;
    // The call that a caller is in the middle of must not count as one that lost the return address.
    if (!frame.isTop) words.pop();
    const effect = prologueEffect(words);
    const x29 = frame.registers.x(29);
    // In the middle of a call X29 is still what the function made it.
    const own = frame.isTop || x29 === undefined ? undefined : effect.frame;
    if (effect.returnLost && !own) return undefined;
    const { savedReturn, savedFrame } = own ?? effect;
    const start = BigInt.asUintN(64, own ? x29! - BigInt(own.pointer) : sp + BigInt(effect.stackBytes));
    const at = (offset: number) => this.#read(frame.space, BigInt.asUintN(64, start + BigInt(offset)), 8);
    const pc = savedReturn !== undefined ? at(savedReturn) : frame.isTop ? frame.registers.x(30) : undefined;
    if (pc === undefined) return undefined;
    const fp = savedFrame === undefined ? x29 : at(savedFrame);
    return this.#frame(
      frame,
      pc,
      start,
      n => (n === 29 ? fp : undefined),
      n => n === 29,
    );
  }

  /** The chain of frame records that the procedure call standard asks for: X29 points to the caller's X29 and X30. */
  #byFramePointer(frame: CodeFrame): CodeFrame | undefined {
    const fp = frame.registers.x(29);
    const { sp } = frame.registers;
    if (fp === undefined || fp === 0n || (fp & 7n) !== 0n || (sp !== undefined && fp < sp)) return undefined;
    const previous = this.#read(frame.space, fp, 8);
    const pc = this.#read(frame.space, fp + 8n, 8);
    if (previous === undefined || pc === undefined) return undefined;
    return this.#frame(
      frame,
      pc,
      fp + 16n,
      n => (n === 29 ? previous : undefined),
      n => n === 29,
    );
  }

  #frame(
    callee: CodeFrame,
    pc: bigint,
    cfa: bigint,
    recovered: (number: number) => bigint | undefined,
    isSaved: (number: number) => boolean,
  ): CodeFrame {
    const known = new Map<number, bigint | undefined>();
    return this.withCfa({
      kind: 'code',
      pe: callee.pe,
      el: callee.el,
      context: callee.context,
      space: callee.space,
      pc,
      lookup: pc - 4n,
      registers: {
        x: number => {
          if (!known.has(number)) {
            const preserved = number >= 19 && number <= 29;
            known.set(number, isSaved(number) ? recovered(number) : preserved ? callee.registers.x(number) : undefined);
          }
          return known.get(number);
        },
        sp: cfa,
      },
      isLive: false,
      isTop: false,
      inlinedInside: 0,
    });
  }

  /** Removes a pointer authentication code: the bits above the address follow bit 55. */
  #stripSignature({ el }: CodeFrame, address: bigint): bigint {
    const isUpper = ((address >> 55n) & 1n) === 1n;
    const element = this.#target.processingElements[this.#pe]!;
    // TxSZ of the level's TCR says how long addresses are; without translation it may say nothing.
    const control = element.readRegister(`tcr_el${Math.max(el, 1)}`) ?? 0n;
    const sizeField = Number((control >> (isUpper ? 16n : 0n)) & 0x3fn);
    const bits = sizeField >= smallestSizeField ? 64 - sizeField : plainAddressBits;
    return isUpper ? BigInt.asUintN(64, address | (-1n << BigInt(bits))) : BigInt.asUintN(bits, address);
  }
}

/** TCR_ELx.TxSZ of addresses of 52 bits, and how many an address has where TCR_ELx does not say. */
const smallestSizeField = 12;
const plainAddressBits = 48;

function dwarfRegister({ registers, pc }: FrameParts, number: number): bigint | undefined {
  return number === dwarfSp ? registers.sp : number === dwarfPc ? pc : registers.x(number);
}
