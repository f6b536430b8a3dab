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
#define COUNTER_TEXT_OF(csr) #csr
#define COUNTER_TEXT(csr) COUNTER_TEXT_OF(csr)

#if __riscv_xlen == 64
#define COUNTER_READER(name, csr) \
    static inline uint64_t name(void) { uint64_t value; __asm__ volatile("csrr %0, " COUNTER_TEXT(csr) : "=r"(value)); return value; }
#else
/* The high half is read twice so that a carry between the halves is never seen. */
#define COUNTER_READER(name, csr)                                                                              \
    static inline uint64_t name(void)                                                                          \
    {                                                                                                          \
        uint32_t high, low, again;                                                                             \
        do {                                                                                                   \
            __asm__ volatile("csrr %0, " COUNTER_TEXT(csr) "h\n\tcsrr %1, " COUNTER_TEXT(csr) "\n\tcsrr %2, " COUNTER_TEXT(csr) "h" \
                             : "=r"(high), "=r"(low), "=r"(again)::"memory");                                  \
        } while (high != again);                                                                               \
        return (uint64_t)high << 32 | low;                                                                     \
    }
#endif
COUNTER_READER(read_cycles, CYCLES_CSR)
COUNTER_READER(read_instructions, INSTRUCTIONS_CSR)

/* Low halves, for spans under 2^32: nothing but the CSR reads lies between the two. */
static inline uint32_t read_cycles_low(void)
{
    unsigned long value;
    __asm__ volatile("csrr %0, " COUNTER_TEXT(CYCLES_CSR) : "=r"(value)::"memory");
    return (uint32_t)value;
}
static inline uint32_t read_instructions_low(void)
{
    unsigned long value;
    __asm__ volatile("csrr %0, " COUNTER_TEXT(INSTRUCTIONS_CSR) : "=r"(value)::"memory");
    return (uint32_t)value;
}

#endif
