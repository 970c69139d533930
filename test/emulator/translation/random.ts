/** A small generator of random numbers that a seed reproduces (xorshift with 32 bits of state). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  /** 32 random bits, unsigned. */
  word(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** 0 to limit - 1. */
  below(limit: number): number {
    return Math.floor((this.word() / 0x1_0000_0000) * limit);
  }

  chance(probability: number): boolean {
    return this.word() < probability * 0x1_0000_0000;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** A random value of so many bits. */
  bits(count: number): bigint {
    const value = (BigInt(this.word()) << 32n) | BigInt(this.word());
    return value & ((1n << BigInt(count)) - 1n);
  }
}
