/** WebAssembly opcodes by their text-format names (WebAssembly Core Specification, section 5.4). */
export const opcodes: Readonly<Record<string, readonly number[]>> = (() => {
  const table: Record<string, readonly number[]> = {
    unreachable: [0x00],
    return: [0x0f],
    call: [0x10],
    call_indirect: [0x11],
    drop: [0x1a],
    select: [0x1b],
    'select.v128': [0x1c, 0x01, 0x7b],
    'local.get': [0x20],
    'local.set': [0x21],
    'local.tee': [0x22],
    'i32.load': [0x28],
    'i64.load': [0x29],
    'f32.load': [0x2a],
    'f64.load': [0x2b],
    'i32.load8_u': [0x2d],
    'i32.load16_s': [0x2e],
    'i32.load16_u': [0x2f],
    'i64.load8_u': [0x31],
    'i64.load16_u': [0x33],
    'i64.load32_s': [0x34],
    'i64.load32_u': [0x35],
    'i32.store': [0x36],
    'i64.store': [0x37],
    'f32.store': [0x38],
    'f64.store': [0x39],
    'i32.store8': [0x3a],
    'i32.store16': [0x3b],
    'i64.store8': [0x3c],
    'i64.store16': [0x3d],
    'i64.store32': [0x3e],
    'i32.const': [0x41],
    'i64.const': [0x42],
    'f32.const': [0x43],
    'f64.const': [0x44],
  };
  const number = (first: number, names: string) => {
    names.split(' ').forEach((name, i) => {
      table[name] = [first + i];
    });
  };
  const withType = (type: string, names: string) =>
    names
      .split(' ')
      .map(name => `${type}.${name}`)
      .join(' ');
  const integerTests = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
  number(0x45, withType('i32', integerTests));
  number(0x50, withType('i64', integerTests));
  number(0x5b, withType('f32', 'eq ne lt gt le ge'));
  number(0x61, withType('f64', 'eq ne lt gt le ge'));
  const integerOps = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
  number(0x67, withType('i32', integerOps));
  number(0x79, withType('i64', integerOps));
  const floatOps = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';
  number(0x8b, withType('f32', floatOps));
  number(0x99, withType('f64', floatOps));
  number(
    0xa7,
    'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u ' +
      'i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u ' +
      'f32.convert_i64_s f32.convert_i64_u f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s ' +
      'f64.convert_i64_u f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 ' +
      'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s',
  );
  // Vector instructions: prefix 0xfd and a LEB128 number.
  const vector = (code: number): number[] => (code < 0x80 ? [0xfd, code] : [0xfd, (code & 0x7f) | 0x80, code >>> 7]);
  const vectors: Record<string, number> = {
    'v128.load': 0x00,
    'v128.store': 0x0b,
    'v128.const': 0x0c,
    'i8x16.shuffle': 0x0d,
    'i8x16.swizzle': 0x0e,
    'i8x16.splat': 0x0f,
    'i16x8.splat': 0x10,
    'i32x4.splat': 0x11,
    'i64x2.splat': 0x12,
    'f32x4.splat': 0x13,
    'f64x2.splat': 0x14,
    'i8x16.extract_lane_s': 0x15,
    'i8x16.extract_lane_u': 0x16,
    'i8x16.replace_lane': 0x17,
    'i16x8.extract_lane_s': 0x18,
    'i16x8.extract_lane_u': 0x19,
    'i16x8.replace_lane': 0x1a,
    'i32x4.extract_lane': 0x1b,
    'i32x4.replace_lane': 0x1c,
    'i64x2.extract_lane': 0x1d,
    'i64x2.replace_lane': 0x1e,
    'f32x4.extract_lane': 0x1f,
    'f32x4.replace_lane': 0x20,
    'f64x2.extract_lane': 0x21,
    'f64x2.replace_lane': 0x22,
    'i8x16.eq': 0x23,
    'i8x16.gt_s': 0x27,
    'i8x16.gt_u': 0x28,
    'i8x16.ge_s': 0x2b,
    'i8x16.ge_u': 0x2c,
    'i16x8.eq': 0x2d,
    'i16x8.gt_s': 0x31,
    'i16x8.gt_u': 0x32,
    'i16x8.ge_s': 0x35,
    'i16x8.ge_u': 0x36,
    'i32x4.eq': 0x37,
    'i32x4.gt_s': 0x3b,
    'i32x4.gt_u': 0x3c,
    'i32x4.ge_s': 0x3f,
    'i32x4.ge_u': 0x40,
    'v128.not': 0x4d,
    'v128.and': 0x4e,
    'v128.andnot': 0x4f,
    'v128.or': 0x50,
    'v128.xor': 0x51,
    'v128.bitselect': 0x52,
    'v128.any_true': 0x53,
    'i8x16.popcnt': 0x62,
    'i8x16.add': 0x6e,
    'i8x16.sub': 0x71,
    'i16x8.add': 0x8e,
    'i16x8.sub': 0x91,
    'i16x8.mul': 0x95,
    'i32x4.add': 0xae,
    'i32x4.sub': 0xb1,
    'i32x4.mul': 0xb5,
    'i64x2.add': 0xce,
    'i64x2.sub': 0xd1,
    'i64x2.mul': 0xd5,
    'i64x2.eq': 0xd6,
    'i64x2.gt_s': 0xd9,
    'i64x2.ge_s': 0xdb,
  };
  for (const [name, code] of Object.entries(vectors)) table[name] = vector(code);
  return table;
})();
