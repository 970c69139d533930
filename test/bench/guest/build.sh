#!/bin/sh
# Builds ../kernels.elf and ../floating.elf, which are kept beside their sources so that the benchmark needs no compiler.
set -e
cd "$(dirname "$0")"

# build <output> <flags of the kernels> <sources of the kernels>
build() {
  aarch64-linux-gnu-gcc -O2 -march=armv8-a -ffreestanding $2 -fno-pic -fno-builtin -fno-ipa-cp \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-vectorize -fno-tree-slp-vectorize \
    -fno-tree-loop-distribute-patterns -nostdlib -static -T guest.ld -Wl,--build-id=none -Wl,-z,noexecstack \
    start.S main.c "$3" -o "../$1"
  aarch64-linux-gnu-strip "../$1"
}
build kernels.elf -mgeneral-regs-only kernels.c
build floating.elf -fno-math-errno floating.c
