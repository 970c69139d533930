/** Watchpoints of the debugger: ranges of physical memory whose accesses stop the machine. */

export interface PhysicalWatchpoint {
  readonly id: number;
  readonly address: number;
  readonly length: number;
  readonly access: 'read' | 'write' | 'readWrite';
}

/** An access that a watchpoint caught. */
export interface WatchpointHit {
  readonly id: number;
  readonly access: 'read' | 'write';
  readonly virtualAddress?: bigint;
  readonly physicalAddress: number;
  readonly size: number;
  readonly pc?: bigint;
  /** A device made the access on its own account; `pc` is of the instruction that set it going. */
  readonly byDevice?: boolean;
}

export class Watchpoints {
  private list: readonly PhysicalWatchpoint[] = [];
  private pages = new Set<number>();

  set(watchpoints: readonly PhysicalWatchpoint[]): void {
    this.list = watchpoints;
    this.pages = new Set();
    for (const { address, length } of watchpoints)
      for (let page = Math.floor(address / 4096); page <= Math.floor((address + length - 1) / 4096); page++)
        this.pages.add(page);
  }

  isWatched(physicalPage: number): boolean {
    return this.pages.size > 0 && this.pages.has(physicalPage);
  }

  /** The watchpoint that an access hits, if any. */
  find(address: number, size: number, write: boolean): PhysicalWatchpoint | undefined {
    return this.list.find(
      one =>
        address < one.address + one.length &&
        one.address < address + size &&
        (one.access === 'readWrite' || (one.access === 'write') === write),
    );
  }
}
