/*
 * Kernels of floating-point and vector instructions. Each takes a number of rounds and returns a checksum over the bits
 * of its results.
 */
#include "kernels.h"
#include <arm_neon.h>

#define VECTORIZED __attribute__((noinline, optimize("tree-vectorize", "unsafe-math-optimizations")))

static u32 seed;

static u32 next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

/* Between -1 and 1. */
static double next_double(void) { return (double)(s32)next_random() * (1.0 / 2147483648.0); }

static u64 bits_of(double value) {
  u64 bits;
  __builtin_memcpy(&bits, &value, 8);
  return bits;
}

/* ---- bodies: additions, products, square roots and divisions of doubles */
#define BODIES 5
static struct body {
  double x, y, z, vx, vy, vz, mass;
} bodies[BODIES];

NOINLINE static void advance(double dt) {
  for (int i = 0; i < BODIES; i++) {
    struct body *a = &bodies[i];
    for (int j = i + 1; j < BODIES; j++) {
      struct body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz + 0.01;
      double pull = dt / (square * __builtin_sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

NOINLINE static u64 nbody(u64 rounds) {
  seed = 4711;
  for (int i = 0; i < BODIES; i++) {
    struct body *b = &bodies[i];
    b->x = next_double();
    b->y = next_double();
    b->z = next_double();
    b->vx = b->vy = b->vz = 0;
    b->mass = 0.1 + next_double() * next_double();
  }
  for (u64 i = 0; i < rounds; i++) advance(0.001);
  u64 sum = 0;
  for (int i = 0; i < BODIES; i++) sum = sum * 31 + bits_of(bodies[i].x) + bits_of(bodies[i].vy);
  return sum;
}

/* ---- fft: butterflies of complex doubles, there and back */
#define POINTS 1024
static double real[POINTS], imaginary[POINTS], cosine[POINTS / 2], sine[POINTS / 2];

NOINLINE static void transform(int direction) {
  for (u32 i = 1, j = 0; i < POINTS; i++) {
    u32 bit = POINTS >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      double t = real[i];
      real[i] = real[j];
      real[j] = t;
      t = imaginary[i];
      imaginary[i] = imaginary[j];
      imaginary[j] = t;
    }
  }
  for (u32 length = 2; length <= POINTS; length <<= 1)
    for (u32 start = 0; start < POINTS; start += length)
      for (u32 k = 0; k < length / 2; k++) {
        double c = cosine[k * (POINTS / length)], s = sine[k * (POINTS / length)] * direction;
        u32 a = start + k, b = a + length / 2;
        double re = real[b] * c - imaginary[b] * s, im = real[b] * s + imaginary[b] * c;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
}

NOINLINE static u64 fft(u64 rounds) {
  seed = 99;
  /* The angle step 2 pi / 1024, by the recurrence of rotations. */
  const double c1 = 0.99998117528260110909, s1 = 0.0061358846491544753597;
  cosine[0] = 1;
  sine[0] = 0;
  for (int i = 1; i < POINTS / 2; i++) {
    cosine[i] = cosine[i - 1] * c1 - sine[i - 1] * s1;
    sine[i] = sine[i - 1] * c1 + cosine[i - 1] * s1;
  }
  for (int i = 0; i < POINTS; i++) {
    real[i] = next_double();
    imaginary[i] = next_double();
  }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    transform(1);
    sum = sum * 31 + bits_of(real[i % POINTS]);
    transform(-1);
    for (int k = 0; k < POINTS; k++) {
      real[k] *= 1.0 / POINTS;
      imaginary[k] *= 1.0 / POINTS;
    }
  }
  return sum + bits_of(imaginary[POINTS / 3]);
}

/* ---- single, double: products of matrices, by vectors */
#define SIDE 64
static float fa[SIDE][SIDE], fb[SIDE][SIDE], fc[SIDE][SIDE];
static double da[SIDE][SIDE], db[SIDE][SIDE], dc[SIDE][SIDE];

VECTORIZED static void multiply_single(void) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) fc[i][j] = 0;
    for (int k = 0; k < SIDE; k++)
      for (int j = 0; j < SIDE; j++) fc[i][j] += fa[i][k] * fb[k][j];
  }
}

NOINLINE static u64 single(u64 rounds) {
  seed = 7;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      fa[i][j] = (float)next_double();
      fb[i][j] = (float)next_double();
    }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    multiply_single();
    sum = sum * 31 + bits_of(fc[i % SIDE][i * 7 % SIDE]);
    fa[i * 5 % SIDE][i % SIDE] = fc[i % SIDE][i * 3 % SIDE] * 0.125f;
  }
  return sum;
}

VECTORIZED static void multiply_double(void) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) dc[i][j] = 0;
    for (int k = 0; k < SIDE; k++)
      for (int j = 0; j < SIDE; j++) dc[i][j] += da[i][k] * db[k][j];
  }
}

NOINLINE static u64 doubles(u64 rounds) {
  seed = 8;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      da[i][j] = next_double();
      db[i][j] = next_double();
    }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    multiply_double();
    sum = sum * 31 + bits_of(dc[i % SIDE][i * 7 % SIDE]);
    da[i * 5 % SIDE][i % SIDE] = dc[i % SIDE][i * 3 % SIDE] * 0.125;
  }
  return sum;
}

/* ---- copy: pairs of quadword registers */
static u8 from[16384 + 64], to[16384 + 64];

NOINLINE static void copy_quadwords(void *target, const void *source, u64 length) {
  __asm__ volatile("1: ldp q0, q1, [%1], #32\n\t"
                   "ldp q2, q3, [%1], #32\n\t"
                   "subs %2, %2, #64\n\t"
                   "stp q0, q1, [%0], #32\n\t"
                   "stp q2, q3, [%0], #32\n\t"
                   "b.ne 1b"
                   : "+r"(target), "+r"(source), "+r"(length)::"q0", "q1", "q2", "q3", "cc", "memory");
}

NOINLINE static u64 copy(u64 rounds) {
  seed = 5;
  for (u32 i = 0; i < sizeof from; i++) from[i] = (u8)next_random();
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    copy_quadwords(to, from + (i & 3) * 16, 16384);
    sum = sum * 31 + to[i & 16383];
    from[i * 61 & 16383] ^= (u8)i;
  }
  return sum;
}

/* ---- integers: sums of absolute differences of bytes, by vectors */
NOINLINE static u64 differences(u64 rounds) {
  seed = 6;
  for (u32 i = 0; i < sizeof from; i++) {
    from[i] = (u8)next_random();
    to[i] = (u8)next_random();
  }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    uint32x4_t total = vdupq_n_u32(0);
    const u8 *a = from + (i & 15), *b = to;
    for (u32 at = 0; at < 16384; at += 16) {
      uint8x16_t x = vld1q_u8(a + at), y = vld1q_u8(b + at);
      uint8x16_t d = vabdq_u8(x, y);
      uint8x16_t larger = vbslq_u8(vcgtq_u8(x, y), vshrq_n_u8(x, 1), veorq_u8(y, d));
      total = vpadalq_u16(total, vaddl_u8(vget_low_u8(d), vget_high_u8(larger)));
    }
    sum = sum * 31 + vaddvq_u32(total);
    to[i * 13 & 16383] += (u8)i;
  }
  return sum;
}

/* ---- sha256c: SHA-256 with the instructions made for it. The constants do not matter for the speed. */
__attribute__((noinline, target("+crypto"))) static u64 sha256c(u64 rounds) {
  u32 constants[64], words[16];
  seed = 1;
  for (int i = 0; i < 64; i++) constants[i] = next_random();
  for (int i = 0; i < 16; i++) words[i] = next_random();
  uint32x4_t abcd = vdupq_n_u32(0x6a09e667), efgh = vdupq_n_u32(0x510e527f);
  for (u64 n = 0; n < rounds; n++) {
    uint32x4_t before_abcd = abcd, before_efgh = efgh, m[4];
    words[n & 15] ^= (u32)n;
    for (int i = 0; i < 4; i++) m[i] = vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(vld1q_u32(&words[4 * i]))));
    for (int i = 0; i < 16; i++) {
      uint32x4_t sum = vaddq_u32(m[i & 3], vld1q_u32(&constants[4 * i]));
      if (i < 12)
        m[i & 3] = vsha256su1q_u32(vsha256su0q_u32(m[i & 3], m[(i + 1) & 3]), m[(i + 2) & 3], m[(i + 3) & 3]);
      uint32x4_t old = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, old, sum);
    }
    abcd = vaddq_u32(abcd, before_abcd);
    efgh = vaddq_u32(efgh, before_efgh);
  }
  return vgetq_lane_u64(vreinterpretq_u64_u32(abcd), 0) ^ vgetq_lane_u64(vreinterpretq_u64_u32(efgh), 1);
}

const struct kernel kernels[] = {
    {"n-body", nbody, 30000}, {"fft", fft, 60},         {"matrix-f32", single, 60},     {"matrix-f64", doubles, 40},
    {"copy-q", copy, 3000},   {"bytes", differences, 2000}, {"sha256-crypto", sha256c, 60000},
};
const u32 kernel_count = sizeof kernels / sizeof kernels[0];
