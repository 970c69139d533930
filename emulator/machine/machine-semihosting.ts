/** Semihosting as this machine offers it: the caller's memory, the terminal of the first serial port, virtual time. */
import type { MappedRange } from '../bus/address-map.ts';
import type { Snapshotable } from '../bus/types.ts';
import type { ExecutionUnit } from '../execution/execution-unit.ts';
import type { HaltOutcome } from '../execution/system-operations.ts';
import { Semihosting, type SemihostingHost, semihostingImmediate } from '../firmware/semihosting.ts';
import { isSecure } from '../processing-element/effective-registers.ts';
import type { MachineOptions } from './options.ts';
import type { VirtBoard } from './virt-board.ts';

const PAGE = 4096;

/** What semihosting makes the machine do. */
export interface MachineSemihostingHost {
  /** A byte for the terminal. */
  transmit(byte: number): void;
  /** Linear memory is about to change. */
  memoryWritten(linear: number, length: number): void;
  /** Ends the run with the guest's status. */
  exit(status: number): void;
}

interface SavedMachineSemihosting {
  readonly services: unknown;
  readonly waiting: readonly number[];
}

/** Carries out HLT #0xF000 where the options allow it. */
export class MachineSemihosting implements Snapshotable {
  readonly name = 'semihosting';
  private readonly options: MachineOptions;
  private readonly board: VirtBoard;
  private readonly host: MachineSemihostingHost;
  private readonly services: Semihosting;
  private readonly initial: unknown;
  private caller: ExecutionUnit | undefined;
  /** Elements whose call waits for something to be typed. */
  private waiting = new Set<number>();

  constructor(options: MachineOptions, board: VirtBoard, host: MachineSemihostingHost) {
    this.options = options;
    this.board = board;
    this.host = host;
    this.services = new Semihosting(this.servicesHost());
    this.initial = this.services.save();
  }

  /** HLT: what became of it. */
  halt(unit: ExecutionUnit, immediate: number): HaltOutcome {
    const { enabled, userspace } = this.options.semihosting;
    const { state } = unit;
    if (!enabled || immediate !== semihostingImmediate || (state.el === 0 && !userspace)) return 'undefined';
    this.caller = unit;
    const result = this.services.call(Number(state.readX(0) & 0xffff_ffffn), state.readX(1));
    this.caller = undefined;
    switch (result.kind) {
      case 'result':
        state.writeX(0, result.x0);
        return 'completed';
      case 'exited':
        return 'completed';
      case 'waits for input':
        // Input, or an interrupt, makes the element execute the instruction again.
        this.waiting.add(state.index);
        unit.suspend();
        return 'again';
    }
  }

  /** Something was typed: the calls that wait for it are made again. */
  inputArrived(units: readonly ExecutionUnit[]): void {
    for (const index of this.waiting) {
      const unit = units[index];
      if (unit?.power === 'waiting') unit.power = 'running';
    }
    this.waiting.clear();
  }

  reset(): void {
    this.services.restore(this.initial);
    this.waiting.clear();
  }

  save(): SavedMachineSemihosting {
    return { services: this.services.save(), waiting: [...this.waiting] };
  }

  restore(saved: unknown): void {
    const { services, waiting } = saved as SavedMachineSemihosting;
    this.services.restore(services);
    this.waiting = new Set(waiting);
  }

  private servicesHost(): SemihostingHost {
    const { options, board, host } = this;
    const { counter, kernel, append, semihosting } = options;
    const unitsPerSecond = counter.frequency * counter.instructionsPerTick;
    const { base, limit } = largestGap(board, options.memorySize);
    return {
      readMemory: (address, length) => this.readMemory(address, length),
      writeMemory: (address, bytes) => this.writeMemory(address, bytes),
      writeConsole: bytes => {
        for (const byte of bytes) host.transmit(byte);
      },
      readConsole: () => board.uart.takeReceived(),
      commandLine: semihosting.arguments.length
        ? semihosting.arguments
        : [kernel, append].filter(word => word !== undefined),
      // The heap grows up and the stack down in the largest piece of RAM that no image occupies.
      heap: { base, limit, stackBase: limit, stackLimit: base },
      nanoseconds: () => (BigInt(board.clock.now()) * 1_000_000_000n) / BigInt(unitsPerSecond),
      seconds: () => BigInt(options.realTimeBase + Math.floor(board.clock.now() / unitsPerSecond)),
      exit: status => host.exit(status),
    };
  }

  private readMemory(address: bigint, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const pieces = this.pieces(address, length, 'read');
    if (!pieces) return undefined;
    let done = 0;
    for (const piece of pieces) {
      bytes.set(this.board.memory.u8.subarray(piece.linear, piece.linear + piece.length), done);
      done += piece.length;
    }
    return bytes;
  }

  private writeMemory(address: bigint, bytes: Uint8Array): boolean {
    const pieces = this.pieces(address, bytes.length, 'write');
    if (!pieces) return false;
    let done = 0;
    for (const { linear, length } of pieces) {
      this.host.memoryWritten(linear, length);
      this.board.memory.u8.set(length === bytes.length ? bytes : bytes.subarray(done, done + length), linear);
      done += length;
    }
    return true;
  }

  /** The linear memory behind the caller's addresses; undefined when some of it is not memory the caller may reach. */
  private pieces(address: bigint, length: number, access: 'read' | 'write'): Piece[] | undefined {
    const { caller, board } = this;
    if (!caller) throw new Error('nobody made the semihosting call');
    const { state, pe, translator } = caller;
    const secure = isSecure(pe);
    const regime = translator.regimeOf(state.el as 0 | 1 | 2 | 3);
    const pieces: Piece[] = [];
    for (let done = 0; done < length; ) {
      const virtualAddress = BigInt.asUintN(64, address + BigInt(done));
      const size = Math.min(length - done, PAGE - Number(virtualAddress & BigInt(PAGE - 1)));
      const result = translator.translate({
        virtualAddress,
        access,
        regime,
        privileged: state.el > 0,
        secure,
        pan: false,
        purpose: 'inspect',
      });
      if (!result.ok) return undefined;
      const range = board.map.find(result.physicalAddress, !result.nonSecure);
      const linear = linearOf(range, result.physicalAddress, access);
      if (linear === undefined) return undefined;
      pieces.push({ linear, length: size });
      done += size;
    }
    return pieces;
  }
}

interface Piece {
  readonly linear: number;
  readonly length: number;
}

function linearOf(range: MappedRange | undefined, physicalAddress: number, access: 'read' | 'write') {
  if (!range?.memory || !(access === 'read' ? range.directRead : range.directWrite)) return undefined;
  return range.memory.host + (physicalAddress - range.memory.base);
}

/** The longest run of whole pages of RAM that no image was loaded into. */
function largestGap({ boot, memory }: VirtBoard, size: number): { readonly base: bigint; readonly limit: bigint } {
  const ram = memory.blocks.find(block => block.name === 'RAM');
  if (!ram) throw new Error('a machine without RAM');
  const end = ram.base + size;
  const pieces = boot.pieces
    .filter(piece => piece.address < end && piece.address + piece.size > ram.base)
    .sort((a, b) => a.address - b.address);
  let best = { base: ram.base, limit: ram.base };
  let from = ram.base;
  for (const { address, size: length } of [...pieces, { address: end, size: 0 }]) {
    if (address - from > best.limit - best.base) best = { base: from, limit: Math.floor(address / PAGE) * PAGE };
    from = Math.max(from, Math.ceil((address + length) / PAGE) * PAGE);
  }
  return { base: BigInt(best.base), limit: BigInt(best.limit) };
}
