/** The bundled machine as a target. */
import type { ExecutionUnit, Machine, MachineStop } from '../../emulator/index.ts';
import { currentVmid, hasBigEndianData, isSecure } from '../../emulator/index.ts';
import type {
  AddressTranslation,
  ExceptionLevel,
  ExceptionLog,
  ExceptionRecord,
  MemoryRead,
  SpaceAddress,
  Target,
  TargetProcessingElement,
  TargetStop,
  TimeTravel,
  Watchpoint,
} from '../debugger/target.ts';
import { UserProblem } from '../debugger/target.ts';
import type { HostNetwork } from './host-network.ts';
import { findInMemory, readMemory, translate, translatorAt, writeMemory } from './target-memory.ts';
import { canWriteRegister, effectiveRegister, readRegister, writeRegister } from './target-registers.ts';

/** Another element's turn is waited for so long in one step; then the step is left to go on in the next slice. */
const stepLimit = 1_000_000;

export class EmulatorTarget implements Target {
  readonly machine: Machine;
  readonly processingElements: readonly TargetProcessingElement[];
  readonly exceptions: ExceptionLog;
  readonly timeTravel: TimeTravel | undefined;
  onSerialOutput: ((bytes: Uint8Array) => void) | undefined;
  readonly #network: HostNetwork | undefined;
  readonly #idleLimit: (() => number) | undefined;
  /** Virtual time until which the guest waits for the outside. */
  #waitsUntil: number | undefined;

  constructor(
    machine: Machine,
    options: { readonly reverseDebugging: boolean; readonly network?: HostNetwork } = { reverseDebugging: true },
  ) {
    this.machine = machine;
    const { network } = options;
    this.#network = network;
    this.#idleLimit = network && (() => network.idleLimit);
    this.exceptions = machine.exceptions;
    this.processingElements = machine.core.units.map((unit, index) => this.#element(unit, index));
    const { history } = machine;
    this.timeTravel = options.reverseDebugging
      ? {
          get oldest() {
            return history.oldest;
          },
          get newest() {
            return history.newest;
          },
          travelTo: position => {
            if (position < history.oldest || position > history.newest) {
              throw new UserProblem(`Position ${position} is not recorded: ${history.oldest} to ${history.newest}`);
            }
            machine.travelTo(position);
          },
        }
      : undefined;
    machine.onSerialOutput = byte => this.onSerialOutput?.(Uint8Array.of(byte));
  }

  get description(): string {
    const { options } = this.machine;
    const count = options.processingElements;
    return `virt, ${count === 1 ? '' : `${count} × `}${options.cpu}, ${options.memorySize / 0x10_0000} MiB`;
  }
  get current(): number {
    return this.machine.core.current;
  }
  get position(): number {
    return this.machine.position;
  }

  #unit(pe: number): ExecutionUnit {
    const unit = this.machine.core.units[pe];
    if (!unit) throw new RangeError(`there is no processing element ${pe}`);
    return unit;
  }

  #element(unit: ExecutionUnit, index: number): TargetProcessingElement {
    const { machine } = this;
    return {
      index,
      get power() {
        return unit.power;
      },
      get el() {
        return unit.state.el as ExceptionLevel;
      },
      get secure() {
        return isSecure(unit.pe);
      },
      get vmid() {
        return currentVmid(unit.pe);
      },
      get asid() {
        const { translator, state } = unit;
        return translator.stage1Controls(translator.regimeOf(state.el as ExceptionLevel)).asid;
      },
      readRegister: name => readRegister(unit, name),
      writeRegister: (name, value) => {
        if (!canWriteRegister(unit, name)) return false;
        machine.change(() => writeRegister(unit, name, value));
        return true;
      },
      hasBigEndianData: el => hasBigEndianData(unit.pe, el),
      effectiveRegister: name => effectiveRegister(unit, name),
    };
  }

  run(maxInstructions: number): TargetStop {
    this.#network?.deliver();
    return this.#stop(this.machine.run(maxInstructions, this.#idleLimit));
  }

  rest(): Promise<void> | undefined {
    const until = this.#waitsUntil;
    this.#waitsUntil = undefined;
    return until === undefined ? undefined : this.#network?.rest(until);
  }

  set onNotice(notice: ((text: string) => void) | undefined) {
    if (this.#network) this.#network.onNotice = notice;
  }

  step(pe: number): TargetStop {
    for (let count = 0; count < stepLimit; count++) {
      const isItsTurn = this.current === pe;
      const stop = this.#stop(this.machine.run(1));
      if (stop.kind !== 'budget' || isItsTurn) return stop;
    }
    return { kind: 'budget' };
  }

  #stop(stop: MachineStop): TargetStop {
    // A guest that waits for the outside is one that goes on a little later.
    this.#waitsUntil =
      stop.kind === 'waiting' ? stop.until : stop.kind === 'idle' ? Number.POSITIVE_INFINITY : undefined;
    if (stop.kind === 'waiting' || (stop.kind === 'idle' && this.#network?.isActive)) {
      return { kind: 'budget' };
    }
    if (stop.kind !== 'breakpoint') {
      if (stop.kind !== 'watchpoint') return stop;
      const { virtualAddress, physicalAddress, ...hit } = stop.hit;
      const physical = BigInt(physicalAddress);
      return { ...stop, hit: { ...hit, address: virtualAddress ?? physical, physicalAddress: physical } };
    }
    return { ...stop, address: this.#unit(stop.pe).state.pc };
  }

  setBreakpoints(addresses: Iterable<bigint>): void {
    this.machine.setBreakpoints(new Set(addresses));
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): (string | undefined)[] {
    const physical: Parameters<Machine['setWatchpoints']>[0][number][] = [];
    const problems = watchpoints.map(({ id, at, length, access }): string | undefined => {
      // The range is watched where it is now, page by page: all that reaches it by another address is caught too.
      for (let offset = 0; offset < length; ) {
        const address = BigInt.asUintN(64, at.address + BigInt(offset));
        const size = Math.min(length - offset, 4096 - Number(address & 0xfffn));
        const place = translate(this.#unit(this.current), { space: at.space, address }, 'read');
        if (!place.ok) return place.problem;
        physical.push({ id, address: Number(place.pa), length: size, access });
        offset += size;
      }
      return undefined;
    });
    this.machine.setWatchpoints(physical);
    return problems;
  }

  setExceptionCatcher(catcher: ((record: ExceptionRecord) => boolean) | undefined): void {
    this.machine.exceptionCatcher = catcher;
  }
  setSerialLineCatcher(catcher: ((line: string) => boolean) | undefined): void {
    this.machine.serialLineCatcher = catcher;
  }

  readMemory(pe: number, at: SpaceAddress, length: number): MemoryRead {
    return readMemory(this.machine, this.#unit(pe), at, length);
  }
  writeMemory(pe: number, at: SpaceAddress, bytes: Uint8Array): number {
    return writeMemory(this.machine, this.#unit(pe), at, bytes);
  }
  translate(pe: number, at: SpaceAddress, access: 'read' | 'write' | 'execute'): AddressTranslation {
    const unit = this.#unit(pe);
    return translate(unit, at, access, translatorAt(this.machine, unit, at));
  }
  allocationTag(physicalAddress: bigint): number | undefined {
    return this.machine.allocationTag(Number(physicalAddress));
  }

  sendSerialInput(bytes: Uint8Array): void {
    this.machine.sendSerialInput(bytes);
  }
  saveSnapshot(): Uint8Array {
    return this.machine.saveSnapshot();
  }
  findInMemory(words: Uint32Array, pageOffset: number): bigint[] {
    return findInMemory(this.machine, words, pageOffset);
  }
  reset(): void {
    this.machine.reset();
  }

  /** Kernels listen to the power key; other programs have no way to hear of it. */
  requestPowerOff(): boolean {
    const { board } = this.machine;
    if (board.boot.kind !== 'linux') return false;
    this.machine.change(() => board.pressPowerKey());
    return true;
  }

  dispose(): void {
    this.#network?.close();
    this.machine.onSerialOutput = undefined;
    this.machine.exceptionCatcher = undefined;
    this.machine.serialLineCatcher = undefined;
  }
}
