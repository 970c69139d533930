/* Runs every kernel and reports through the PL011: `start <name>`, then `done <name> <checksum>`. */
#include "kernels.h"

#define UART_DATA ((volatile u32 *)0x09000000)
#define PSCI_SYSTEM_OFF 0x84000008

static void put(char c) { *UART_DATA = (u8)c; }

static void print(const char *text) {
  while (*text) put(*text++);
}

static void print_hex(u64 value) {
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]);
}

void main(void) {
  for (u32 i = 0; i < kernel_count; i++) {
    const struct kernel *kernel = &kernels[i];
    print("start ");
    print(kernel->name);
    put('\n');
    u64 checksum = kernel->run(kernel->rounds);
    print("done ");
    print(kernel->name);
    put(' ');
    print_hex(checksum);
    put('\n');
  }
  register u64 function __asm__("x0") = PSCI_SYSTEM_OFF;
  __asm__ volatile("hvc #0" ::"r"(function));
  for (;;) {
  }
}

/* The compiler may ask for these two. */
void *memcpy(void *to, const void *from, u64 length) {
  u8 *out = to;
  const u8 *in = from;
  while (length--) {
    *out++ = *in++;
    STEP();
  }
  return to;
}

void *memset(void *to, int value, u64 length) {
  u8 *out = to;
  while (length--) {
    *out++ = (u8)value;
    STEP();
  }
  return to;
}
