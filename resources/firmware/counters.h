/* The hart's own counters. On QEMU with -icount shift=0 both count instructions (shared facts: docs/firmware.md). */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

/* In supervisor mode the counters have other names, and an SBI firmware decides whether they may be read. */
#ifdef BOARD_SUPERVISOR
#define CYCLES_CSR cycle
#define INSTRUCTIONS_CSR instret
#else
#define CYCLES_CSR mcycle
#define INSTRUCTIONS_CSR minstret
#endif
/* These monitors are made for a board by the host, which also says what counts (counterRecord.h). */
#if defined(BOARD_LITEX) || defined(BOARD_DESCRIBED)
#define COUNTER_RECORD
#include "counterRecord.h"
/*
 * Notes the address of the instruction at label 99 and what it accesses (1 cycles, 2 their high half, 3 instructions, 4 their high
 * half, 5 and 6 the setup) in a section that is not loaded; as one for debuggers it is kept, and keeps no code, when unused code is left out.
 */
#define COUNTER_SITE(what) "\n\t.pushsection .debug_counter_sites, \"\", @progbits\n\t.word 99b, " #what "\n\t.popsection"
/* More uses than the compiler would inline: a call would lie between the reads of the two counters. */
#define COUNTER_INLINE inline __attribute__((always_inline))
#else
#define COUNTER_SITE(what) ""
#define COUNTER_INLINE inline
#endif
#define COUNTER_TEXT_OF(csr) #csr
#define COUNTER_TEXT(csr) COUNTER_TEXT_OF(csr)

#if __riscv_xlen == 64
#define COUNTER_READER(name, csr, low, high) \
    static inline uint64_t name(void) { uint64_t value; __asm__ volatile("99: csrr %0, " COUNTER_TEXT(csr) COUNTER_SITE(low) : "=r"(value)); return value; }
#else
/* The high half is read twice so that a carry between the halves is never seen. */
#define COUNTER_READER(name, csr, site_low, site_high)                                                                              \
    static inline uint64_t name(void)                                                                          \
    {                                                                                                          \
        uint32_t high, low, again;                                                                             \
        do {                                                                                                   \
            __asm__ volatile("99: csrr %0, " COUNTER_TEXT(csr) "h" COUNTER_SITE(site_high) "\n\t99: csrr %1, " COUNTER_TEXT(csr) COUNTER_SITE(site_low) \
                             "\n\t99: csrr %2, " COUNTER_TEXT(csr) "h" COUNTER_SITE(site_high) \
                             : "=r"(high), "=r"(low), "=r"(again)::"memory");                                  \
        } while (high != again);                                                                               \
        return (uint64_t)high << 32 | low;                                                                     \
    }
#endif
COUNTER_READER(read_cycles, CYCLES_CSR, 1, 2)
COUNTER_READER(read_instructions, INSTRUCTIONS_CSR, 3, 4)

/* Low halves, for spans under 2^32: nothing but the CSR reads lies between the two. */
static COUNTER_INLINE uint32_t read_cycles_low(void)
{
    unsigned long value;
    __asm__ volatile("99: csrr %0, " COUNTER_TEXT(CYCLES_CSR) COUNTER_SITE(1) : "=r"(value)::"memory");
    return (uint32_t)value;
}
static COUNTER_INLINE uint32_t read_instructions_low(void)
{
    unsigned long value;
    __asm__ volatile("99: csrr %0, " COUNTER_TEXT(INSTRUCTIONS_CSR) COUNTER_SITE(3) : "=r"(value)::"memory");
    return (uint32_t)value;
}

/* 0 on a core without machine mode: nothing that could trap may be tried there (counterRecord.h). */
#if defined(COUNTER_RECORD) && __riscv_xlen == 32
#define HAS_MACHINE_CSRS (!counter_record.no_machine_csrs)
#else
#define HAS_MACHINE_CSRS 1
#endif

#ifndef COUNTER_RECORD
#define cycles_now read_cycles
#define cycles_now_low read_cycles_low
#else
#define cycles_now_low() ((uint32_t)cycles_now())
#endif

#endif
