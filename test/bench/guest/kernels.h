/* Types and the table of the benchmark's kernels. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int s32;
typedef long s64;

#define NOINLINE __attribute__((noinline))
/* Keeps the compiler from turning a simple loop into something else. */
#define STEP() __asm__ volatile("")

struct kernel {
  const char *name;
  u64 (*run)(u64 rounds);
  u64 rounds;
};

extern const struct kernel kernels[];
extern const u32 kernel_count;
