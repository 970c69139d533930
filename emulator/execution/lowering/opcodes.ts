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
  const vectorNumber = (first: number, names: string) => {
    names.split(' ').forEach((name, i) => {
      if (name !== '-') table[name] = vector(first + i);
    });
  };
  /** The same operations of one lane type, in the order of their numbers; `-` leaves a number out. */
  const vectorsOf = (type: string, first: number, names: string) =>
    vectorNumber(
      first,
      names.replace(/[^ -][^ ]*/g, name => `${type}.${name}`),
    );
  vectorNumber(0x00, 'v128.load');
  vectorNumber(0x0b, 'v128.store v128.const i8x16.shuffle i8x16.swizzle');
  vectorNumber(0x0f, 'i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat');
  vectorsOf('i8x16', 0x15, 'extract_lane_s extract_lane_u replace_lane');
  vectorsOf('i16x8', 0x18, 'extract_lane_s extract_lane_u replace_lane');
  ['i32x4', 'i64x2', 'f32x4', 'f64x2'].forEach((type, i) => {
    vectorsOf(type, 0x1b + 2 * i, 'extract_lane replace_lane');
  });
  const integerComparisons = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
  vectorsOf('i8x16', 0x23, integerComparisons);
  vectorsOf('i16x8', 0x2d, integerComparisons);
  vectorsOf('i32x4', 0x37, integerComparisons);
  vectorsOf('f32x4', 0x41, 'eq ne lt gt le ge');
  vectorsOf('f64x2', 0x47, 'eq ne lt gt le ge');
  vectorsOf('v128', 0x4d, 'not and andnot or xor bitselect any_true');
  vectorNumber(0x5e, 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4');
  const arithmetic = 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u';
  vectorsOf('i8x16', 0x60, 'abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u');
  vectorsOf('i8x16', 0x6b, `${arithmetic} - - min_s min_u max_s max_u - avgr_u`);
  vectorsOf('i16x8', 0x7c, 'extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u');
  vectorsOf('i32x4', 0x7e, 'extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u');
  const extend = (from: string) =>
    `extend_low_${from}_s extend_high_${from}_s extend_low_${from}_u extend_high_${from}_u`;
  const extendedMultiply = (from: string) => extend(from).replaceAll('extend', 'extmul');
  vectorsOf('i16x8', 0x80, 'abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u');
  vectorsOf('i16x8', 0x87, extend('i8x16'));
  vectorsOf('i16x8', 0x8b, `${arithmetic} - mul min_s min_u max_s max_u - avgr_u ${extendedMultiply('i8x16')}`);
  vectorsOf('i32x4', 0xa0, `abs neg - all_true bitmask - - ${extend('i16x8')}`);
  vectorsOf('i32x4', 0xab, 'shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s');
  vectorsOf('i32x4', 0xbc, extendedMultiply('i16x8'));
  vectorsOf('i64x2', 0xc0, `abs neg - all_true bitmask - - ${extend('i32x4')}`);
  vectorsOf('i64x2', 0xcb, 'shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s');
  vectorsOf('i64x2', 0xdc, extendedMultiply('i32x4'));
  vectorsOf('f32x4', 0x67, 'ceil floor trunc nearest');
  vectorsOf('f32x4', 0xe0, 'abs neg - sqrt add sub mul div min max pmin pmax');
  vectorsOf('f64x2', 0x74, 'ceil floor');
  vectorNumber(0x7a, 'f64x2.trunc');
  vectorNumber(0x94, 'f64x2.nearest');
  vectorsOf('f64x2', 0xec, 'abs neg - sqrt add sub mul div min max pmin pmax');
  vectorNumber(
    0xf8,
    'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u ' +
      'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u',
  );
  return table;
})();
