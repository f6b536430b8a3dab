/* Activations become packed words of codes (docs/isa.md). */
#ifndef BB_XBB_PACK_H
#define BB_XBB_PACK_H

#include "../dot.h"
#include "instructions.h"

/* One word of codes from 32 / wide bytes at a word's address. Every bit of the word before moves out. */
BB_INLINE uint32_t pack_word(const uint32_t *codes, uint32_t wide) {
    if (wide == 8) return codes[0];
    uint32_t word = codes[0];
    XBB_PACK(word, codes[0], wide);
    XBB_PACK(word, codes[1], wide);
    if (wide <= 2) {
        XBB_PACK(word, codes[2], wide);
        XBB_PACK(word, codes[3], wide);
    }
    if (wide == 1) {
        XBB_PACK(word, codes[4], wide);
        XBB_PACK(word, codes[5], wide);
        XBB_PACK(word, codes[6], wide);
        XBB_PACK(word, codes[7], wide);
    }
    return word;
}

/* The same from `count` bytes anywhere; what is missing is zero. */
BB_INLINE uint32_t pack_bytes(const int8_t *codes, uint32_t count, uint32_t wide) {
    uint32_t bytes[8] = {0};
    int8_t *to = (int8_t *)bytes;
    for (uint32_t at = 0; at < count; at++) to[at] = codes[at];
    return pack_word(bytes, wide);
}

/* A row of k codes as `words` words, each `step` behind the one before. */
BB_INLINE void pack_row_of(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step, uint32_t wide) {
    const uint32_t lanes = 32 / wide, quarter = 8 / wide;
    uint32_t *end = to + (size_t)words * step;
    if (((uintptr_t)a & 3) == 0) {
        const uint32_t *from = (const uint32_t *)(const void *)a;
        uint32_t whole = k / lanes;
        const uint32_t *most = from + (whole & ~3u) * quarter;
        a += whole * lanes;
        k -= whole * lanes;
        for (; from != most; from += 4 * quarter, to += 4 * step) {
            to[0] = pack_word(from, wide);
            to[step] = pack_word(from + quarter, wide);
            to[2 * step] = pack_word(from + 2 * quarter, wide);
            to[3 * step] = pack_word(from + 3 * quarter, wide);
        }
        for (whole &= 3; whole > 0; whole--, from += quarter, to += step) *to = pack_word(from, wide);
    }
    for (; to != end; to += step) {
        uint32_t count = k < lanes ? k : lanes;
        *to = count ? pack_bytes(a, count, wide) : 0;
        a += count;
        k -= count;
    }
}

#endif
