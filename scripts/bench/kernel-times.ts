/** Turns a guest's lines (`start <name>`, `done <name> <checksum>`) into times of its kernels. */

export interface KernelTime {
  readonly name: string;
  readonly checksum: string;
  /** Seconds of the processor that ran it, from the end of the `start` line to the beginning of `done`. */
  readonly seconds: number;
  /** Instructions, when the runner can tell. */
  readonly instructions: number | undefined;
}

/** Hears output as it comes; asks for the time at the ends of lines. */
export class KernelTimer {
  readonly times: KernelTime[] = [];
  private readonly clock: () => number;
  private readonly count: () => number | undefined;
  private line = '';
  private started = 0;
  private startedAt: number | undefined;

  constructor(clock: () => number, count: () => number | undefined = () => undefined) {
    this.clock = clock;
    this.count = count;
  }

  hear(text: string): void {
    for (const character of text) {
      if (character !== '\n') {
        this.line += character;
        continue;
      }
      const [what, name, checksum] = this.line.trim().split(' ');
      this.line = '';
      if (what === 'start') {
        this.started = this.clock();
        this.startedAt = this.count();
      } else if (what === 'done' && name && checksum) {
        const seconds = this.clock() - this.started;
        const now = this.count();
        const instructions = now === undefined || this.startedAt === undefined ? undefined : now - this.startedAt;
        this.times.push({ name, checksum, seconds, instructions });
      }
    }
  }
}

/** The shortest time of each kernel over several runs. Throws when two runs differ in a checksum. */
export function best(runs: readonly (readonly KernelTime[])[]): Map<string, KernelTime> {
  const result = new Map<string, KernelTime>();
  for (const one of runs.flat()) {
    const known = result.get(one.name);
    if (known && known.checksum !== one.checksum)
      throw new Error(`${one.name} gave ${one.checksum} and ${known.checksum}`);
    if (!known || one.seconds < known.seconds) result.set(one.name, one);
  }
  return result;
}
