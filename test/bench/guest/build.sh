#!/bin/sh
# Builds ../kernels.elf, which is kept beside its sources so that the benchmark needs no compiler.
set -e
cd "$(dirname "$0")"
aarch64-linux-gnu-gcc -O2 -march=armv8-a -ffreestanding -mgeneral-regs-only -fno-pic -fno-builtin -fno-ipa-cp \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-vectorize -fno-tree-slp-vectorize \
  -fno-tree-loop-distribute-patterns -nostdlib -static -T guest.ld -Wl,--build-id=none -Wl,-z,noexecstack \
  start.S main.c kernels.c -o ../kernels.elf
aarch64-linux-gnu-strip ../kernels.elf
