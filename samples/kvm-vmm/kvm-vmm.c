/*
 * A virtual machine monitor in one file: one VM, one vCPU, one guest (guest.S). It uses KVM's interface
 * (Documentation/virt/kvm/api.rst of the kernel) and no library, so that all there is to see is here.
 * The README tells how to build it.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/kvm.h>
#include <linux/mman.h>

#include "guest.h"

typedef unsigned long u64;
typedef unsigned char u8;

extern const u8 guest_start[], guest_end[];

/* ---- What a C library would have ---- */

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static char text[8192];
static u64 text_length;

static void put(char c)
{
    if (text_length < sizeof text) text[text_length++] = c;
}
static void say(const char *words)
{
    while (*words) put(*words++);
}
static void say_decimal(long number)
{
    char digits[20];
    int count = 0;
    if (number < 0) { put('-'); number = -number; }
    do digits[count++] = '0' + number % 10; while (number /= 10);
    while (count) put(digits[--count]);
}
static void say_hexadecimal(u64 number)
{
    int shift = 60;
    say("0x");
    while (shift && !(number >> shift)) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[(number >> shift) & 15]);
}
static void flush(void)
{
    system_call(__NR_write, 1, (long)text, text_length, 0, 0, 0);
    text_length = 0;
}
static void leave(int status)
{
    flush();
    for (;;) system_call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}
/* Ends the program when a call failed; its result otherwise. */
static long check(const char *what, long result)
{
    if (result < 0 && result > -4096) {
        say("kvm-vmm: ");
        say(what);
        say(" failed with errno ");
        say_decimal(-result);
        put('\n');
        leave(1);
    }
    return result;
}
static long control(int file, u64 request, long argument)
{
    return system_call(__NR_ioctl, file, request, argument, 0, 0, 0);
}
static void *map(u64 size, int flags, int file)
{
    return (void *)check("mmap", system_call(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, flags, file, 0));
}

/* ---- The virtual machine ---- */

static void set_device_address(int device, u64 type, u64 address)
{
    struct kvm_device_attr attribute = { .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = type, .addr = (u64)&address };
    check("setting an address of the interrupt controller", control(device, KVM_SET_DEVICE_ATTR, (long)&attribute));
}

/* Gives the VM an interrupt controller: version 3 if the host has it, else 2. */
static int create_interrupt_controller(int vm)
{
    struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    struct kvm_device_attr init = { .group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT };
    int version = 3;
    if (control(vm, KVM_CREATE_DEVICE, (long)&create) < 0) {
        version = 2;
        create.type = KVM_DEV_TYPE_ARM_VGIC_V2;
        check("KVM_CREATE_DEVICE", control(vm, KVM_CREATE_DEVICE, (long)&create));
    }
    if (version == 3) {
        set_device_address(create.fd, KVM_VGIC_V3_ADDR_TYPE_DIST, GICD_BASE);
        set_device_address(create.fd, KVM_VGIC_V3_ADDR_TYPE_REDIST, GICR_BASE);
    } else {
        set_device_address(create.fd, KVM_VGIC_V2_ADDR_TYPE_DIST, GICD_BASE);
        set_device_address(create.fd, KVM_VGIC_V2_ADDR_TYPE_CPU, GICC_BASE);
    }
    check("starting the interrupt controller", control(create.fd, KVM_SET_DEVICE_ATTR, (long)&init));
    return version;
}

static void set_register(int vcpu, u64 offset, u64 value)
{
    struct kvm_one_reg reg = {
        .id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | (offset / sizeof(__u32)),
        .addr = (u64)&value,
    };
    check("KVM_SET_ONE_REG", control(vcpu, KVM_SET_ONE_REG, (long)&reg));
}

/* One access of the guest to the VMM's device. */
static void play_device(struct kvm_run *run)
{
    u64 offset = run->mmio.phys_addr - DEVICE_BASE;
    u64 value = 0;
    say(run->mmio.is_write ? "MMIO write of " : "MMIO read of ");
    say_decimal(run->mmio.len);
    say(run->mmio.len == 1 ? " byte at " : " bytes at ");
    say_hexadecimal(run->mmio.phys_addr);
    if (run->mmio.is_write) {
        for (unsigned i = 0; i < run->mmio.len; i++) value |= (u64)run->mmio.data[i] << (8 * i);
        say(": ");
        if (offset == DEVICE_CONSOLE && value >= ' ') {
            put('\'');
            put((char)value);
            put('\'');
        } else say_hexadecimal(value);
    } else {
        value = offset == DEVICE_NUMBER ? DEVICE_ANSWER : 0;
        for (unsigned i = 0; i < run->mmio.len; i++) run->mmio.data[i] = (u8)(value >> (8 * i));
        say(", answered with ");
        say_hexadecimal(value);
    }
}

static void run_guest(int vcpu, struct kvm_run *run)
{
    for (int exit = 1;; exit++) {
        check("KVM_RUN", control(vcpu, KVM_RUN, 0));
        say("exit ");
        say_decimal(exit);
        say(": ");
        switch (run->exit_reason) {
        case KVM_EXIT_MMIO:
            play_device(run);
            break;
        case KVM_EXIT_SYSTEM_EVENT:
            say("system event ");
            say_decimal(run->system_event.type);
            put('\n');
            if (run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN) leave(1);
            return;
        default:
            say("reason ");
            say_decimal(run->exit_reason);
            say(", which this VMM does not know\n");
            leave(1);
        }
        put('\n');
    }
}

__attribute__((used)) static void vmm(void)
{
    int kvm = (int)check("opening /dev/kvm", system_call(__NR_openat, AT_FDCWD, (long)"/dev/kvm", O_RDWR, 0, 0, 0));
    int vm = (int)check("KVM_CREATE_VM", control(kvm, KVM_CREATE_VM, 0));
    u8 *memory = map(RAM_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = RAM_BASE, .memory_size = RAM_SIZE, .userspace_addr = (u64)memory,
    };
    struct kvm_vcpu_init init = { 0 };
    for (u64 i = 0; i < (u64)(guest_end - guest_start); i++) memory[i] = guest_start[i];
    check("KVM_SET_USER_MEMORY_REGION", control(vm, KVM_SET_USER_MEMORY_REGION, (long)&region));
    int vcpu = (int)check("KVM_CREATE_VCPU", control(vm, KVM_CREATE_VCPU, 0));
    int version = create_interrupt_controller(vm);
    check("KVM_ARM_PREFERRED_TARGET", control(vm, KVM_ARM_PREFERRED_TARGET, (long)&init));
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
    check("KVM_ARM_VCPU_INIT", control(vcpu, KVM_ARM_VCPU_INIT, (long)&init));
    set_register(vcpu, __builtin_offsetof(struct kvm_regs, regs.pc), RAM_BASE);
    set_register(vcpu, __builtin_offsetof(struct kvm_regs, regs.regs[0]), version);
    struct kvm_run *run = map(check("KVM_GET_VCPU_MMAP_SIZE", control(kvm, KVM_GET_VCPU_MMAP_SIZE, 0)), MAP_SHARED, vcpu);
    say("kvm-vmm: API ");
    say_decimal(control(kvm, KVM_GET_API_VERSION, 0));
    say(", interrupt controller version ");
    say_decimal(version);
    put('\n');
    run_guest(vcpu, run);
    say("kvm-vmm: the guest switched itself off\n");
    leave(0);
}

/* The stack is aligned as the kernel gives it. */
__asm__(".globl _start\n_start:\n  mov x29, xzr\n  mov x30, xzr\n  bl vmm\n");
