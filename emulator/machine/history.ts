/**
 * Snapshots and replay: the way back to any position.
 *
 * The run is divided into epochs. An epoch begins with a copy of the small state (processing elements, devices) and
 * keeps the earlier contents of every page of memory that is written in it. Going back puts those contents back, epoch
 * by epoch, and then runs forward; all input is in a log by position, so the way forward is the same again.
 */
import type { MachineMemory } from '../bus/memory.ts';
import { PageCopies, type PageCopy } from './page-copies.ts';

/** Instructions after which a new epoch begins. */
const EPOCH_LENGTH = 2_000_000;
/** Epochs kept; when there are more, neighbours far back are joined. */
const MOST_EPOCHS = 48;
const PAGE = 4096;

/** Something that reached the machine from outside, and how to do it again. */
export interface InputEvent {
  readonly position: number;
  /** Virtual time: it goes on while the position stays, as all elements wait. */
  readonly time: number;
  readonly apply: () => void;
}

interface Epoch {
  readonly position: number;
  readonly state: unknown;
  /** Inputs that had been applied when the state was saved. */
  readonly inputs: number;
  /** Contents of pages as they were when the epoch began, by linear page. */
  readonly pages: Map<number, PageCopy>;
}

/** What history needs of the machine. */
export interface HistoryHost {
  position(): number;
  /** Virtual time. */
  time(): number;
  /** Everything but memory pages, as structured-cloneable data. */
  saveState(): unknown;
  restoreState(state: unknown): void;
  /** Stores must be reported again, for every page. */
  pagesAreClean(): void;
  /** Pages changed behind the engine's back. */
  pagesRestored(pages: Iterable<number>): void;
  /** Runs to a position without reporting anything. */
  replayTo(position: number): void;
}

export class History {
  private readonly host: HistoryHost;
  private readonly dirty: Uint8Array;
  private readonly copies: PageCopies;
  private epochs: Epoch[] = [];
  private inputs: InputEvent[] = [];
  private nextInput = 0;
  private furthest = 0;

  constructor(memory: MachineMemory, host: HistoryHost) {
    this.copies = new PageCopies(memory);
    this.host = host;
    this.dirty = new Uint8Array(memory.u8.length / PAGE);
  }

  /** Begins anew: what is now is the oldest position. */
  begin(): void {
    this.epochs = [];
    this.copies.clear();
    this.inputs = [];
    this.nextInput = 0;
    this.furthest = this.host.position();
    this.beginEpoch();
  }

  get oldest(): number {
    return this.epochs[0]?.position ?? 0;
  }
  /** The furthest position that was reached since the last change from outside. */
  get newest(): number {
    return Math.max(this.furthest, this.host.position());
  }

  /** Nothing was recorded behind the present position. */
  get isAtPresent(): boolean {
    return this.host.position() >= this.furthest;
  }

  /** Whether input of the replayed future came at this position, but at a later time. */
  get awaitsTime(): boolean {
    const input = this.inputs[this.nextInput];
    return input !== undefined && input.position <= this.host.position() && input.time > this.host.time();
  }

  /** Whether a linear page may be written without notice: its contents are in the epoch already. */
  isDirty(page: number): boolean {
    return this.dirty[page] === 1;
  }

  /** Keeps the contents of pages that are about to change. */
  beforeWrite(linear: number, length: number): void {
    const last = (linear + length - 1) >>> 12;
    for (let page = linear >>> 12; page <= last; page++) {
      if (this.dirty[page]) continue;
      this.dirty[page] = 1;
      this.epochs[this.epochs.length - 1]?.pages.set(page, this.copies.keep(page));
    }
  }

  /** The position to which the machine may run before history must be asked again. */
  nextStop(): number {
    const epochEnd = (this.epochs.at(-1)?.position ?? 0) + EPOCH_LENGTH;
    const input = this.inputs[this.nextInput];
    return input ? Math.min(epochEnd, input.position) : epochEnd;
  }

  /** Call when the machine stands at `nextStop`: input of the replayed future happens, an epoch begins. */
  reached(): void {
    const position = this.host.position();
    this.furthest = Math.max(this.furthest, position);
    this.applyInputs(position);
    if (position >= (this.epochs.at(-1)?.position ?? 0) + EPOCH_LENGTH) this.beginEpoch();
  }

  private applyInputs(position: number): void {
    for (
      let input = this.inputs[this.nextInput];
      input && input.position <= position && input.time <= this.host.time();
      input = this.inputs[this.nextInput]
    ) {
      this.nextInput++;
      input.apply();
    }
  }

  /** Input from outside, now. A future that was recorded before is forgotten. */
  input(apply: () => void): void {
    const position = this.host.position();
    this.inputs.length = this.nextInput;
    this.furthest = position;
    this.inputs.push({ position, time: this.host.time(), apply });
    this.nextInput = this.inputs.length;
    apply();
  }

  private beginEpoch(): void {
    this.dirty.fill(0);
    this.epochs.push({
      position: this.host.position(),
      state: this.host.saveState(),
      inputs: this.nextInput,
      pages: new Map(),
    });
    this.host.pagesAreClean();
    if (this.epochs.length > MOST_EPOCHS) this.thin();
  }

  /** Joins two neighbours: the pair whose joint length is smallest for its distance from now. */
  private thin(): void {
    const now = this.host.position();
    let best = 1;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let i = 1; i < this.epochs.length - 1; i++) {
      const before = this.epochs[i - 1] as Epoch;
      const after = this.epochs[i + 1] as Epoch;
      const score = (after.position - before.position) / (now - after.position + EPOCH_LENGTH);
      if (score < bestScore) {
        bestScore = score;
        best = i;
      }
    }
    const [removed] = this.epochs.splice(best, 1) as [Epoch];
    const into = (this.epochs[best - 1] as Epoch).pages;
    for (const [page, copy] of removed.pages) {
      if (into.has(page)) this.copies.drop(copy);
      else into.set(page, copy);
    }
  }

  /**
   * Puts the machine into the state it had at a position within `oldest`..`newest`.
   * @throws RangeError outside of it
   */
  travelTo(position: number): void {
    if (position < this.oldest || position > this.newest)
      throw new RangeError(`position ${position} is not recorded: ${this.oldest} to ${this.newest}`);
    this.furthest = this.newest;
    if (position < this.host.position()) this.goBack(position);
    this.host.replayTo(position);
  }

  /** Restores the last epoch that begins at or before the position. */
  private goBack(position: number): void {
    let index = this.epochs.length - 1;
    while (index > 0 && (this.epochs[index] as Epoch).position > position) index--;
    const restored = new Set<number>();
    for (let i = this.epochs.length - 1; i >= index; i--) {
      for (const [page, copy] of (this.epochs[i] as Epoch).pages) {
        this.copies.restore(copy, page);
        this.copies.drop(copy);
        restored.add(page);
      }
    }
    this.epochs.length = index + 1;
    const epoch = this.epochs[index] as Epoch;
    epoch.pages.clear();
    this.dirty.fill(0);
    this.host.restoreState(epoch.state);
    this.host.pagesRestored(restored);
    this.host.pagesAreClean();
    this.nextInput = epoch.inputs;
  }
}
