/* The hart's own counters. On QEMU with -icount shift=0 both count instructions (shared facts: docs/firmware.md). */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#if __riscv_xlen == 64
#define COUNTER_READER(name, csr) \
    static inline uint64_t name(void) { uint64_t value; __asm__ volatile("csrr %0, " #csr : "=r"(value)); return value; }
#else
/* The high half is read twice so that a carry between the halves is never seen. */
#define COUNTER_READER(name, csr)                                                                              \
    static inline uint64_t name(void)                                                                          \
    {                                                                                                          \
        uint32_t high, low, again;                                                                             \
        do {                                                                                                   \
            __asm__ volatile("csrr %0, " #csr "h\n\tcsrr %1, " #csr "\n\tcsrr %2, " #csr "h"                   \
                             : "=r"(high), "=r"(low), "=r"(again)::"memory");                                  \
        } while (high != again);                                                                               \
        return (uint64_t)high << 32 | low;                                                                     \
    }
#endif
COUNTER_READER(read_cycles, mcycle)
COUNTER_READER(read_instructions, minstret)

/* Low halves, for spans under 2^32: nothing but the CSR reads lies between the two. */
static inline uint32_t read_cycles_low(void)
{
    unsigned long value;
    __asm__ volatile("csrr %0, mcycle" : "=r"(value)::"memory");
    return (uint32_t)value;
}
static inline uint32_t read_instructions_low(void)
{
    unsigned long value;
    __asm__ volatile("csrr %0, minstret" : "=r"(value)::"memory");
    return (uint32_t)value;
}

#endif
