/*
 * Integer kernels. Each takes a number of rounds and returns a checksum that depends on everything it did, so that a
 * wrong result of any instruction shows.
 */
#include "kernels.h"

static u32 seed;

static u32 next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

/* ---- collatz: register arithmetic and branches that depend on data */
NOINLINE static u64 collatz(u64 rounds) {
  u64 sum = 0, state = 0x2545f4914f6cdd1d;
  for (u64 i = 0; i < rounds; i++) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    u32 n = (u32)(state & 0xffff) | 1, steps = 0;
    for (; n != 1; steps++) n = n & 1 ? 3 * n + 1 : n >> 1;
    sum = sum * 31 + steps + (state >> 60);
  }
  return sum;
}

/* ---- matrix: multiply-accumulate over three arrays */
#define SIDE 48
static s32 left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

NOINLINE static void multiply(void) {
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      s32 sum = 0;
      for (int k = 0; k < SIDE; k++) sum += left[row][k] * right[k][column];
      product[row][column] = sum;
    }
}

NOINLINE static u64 matrix(u64 rounds) {
  seed = 12345;
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      left[row][column] = next_random() & 1023;
      right[row][column] = next_random() & 1023;
    }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    multiply();
    u32 at = i * 7 % SIDE;
    sum = sum * 17 + (u32)product[at][i % SIDE];
    left[i % SIDE][at] ^= product[i % SIDE][at] & 255;
  }
  return sum;
}

/* ---- crc: table look-up by bytes */
static u32 crc_table[256];
static u8 crc_data[16384];

NOINLINE static u32 crc_of(u32 crc, const u8 *data, u64 length) {
  crc = ~crc;
  while (length--) crc = crc_table[(crc ^ *data++) & 255] ^ (crc >> 8);
  return ~crc;
}

NOINLINE static u64 crc(u64 rounds) {
  for (u32 i = 0; i < 256; i++) {
    u32 value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    crc_table[i] = value;
  }
  seed = 7;
  for (u32 i = 0; i < sizeof crc_data; i++) crc_data[i] = (u8)next_random();
  u32 value = 0;
  for (u64 i = 0; i < rounds; i++) value = crc_of(value, crc_data, sizeof crc_data);
  return value;
}

/* ---- list: a walk along scattered nodes */
struct node {
  struct node *next;
  u32 key, value;
  u64 padding[6];
};
#define NODES 1024
static struct node nodes[NODES];
static u16 order[NODES];

NOINLINE static struct node *find(struct node *list, u32 key) {
  while (list && list->key != key) list = list->next;
  return list;
}

NOINLINE static struct node *reversed(struct node *list) {
  struct node *result = 0;
  while (list) {
    struct node *rest = list->next;
    list->next = result;
    result = list;
    list = rest;
  }
  return result;
}

NOINLINE static u64 list(u64 rounds) {
  seed = 99;
  for (u32 i = 0; i < NODES; i++) order[i] = (u16)i;
  for (u32 i = NODES - 1; i > 0; i--) {
    u32 other = next_random() % (i + 1);
    u16 kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  struct node *head = 0;
  for (u32 i = 0; i < NODES; i++) {
    struct node *one = &nodes[order[i]];
    one->key = i;
    one->value = order[i];
    one->next = head;
    head = one;
  }
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    head = reversed(head);
    struct node *found = find(head, (u32)(i * 37) & (NODES - 1));
    if (found) sum = sum * 3 + found->value;
  }
  return sum;
}

/* ---- states: a scanner of numbers, one character after the other */
enum { START, SIGN, INTEGER, FRACTION, MARK, EXPONENT_SIGN, EXPONENT, INVALID, STATES };
static char text[4200];

static int is_digit(char c) { return c >= '0' && c <= '9'; }

NOINLINE static int scan(const char **position, u32 *visits) {
  const char *at = *position;
  int state = START;
  for (; *at && state != INVALID; at++) {
    char c = *at;
    if (c == ';') {
      at++;
      break;
    }
    visits[state]++;
    switch (state) {
      case START: state = is_digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID; break;
      case SIGN: state = is_digit(c) ? INTEGER : c == '.' ? FRACTION : INVALID; break;
      case INTEGER: if (!is_digit(c)) state = c == '.' ? FRACTION : c == 'e' ? MARK : INVALID; break;
      case FRACTION: if (!is_digit(c)) state = c == 'e' || c == 'E' ? MARK : INVALID; break;
      case MARK: state = c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? EXPONENT : INVALID; break;
      case EXPONENT_SIGN: state = is_digit(c) ? EXPONENT : INVALID; break;
      case EXPONENT: if (!is_digit(c)) state = INVALID; break;
    }
  }
  *position = at;
  return state;
}

NOINLINE static u64 states(u64 rounds) {
  static const char *const words[] = {"7093;",   "42;",     "-815;",    "+6;",     "35.125;", ".0625;",  "-110.75;", "+0.5;",
                                      "6.02e+23;", "-.5e-3;", "-19e+77;", "+0.1e9;", "x1.5e2;", "-z.z++;", "1y3.7e4;", "34.0e-^;"};
  seed = 3;
  u32 length = 0;
  while (length < 4000)
    for (const char *word = words[next_random() & 15]; *word; word++) text[length++] = *word;
  text[length] = 0;
  u32 visits[STATES] = {0}, ends[STATES] = {0};
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    for (const char *at = text; *at;) ends[scan(&at, visits)]++;
    sum = sum * 5 + visits[i % STATES] + ends[i % STATES];
  }
  return sum;
}

/* ---- memory: copying, filling, measuring */
static u64 source[2064], target[2064];

NOINLINE static void copy(u8 *to, const u8 *from, u64 length) {
  for (; length >= 32; length -= 32, to += 32, from += 32) {
    const u64 *words = (const u64 *)from;
    u64 a = words[0], b = words[1], c = words[2], d = words[3];
    u64 *out = (u64 *)to;
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
  }
  while (length--) {
    *to++ = *from++;
    STEP();
  }
}

NOINLINE static void fill(u8 *to, u8 value, u64 length) {
  while (length--) {
    *to++ = value;
    STEP();
  }
}

NOINLINE static u64 length_of(const char *string) {
  const char *at = string;
  for (; *at; at++) STEP();
  return (u64)(at - string);
}

NOINLINE static u64 memory(u64 rounds) {
  for (u32 i = 0; i < 2064; i++) source[i] = (i * 0x9e3779b97f4a7c15) | 0x0101010101010101;
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    copy((u8 *)target, (const u8 *)source + (i & 7), 8192 + (i & 31));
    ((u8 *)target)[1000 + (i & 63)] = 0;
    sum = sum * 7 + length_of((const char *)target) + target[i & 1023];
    fill((u8 *)target, (u8)(i | 1), 512);
    sum += target[3];
  }
  return sum;
}

/* ---- sha256 (FIPS 180-4): shifts, rotations and additions of words. Its constants are computed. */
static u32 sha_constants[64], sha_state[8];
static u8 sha_data[64];

/* The first 32 bits behind the point of the square (power 2) or cube root (power 3) of n. */
static u32 root_fraction(u64 n, int power) {
  /* Searches the largest r with r^power <= n * 2^(32 * power), by 128-bit arithmetic of the compiler. */
  u64 r = 0;
  for (int bit = 36; bit >= 0; bit--) {
    u64 wanted = r | (1ul << bit);
    unsigned __int128 square = (unsigned __int128)wanted * wanted;
    int fits;
    if (power == 2) fits = square <= ((unsigned __int128)n << 64);
    else {
      /* wanted^3 <= n * 2^96, with the low 32 bits of the square handled apart */
      unsigned __int128 high = (square >> 32) * wanted, low = (unsigned __int128)(u32)square * wanted;
      high += low >> 32;
      fits = high < ((unsigned __int128)n << 64) || (high == ((unsigned __int128)n << 64) && (u32)low == 0);
    }
    if (fits) r = wanted;
  }
  return (u32)r;
}

static u32 rotate(u32 value, int by) { return value >> by | value << (32 - by); }

NOINLINE static void sha_block(u32 *state, const u8 *data) {
  u32 w[64];
  for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(((const u32 *)data)[i]);
  for (int i = 16; i < 64; i++) {
    u32 s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    u32 s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25), choice = (e & f) ^ (~e & g);
    u32 t1 = h + s1 + choice + sha_constants[i] + w[i];
    u32 s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22), majority = (a & b) ^ (a & c) ^ (b & c);
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + s0 + majority;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

NOINLINE static u64 sha256(u64 rounds) {
  u32 found = 0;
  for (u64 n = 2; found < 64; n++) {
    int prime = 1;
    for (u64 d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (!prime) continue;
    if (found < 8) sha_state[found] = root_fraction(n, 2);
    sha_constants[found++] = root_fraction(n, 3);
  }
  for (u32 i = 0; i < 64; i++) sha_data[i] = (u8)i;
  for (u64 i = 0; i < rounds; i++) {
    sha_data[i & 63] ^= sha_state[i & 7];
    sha_block(sha_state, sha_data);
  }
  return (u64)sha_state[0] << 32 | sha_state[7];
}

/* ---- fibonacci: calls and returns */
NOINLINE __attribute__((optimize("no-optimize-sibling-calls"))) static u64 fibonacci_of(u64 n) {
  if (n < 2) return n;
  u64 before = fibonacci_of(n - 1);
  STEP();
  return before + fibonacci_of(n - 2);
}

NOINLINE static u64 fibonacci(u64 rounds) {
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) sum = sum * 3 + fibonacci_of(20 + (i & 1));
  return sum;
}

/* ---- quicksort: comparisons through a function pointer */
static u32 items[2048];
typedef int (*comparison)(const u32 *, const u32 *);

NOINLINE static int ascending(const u32 *a, const u32 *b) { return *a < *b ? -1 : *a > *b; }
NOINLINE static int descending(const u32 *a, const u32 *b) { return *a > *b ? -1 : *a < *b; }

NOINLINE static void sort(u32 *array, s64 low, s64 high, comparison compare) {
  while (low < high) {
    u32 pivot = array[(low + high) >> 1];
    s64 i = low, j = high;
    while (i <= j) {
      while (compare(&array[i], &pivot) < 0) i++;
      while (compare(&array[j], &pivot) > 0) j--;
      if (i > j) break;
      u32 kept = array[i];
      array[i++] = array[j];
      array[j--] = kept;
    }
    if (j - low < high - i) {
      sort(array, low, j, compare);
      low = i;
    } else {
      sort(array, i, high, compare);
      high = j;
    }
  }
}

NOINLINE static u64 quicksort(u64 rounds) {
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    seed = 1 + (u32)i;
    for (u32 k = 0; k < 2048; k++) items[k] = next_random();
    comparison compare = i & 1 ? descending : ascending;
    __asm__ volatile("" : "+r"(compare));
    sort(items, 0, 2047, compare);
    sum = sum * 11 + items[5] + items[2000];
  }
  return sum;
}

/* ---- bytecode: an interpreter, with an indirect branch for each of its operations */
enum { SET, ADD, SUBTRACT, MULTIPLY, LESS, UNLESS, JUMP, LOAD, STORE, XOR, SHIFT, AND, HALT };
struct operation {
  u16 code, a, b, c;
};
static const struct operation program[] = {
    {SET, 0, 0, 0},  {SET, 1, 1000, 0}, {SET, 2, 1, 0},   {SET, 3, 0, 0},  {SET, 5, 13, 0}, {SET, 6, 255, 0},
    /* 6 */ {LESS, 4, 0, 1}, {UNLESS, 4, 18, 0}, {MULTIPLY, 7, 0, 5}, {XOR, 3, 3, 7}, {SHIFT, 8, 3, 2}, {ADD, 3, 3, 8},
    {AND, 9, 3, 6},  {LOAD, 10, 9, 0},  {ADD, 10, 10, 0}, {STORE, 10, 9, 0}, {ADD, 0, 0, 2}, {JUMP, 0, 6, 0},
    /* 18 */ {HALT, 0, 0, 0},
};
static u32 cells[256];

NOINLINE static u32 interpret(const struct operation *code) {
  u32 r[16] = {0};
  for (const struct operation *at = code;; at++) {
    u32 a = at->a, b = at->b, c = at->c;
    switch (at->code) {
      case SET: r[a] = b; break;
      case ADD: r[a] = r[b] + r[c]; break;
      case SUBTRACT: r[a] = r[b] - r[c]; break;
      case MULTIPLY: r[a] = r[b] * r[c]; break;
      case LESS: r[a] = r[b] < r[c]; break;
      case UNLESS: if (!r[a]) at = code + b - 1; break;
      case JUMP: at = code + b - 1; break;
      case LOAD: r[a] = cells[r[b] & 255]; break;
      case STORE: cells[r[b] & 255] = r[a]; break;
      case XOR: r[a] = r[b] ^ r[c]; break;
      case SHIFT: r[a] = r[b] >> (r[c] & 31); break;
      case AND: r[a] = r[b] & r[c]; break;
      default: return r[3];
    }
  }
}

NOINLINE static u64 bytecode(u64 rounds) {
  for (u32 i = 0; i < 256; i++) cells[i] = i;
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) sum = sum * 3 + interpret(program);
  return sum;
}

/* ---- sieve: stores with a stride */
static u8 composite[32768];

NOINLINE static u64 sieve(u64 rounds) {
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    for (u32 n = 0; n < sizeof composite; n++) {
      composite[n] = 0;
      STEP();
    }
    for (u32 n = 2; n * n < sizeof composite; n++)
      if (!composite[n])
        for (u32 multiple = n * n; multiple < sizeof composite; multiple += n) composite[multiple] = 1;
    u32 count = 0;
    for (u32 n = 2; n < sizeof composite; n++) {
      count += !composite[n];
      STEP();
    }
    sum = sum * 5 + count + i;
  }
  return sum;
}

/* ---- counter: the generic timer read again and again, as busy waiting does */
NOINLINE static u64 counter(u64 rounds) {
  u64 last = 0, steps = 0;
  for (u64 i = 0; i < rounds; i++) {
    u64 now;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(now)::"memory");
    steps += now >= last;
    last = now;
  }
  return steps;
}

NOINLINE static u64 empty(u64 rounds) { return rounds; }

const struct kernel kernels[] = {
    {"collatz", collatz, 150000}, {"matrix", matrix, 150},       {"crc", crc, 500},
    {"list", list, 8000},        {"states", states, 900},      {"memory", memory, 12000},     {"sha256", sha256, 20000},
    {"fibonacci", fibonacci, 200}, {"quicksort", quicksort, 120}, {"bytecode", bytecode, 350}, {"sieve", sieve, 200},
    {"counter", counter, 1000000}, {"empty", empty, 1},
};
const u32 kernel_count = sizeof kernels / sizeof kernels[0];
