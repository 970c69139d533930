/**
 * Bytes of a floating-point literal in 2, 4 or 8 bytes, rounded to nearest even; undefined when the text is none.
 *
 * Understood are decimal numbers, the prefixes GNU as allows (`0f`, `0d`, `0e`, `0r`), and `inf`, `infinity`, `nan`.
 */
export function encodeFloat(written: string, size: 2 | 4 | 8): Uint8Array | undefined {
  const text = written.replace(/^([+-]?)0[fFdDeErRsS](?=[+-]?[\d.])/, '$1').replace(/\s+/g, '');
  const value = floatOf(text);
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 8) view.setFloat64(0, value, true);
  else if (size === 4) view.setFloat32(0, value, true);
  else view.setUint16(0, halfBits(value), true);
  // GNU as writes the positive quiet NaN; a host may prefer another one.
  if (Number.isNaN(value)) {
    const sign = text.startsWith('-') ? 0x80 : 0;
    bytes.fill(0xff);
    bytes[size - 1] = 0x7f | sign;
  }
  return bytes;
}

function floatOf(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (!named) return undefined;
  const value = named[2]!.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return named[1] === '-' ? -value : value;
}

/** The half-precision number nearest to a double, ties to even. */
function halfBits(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const exact = magnitude < 2 ** exponent ? exponent - 1 : magnitude >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  // A mantissa that rounds up to 2048 carries into the exponent by plain addition.
  return sign | (((exact + 15) << 10) + roundToEven(magnitude * 2 ** (10 - exact)) - 1024);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
