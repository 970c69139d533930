/**
 * Runs one processing element in generated code and serves the code's exits.
 *
 * Positions count instructions that retired and exceptions that were taken, so that every change of state has a position
 * of its own. Interrupts and events are looked at only where the architecture of this machine says: taken branches,
 * page crossings, exceptions and system operations. How a run is cut into pieces never changes what it does.
 */
import { decode } from '../architecture/decoder.ts';
import type { Fields } from '../architecture/pattern.ts';
import type { Statement } from '../architecture/semantics.ts';
import type { AddressMap } from '../bus/address-map.ts';
import type { MachineMemory } from '../bus/memory.ts';
import { branchAddress } from '../processing-element/branch-address.ts';
import { acceptsBranch, branchTypeOf } from '../processing-element/branch-target.ts';
import { armedBreakpoints, completeStep, raisePendingStep, stepState } from '../processing-element/debug-exceptions.ts';
import { isSecure } from '../processing-element/effective-registers.ts';
import { checkFloatingPointAccess } from '../processing-element/floating-point-access.ts';
import type { ProcessingElement } from '../processing-element/processing-element.ts';
import {
  raiseBranchTarget,
  raiseDataAbort,
  raiseHardwareBreakpoint,
  raiseIllegalState,
  raiseInstructionAbort,
  raisePcAlignment,
  raiseSpAlignment,
  raiseTrap,
  raiseUndefined,
  raiseWatchpoint,
} from '../processing-element/synchronous-exceptions.ts';
import type { AccessTransfer } from '../processing-element/syndrome.ts';
import type { TranslationRequest } from '../translation/request.ts';
import { AccessPath, type MemoryObserver } from './access-path.ts';
import { CodeCache } from './code-cache.ts';
import { directKind, keepsDecisions } from './direct-operations.ts';
import { Exit, raisedCodes } from './engine.ts';
import type { EngineArea } from './engine-area.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import { hostHelperFunctions } from './host-helpers.ts';
import type { Interpreter } from './interpreter/interpreter.ts';
import { SlowMemory } from './memory-access.ts';
import { accessAsEL2 } from './nested-access.ts';
import { PAGE_STRIDE, RECORD_SHIFT, shapeIndex } from './record.ts';
import { type SystemOperation, type SystemOperationHost, systemOperations } from './system-operations.ts';
import { undefinedReason } from './undefined-reason.ts';

/** A page of straight code may follow before the budget is looked at. */
const OVERSHOOT = 1100;
/** V8 optimises code only when it is entered anew. */
const LONGEST_STRETCH = 1_000_000;

/** Why a stretch ended. */
export type StretchEnd =
  /** A point where interrupts and events are to be looked at. */
  | 'check'
  /** The limit was reached exactly. */
  | 'limit'
  | 'breakpoint'
  | 'watchpoint'
  /** Somebody asked for a pause (an exception that is to be looked at, the end of the machine). */
  | 'pause'
  /** The processing element waits or is off. */
  | 'stopped';

export interface CheckFlags {
  readonly wanted: boolean;
  readonly owed: boolean;
}

export interface ExecutorHost extends SystemOperationHost {
  /** Position at which the next event is due or the turn ends, whichever is earlier. */
  deadline(): number;
  /** Virtual time less position. */
  idle(): number;
  readonly instructionsPerTick: number;
}

interface Exports {
  run(): number;
  runExact(count: number): number;
}

export class Executor {
  /** Instructions retired and exceptions taken, by all processing elements. */
  position = 0;
  readonly code: CodeCache;
  readonly slowMemory: SlowMemory;
  private readonly memory: MachineMemory;
  private readonly map: AddressMap;
  private readonly observer: MemoryObserver;
  private readonly host: ExecutorHost;
  private readonly exports: Exports;
  private readonly operations: readonly SystemOperation[];
  private readonly interpreter: Interpreter;
  private unit: ExecutionUnit | undefined;
  /** Budget handed to generated code, to count what it used. */
  private handed = 0;
  /** An interrupt may have become deliverable or an event due since the last check. */
  private checkWanted = false;
  private pauseWanted = false;
  /** The last pause fell on a point where a check is due; it must be made before anything else runs. */
  checkOwed = false;
  private inCode = false;
  /** Fields of system instructions by word: a guest has few different ones and executes them often. */
  private readonly systemFields = new Map<number, Fields>();
  /** Of the debugger. */
  private breakpoints: ReadonlySet<bigint> = new Set();
  /** Addresses whose records carry a mark: breakpoints of the debugger and of the guest. */
  private marks: ReadonlySet<bigint> = new Set();

  constructor(options: {
    readonly memory: MachineMemory;
    readonly map: AddressMap;
    readonly area: EngineArea;
    readonly interpreter: Interpreter;
    readonly hasFeature: (feature: string) => boolean;
    readonly observer: MemoryObserver;
    readonly host: ExecutorHost;
  }) {
    const { memory, map, area, interpreter, observer, host } = options;
    this.memory = memory;
    this.map = map;
    this.observer = observer;
    this.host = host;
    this.interpreter = interpreter;
    const currentWord = ({ state }: ExecutionUnit) =>
      memory.view.getUint32(this.code.wordAddress(state.engine.get('record')), true);
    this.slowMemory = new SlowMemory(new AccessPath(map, observer, currentWord));
    this.code = new CodeCache({
      memory,
      base: area.codeCache,
      pages: area.codePages,
      table: interpreter.table,
      hasFeature: options.hasFeature,
    });
    const env: Record<string, WebAssembly.ImportValue> = {
      memory: memory.memory,
      slowLoad: (address: bigint, descriptor: number) => this.slowMemory.load(this.active(), address, descriptor),
      slowStore: (address: bigint, value: bigint, descriptor: number) =>
        this.slowMemory.store(this.active(), address, value, descriptor),
    };
    for (const name of interpreter.hostHelpers) env[name] = hostHelperFunctions(name);
    this.exports = new WebAssembly.Instance(interpreter.module, { env }).exports as unknown as Exports;
    this.operations = interpreter.systemOperations.map(name => {
      const operation = systemOperations[name];
      if (!operation) throw new Error(`nothing does the system operation “${name}”`);
      return operation;
    });
  }

  /** Memory of EL2's that stands for a register; undefined when the access took an exception or stopped the run. */
  nestedMemory(unit: ExecutionUnit, address: bigint, written?: bigint): bigint | undefined {
    const { pe, state } = unit;
    const value = accessAsEL2(this.slowMemory.path, unit, address, written);
    if (value !== undefined) return value;
    const { failed } = this.slowMemory.path;
    // A watchpoint of the debugger ends the stretch, which finds the access failed.
    if (failed?.kind !== 'fault') return undefined;
    state.engine.set('accessFailed', 0);
    raiseDataAbort(pe, failed.fault, { nested: true });
    return undefined;
  }

  private active(): ExecutionUnit {
    if (!this.unit) throw new Error('no processing element is executing');
    return this.unit;
  }

  /** Generated code runs: what is asked now is asked from within it. */
  get isExecuting(): boolean {
    return this.inCode;
  }

  /** Position including what generated code has done since it was entered. */
  now(): number {
    if (!this.inCode || !this.unit) return this.position;
    return this.position + this.handed - this.left(this.unit);
  }

  /** Makes generated code return at its next architectural point. */
  requestCheck(): void {
    this.checkWanted = true;
    if (!this.inCode || !this.unit) return;
    const { engine } = this.unit.state;
    this.handed -= this.left(this.unit);
    engine.set('budgetEnd', engine.get('record'));
    engine.setFloat('timeBase', this.position + this.host.idle() + this.handed);
  }

  /** What generated code has left of the budget. */
  private left({ state: { engine } }: ExecutionUnit): number {
    return (engine.get('budgetEnd') - engine.get('record')) >> RECORD_SHIFT;
  }

  /** Replaces the breakpoints: virtual addresses in whatever regime. */
  setBreakpoints(addresses: ReadonlySet<bigint>, units: readonly ExecutionUnit[]): void {
    this.breakpoints = addresses;
    this.placeMarks(units);
  }

  private placeMarks(units: readonly ExecutionUnit[]): void {
    const marks = new Set(this.breakpoints);
    for (const unit of units) {
      if (unit.debugStale) unit.refreshDebug();
      for (const address of unit.guestBreakpoints) marks.add(address);
    }
    if (marks.size === this.marks.size && [...marks].every(address => this.marks.has(address))) return;
    this.marks = marks;
    this.code.clearBreakpoints();
    for (const unit of units) unit.instructionTlb.clear();
  }

  /**
   * Runs until something happens, at most up to the position `limit`. `skipBreakpoint` executes the first instruction
   * even when it carries one.
   */
  run(unit: ExecutionUnit, limit: number, skipBreakpoint: boolean, units: readonly ExecutionUnit[]): StretchEnd {
    this.unit = unit;
    const { pe, state } = unit;
    let skip = skipBreakpoint;
    this.checkOwed = false;
    for (;;) {
      if (unit.power !== 'running') return 'stopped';
      if (this.position >= limit) return 'limit';
      if (unit.debugStale) this.placeMarks(units);
      if (unit.contextStale) unit.refreshContext();
      if (state.il === 1) {
        raiseIllegalState(pe);
        const next = this.stepTaken();
        if (next !== 'again') return next;
        continue;
      }
      const stepping = stepState(pe);
      if (stepping === 'activePending') {
        raisePendingStep(pe);
        const next = this.stepTaken();
        if (next !== 'again') return next;
        continue;
      }
      const record = this.fetch(unit, units);
      if (record === undefined) {
        // An exception was taken instead of the instruction.
        const next = this.stepTaken();
        if (next !== 'again') return next;
        continue;
      }
      const marked = this.code.hasBreakpoint(record);
      if (marked && (skip || !this.breakpoints.has(state.pc)) && this.guestBreaksAt(unit, state.pc)) {
        skip = false;
        raiseHardwareBreakpoint(pe);
        const next = this.stepTaken();
        if (next !== 'again') return next;
        continue;
      }
      const lifted = skip && marked;
      skip = false;
      if (lifted) this.code.liftBreakpoint(record);
      const arriving = state.btype !== 0;
      if (arriving && unit.instructionTlb.isGuarded(unit.context, state.pc) && !this.accepts(pe, record)) {
        if (lifted) this.code.setBreakpoint(record);
        raiseBranchTarget(pe);
        const next = this.stepTaken();
        if (next !== 'again') return next;
        continue;
      }
      const single = lifted || stepping === 'activeNotPending' || arriving;
      const before = this.position;
      const last = single ? Math.min(limit, this.position + 1) : limit;
      const leavesBranchType = arriving && this.leavesBranchType(record);
      const exclusive = stepping === 'activeNotPending' && this.isLoadExclusive(record);
      unit.unfinished = false;
      let end = this.stretch(unit, record, last);
      // A record may have to be decoded first; only then its instruction runs.
      if (single && end === 'again' && this.position === before) end = this.stretch(unit, record, last);
      if (lifted) this.code.setBreakpoint(record);
      // BTYPE lasts for one instruction.
      if (arriving && this.position > before && !leavesBranchType) state.btype = 0;
      if (end === 'breakpoint' && !this.breakpoints.has(state.pc)) {
        // The same page at another address carries the breakpoint.
        skip = true;
        continue;
      }
      const stepped = end !== 'breakpoint' && end !== 'watchpoint' && !unit.unfinished;
      if (stepping === 'activeNotPending' && stepped) completeStep(pe, exclusive);
      if (end === 'again' || (end === 'limit' && this.position < limit)) continue;
      return end;
    }
  }

  private guestBreaksAt({ pe, guestBreakpoints }: ExecutionUnit, pc: bigint): boolean {
    return guestBreakpoints.includes(pc) && armedBreakpoints(pe).some(({ address }) => address === pc);
  }

  /** Whether the instruction may be arrived at by the indirect branch that was made. */
  private accepts(pe: ProcessingElement, record: number): boolean {
    return acceptsBranch(pe, this.memory.view.getUint32(this.code.wordAddress(record), true));
  }
  /** The instruction sets PSTATE.BTYPE itself. */
  private leavesBranchType(record: number): boolean {
    const traits = decode(this.memory.view.getUint32(this.code.wordAddress(record), true))?.row.traits;
    if (!traits || traits.has('return')) return false;
    return traits.has('indirect') || traits.has('exceptionReturn');
  }
  private isLoadExclusive(record: number): boolean {
    const traits = decode(this.memory.view.getUint32(this.code.wordAddress(record), true))?.row.traits;
    return traits?.has('exclusive') === true && traits.has('load');
  }

  /** Counts an instruction or exception that the host carried out; tells how to go on. */
  private stepTaken(): 'again' | 'check' | 'pause' {
    this.position++;
    const due = this.checkDue();
    if (this.takePause()) {
      this.checkOwed = due;
      return 'pause';
    }
    return due ? 'check' : 'again';
  }
  private checkDue(): boolean {
    return this.checkWanted || this.position >= this.host.deadline();
  }
  /** What a snapshot between two instructions must remember of checks that are still to be made. */
  saveFlags(): CheckFlags {
    return { wanted: this.checkWanted, owed: this.checkOwed };
  }
  restoreFlags({ wanted, owed }: CheckFlags): void {
    this.checkWanted = wanted;
    this.checkOwed = owed;
    this.pauseWanted = false;
  }
  /** The check has been made. */
  checkMade(): void {
    this.checkWanted = false;
  }
  /** Whether a pause was asked for; asking answers it. */
  takePause(): boolean {
    const wanted = this.pauseWanted;
    this.pauseWanted = false;
    return wanted;
  }
  /** Ends the run after the instruction that the host is carrying out. */
  requestPause(): void {
    this.pauseWanted = true;
  }

  /** The record of the instruction at the PC; undefined when fetching it raised an exception. */
  private fetch(unit: ExecutionUnit, units: readonly ExecutionUnit[]): number | undefined {
    const { pe, state, translator, instructionTlb, context } = unit;
    const { pc } = state;
    if ((pc & 3n) !== 0n) {
      raisePcAlignment(pe);
      return undefined;
    }
    const offset = Number(pc & 0xffcn) << (RECORD_SHIFT - 2);
    const known = instructionTlb.find(context, pc);
    if (known !== undefined) return known + offset;
    // A tag never reaches the PC: pages are only known by addresses without.
    const untagged = branchAddress(pe, pc);
    if (untagged !== pc) {
      state.pc = untagged;
      return this.fetch(unit, units);
    }
    const result = translator.translate(this.fetchRequest(unit, 'access'));
    if (!result.ok) {
      raiseInstructionAbort(pe, result.fault);
      return undefined;
    }
    const range = this.map.find(result.physicalAddress, !result.nonSecure);
    if (!range?.memory || !range.directRead) {
      raiseInstructionAbort(pe, {
        kind: 'externalAbort',
        level: 0,
        stage: 1,
        onStage1Walk: false,
        write: false,
        virtualAddress: pc,
        intermediatePhysicalAddress: undefined,
      });
      return undefined;
    }
    const linearPage = (range.memory.host + (result.physicalAddress - range.memory.base)) >>> 12;
    if (!this.code.hasCode(linearPage)) {
      // Stores to the page must be seen from now on, if they were not already.
      if (this.observer.mayWriteFreely(linearPage)) {
        const physicalPage = Math.floor(result.physicalAddress / 4096);
        for (const other of units) other.tlb.revokeWritesTo(physicalPage);
      }
    }
    let records = this.code.records(linearPage);
    if (records === undefined) {
      for (const other of units) other.instructionTlb.clear();
      records = this.code.records(linearPage) as number;
    }
    if (result.guarded) state.engine.set('guardedPagesSeen', 1);
    instructionTlb.fill(context, pc, records, result);
    const page = pc & ~0xfffn;
    for (const address of this.marks)
      if ((address & ~0xfffn) === page)
        this.code.setBreakpoint(records + (Number(address & 0xffcn) << (RECORD_SHIFT - 2)));
    return records + offset;
  }

  /** Enters generated code once and serves its exit. `again`: go on after a fresh look at the state. */
  private stretch(unit: ExecutionUnit, record: number, limit: number): StretchEnd | 'again' {
    const { pe, state } = unit;
    const { engine } = state;
    const remaining = limit - this.position;
    const exact = remaining <= OVERSHOOT;
    const untilDeadline = this.host.deadline() - this.position;
    const stretch = Math.min(untilDeadline, LONGEST_STRETCH, exact ? LONGEST_STRETCH : remaining - OVERSHOOT);
    this.handed = this.checkWanted ? 0 : Math.max(stretch, -1_000_000);
    engine.set('budgetEnd', record + (this.handed << RECORD_SHIFT));
    engine.setFloat('timeBase', this.position + this.host.idle() + this.handed);
    engine.set('record', record);
    engine.setWide('page', state.pc & ~0xfffn);
    this.inCode = true;
    const code = exact ? this.exports.runExact(remaining) : this.exports.run();
    this.inCode = false;
    const at = engine.get('record');
    this.position += this.handed - this.left(unit);
    if (code !== Exit.fetch) {
      // Counted out behind the last instruction of its page, code stands at the sentinel: the next page's beginning.
      const offset = (at & (PAGE_STRIDE - 1)) >>> (RECORD_SHIFT - 2);
      state.pc = BigInt.asUintN(64, engine.getWide('page') + BigInt(offset));
    }
    switch (code) {
      case Exit.check:
        return this.checkDue() ? 'check' : 'again';
      case Exit.fetch:
        this.noteBranchType(unit, at);
        return this.checkDue() ? 'check' : 'again';
      case Exit.unmasked:
        return 'check';
      case Exit.counted:
        return 'limit';
      case Exit.decode:
        this.code.decodeFrom(at);
        return 'again';
      case Exit.breakpoint:
        return 'breakpoint';
      case Exit.undefined: {
        const word = this.memory.view.getUint32(this.code.wordAddress(at), true);
        raiseUndefined(pe, undefinedReason(word, this.code.hasFeature));
        break;
      }
      case Exit.system:
        return this.systemOperation(unit, at);
      case Exit.raise:
        this.raise(unit, engine.get('exitDetail'));
        break;
      case Exit.accessFailed: {
        if (!this.raiseFailedAccess(unit, this.transferOf(at))) return 'watchpoint';
        break;
      }
      default:
        throw new Error(`generated code returned ${code}`);
    }
    // Whatever the host does may change what the next system operation meets.
    engine.setWide('directOperations', 0n);
    return this.stepTaken();
  }

  /** Raises what a failed access asks for; false when it is a watchpoint of the debugger, which ends the stretch. */
  private raiseFailedAccess({ pe, state }: ExecutionUnit, transfer?: AccessTransfer): boolean {
    state.engine.set('accessFailed', 0);
    const { failed } = this.slowMemory.path;
    if (!failed || failed.kind === 'watchpoint') return false;
    if (failed.kind === 'guestWatchpoint') raiseWatchpoint(pe, failed.virtualAddress, failed.write);
    else raiseDataAbort(pe, failed.fault, transfer ? { transfer } : {});
    return true;
  }

  private systemOperation(unit: ExecutionUnit, record: number): 'again' | 'check' | 'pause' | 'watchpoint' {
    // Signed, the word is a number that costs the host no memory.
    const word = this.memory.view.getInt32(this.code.wordAddress(record), true);
    let fields = this.systemFields.get(word);
    if (!fields) {
      fields = decode(word >>> 0)?.fields;
      if (!fields) throw new Error('a system operation without an instruction');
      this.systemFields.set(word, fields);
    }
    const { engine } = unit.state;
    const { pc } = unit.state;
    const number = engine.get('exitDetail');
    const name = this.interpreter.systemOperations[number] as string;
    (this.operations[number] as SystemOperation)(unit, fields, this.host, this.slowMemory);
    if (engine.get('accessFailed') && !this.raiseFailedAccess(unit)) return 'watchpoint';
    const completed = unit.state.pc === pc + 4n;
    const before = completed && keepsDecisions(name, fields) ? engine.getWide('directOperations') : 0n;
    const kind = completed ? directKind(name, fields) : undefined;
    if (!kind) {
      engine.setWide('directOperations', before);
      return this.stepTaken();
    }
    const { instructionsPerTick } = this.host;
    const now = this.position + this.host.idle();
    const allowed = this.code.direct.allow(unit, name, fields, now, instructionsPerTick);
    engine.setWide('directOperations', before | allowed);
    // Generated code, which may do the next of these, looks at the time only when it jumps. So the host does not look
    // now: who did the operation must not matter.
    this.position++;
    if (this.takePause()) return 'pause';
    return kind === 'writeDAIF' && engine.get('interruptPending') ? 'check' : 'again';
  }

  /**
   * The instruction at `record` went where nothing was known: perhaps to the first guarded page, for which an indirect
   * branch must have left PSTATE.BTYPE.
   */
  private noteBranchType(unit: ExecutionUnit, record: number): void {
    const { pe, state, translator } = unit;
    if (!pe.features.bti || (record & (PAGE_STRIDE - 1)) >>> RECORD_SHIFT >= PAGE_STRIDE >>> (RECORD_SHIFT + 1)) return;
    const btype = branchTypeOf(this.memory.view.getUint32(this.code.wordAddress(record), true));
    if (btype === 0) return;
    // Into other pages it leaves nothing, so that no state tells which of them were known.
    const target = translator.translate(this.fetchRequest(unit, 'inspect'));
    if (!target.ok || target.guarded) state.btype = btype;
  }

  private fetchRequest({ pe, state, translator }: ExecutionUnit, purpose: 'access' | 'inspect'): TranslationRequest {
    return {
      virtualAddress: state.pc,
      access: 'execute',
      regime: translator.regimeOf(state.el as 0 | 1 | 2 | 3),
      privileged: state.el > 0,
      secure: isSecure(pe),
      pan: false,
      purpose,
    };
  }

  private raise({ pe }: ExecutionUnit, detail: number): void {
    switch (detail) {
      case raisedCodes.spAlignment:
        raiseSpAlignment(pe);
        break;
      case raisedCodes.pcAlignment:
        raisePcAlignment(pe);
        break;
      case raisedCodes.fpTrap: {
        const trap = checkFloatingPointAccess(pe);
        if (trap) raiseTrap(pe, trap);
        else raiseUndefined(pe);
        break;
      }
      default:
        raiseUndefined(pe);
    }
  }

  /** What ESR_ELx.ISS says of the access of an instruction (ISV), when it says anything. */
  private transferOf(record: number): AccessTransfer | undefined {
    const decoded = decode(this.memory.view.getUint32(this.code.wordAddress(record), true));
    const variant = decoded && this.interpreter.table.variant(decoded.row, shapeIndex(decoded.row, decoded.fields));
    if (!variant) return undefined;
    for (const access of accessesOf(variant.statements)) {
      const { transfer } = access.options;
      if (!transfer || access.size === 16) continue;
      const field = decoded.row.operands[transfer.operand]?.registerField;
      if (field === undefined) continue;
      const register = decoded.fields[field] as number;
      const { signExtend, sixtyFour, acquireRelease } = transfer;
      return { size: access.size, signExtend, register, sixtyFour, acquireRelease };
    }
    return undefined;
  }

  /** Linear memory changes by other means than generated code's stores. */
  memoryWritten(linear: number, length: number): void {
    this.observer.beforeWrite(linear, length);
    this.code.written(linear, length);
  }
}

function* accessesOf(statements: readonly Statement[]) {
  for (const s of statements) {
    if (s.op === 'store') yield { size: s.size, options: s.options };
    else if (s.op === 'take' && s.value.node.op === 'load')
      yield { size: s.value.node.size, options: s.value.node.options };
  }
}
