/* Codes in the canonical packed layout (layouts.md), one at a time. */
#ifndef BB_PACKED_H
#define BB_PACKED_H

#include <stdint.h>

/* Code number `at` of a packed row: b bits, little-endian within 32-bit words; one bit stands for -1 or +1. */
static inline int32_t bb_packed_code(const uint32_t *row, uint32_t bits, uint32_t at) {
    uint32_t bit = at * bits;
    uint32_t field = row[bit / 32] >> (bit % 32);
    if (bits == 1) return (field & 1) ? 1 : -1;
    return (int32_t)(field << (32 - bits)) >> (32 - bits);
}

#endif
