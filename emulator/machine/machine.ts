/**
 * The machine: a board with processing elements, driven from outside by position.
 *
 * Everything that reaches it from outside (serial input, a debugger's writes) goes through its history, so that every
 * position can be visited again. It never reads the host's clock; whoever drives it decides when it runs.
 */
import { type CpuConfiguration, configureCpu, cpuModels, findCpuModel } from '../architecture/cpu-model.ts';
import { AllocationTags } from '../bus/allocation-tags.ts';
import type { Snapshotable } from '../bus/types.ts';
import type { StreamEvent } from '../devices/user-network/streams.ts';
import type { MemoryObserver, WatchedAccess } from '../execution/access-path.ts';
import { engineArea } from '../execution/engine-area.ts';
import type { ExecutionUnit } from '../execution/execution-unit.ts';
import type { Interpreter } from '../execution/interpreter/interpreter.ts';
import { Maintenance } from '../execution/maintenance.ts';
import { callPsci, type PsciArguments, type PsciHost } from '../firmware/psci.ts';
import { isSecure } from '../processing-element/effective-registers.ts';
import type { ExceptionRecord } from '../processing-element/exception-record.ts';
import type { Implementation } from '../processing-element/implementation.ts';
import type { ProcessingElement } from '../processing-element/processing-element.ts';
import { resetProcessingElement } from '../processing-element/reset.ts';
import { STATE_SIZE, stateOffsets } from '../processing-element/state.ts';
import { SystemInstructionAccess } from '../processing-element/system-instruction-access.ts';
import type { BootFiles } from './boot.ts';
import { enterBigEndian, enterLinux } from './boot-state.ts';
import { type CoreStop, MachineCore, type SavedCore } from './core.ts';
import { ExceptionLog, type RecordedException } from './exception-log.ts';
import { FolderJournal } from './folder-journal.ts';
import { History } from './history.ts';
import { HostStreams, type NetworkStream } from './host-streams.ts';
import { MachineSemihosting } from './machine-semihosting.ts';
import { type MachineOptions, OptionError } from './options.ts';
import { decodeSnapshot, encodeSnapshot, restorePages, SnapshotError } from './snapshot.ts';
import { optionDifferences } from './snapshot-options.ts';
import { hashProcessingElement, StateHash } from './state-hash.ts';
import { type VirtBoard, virtBoard } from './virt-board.ts';
import { privateInterrupt } from './virt-memory-map.ts';
import { type PhysicalWatchpoint, type WatchpointHit, Watchpoints } from './watchpoints.ts';

/** Why a run came to rest. */
export type MachineStop =
  | { readonly kind: 'budget' }
  | { readonly kind: 'breakpoint'; readonly pe: number }
  | { readonly kind: 'watchpoint'; readonly pe: number; readonly hit: WatchpointHit }
  /** The exception catcher wanted to stop here. */
  | { readonly kind: 'exception'; readonly pe: number; readonly record: ExceptionRecord }
  /** The catcher of lines wanted to stop here. */
  | { readonly kind: 'serialLine'; readonly pe: number; readonly line: string }
  | { readonly kind: 'idle' }
  /** Nothing runs before this virtual time, and whoever drives the machine wants time to wait for the outside. */
  | { readonly kind: 'waiting'; readonly until: number }
  | {
      readonly kind: 'ended';
      readonly how: 'shutdown' | 'reset' | 'exit';
      readonly status?: number;
      readonly detail: string;
    };

type Ending = Extract<MachineStop, { kind: 'ended' }>;

export interface MachineSetup {
  readonly options: MachineOptions;
  readonly files: BootFiles;
  readonly interpreter: Interpreter;
}

export class Machine {
  readonly options: MachineOptions;
  readonly cpu: CpuConfiguration;
  readonly board: VirtBoard;
  readonly core: MachineCore;
  readonly exceptions = new ExceptionLog();
  readonly history: History;
  private readonly semihosting: MachineSemihosting;
  /** Everything with state beside the processing elements, in the order in which it is restored. */
  private readonly snapshotables: readonly Snapshotable[];
  /** Bytes that the guest sends to the terminal; silent while history is replayed. */
  onSerialOutput: ((byte: number) => void) | undefined;
  /** Asked of every record; true stops the run. */
  exceptionCatcher: ((record: ExceptionRecord) => boolean) | undefined;
  /** Asked of every line that the guest has sent to the terminal, without its end; true stops the run. */
  serialLineCatcher: ((line: string) => boolean) | undefined;
  /** Connections of the guest's network with the outside. */
  readonly streams = new HostStreams();
  /** Input that came while the machine executed. */
  private readonly early: (() => void)[] = [];
  private readonly folders = new FolderJournal();
  private readonly watchpoints = new Watchpoints();
  private readonly systemInstructions: readonly SystemInstructionAccess[];
  private watchpointHit: WatchpointHit | undefined;
  /** A device has written to watched memory. */
  private deviceHit: WatchpointHit | undefined;
  private watching = true;
  private caught: ExceptionRecord | undefined;
  /** The line that the guest is sending, or its last characters: part of the state, so that going back goes back in it. */
  private serialLine = '';
  private caughtLine: string | undefined;
  private ending: Ending | undefined;
  /** Bytes that the guest has sent, at the present position and at most: only new ones are given out. */
  private outputSent = 0;
  private outputShown = 0;

  constructor({ options, files, interpreter }: MachineSetup) {
    this.options = options;
    this.cpu = cpuOf(options);
    const { cpu } = this;
    this.board = virtBoard({
      machine: options,
      files,
      cpu: {
        compatible: cpu.model.compatible,
        virtualizationHostExtensions: cpu.hasFeature('FEAT_VHE'),
        performanceMonitors: cpu.hasFeature('FEAT_PMUv3'),
      },
      engineArea: engineArea(options.processingElements).size,
      host: {
        pinsChanged: pe => this.pinsChanged(pe),
        beforeMemoryWrite: (address, length) => this.beforeMemoryWrite(address, length),
        deviceWrites: (address, length) => this.deviceWrites(address, length),
        routeChanged: () => {
          for (const unit of this.core.units) unit.forgetTranslations();
        },
        transmit: (port, byte) => port === 'terminal' && this.transmit(byte),
        powerOff: () =>
          this.end({ kind: 'ended', how: 'shutdown', detail: 'the secure GPIO switched the machine off' }),
        reset: () => this.end({ kind: 'ended', how: 'reset', detail: 'the secure GPIO reset the machine' }),
        folders: this.folders,
        networkRequest: request => this.streams.request(request),
      },
    });
    const { board } = this;
    this.semihosting = new MachineSemihosting(options, board, {
      transmit: byte => this.transmit(byte),
      memoryWritten: (linear, length) => this.core.executor.memoryWritten(linear, length),
      exit: status => this.end({ kind: 'ended', how: 'exit', status, detail: `the guest ended with status ${status}` }),
    });
    this.snapshotables = [...board.snapshotables, this.semihosting];
    const psci = this.psciHost();
    this.core = new MachineCore({
      memory: board.memory,
      map: board.map,
      clock: board.clock,
      processingElements: options.processingElements,
      implementation: implementationOf(cpu, options, board.psciConduit),
      interpreter,
      observer: this.memoryObserver(),
      instructionsPerTick: options.counter.instructionsPerTick,
      operations: {
        systemInstruction: (unit, key, rt) => this.systemInstructions[unit.state.index]?.execute(key, rt),
        halt: (unit, immediate) => this.semihosting.halt(unit, immediate),
      },
      handlers: pe => board.systemRegisterHandlers(pe),
      firmwareCall: pe => {
        const { state } = pe;
        const call: PsciArguments = [state.readX(0), state.readX(1), state.readX(2), state.readX(3)];
        const answer = callPsci(psci, pe.index, call);
        if (answer !== undefined) state.writeX(0, answer);
        return true;
      },
      recordException: record => this.recordException(record),
      levelChanged: pe => this.levelChanged(pe),
      performanceLine: pe => board.interruptController.ppi(pe, privateInterrupt.pmu),
    });
    const { core } = this;
    this.systemInstructions = core.units.map(unit => {
      const maintenance = new Maintenance(
        unit,
        () => core.units,
        () => core.executor.slowMemory,
      );
      return new SystemInstructionAccess(unit.pe, unit.registers, maintenance);
    });
    this.history = new History(board.memory, {
      position: () => this.position,
      time: () => this.core.time(),
      saveState: () => this.saveState(),
      restoreState: state => this.restoreState(state as SavedMachine),
      pagesAreClean: () => {
        // Stale entries are legal until the guest invalidates them; dropping all at every epoch makes replay meet none
        // that the first run did not have.
        for (const unit of core.units) unit.forgetTranslations();
      },
      pagesRestored: pages => {
        for (const page of pages) core.executor.code.written(page * 4096, 4096);
      },
      replayTo: position => this.replayTo(position),
    });
    this.powerOn();
    this.history.begin();
  }

  get position(): number {
    return this.core.executor.position;
  }

  // ---- running
  /**
   * Runs at most so many instructions. A breakpoint under the first one is not reported. `idleLimit` tells how far virtual
   * time may go while every element waits; where the stop `waiting` cuts a run changes no result.
   */
  run(maxInstructions: number, idleLimit?: () => number): MachineStop {
    return this.runTo(this.position + maxInstructions, idleLimit);
  }

  private runTo(target: number, idleLimit?: () => number): MachineStop {
    let skip = true;
    for (;;) {
      const owed = this.owedStop();
      if (owed) return owed;
      this.takeInputs();
      if (this.position >= target) return { kind: 'budget' };
      const stop = this.core.run(
        Math.min(target, this.history.nextStop()),
        skip,
        this.history.isAtPresent ? idleLimit : undefined,
      );
      skip = false;
      const result = this.handle(stop);
      if (result) return result;
    }
  }

  /** What comes from outside at this position happens, each at its time. */
  private takeInputs(): void {
    for (const apply of this.early.splice(0)) this.input(apply);
    this.history.reached();
    while (this.history.awaitsTime && this.core.skipIdle()) this.history.reached();
  }

  private handle(stop: CoreStop): MachineStop | undefined {
    switch (stop.kind) {
      case 'limit':
        return undefined;
      case 'pause': {
        const record = this.caught;
        this.caught = undefined;
        const hit = this.deviceHit;
        this.deviceHit = undefined;
        // What has ended stays so, and is told at the next run.
        if (hit) return { kind: 'watchpoint', pe: stop.pe, hit };
        if (record) return { kind: 'exception', pe: stop.pe, record };
        return this.owedStop();
      }
      case 'watchpoint':
        return this.finishWatchedAccess(stop.pe);
      default:
        return stop;
    }
  }

  /** What has happened and must be told, at the next run if something else was told now. */
  private owedStop(): MachineStop | undefined {
    const line = this.caughtLine;
    this.caughtLine = undefined;
    return line === undefined ? this.ending : { kind: 'serialLine', pe: this.core.current, line };
  }

  /** The access was stopped before it happened: let the instruction do it now, then report. */
  private finishWatchedAccess(pe: number): MachineStop | undefined {
    const hit = this.watchpointHit;
    this.watchpointHit = undefined;
    const unit = this.core.units[pe] as ExecutionUnit;
    const { pc } = unit.state;
    this.watching = false;
    const stop = this.core.run(this.position + 1, true);
    this.watching = true;
    this.forgetTranslations();
    const other = this.handle(stop);
    return other ?? (hit && { kind: 'watchpoint', pe, hit: { ...hit, pc } });
  }

  private replayTo(position: number): void {
    const { exceptionCatcher, serialLineCatcher } = this;
    this.exceptionCatcher = undefined;
    this.serialLineCatcher = undefined;
    this.watching = false;
    try {
      while (this.position < position) {
        const stop = this.runTo(position);
        if (stop.kind === 'ended' || stop.kind === 'idle') return;
      }
      // What came from outside at this very position belongs to it.
      this.takeInputs();
    } finally {
      this.exceptionCatcher = exceptionCatcher;
      this.serialLineCatcher = serialLineCatcher;
      this.watching = true;
      this.forgetTranslations();
    }
  }

  /** Puts the machine into the state it had at a position that history holds. */
  travelTo(position: number): void {
    this.ending = undefined;
    this.history.travelTo(position);
  }

  setBreakpoints(addresses: ReadonlySet<bigint>): void {
    this.core.executor.setBreakpoints(addresses, this.core.units);
  }

  setWatchpoints(watchpoints: readonly PhysicalWatchpoint[]): void {
    this.watchpoints.set(watchpoints);
    this.forgetTranslations();
  }

  private forgetTranslations(): void {
    for (const unit of this.core.units) unit.forgetTranslations();
  }

  // ---- input from outside
  sendSerialInput(bytes: Uint8Array): void {
    const kept = bytes.slice();
    this.input(() => {
      this.board.receive(kept);
      this.semihosting.inputArrived(this.core.units);
    });
  }

  /** Something has happened to a connection of the guest's network. */
  networkEvent(network: number, event: StreamEvent): void {
    this.input(() => {
      this.streams.happened();
      this.board.networkEvent(network, event);
    });
  }

  /** How many bytes a connection of the guest's network can take from outside now. */
  streamRoom({ network, stream }: NetworkStream): number {
    return this.board.streamRoom(network, stream);
  }

  /** A debugger's change of registers or other small state. */
  change(apply: () => void): void {
    this.input(() => {
      apply();
      for (const unit of this.core.units) unit.translationChanged();
    });
  }

  /** A debugger's write to physical memory (not to devices); gives the bytes written. */
  writeMemory(physicalAddress: number, bytes: Uint8Array): number {
    const { memory } = this.board;
    let count = 0;
    while (count < bytes.length && memory.linearAddress(physicalAddress + count) !== undefined) count++;
    const kept = bytes.slice(0, count);
    if (count)
      this.input(() => {
        this.beforeMemoryWrite(physicalAddress, count);
        memory.bytes(physicalAddress, count)?.set(kept);
      });
    return count;
  }

  /** The allocation tag of a physical address, 0 to 15; undefined where memory has none (FEAT_MTE2). */
  allocationTag(physicalAddress: number): number | undefined {
    const tags = new AllocationTags(this.board.memory);
    const linear = tags.address(physicalAddress);
    return linear === undefined ? undefined : tags.read(physicalAddress, linear);
  }

  /** What was recorded beyond this position will not happen again, nor its output. */
  private input(apply: () => void): void {
    const { executor } = this.core;
    // Who hears the guest may answer while it executes: that has its place in history at the next architectural point.
    if (executor.isExecuting) {
      this.early.push(apply);
      executor.requestPause();
      executor.requestCheck();
      return;
    }
    this.outputShown = this.outputSent;
    this.folders.forgetFuture();
    const isRewritten = this.streams.isBehind;
    this.history.input(apply);
    if (isRewritten) this.breakConnections();
  }

  /** Connections cannot go back in time: those that are open now are lost outside. */
  private breakConnections(): void {
    this.streams.abandon();
    this.history.input(() => this.board.breakConnections());
  }

  /** As after the guest's own reset: flash and drives keep what was written; history begins anew. */
  reset(): void {
    this.streams.abandon();
    const { memory, flash } = this.board;
    for (const area of memory.areas) {
      if (!flash.some(({ host }) => host === area.host)) memory.u8.fill(0, area.host, area.host + area.size);
    }
    this.powerOn('reset');
    this.history.begin();
  }

  // ---- state
  /** Sixteen hexadecimal digits over everything that the guest could tell apart. */
  stateHash(): string {
    const hash = new StateHash();
    const { memory } = this.board;
    hash.text(String(this.position));
    for (const { state } of this.core.units) hashProcessingElement(hash, memory.u32, state.address, STATE_SIZE);
    for (const device of this.snapshotables) hash.text(serialize(device.save()));
    for (const { host, size } of memory.areas) hash.memory(memory.u32.subarray(host >>> 2, (host + size) >>> 2));
    return hash.digest();
  }

  /**
   * The machine as it is now, for another process: `snapshotOptions` tells what it was made of. Compress it; most of it
   * is memory.
   */
  saveSnapshot(): Uint8Array {
    const description: SnapshotDescription = {
      options: this.options,
      layout: this.snapshotLayout(),
      state: this.saveState(),
      exceptions: this.exceptions.latest(RECORDS_IN_SNAPSHOT),
    };
    return encodeSnapshot(description, this.board.memory);
  }

  /**
   * Puts this machine into the state of a snapshot; its history begins there. The machine must be made of the same
   * options, except for the files it was started from.
   * @throws SnapshotError, and then nothing has changed
   */
  restoreSnapshot(bytes: Uint8Array): void {
    const { description, pages } = decodeSnapshot(bytes);
    const { options, layout, state, exceptions } = description as SnapshotDescription;
    const differences = optionDifferences(options, this.options);
    if (differences.length > 0)
      throw new SnapshotError(`the snapshot is of another machine: ${differences.join(', ')}`);
    if (layout !== this.snapshotLayout())
      throw new SnapshotError('the snapshot was made by a version of this program that keeps its state differently');
    restorePages(this.board.memory, pages);
    this.folders.clear();
    this.core.executor.code.clear();
    this.restoreState(state);
    this.exceptions.replace(exceptions);
    this.outputShown = this.outputSent;
    this.history.begin();
    this.breakConnections();
  }

  /** What saved states have in common that can be exchanged. */
  private snapshotLayout(): string {
    const devices = this.snapshotables.map(device => device.name).join();
    const blocks = this.board.memory.areas.map(area => area.host).join();
    return `${STATE_SIZE} ${Object.entries(stateOffsets).join()} ${blocks} ${devices}`;
  }

  private saveState(): SavedMachine {
    const { u8 } = this.board.memory;
    return {
      core: this.core.save(),
      elements: this.core.units.map(({ state }) => u8.slice(state.address, state.address + STATE_SIZE)),
      devices: this.snapshotables.map(device => device.save()),
      errors: this.core.units.map(({ pe }) => pe.systemErrorPending),
      outputSent: this.outputSent,
      serialLine: this.serialLine,
      streams: this.streams.save(),
      folders: this.folders.save(),
    };
  }

  private restoreState(saved: SavedMachine): void {
    this.core.restore(saved.core);
    saved.elements.forEach((bytes, index) => {
      const unit = this.core.units[index] as ExecutionUnit;
      unit.state.load(bytes);
      unit.pe.systemErrorPending = saved.errors[index] ?? false;
    });
    this.snapshotables.forEach((device, index) => {
      device.restore(saved.devices[index]);
    });
    for (const { pe } of this.core.units) {
      this.levelChanged(pe);
      this.pinsChanged(pe.index);
    }
    this.core.executor.restoreFlags(saved.core.flags);
    this.exceptions.shortenTo(this.position);
    this.outputSent = saved.outputSent;
    this.serialLine = saved.serialLine;
    this.caughtLine = undefined;
    this.streams.restore(saved.streams);
    this.folders.restore(saved.folders);
    this.ending = undefined;
    this.caught = undefined;
    this.deviceHit = undefined;
  }

  // ---- the machine's own life
  /** Expects memory as it is made, all zeros, but for what survives a reset. */
  private powerOn(when: 'power on' | 'reset' = 'power on'): void {
    const { board, core } = this;
    core.switchTo(0);
    core.restore({
      current: 0,
      idle: 0,
      turnEnd: 0,
      position: 0,
      flags: { wanted: false, owed: false },
      power: [],
      waits: [],
    });
    board.clock.restore(0);
    board.resetDevices(when);
    if (board.boot.kind === 'linux') board.interruptController.assignAllToNonSecure();
    this.semihosting.reset();
    board.loadImages(when);
    core.executor.code.clear();
    this.exceptions.clear();
    this.ending = undefined;
    this.outputSent = 0;
    this.outputShown = 0;
    this.serialLine = '';
    this.caughtLine = undefined;
    this.streams.clear();
    this.folders.clear();
    for (const unit of core.units) {
      const { pe, state } = unit;
      resetProcessingElement(pe, mpidr(board.affinities[state.index] ?? 0));
      const start = board.boot.starts.get(state.index);
      unit.power = start ? 'running' : 'off';
      if (start) {
        if (board.boot.kind === 'linux') enterLinux(pe);
        if (start.bigEndian) enterBigEndian(pe);
        state.pc = start.pc;
        state.writeX(0, start.x0);
      }
      unit.forgetTranslations();
      this.levelChanged(pe);
      this.pinsChanged(state.index);
    }
    core.executor.restoreFlags({ wanted: false, owed: false });
  }

  private end(ending: Ending): void {
    this.ending = ending;
    this.core.executor.requestPause();
    // A device's register ends the machine from within generated code, which goes on to its next architectural point.
    this.core.executor.requestCheck();
  }

  private psciHost(): PsciHost {
    return {
      affinities: this.board.affinities,
      isOn: pe => (this.core.units[pe] as ExecutionUnit).power !== 'off',
      start: (pe, entry, context) => {
        const unit = this.core.units[pe] as ExecutionUnit;
        resetProcessingElement(unit.pe, mpidr(this.board.affinities[pe] ?? 0));
        if (this.board.boot.kind === 'linux') enterLinux(unit.pe);
        unit.state.pc = entry;
        unit.state.writeX(0, context);
        unit.power = 'running';
        unit.forgetTranslations();
        this.levelChanged(unit.pe);
      },
      stop: pe => {
        (this.core.units[pe] as ExecutionUnit).power = 'off';
      },
      suspend: pe => {
        (this.core.units[pe] as ExecutionUnit).suspend();
      },
      powerOff: () => this.end({ kind: 'ended', how: 'shutdown', detail: 'the guest switched the machine off (PSCI)' }),
      reset: () => this.end({ kind: 'ended', how: 'reset', detail: 'the guest reset the machine (PSCI)' }),
    };
  }

  private transmit(byte: number): void {
    this.outputSent++;
    this.hearLine(byte);
    if (this.outputSent <= this.outputShown) return;
    this.outputShown = this.outputSent;
    this.onSerialOutput?.(byte);
  }

  private hearLine(byte: number): void {
    if (byte !== NEWLINE) {
      this.serialLine = (this.serialLine + String.fromCharCode(byte)).slice(-LONGEST_LINE);
      return;
    }
    const line = this.serialLine.replace(/\r$/, '');
    this.serialLine = '';
    if (!this.serialLineCatcher?.(line)) return;
    this.caughtLine = line;
    // The store that sent it is carried out within generated code, which ends at its next check.
    this.core.executor.requestPause();
    this.core.executor.requestCheck();
  }

  private pinsChanged(index: number): void {
    // The board reports its first levels while it is being built.
    const unit = this.core?.units[index];
    if (!unit) return;
    Object.assign(unit.pe.pins, this.board.interruptController.pins(index));
    unit.refreshPending();
    this.core.executor.requestCheck();
  }

  private levelChanged(pe: ProcessingElement): void {
    this.board.interruptController.setExecutionState(pe.index, pe.state.el, isSecure(pe));
  }

  private recordException(record: ExceptionRecord): void {
    const { translator, state } = this.core.units[record.pe] as ExecutionUnit;
    const x = Array.from({ length: 31 }, (_, n) => state.readX(n));
    // The stack pointer of the side that was left: the level has changed already, but every level's is banked.
    const usedOwn = record.kind === 'return' || (state.read(`SPSR_EL${record.to as 1 | 2 | 3}`) & 1n) === 1n;
    const sp = state.readSp(usedOwn ? record.from : 0);
    // The guest's registers are still in place; its hypervisor is about to load its own.
    const isExit = record.kind === 'exception' && record.guest === 'exit';
    this.exceptions.append(record, { x, sp, ...(isExit && { translation: translator.guestTranslation() }) });
    if (this.exceptionCatcher?.(record)) {
      this.caught = record;
      this.core.executor.requestPause();
    }
  }

  // ---- memory
  private beforeMemoryWrite(physicalAddress: number, length: number): void {
    const linear = this.board?.memory.linearAddress(physicalAddress, length);
    if (linear !== undefined) this.core?.executor.memoryWritten(linear, length);
  }

  private memoryObserver(): MemoryObserver {
    return {
      mayWriteFreely: page => this.history.isDirty(page) && !this.core.executor.code.hasCode(page),
      beforeWrite: (linear, length) => {
        this.history?.beforeWrite(linear, length);
        this.core.executor.code.written(linear, length);
      },
      tagsChange: page => {
        for (const unit of this.core.units) unit.tlb.revokeAccessTo(page);
      },
      isWatched: page => this.watching && this.watchpoints.isWatched(page),
      watchedAccess: (unit, access) => this.watchedAccess(unit, access),
    };
  }

  private deviceWrites(physicalAddress: number, length: number): void {
    if (!this.watching || this.deviceHit) return;
    const found = this.watchpoints.find(physicalAddress, length, true);
    if (!found) return;
    const { pc } = (this.core.units[this.core.current] as ExecutionUnit).state;
    this.deviceHit = { id: found.id, access: 'write', physicalAddress, size: length, pc, byDevice: true };
    // The instruction that set the device going is carried out within generated code, which ends at its next check.
    this.core.executor.requestPause();
    this.core.executor.requestCheck();
  }

  private watchedAccess(_unit: ExecutionUnit, access: WatchedAccess): boolean {
    const { physicalAddress, virtualAddress, size, write } = access;
    const found = this.watchpoints.find(physicalAddress, size, write);
    if (!found) return false;
    this.watchpointHit = { id: found.id, access: write ? 'write' : 'read', virtualAddress, physicalAddress, size };
    return true;
  }
}

const NEWLINE = 0x0a;
/** Of a longer line the last so many characters are kept. */
const LONGEST_LINE = 1024;

/** Records that go into a snapshot: enough for the call stack across Exception levels. */
const RECORDS_IN_SNAPSHOT = 2_000;

interface SnapshotDescription {
  readonly options: MachineOptions;
  readonly layout: string;
  readonly state: SavedMachine;
  readonly exceptions: readonly RecordedException[];
}

interface SavedMachine {
  readonly core: SavedCore;
  readonly elements: readonly Uint8Array[];
  readonly devices: readonly unknown[];
  readonly errors: readonly boolean[];
  readonly outputSent: number;
  readonly serialLine: string;
  readonly streams: number;
  readonly folders: number;
}

/** MPIDR_EL1: bit 31 is RES1. */
const mpidr = (affinity: number): bigint => (1n << 31n) | BigInt(affinity);

function cpuOf(options: MachineOptions): CpuConfiguration {
  const model = findCpuModel(options.cpu);
  if (!model)
    throw new OptionError(`-cpu ${options.cpu} is not supported. Supported: ${cpuModels.map(m => m.name).join(' ')}`);
  const cpu = configureCpu(model, {
    el2: options.virtualization,
    el3: options.secure,
    gicV3: options.gicVersion === 3,
    memoryTagging: options.memoryTagging,
    ...(options.cpuProperties && { properties: options.cpuProperties }),
  });
  if (options.memoryTagging && !cpu.hasFeature('FEAT_MTE2'))
    throw new OptionError(`-M virt,mte=on needs a CPU with memory tagging, which ${model.name} has not`);
  return cpu;
}

function implementationOf(
  cpu: CpuConfiguration,
  options: MachineOptions,
  conduit: 'smc' | 'hvc' | 'none',
): Implementation {
  return {
    el2: options.virtualization,
    el3: options.secure,
    hasFeature: name => cpu.hasFeature(name),
    resetValues: cpu.resetValues,
    caches: cpu.model.caches,
    firmwareConduit: conduit,
    randomSeed: options.seed,
  };
}

function digestOf(bytes: Uint8Array): string {
  const hash = new StateHash();
  for (let i = 0; i < bytes.length; i += 4) {
    hash.word((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24));
  }
  return `${bytes.length} bytes ${hash.digest()}`;
}

/** Device state as text, in a fixed order. */
function serialize(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (inner instanceof Map) return [...inner.entries()];
    if (inner instanceof Set) return [...inner];
    // A drive may have many blocks.
    if (inner instanceof Uint8Array && inner.length >= 1024) return digestOf(inner);
    if (ArrayBuffer.isView(inner)) return Array.from(inner as Uint8Array);
    return inner;
  });
}
