/* What this board is: read where the hart tells, tried under a guard where it may not. Never claims what was not seen. */
#include "counters.h"
#include "crc.h"
#include "monitor.h"
#ifdef BOARD_LITEX
#include "litexBoard.h"
#endif
#ifdef BOARD_DESCRIBED
#include "describedBoard.h"
#endif
#ifdef BOARD_SUPERVISOR
#include "sbi.h"
#endif

#ifndef BOARD_MOST_RAM_BYTES
#define BOARD_MOST_RAM_BYTES 0x10000000u /* 256 MiB: the probe looks no further */
#endif

extern const uint8_t _image_start[], _image_end[], _monitor_end[];
#ifdef BOARD_FLASH
extern const uint8_t _flash_low[];
#endif

board_identity board;
const char build_text[] = "monitor 1.0.0, gcc " __VERSION__;

#define CSR_READER(name, csr)                                       \
    static uintptr_t name(uintptr_t unused)                         \
    {                                                               \
        uintptr_t value;                                            \
        (void)unused;                                               \
        __asm__ volatile("csrr %0, " COUNTER_TEXT(csr) : "=r"(value)::"memory"); \
        return value;                                               \
    }
CSR_READER(csr_misa, misa)
#ifdef BOARD_SUPERVISOR
/* The base extension of the SBI (RISC-V Supervisor Binary Interface, chapter 4) returns what the machine registers hold. */
static uintptr_t sbi_base(uintptr_t function)
{
    sbi_result found = sbi_call(SBI_BASE, function, (const uintptr_t[5]){ 0 });
    return found.error == 0 ? found.value : 0;
}
static uintptr_t csr_vendor(uintptr_t unused) { (void)unused; return sbi_base(4); }
static uintptr_t csr_architecture(uintptr_t unused) { (void)unused; return sbi_base(5); }
static uintptr_t csr_implementation(uintptr_t unused) { (void)unused; return sbi_base(6); }
#else
CSR_READER(csr_vendor, mvendorid)
CSR_READER(csr_architecture, marchid)
CSR_READER(csr_implementation, mimpid)
#endif
CSR_READER(csr_clock, 0xFC0) /* the virtual board's own: clock in Hz */
#ifdef COUNTER_RECORD
static uintptr_t csr_instructions(uintptr_t unused) { (void)unused; return read_instructions_low(); }
#else
CSR_READER(csr_cycles, CYCLES_CSR)
CSR_READER(csr_instructions, INSTRUCTIONS_CSR)
#endif

static uintptr_t uninhibit(uintptr_t unused)
{
    (void)unused;
    __asm__ volatile("csrw 0x320, zero"); /* mcountinhibit */
    return 0;
}

/* cpop a0, a0: illegal where there is no Zbb, 13 where there is. */
static uintptr_t count_bits(uintptr_t value)
{
    register uintptr_t a0 __asm__("a0") = value;
    __asm__ volatile(".word 0x60251513" : "+r"(a0));
    return a0;
}

/*
 * What use_unit gives of 0x02020202. On a bus without rd (docs/rtl.md) the sum is 16, no shift leaves nothing of it, and a code of -1 is on
 * top of zeros.
 */
#ifdef XBB_CFU
#define UNIT_RESULT 0xFF000000
#define UNIT_NAME "_xbbcfu"
#else
#define UNIT_RESULT 0x01020202
#define UNIT_NAME "_xbb"
#endif

/* dot, quant and max of a0 with itself (docs/isa.md): illegal where there is no xbb; else 2 * 2 * 4 more, a code of 1 on top. */
static uintptr_t use_unit(uintptr_t value)
{
    register uintptr_t a0 __asm__("a0") = value;
    __asm__ volatile(".word 0x1EA5050B\n\t.word 0x00A5550B\n\t.word 0x00A5650B" : "+r"(a0));
    return a0;
}

/* Of a CSR of machine mode. */
static uint32_t read_or_zero(uintptr_t (*reader)(uintptr_t))
{
    uintptr_t value;
    return HAS_MACHINE_CSRS && guard_call(reader, 0, &value) == 0 ? (uint32_t)value : 0;
}

/* A counter is available when it reads and moves. */
static int counts(uintptr_t (*reader)(uintptr_t))
{
    uintptr_t first, second;
    if (guard_call(reader, 0, &first) != 0) return 0;
    return guard_call(reader, 0, &second) == 0 && second != first;
}

static char *put(char *to, const char *text)
{
    while (*text) *to++ = *text++;
    *to = 0;
    return to;
}

static char *put_hex(char *to, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[value >> shift & 15];
    *to = 0;
    return to;
}

/* The instructions this image itself is made of. */
static const char built_for[] = "im"
#ifdef __riscv_atomic
                                "a"
#endif
#ifdef __riscv_compressed
                                "c"
#endif
    ;

static void identify_isa(void)
{
    static const char letters[] = "iemafdqcbv";
    uint32_t misa = read_or_zero(csr_misa);
    char *to = put(board.isa, __riscv_xlen == 64 ? "rv64" : "rv32");
    if (misa == 0) to = put(to, built_for); /* misa may read as zero or not at all */
    for (const char *l = letters; misa && *l; l++)
        if (misa >> (*l - 'a') & 1) *to++ = *l;
    if (!HAS_MACHINE_CSRS) return;
    to = put(to, "_zicsr");
    /* Vector registers on, where there are any: mstatus.VS = initial. Only kernels use them, and nothing interrupts those. */
    if (misa >> ('v' - 'a') & 1) __asm__ volatile("csrs mstatus, %0" ::"r"(1u << 9));
    uintptr_t bits;
    if (guard_call(count_bits, 0x0F0F1F, &bits) == 0 && bits == 13) to = put(to, "_zbb");
    if (guard_call(use_unit, 0x02020202, &bits) == 0 && (uint32_t)bits == UNIT_RESULT) put(to, UNIT_NAME);
}

static void identify_core(void)
{
    static const char *const presets[] = { "virtual-small", "virtual-mid", "virtual-high", "virtual-litex",
                                          "virtual", "bitbench-rtl" };
    uint32_t vendor = board.vendor, architecture = board.architecture, implementation = board.implementation;
    if (vendor == 0x0BB) {
        put(board.core, implementation < sizeof presets / sizeof *presets ? presets[implementation] : "virtual");
    } else if (vendor == 0 && architecture >= 0x40000 && architecture == implementation) {
        put(board.core, "qemu-virt"); /* QEMU puts its version in both */
#ifdef BOARD_DESCRIBED
    } else if (described_board.core[0]) {
        put(board.core, described_board.core);
#endif
    } else {
#ifdef BOARD_LITEX
        char *to = put(board.core, "litex-");
#else
        char *to = put(board.core, "core-");
#endif
        to = put_hex(to, vendor);
        *to++ = ':';
        put_hex(to, architecture);
    }
}

void board_identify(void)
{
#ifdef COUNTER_RECORD
    counters_prepare();
    if (HAS_MACHINE_CSRS && counter_record.kind == COUNTER_CSR) guard_call(uninhibit, 0, 0);
#else
    guard_call(uninhibit, 0, 0);
#endif
    board.vendor = read_or_zero(csr_vendor);
    board.architecture = read_or_zero(csr_architecture);
    board.implementation = read_or_zero(csr_implementation);
    board.clock_hz = board.vendor == 0x0BB ? read_or_zero(csr_clock) : 0;
#ifdef COUNTER_RECORD
    board.has_cycles = counters_start();
    board.has_instructions = counter_record.instructions && counts(csr_instructions);
#else
    board.has_cycles = (uint8_t)counts(csr_cycles);
    board.has_instructions = (uint8_t)counts(csr_instructions);
#endif
    identify_isa();
    identify_core();
    board.build_id = crc32(_image_start, (size_t)(_image_end - _image_start));
    board.ram_low = (uintptr_t)_monitor_end;
#ifdef BOARD_LITEX
    if (board.clock_hz == 0) board.clock_hz = litex_board.clock_hz;
    board.ram_high = (uintptr_t)_image_start + litex_board.ram_bytes;
#elif defined(BOARD_DESCRIBED)
#ifdef BOARD_FLASH
    board.flash_low = (uintptr_t)_flash_low;
    board.flash_high = described_board.flash_end;
#endif
    if (board.clock_hz == 0) board.clock_hz = described_board.clock_hz;
    board.ram_high = described_board.ram_end;
#else
    board.ram_high = ram_find_end((uintptr_t)_image_start, (uintptr_t)(_monitor_end - _image_start), BOARD_MOST_RAM_BYTES);
#endif
}
