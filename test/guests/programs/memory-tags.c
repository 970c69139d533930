/*
 * A program of Linux that uses allocation tags (MTE), and says what becomes of accesses with a wrong one. No library:
 *
 *   aarch64-linux-gnu-gcc -O1 -static -nostdlib -ffreestanding -fno-stack-protector -march=armv8.5-a+memtag -Wl,-s \
 *     -Wl,--build-id=none,-z,max-page-size=4096 -o memory-tags memory-tags.c
 */
typedef unsigned long word;

enum { WRITE = 64, EXIT = 93, RT_SIGACTION = 134, PRCTL = 167, GETPID = 172, MMAP = 222 };
enum { PR_SET_TAGGED_ADDR_CTRL = 55, PR_TAGGED_ADDR_ENABLE = 1, SYNCHRONOUS = 1 << 1, ASYNCHRONOUS = 1 << 2 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_MTE = 0x20, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20 };
enum { SIGSEGV = 11, SA_SIGINFO = 4, SA_RESTORER = 0x4000000, SEGV_MTEAERR = 8, SEGV_MTESERR = 9, PC_IN_CONTEXT = 440 };
/* Tag 0 is never random. */
enum { TAGS = 0xfffe << 3, PAGE = 4096, GRANULE = 16 };

static word call(word number, word a, word b, word c, word d, word e, word f)
{
    register word x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static void say(const char *text)
{
    word length = 0;
    while (text[length])
        length++;
    call(WRITE, 1, (word)text, length, 0, 0, 0);
}

static void tell(const char *what, word holds)
{
    say("memory-tags: ");
    say(what);
    say(holds ? ": yes\n" : ": NO\n");
}

struct action {
    void (*handler)(int, int *, char *);
    word flags;
    void (*restorer)(void);
    word mask;
};

static volatile int signals, code;
static volatile word address;

/* si_code is the third word of siginfo, the address is 16 bytes in. The instruction is stepped over where it is the fault's. */
static void segmentation(int number, int *information, char *context)
{
    (void)number;
    signals++;
    code = information[2];
    address = *(word *)(information + 4);
    if (code == SEGV_MTESERR)
        *(word *)(context + PC_IN_CONTEXT) += 4;
}

void restore(void);
__asm__("restore: mov x8, #139\n svc #0");

static void control(word how)
{
    call(PRCTL, PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | how | TAGS, 0, 0, 0, 0);
}

static char *with_random_tag(char *pointer)
{
    char *tagged;
    __asm__("irg %0, %1" : "=r"(tagged) : "r"(pointer));
    return tagged;
}

static char *with_tag_of_memory(char *pointer)
{
    __asm__ volatile("ldg %0, [%0]" : "+r"(pointer) : : "memory");
    return pointer;
}

static char *next_tag(char *pointer)
{
    char *tagged;
    __asm__("addg %0, %1, #0, #1" : "=r"(tagged) : "r"(pointer));
    return tagged;
}

static void load(char *pointer)
{
    word ignored;
    __asm__ volatile("ldr %0, [%1]" : "=r"(ignored) : "r"(pointer) : "memory");
}

static void store(char *pointer)
{
    __asm__ volatile("str xzr, [%0]" : : "r"(pointer) : "memory");
}

void _start(void)
{
    struct action action = { segmentation, SA_SIGINFO | SA_RESTORER, restore, 0 };
    call(RT_SIGACTION, SIGSEGV, (word)&action, 0, 8, 0, 0);

    control(SYNCHRONOUS);
    char *page = (char *)call(MMAP, 0, PAGE, PROT_READ | PROT_WRITE | PROT_MTE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("new memory has tag 0", with_tag_of_memory(page) == page);
    char *tagged = with_random_tag(page);
    tell("a random tag is not 0", tagged != page);
    for (word offset = 0; offset < PAGE; offset += GRANULE)
        __asm__ volatile("stg %0, [%0]" : : "r"(tagged + offset) : "memory");
    tell("memory has the tag that it was given", with_tag_of_memory(page + PAGE - GRANULE) == tagged + PAGE - GRANULE);
    store(tagged);
    load(tagged + 8);
    tell("accesses with that tag are permitted", signals == 0);
    load(page);
    tell("a load without it is SEGV_MTESERR", signals == 1 && code == SEGV_MTESERR);
    tell("and its address is told", (address & 0xffffffffffffff) == (word)page);
    store(next_tag(tagged) + 24);
    tell("so is a store with the next one", signals == 2 && code == SEGV_MTESERR);
    tell("the kernel refuses a wrong pointer, too", call(WRITE, 1, (word)next_tag(tagged), 8, 0, 0, 0) == (word)-14);

    control(ASYNCHRONOUS);
    store(page);
    call(GETPID, 0, 0, 0, 0, 0, 0);
    tell("later, a store without it is SEGV_MTEAERR", signals == 3 && code == SEGV_MTEAERR && address == 0);

    control(0);
    load(page);
    store(next_tag(tagged));
    call(GETPID, 0, 0, 0, 0, 0, 0);
    tell("unchecked, all are permitted", signals == 3);
    call(EXIT, 0, 0, 0, 0, 0, 0);
}
