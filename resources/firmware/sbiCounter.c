#include "sbiCounter.h"
#include "sbi.h"

enum { NUM_COUNTERS = 0, COUNTER_INFO = 1, CONFIG_MATCHING = 2, STOP = 4 };
enum { CLEAR_VALUE = 1 << 1, AUTO_START = 1 << 2, STOP_RESET = 1 };
/* Event of type 0 (general hardware), code 1. */
#define CPU_CYCLES 1u
#define CSR_CYCLE 0xC00u

static uint32_t csr;
static uint64_t mask;

static sbi_result configure(uintptr_t counters)
{
    return sbi_call(SBI_PMU, CONFIG_MATCHING, (const uintptr_t[5]){ 0, counters, CLEAR_VALUE | AUTO_START, CPU_CYCLES, 0 });
}

uintptr_t sbi_counter_start(uintptr_t unused)
{
    (void)unused;
    sbi_result number = sbi_call(SBI_PMU, NUM_COUNTERS, (const uintptr_t[5]){ 0 });
    if (number.error != 0 || number.value == 0) return SBI_COUNTER_NONE;
    uintptr_t counters = number.value >= 8 * sizeof(uintptr_t) ? ~(uintptr_t)0 : ((uintptr_t)1 << number.value) - 1;
    /* A restart of the monitor finds its own counter in use; counters that no event was given are left alone. */
    sbi_call(SBI_PMU, STOP, (const uintptr_t[5]){ 0, counters, STOP_RESET });
    sbi_result given = configure(counters);
    if (given.error != 0) return SBI_COUNTER_NONE;
    sbi_result info = sbi_call(SBI_PMU, COUNTER_INFO, (const uintptr_t[5]){ given.value });
    /* The top bit marks a counter of the firmware's own, which no CSR holds. */
    if (info.error != 0 || (intptr_t)info.value < 0) return SBI_COUNTER_NONE;
    csr = info.value & 0xFFF;
    uint32_t width = (info.value >> 12 & 0x3F) + 1;
    mask = width >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1;
    if (csr == CSR_CYCLE) return SBI_COUNTER_CYCLE;
    return csr > CSR_CYCLE + 2 && csr < CSR_CYCLE + 32 ? SBI_COUNTER_OTHER : SBI_COUNTER_NONE;
}

#define READ(number) \
    case number: __asm__ volatile("csrr %0, 0xC00 + " #number : "=r"(value)::"memory"); break

uint64_t sbi_counter_read(void)
{
    uint64_t value = 0;
    switch (csr - CSR_CYCLE) {
        READ(3); READ(4); READ(5); READ(6); READ(7); READ(8); READ(9); READ(10); READ(11); READ(12);
        READ(13); READ(14); READ(15); READ(16); READ(17); READ(18); READ(19); READ(20); READ(21); READ(22);
        READ(23); READ(24); READ(25); READ(26); READ(27); READ(28); READ(29); READ(30); READ(31);
    default: break;
    }
    return value & mask;
}
