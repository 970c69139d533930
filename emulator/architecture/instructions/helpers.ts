/** Pure functions that several rows call; compiled once into the engine's module. */
import { helper, type I32, type I64 } from '../semantics.ts';

/** Upper 64 bits of an unsigned 128-bit product. */
export const multiplyHighUnsigned = helper('multiplyHighUnsigned', ['i64', 'i64'], 'i64', (b, x: I64, y: I64) => {
  const low32 = (v: I64) => b.and(v, b.i64(0xffff_ffff));
  const high32 = (v: I64) => b.shrUnsigned(v, b.i64(32));
  const middle = b.add(b.mul(high32(x), low32(y)), high32(b.mul(low32(x), low32(y))));
  const carry = b.add(low32(middle), b.mul(low32(x), high32(y)));
  return b.add(b.add(b.mul(high32(x), high32(y)), high32(middle)), high32(carry));
});

/** Upper 64 bits of a signed 128-bit product. */
export const multiplyHighSigned = helper('multiplyHighSigned', ['i64', 'i64'], 'i64', (b, x: I64, y: I64) => {
  const unsigned = b.call('i64', multiplyHighUnsigned, x, y);
  const correction = b.add(b.and(b.shrSigned(x, b.i64(63)), y), b.and(b.shrSigned(y, b.i64(63)), x));
  return b.sub(unsigned, correction);
});

/** All 64 bits in reverse order. */
export const reverseBits64 = helper('reverseBits64', ['i64'], 'i64', (b, x: I64) => {
  const swap = (v: I64, mask: bigint, by: bigint) =>
    b.or(b.and(b.shrUnsigned(v, b.i64(by)), b.i64(mask)), b.shl(b.and(v, b.i64(mask)), b.i64(by)));
  const bits = swap(swap(swap(x, 0x5555555555555555n, 1n), 0x3333333333333333n, 2n), 0x0f0f0f0f0f0f0f0fn, 4n);
  return b.call('i64', reverseBytes64, bits);
});

/** The eight bytes in reverse order. */
export const reverseBytes64 = helper('reverseBytes64', ['i64'], 'i64', (b, x: I64) => {
  const swap = (v: I64, mask: bigint, by: bigint) =>
    b.or(b.and(b.shrUnsigned(v, b.i64(by)), b.i64(mask)), b.shl(b.and(v, b.i64(mask)), b.i64(by)));
  return b.rotateLeft(swap(swap(x, 0x00ff00ff00ff00ffn, 8n), 0x0000ffff0000ffffn, 16n), b.i64(32));
});

/** One CRC-32 step over 8 bits of data held in the low bits, by the reflected polynomial. */
const crcByte = (name: string, polynomial: number) =>
  helper(name, ['i32', 'i32'], 'i32', (b, crc: I32, data: I32) => {
    let value = b.xor(crc, b.and(data, b.i32(0xff)));
    for (let i = 0; i < 8; i++) {
      const mask = b.negate(b.and(value, b.i32(1)));
      value = b.xor(b.shrUnsigned(value, b.i32(1)), b.and(mask, b.i32(polynomial | 0)));
    }
    return value;
  });

/** CRC-32 (IEEE 802.3) over one byte, as CRC32B accumulates it. */
export const crc32Byte = crcByte('crc32Byte', 0xedb88320);
/** CRC-32C (Castagnoli) over one byte, as CRC32CB accumulates it. */
export const crc32cByte = crcByte('crc32cByte', 0x82f63b78);
