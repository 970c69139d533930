/**
 * Random numbers of the machine: the same for the same seed, so that a run can be repeated (xoshiro128**, by Blackman
 * and Vigna). They look random; they are no secret.
 */
export class RandomStream {
  #state: [number, number, number, number];

  constructor(seed: number) {
    // Neighbouring seeds must not give similar streams, and the state must not be all zero.
    let mixed = seed | 0;
    const next = () => {
      mixed = (mixed + 0x9e37_79b9) | 0;
      let z = mixed;
      z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#state = [next(), next(), next(), next() | 1];
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    const [a, b, c, d] = this.#state;
    const rotated = Math.imul(b, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
    const c2 = c ^ a;
    const d2 = d ^ b;
    this.#state = [(a ^ d2) >>> 0, (b ^ c2) >>> 0, (c2 ^ (b << 9)) >>> 0, ((d2 << 11) | (d2 >>> 21)) >>> 0];
    return result;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.next();
      for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = word >>> (8 * i);
    }
    return bytes;
  }

  save(): readonly number[] {
    return [...this.#state];
  }

  restore(saved: unknown): void {
    this.#state = [...(saved as [number, number, number, number])];
  }
}
