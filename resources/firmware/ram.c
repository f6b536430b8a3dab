/*
 * Finds the end of RAM by writing and looking. Every address that is touched lies a multiple of 64 KiB above a word the
 * monitor set aside, so where the address decoder wraps, the write lands on that word (or on RAM that is put back) and
 * never on the monitor. A bus that faults is caught; a bus that hangs on nothing there needs BOARD_RAM_BYTES.
 */
#include "monitor.h"

#define BLOCK 0x10000u

/* In the first block, beside the reset code (board.ld): further up, the search would end as many blocks too early. */
static volatile uint32_t marker __attribute__((section(".marker")));

static void probe_barrier(void) { __asm__ volatile("fence rw, rw" ::: "memory"); }

/* Guarded: writes two patterns at `address`, looks, and puts the old word back. */
static uintptr_t word_holds(uintptr_t address)
{
    volatile uint32_t *word = (volatile uint32_t *)address;
    uint32_t kept = *word;
    *word = 0xA5C33C5Au;
    probe_barrier();
    int holds = *word == 0xA5C33C5Au;
    *word = 0x5A3CC3A5u;
    probe_barrier();
    holds = holds && *word == 0x5A3CC3A5u;
    *word = kept;
    return (uintptr_t)holds;
}

static int holds(uintptr_t address)
{
    uintptr_t result;
    return guard_call(word_holds, address, &result) == 0 && result;
}

/* True when writing `address` changes the word at `other`; both are RAM that holds. */
static int aliases(uintptr_t address, uintptr_t other)
{
    volatile uint32_t *a = (volatile uint32_t *)address, *b = (volatile uint32_t *)other;
    uint32_t kept_a = *a, kept_b = *b;
    *b = 0x13579BDFu;
    *a = 0x2468ACE0u;
    probe_barrier();
    int same = *b != 0x13579BDFu;
    *a = kept_a;
    *b = kept_b;
    return same;
}

static int block_is_ram(uintptr_t offset, uintptr_t half)
{
    uintptr_t word = (uintptr_t)&marker, address = word + offset;
    if (!holds(address) || aliases(address, word)) return 0;
    return half == 0 || !aliases(address, address - half);
}

uintptr_t ram_find_end(uintptr_t monitor_base, uintptr_t monitor_bytes, uintptr_t most_bytes)
{
#ifdef BOARD_RAM_BYTES
    (void)monitor_bytes, (void)most_bytes, (void)block_is_ram;
    return monitor_base + BOARD_RAM_BYTES;
#else
    /* The block at `low` is RAM (the monitor's end lies in it), the one at `high` is not, once the first loop ends. */
    uintptr_t high = (monitor_bytes + BLOCK - 1) / BLOCK * BLOCK, low = high - BLOCK;
    while (high < most_bytes && block_is_ram(high, 0)) {
        low = high;
        high *= 2;
    }
    uintptr_t half = low;
    while (high - low > BLOCK) {
        uintptr_t middle = low + (high - low) / 2 / BLOCK * BLOCK;
        if (block_is_ram(middle, half)) low = middle;
        else high = middle;
    }
    /* The last block may end early: its last word tells. Everything below has been seen not to wrap. */
    uintptr_t end = monitor_base + low + BLOCK;
    if (low >= monitor_bytes && !holds(end - 4)) end -= BLOCK;
    marker = 0; /* as linked: the build id is taken over it */
    return end < monitor_base + monitor_bytes ? monitor_base + monitor_bytes : end;
#endif
}

int ram_usable(uintptr_t address, uint32_t length)
{
    return length > 0 && address >= board.ram_low && address <= board.ram_high && length <= board.ram_high - address;
}

#ifdef BOARD_FLASH
int readable(uintptr_t address, uint32_t length)
{
    if (ram_usable(address, length)) return 1;
    return length > 0 && address >= board.flash_low && address <= board.flash_high && length <= board.flash_high - address;
}
#endif
