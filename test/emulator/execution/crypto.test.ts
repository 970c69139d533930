/** Cryptographic instructions against the published examples of the algorithms. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { aesSubstitution } from '../../../emulator/architecture/instructions/crypto-aes.ts';
import { sm4Substitution } from '../../../emulator/architecture/instructions/crypto-sm.ts';
import { guest } from '../machine/support.ts';

const bytes = (hex: string) => [...hex.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16));
const hexOf = (list: Iterable<number>) => [...list].map(byte => byte.toString(16).padStart(2, '0')).join('');
const data = (list: readonly number[]) => `.byte ${list.join(', ')}`;

/** Runs a program that fills `results` and gives what stands there. */
function resultOf(program: string, length: number): Uint8Array {
  const { machine, symbols } = guest(
    `        .globl  _start
_start: mov     x0, #3 << 20
        msr     cpacr_el1, x0
        isb
${program}
done:   b       done
        .data
        .balign 16
results: .space 64
`,
    ['-cpu', 'max'],
  );
  machine.run(4000);
  return machine.board.memory.bytes(Number(symbols.get('results')), length)?.slice() as Uint8Array;
}

/** Round keys of AES-128 (FIPS 197, 5.2). */
function expandKey(key: readonly number[]): number[] {
  const words = Array.from({ length: 4 }, (_, i) => key.slice(4 * i, 4 * i + 4));
  let constant = 1;
  for (let i = 4; i < 44; i++) {
    let word = [...words[i - 1]!];
    if (i % 4 === 0) {
      word = [1, 2, 3, 0].map(at => aesSubstitution[word[at]!]!);
      word[0]! ^= constant;
      constant = (constant << 1) ^ (constant & 0x80 ? 0x11b : 0);
    }
    words.push(words[i - 4]!.map((byte, at) => byte ^ word[at]!));
  }
  return words.flat();
}

const big = (bits: 32 | 64, values: readonly bigint[]) =>
  values.map(value => `${bits === 32 ? '.word' : '.quad'} 0x${value.toString(16)}`).join('\n        ');

const isPrime = (n: number) => Array.from({ length: n - 2 }, (_, i) => i + 2).every(d => n % d !== 0);
const primes = Array.from({ length: 409 }, (_, i) => i + 2).filter(isPrime);

/** The first bits behind the point of a root of an integer. */
function rootBits(n: number, degree: 2 | 3, bits: number): bigint {
  const scaled = BigInt(n) << BigInt(degree * bits);
  let root = 0n;
  for (let bit = BigInt(bits + 8); bit >= 0n; bit--) {
    const next = root | (1n << bit);
    if (next ** BigInt(degree) <= scaled) root = next;
  }
  return BigInt.asUintN(bits, root);
}

describe('AES', () => {
  const key = expandKey(bytes('2b7e151628aed2a6abf7158809cf4f3c'));
  const keys = `keys: ${data(key)}`;
  const plain = '3243f6a8885a308d313198a2e0370734';
  const secret = '3925841d02dc09fbdc118597196a0b32';

  test('encrypts the example of FIPS 197', () => {
    const program = `        ldr     x1, =text
        ldr     x2, =keys
        ldr     q0, [x1]
        mov     x3, #9
1:      ldr     q1, [x2], #16
        aese    v0.16b, v1.16b
        aesmc   v0.16b, v0.16b
        subs    x3, x3, #1
        b.ne    1b
        ldp     q1, q2, [x2]
        aese    v0.16b, v1.16b
        eor     v0.16b, v0.16b, v2.16b
        ldr     x0, =results
        str     q0, [x0]
        b       done
        .balign 16
text:   ${data(bytes(plain))}
        ${keys}`;
    expect(hexOf(resultOf(program, 16))).toBe(secret);
  });

  test('decrypts it again', () => {
    const program = `        ldr     x1, =text
        ldr     x2, =keys + 160
        ldr     q0, [x1]
        ldr     q1, [x2], #-16
        mov     x3, #9
        aesd    v0.16b, v1.16b
1:      aesimc  v0.16b, v0.16b
        ldr     q1, [x2], #-16
        aesimc  v1.16b, v1.16b
        aesd    v0.16b, v1.16b
        subs    x3, x3, #1
        b.ne    1b
        ldr     q1, [x2]
        eor     v0.16b, v0.16b, v1.16b
        ldr     x0, =results
        str     q0, [x0]
        b       done
        .balign 16
text:   ${data(bytes(secret))}
        ${keys}`;
    expect(hexOf(resultOf(program, 16))).toBe(plain);
  });
});

/** The one block of a message, padded as the SHA family does. */
function padded(message: string, blockBytes: 64 | 128): number[] {
  const block = [...Buffer.from(message), 0x80];
  while (block.length < blockBytes - 2) block.push(0);
  return [...block, (message.length * 8) >> 8, (message.length * 8) & 255];
}

describe('SHA', () => {
  test('SHA-256 of “abc” is what FIPS 180-4 says', () => {
    const program = `        ldr     x1, =block
        ldr     x2, =constants
        ldr     x3, =start
        ldp     q0, q1, [x3]
        ldp     q16, q17, [x1]
        ldp     q18, q19, [x1, #32]
        rev32   v16.16b, v16.16b
        rev32   v17.16b, v17.16b
        rev32   v18.16b, v18.16b
        rev32   v19.16b, v19.16b
        mov     v20.16b, v0.16b
        mov     v21.16b, v1.16b
        mov     x4, #16
1:      ldr     q2, [x2], #16
        add     v2.4s, v2.4s, v16.4s
        mov     v3.16b, v0.16b
        sha256h q0, q1, v2.4s
        sha256h2 q1, q3, v2.4s
        sha256su0 v16.4s, v17.4s
        sha256su1 v16.4s, v18.4s, v19.4s
        mov     v4.16b, v16.16b
        mov     v16.16b, v17.16b
        mov     v17.16b, v18.16b
        mov     v18.16b, v19.16b
        mov     v19.16b, v4.16b
        subs    x4, x4, #1
        b.ne    1b
        add     v0.4s, v0.4s, v20.4s
        add     v1.4s, v1.4s, v21.4s
        rev32   v0.16b, v0.16b
        rev32   v1.16b, v1.16b
        ldr     x0, =results
        stp     q0, q1, [x0]
        b       done
        .balign 16
block:  ${data(padded('abc', 64))}
start:  ${big(
      32,
      primes.slice(0, 8).map(p => rootBits(p, 2, 32)),
    )}
constants: ${big(
      32,
      primes.slice(0, 64).map(p => rootBits(p, 3, 32)),
    )}`;
    expect(hexOf(resultOf(program, 32))).toBe(createHash('sha256').update('abc').digest('hex'));
  });

  test('SHA-512 of “abc” is what FIPS 180-4 says', () => {
    // v0 to v3: hash as ab, cd, ef, gh; v16 to v23: the message. Two rounds at a time.
    const rounds = Array.from({ length: 40 }, (_, i) => {
      const w = (n: number) => 16 + ((i + n) % 8);
      const schedule =
        i < 32
          ? `        ext     v6.16b, v${w(4)}.16b, v${w(5)}.16b, #8
        sha512su0 v${w(0)}.2d, v${w(1)}.2d
        sha512su1 v${w(0)}.2d, v${w(7)}.2d, v6.2d`
          : '';
      return `        ldr     q4, [x2], #16
        add     v4.2d, v4.2d, v${w(0)}.2d
        ext     v4.16b, v4.16b, v4.16b, #8
        ext     v5.16b, v2.16b, v3.16b, #8
        ext     v7.16b, v1.16b, v2.16b, #8
        add     v3.2d, v3.2d, v4.2d
        sha512h q3, q5, v7.2d
        add     v8.2d, v1.2d, v3.2d
        sha512h2 q3, q1, v0.2d
        mov     v9.16b, v2.16b
        mov     v2.16b, v8.16b
        mov     v1.16b, v0.16b
        mov     v0.16b, v3.16b
        mov     v3.16b, v9.16b
${schedule}`;
    });
    const program = `        ldr     x1, =block
        ldr     x2, =constants
        ldr     x3, =start
        ldp     q0, q1, [x3]
        ldp     q2, q3, [x3, #32]
${Array.from({ length: 8 }, (_, i) => `        ldr     q${16 + i}, [x1, #${16 * i}]\n        rev64   v${16 + i}.16b, v${16 + i}.16b`).join('\n')}
${rounds.join('\n')}
        ldp     q4, q5, [x3]
        ldp     q6, q7, [x3, #32]
        ldr     x0, =results
${[0, 1, 2, 3].map(i => `        add     v${i}.2d, v${i}.2d, v${4 + i}.2d\n        rev64   v${i}.16b, v${i}.16b`).join('\n')}
        stp     q0, q1, [x0]
        stp     q2, q3, [x0, #32]
        b       done
        .ltorg
        .balign 16
block:  ${data(padded('abc', 128))}
start:  ${big(
      64,
      primes.slice(0, 8).map(p => rootBits(p, 2, 64)),
    )}
constants: ${big(
      64,
      primes.slice(0, 80).map(p => rootBits(p, 3, 64)),
    )}`;
    expect(hexOf(resultOf(program, 64))).toBe(createHash('sha512').update('abc').digest('hex'));
  });
});

describe('SM4', () => {
  test('has the S-box of its standard', () => {
    expect(hexOf(sm4Substitution.slice(0, 16))).toBe('d690e9fecce13db716b614c228fb2c05');
    expect(new Set(sm4Substitution).size).toBe(256);
  });

  test('encrypts the example of its standard', () => {
    const constants = Array.from({ length: 32 }, (_, i) =>
      [0, 1, 2, 3].reduce((word, j) => (word << 8n) | BigInt(((4 * i + j) * 7) & 255), 0n),
    );
    const program = `        ldr     x1, =key
        ldr     x2, =constants
        ldr     x3, =family
        ldr     q0, [x1]
        rev32   v0.16b, v0.16b
        ldr     q1, [x3]
        eor     v0.16b, v0.16b, v1.16b
        ldr     q2, [x1]
        rev32   v2.16b, v2.16b
        mov     x4, #8
1:      ldr     q3, [x2], #16
        sm4ekey v0.4s, v0.4s, v3.4s
        sm4e    v2.4s, v0.4s
        subs    x4, x4, #1
        b.ne    1b
        rev64   v2.4s, v2.4s
        ext     v2.16b, v2.16b, v2.16b, #8
        rev32   v2.16b, v2.16b
        ldr     x0, =results
        str     q2, [x0]
        b       done
        .balign 16
key:    ${data(bytes('0123456789abcdeffedcba9876543210'))}
family: ${big(32, [0xa3b1bac6n, 0x56aa3350n, 0x677d9197n, 0xb27022dcn])}
constants: ${big(32, constants)}`;
    expect(hexOf(resultOf(program, 16))).toBe('681edf34d206965e86b3e94f536e4246');
  });
});

describe('QARMA5', () => {
  test('gives the example of its publication, of which PACGA shows the upper half', () => {
    const program = `        ldr     x0, =0x84be85ce9804e94b
        msr     s3_0_c2_c3_1, x0
        ldr     x0, =0xec2802d4e0a488e9
        msr     s3_0_c2_c3_0, x0
        ldr     x1, =0xfb623599da6e8127
        ldr     x2, =0x477d469dec0b8762
        pacga   x3, x1, x2
        ldr     x0, =results
        str     x3, [x0]
        b       done
        .ltorg`;
    expect(hexOf([...resultOf(program, 8)].reverse())).toBe('c003b93900000000');
  });
});
