/* Counters of boards that the host describes: a CSR or a timer on the bus. */
#include "counters.h"
#include "monitor.h"
#ifdef BOARD_SUPERVISOR
#include "sbiCounter.h"
#endif

static inline volatile uint32_t *word_at(uint64_t address) { return (volatile uint32_t *)(uintptr_t)address; }

static uint64_t last, extension;
static uint32_t overhead;
uint8_t counter_is_called;

static uintptr_t write_words(uintptr_t unused)
{
    (void)unused;
    for (uint32_t i = 0; i < counter_record.writes && i < COUNTER_WRITES; i++)
        *word_at(counter_record.write[i].address) = counter_record.write[i].value;
    return 0;
}

void counters_prepare(void) { guard_call(write_words, 0, 0); }

static uintptr_t write_setup(uintptr_t unused)
{
    (void)unused;
    if (counter_record.setups > 0)
        __asm__ volatile("99: csrw mscratch, %0" COUNTER_SITE(5) ::"r"((uintptr_t)counter_record.setup[0]));
    if (counter_record.setups > 1)
        __asm__ volatile("99: csrw mscratch, %0" COUNTER_SITE(6) ::"r"((uintptr_t)counter_record.setup[1]));
    return 0;
}

uint64_t timer_ticks(void)
{
    uint32_t low, high = 0, again;
#ifdef BOARD_SUPERVISOR
    if (counter_record.kind != COUNTER_TIMER) return sbi_counter_read();
#endif
    if (counter_record.latch) *word_at(counter_record.latch) = 1;
    if (counter_record.bits == 32) {
        low = *word_at(counter_record.low);
        return counter_record.down ? ~low : low;
    }
    /* The high half is read twice so that a carry between the halves is never seen. */
    do {
        high = *word_at(counter_record.high);
        low = *word_at(counter_record.low);
        again = *word_at(counter_record.high);
    } while (high != again);
    uint64_t ticks = (uint64_t)high << 32 | low;
    return counter_record.down ? ~ticks : ticks;
}

/* No product of the two exceeds 64 bits: the remainder is below 2^32. */
static uint64_t cycles_of(uint64_t ticks)
{
    uint32_t numerator = counter_record.numerator, denominator = counter_record.denominator;
    if (numerator == denominator) return ticks;
    return ticks / denominator * numerator + ticks % denominator * numerator / denominator;
}

uint32_t timer_cycles_since(uint64_t before)
{
    uint64_t ticks = timer_ticks() - before;
    if (counter_record.bits == 32) ticks = (uint32_t)ticks;
    uint64_t cycles = ticks > overhead ? cycles_of(ticks - overhead) : 0;
    return cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX;
}

static uint64_t ticks_now(void)
{
    if (counter_is_called) return timer_ticks();
    return counter_record.bits == 32 ? read_cycles_low() : read_cycles();
}

uint64_t cycles_now(void)
{
    uint64_t ticks = ticks_now();
    if (counter_record.bits == 32) {
        extension += (uint32_t)(ticks - last);
        last = ticks;
        ticks = extension;
    }
    return counter_is_called ? cycles_of(ticks) : ticks;
}

static uintptr_t ticks_moved(uintptr_t unused)
{
    (void)unused;
    uint64_t first = ticks_now();
    /* A timer may be slower than the core by far: 2^20 rounds are half a second at 10 MHz. */
    for (uint32_t round = 0; round < 1u << 20; round++)
        if (ticks_now() != first) return 1;
    return 0;
}

static void measure_overhead(void)
{
    overhead = 0;
    if (!counter_is_called) return;
    uint32_t least = UINT32_MAX;
    for (int i = 0; i < 16; i++) {
        uint64_t before = timer_ticks();
        uint32_t ticks = (uint32_t)(timer_ticks() - before);
        if (ticks < least) least = ticks;
    }
    overhead = least;
}

static int starts(void)
{
    uintptr_t moved = 0;
    if (guard_call(ticks_moved, 0, &moved) || !moved) return 0;
    last = extension = 0;
    measure_overhead();
    cycles_now();
    return 1;
}

/* Hello's bits for a counter of the SBI's PMU: another CSR, with a step of 2. */
#define SAID_SBI (1u << 2 | 1u << 4)

uint8_t counters_start(void)
{
    uint32_t kind = counter_record.kind;
    if (kind == COUNTER_NONE || guard_call(write_setup, 0, 0)) return 0;
    counter_is_called = kind == COUNTER_TIMER;
    if (kind != COUNTER_SBI && starts()) return (uint8_t)(1 | (counter_record.said & 0xFC));
#ifdef BOARD_SUPERVISOR
    /* Firmware may have stopped what rdcycle reads, or forbid it, and still give a counter where it is requested. */
    uintptr_t found = 0;
    if (kind == COUNTER_SBI || (kind == COUNTER_CSR && counter_record.said == 0))
        if (guard_call(sbi_counter_start, 0, &found) == 0 && found != SBI_COUNTER_NONE) {
            counter_is_called = found == SBI_COUNTER_OTHER;
            if (starts()) return 1 | SAID_SBI;
        }
#endif
    return 0;
}
