/* Counters of boards that the host describes: a CSR or a timer on the bus. */
#include "counters.h"
#include "monitor.h"

static inline volatile uint32_t *word_at(uint64_t address) { return (volatile uint32_t *)(uintptr_t)address; }

static uint64_t last, extension;
static uint32_t overhead;

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
    return ticks > overhead ? (uint32_t)cycles_of(ticks - overhead) : 0;
}

static uint64_t ticks_now(void)
{
    if (counter_record.kind == COUNTER_TIMER) return timer_ticks();
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
    return counter_record.kind == COUNTER_TIMER ? cycles_of(ticks) : ticks;
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
    if (counter_record.kind != COUNTER_TIMER) return;
    uint32_t least = UINT32_MAX;
    for (int i = 0; i < 16; i++) {
        uint64_t before = timer_ticks();
        uint32_t ticks = (uint32_t)(timer_ticks() - before);
        if (ticks < least) least = ticks;
    }
    overhead = least;
}

uint8_t counters_start(void)
{
    uintptr_t moved = 0;
    last = extension = 0;
    if (counter_record.kind == COUNTER_NONE || guard_call(write_setup, 0, 0)) return 0;
    if (guard_call(ticks_moved, 0, &moved) || !moved) return 0;
    measure_overhead();
    cycles_now();
    return (uint8_t)(1 | (counter_record.said & 0xFC));
}
