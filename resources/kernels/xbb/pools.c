/* Poolings whose windows of two by two are taken four channels at a time by the instruction max (docs/isa.md). */
#include <stdint.h>

#include "instructions.h"

static inline int pool_words(const int8_t *in, uint32_t line, uint32_t c, int8_t *out) {
    if ((((uintptr_t)in | line | c | (uintptr_t)out) & 3) != 0) return 0;
    const uint32_t *from = (const uint32_t *)(const void *)in, *below = (const uint32_t *)(const void *)(in + line);
    uint32_t *to = (uint32_t *)(void *)out;
    for (const uint32_t *end = from + c / 4; from != end; from++, below++, to++) {
        uint32_t greatest = from[0], first = below[0], second = from[c / 4], third = below[c / 4];
        XBB_MAX(greatest, first);
        XBB_MAX(second, third);
        XBB_MAX(greatest, second);
        *to = greatest;
    }
    return 1;
}

#define BB_POOL_WORDS pool_words
#include "../ref/pools.c"
