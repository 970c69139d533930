import {
  type AddressTranslation,
  type ExceptionLevel,
  type ExceptionRecord,
  type MemoryRead,
  type SpaceAddress,
  type Target,
  type TargetProcessingElement,
  type TargetStop,
  UserProblem,
  type Watchpoint,
} from '../../../debug-adapter/debugger/target.ts';

/** One instruction of a scripted run: the state before it executes, and what it does. */
export interface ScriptStep {
  readonly pc: bigint;
  readonly el?: ExceptionLevel;
  /** Registers that have changed since the step before. */
  readonly set?: Readonly<Record<string, bigint>>;
  /** The instruction (or what came instead of it) takes this exception, or returns so. */
  readonly crossing?: Partial<ExceptionRecord> & Pick<ExceptionRecord, 'kind' | 'from' | 'to'>;
  /** The instruction writes memory: physical address, little-endian bytes. */
  readonly write?: { readonly address: bigint; readonly bytes: readonly number[] };
  readonly output?: string;
}

/**
 * A machine that does what a list says. It lets the debugger and the protocol be tested for themselves: what an
 * instruction does is no concern of theirs. Virtual, intermediate and physical addresses are the same here.
 */
export class ScriptedTarget implements Target {
  readonly description = 'scripted';
  readonly current = 0;
  readonly memory: Map<bigint, number> = new Map();
  onSerialOutput: ((bytes: Uint8Array) => void) | undefined;
  readonly received: number[] = [];
  readonly #steps: readonly ScriptStep[];
  readonly #written = new Map<string, bigint>();
  #breakpoints = new Set<bigint>();
  #watchpoints: readonly Watchpoint[] = [];
  #catcher: ((record: ExceptionRecord) => boolean) | undefined;
  #newest = 0;
  position = 0;

  constructor(steps: readonly ScriptStep[], memory: Readonly<Record<string, readonly number[]>> = {}) {
    this.#steps = steps;
    for (const [address, bytes] of Object.entries(memory)) {
      bytes.forEach((byte, index) => {
        this.memory.set(BigInt(address) + BigInt(index), byte);
      });
    }
  }

  /** Puts 32-bit instruction words into memory. */
  code(address: bigint, ...words: number[]): this {
    words.forEach((word, index) => {
      for (let byte = 0; byte < 4; byte++)
        this.memory.set(address + BigInt(index * 4 + byte), (word >>> (byte * 8)) & 0xff);
    });
    return this;
  }

  #state(position: number): { pc: bigint; el: ExceptionLevel; registers: Map<string, bigint> } {
    const registers = new Map<string, bigint>();
    let el: ExceptionLevel = 0;
    for (let index = 0; index <= position && index < this.#steps.length; index++) {
      const step = this.#steps[index]!;
      el = step.el ?? el;
      for (const [name, value] of Object.entries(step.set ?? {})) registers.set(name, value);
    }
    for (const [name, value] of this.#written) registers.set(name, value);
    return { pc: this.#steps[Math.min(position, this.#steps.length - 1)]!.pc, el, registers };
  }

  readonly processingElements: readonly TargetProcessingElement[] = [this.#element()];
  #element(): TargetProcessingElement {
    const state = () => this.#state(this.position);
    return {
      index: 0,
      power: 'running',
      secure: false,
      get el() {
        return state().el;
      },
      readRegister: name => {
        const { pc, el, registers } = state();
        if (name === 'pc') return pc;
        if (name === 'el') return BigInt(el);
        if (/^(x([0-9]|[12][0-9]|30)|sp)$/.test(name)) return registers.get(name) ?? 0n;
        return registers.get(name);
      },
      writeRegister: (name, value) => {
        if (name === 'pc') return false;
        this.#written.set(name, value);
        return true;
      },
      hasBigEndianData: () => false,
      effectiveRegister: () => undefined,
    };
  }

  #records(position: number): ExceptionRecord[] {
    const records: ExceptionRecord[] = [];
    for (let index = 0; index < position && index < this.#steps.length; index++) {
      const { crossing, pc } = this.#steps[index]!;
      if (!crossing) continue;
      const target = this.#steps[index + 1]?.pc ?? 0n;
      const common = { pe: 0, position: index + 1, fromSecure: false, toSecure: false, instruction: pc, target };
      records.push(
        (crossing.kind === 'exception'
          ? { cause: 'synchronous', syndrome: 0n, preferredReturn: pc, ...common, ...crossing }
          : { savedState: 0n, illegal: false, ...common, ...crossing }) as ExceptionRecord,
      );
    }
    return records;
  }
  readonly exceptions = this.#log();
  #log() {
    const records = () => this.#records(this.position);
    return {
      first: 0,
      get end() {
        return records().length;
      },
      at: (index: number) => records()[index],
      registersAt: (index: number) => {
        const record = records()[index];
        if (!record) return undefined;
        const { registers } = this.#state(record.position - 1);
        return {
          x: Array.from({ length: 31 }, (_, n) => registers.get(`x${n}`) ?? 0n),
          sp: registers.get('sp') ?? 0n,
        };
      },
    };
  }
  get timeTravel() {
    return {
      oldest: 0,
      newest: this.#newest,
      travelTo: (position: number) => {
        if (position < 0 || position > this.#newest) throw new UserProblem(`position ${position} is not recorded`);
        this.position = position;
      },
    };
  }

  run(maxInstructions: number): TargetStop {
    for (let count = 0; count < maxInstructions; count++) {
      if (count > 0 && this.#breakpoints.has(this.#steps[this.position]!.pc)) {
        return { kind: 'breakpoint', pe: 0, address: this.#steps[this.position]!.pc };
      }
      const stop = this.step();
      if (stop.kind !== 'budget') return stop;
    }
    return { kind: 'budget' };
  }

  step(): TargetStop {
    const step = this.#steps[this.position]!;
    if (this.position >= this.#steps.length - 1)
      return { kind: 'ended', how: 'shutdown', detail: 'the script is at its end' };
    const isNew = this.position === this.#newest;
    this.position++;
    this.#newest = Math.max(this.#newest, this.position);
    if (step.output && isNew) this.onSerialOutput?.(new TextEncoder().encode(step.output));
    if (step.crossing) {
      const record = this.#records(this.position).at(-1)!;
      if (this.#catcher?.(record)) return { kind: 'exception', pe: 0, record };
    }
    if (step.write) {
      const { address, bytes } = step.write;
      for (const [index, byte] of bytes.entries()) this.memory.set(address + BigInt(index), byte);
      const hit = this.#watchpoints.find(
        w =>
          w.access !== 'read' &&
          address < w.at.address + BigInt(w.length) &&
          w.at.address < address + BigInt(bytes.length),
      );
      if (hit) {
        return {
          kind: 'watchpoint',
          pe: 0,
          hit: { id: hit.id, access: 'write', address, size: bytes.length, physicalAddress: address, pc: step.pc },
        };
      }
    }
    return { kind: 'budget' };
  }

  setBreakpoints(addresses: Iterable<bigint>): void {
    this.#breakpoints = new Set(addresses);
  }
  setWatchpoints(watchpoints: readonly Watchpoint[]): (string | undefined)[] {
    this.#watchpoints = watchpoints;
    return watchpoints.map(() => undefined);
  }
  /** The script's output is not told in lines. */
  setSerialLineCatcher(): void {}
  setExceptionCatcher(catcher: ((record: ExceptionRecord) => boolean) | undefined): void {
    this.#catcher = catcher;
  }
  readMemory(_pe: number, { address }: SpaceAddress, length: number): MemoryRead {
    const bytes: number[] = [];
    for (let index = 0; index < length; index++) {
      const byte = this.memory.get(address + BigInt(index));
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return { bytes: Uint8Array.from(bytes), unreadable: length - bytes.length };
  }
  writeMemory(_pe: number, { address }: SpaceAddress, bytes: Uint8Array): number {
    for (const [index, byte] of bytes.entries()) this.memory.set(address + BigInt(index), byte);
    return bytes.length;
  }
  translate(_pe: number, { address }: SpaceAddress): AddressTranslation {
    return { ok: true, pa: address, steps: [] };
  }
  sendSerialInput(bytes: Uint8Array): void {
    this.received.push(...bytes);
  }
  reset(): void {
    this.position = 0;
    this.#newest = 0;
  }
  requestPowerOff(): boolean {
    return false;
  }
  dispose(): void {}
}
