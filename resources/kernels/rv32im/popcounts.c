/*
 * Few bits on both sides, for cores that count bits in one instruction (Zbb cpop): products of planes (planes.h), each counted
 * as it is made.
 */
#include "planes.h"

/* Tables share a look-up among 16 rows; where few rows would share it, counting is cheaper. */
#define LEAST_ROWS_OF_TABLES 8

size_t bb_popcounts_scratch(uint32_t m, uint32_t k) { return bb_tables_scratch(m, k) + bb_planes_bytes(k); }

/* S of planes.h: all words of one row of either side, at most eight products of planes. */
BB_INLINE int32_t count_row(const uint32_t *a, const uint32_t *w, uint32_t words, uint32_t a_planes, uint32_t w_planes) {
    /* One counter for each weight a product may have, and sign apart. */
    int32_t plus[5] = {0, 0, 0, 0, 0}, minus[5] = {0, 0, 0, 0, 0};
#pragma GCC unroll 4
    for (const uint32_t *end = a + words * a_planes; a != end; a += a_planes, w += w_planes) {
#define COUNT(p, q)                                                                                       \
    if ((p) < a_planes && (q) < w_planes) {                                                               \
        int32_t count_ = __builtin_popcount(a_planes == 1 ? a[p] ^ w[q] : a[p] & w[q]);                    \
        if (BB_IS_NEGATIVE(p, q, a_planes, w_planes)) minus[(p) + (q)] += count_;                          \
        else plus[(p) + (q)] += count_;                                                                   \
    }
        COUNT(0, 0)
        COUNT(0, 1)
        COUNT(0, 2)
        COUNT(0, 3)
        COUNT(1, 0)
        COUNT(1, 1)
        COUNT(1, 2)
        COUNT(1, 3)
        COUNT(2, 0)
        COUNT(2, 1)
        COUNT(3, 0)
        COUNT(3, 1)
    }
    int32_t sum = 0;
#pragma GCC unroll 5
    for (uint32_t digit = 0; digit < 5; digit++) sum += (plus[digit] - minus[digit]) * (1 << digit);
    return sum;
}

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                   uint32_t *bits, uint32_t a_planes, uint32_t w_planes) {
    const uint32_t words = (k + 31) / 32;
    const int32_t factor = bb_planes_factor(a_planes, w_planes);
    for (; n > 0; n--, a += k) {
        const int32_t start = bb_planes_start(a, k, a_planes, w_planes);
        bb_to_planes(a, k, a_planes, bits);
        const uint32_t *w = weights;
        for (int32_t *end = acc + m; acc != end; acc++, w += words * w_planes)
            *acc = start + factor * count_row(bits, w, words, a_planes, w_planes);
    }
}

#define POPCOUNTS_DOT(a_planes, w_planes)                                                                              \
    void bb_popcounts_a##a_planes##w##w_planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m,      \
                                                     uint32_t k, int32_t *acc, void *scratch) {                        \
        dot(a, weights, n, m, k, acc, scratch, a_planes, w_planes);                                                    \
    }

POPCOUNTS_DOT(1, 1)
POPCOUNTS_DOT(1, 2)
POPCOUNTS_DOT(1, 4)

#define COUNTS_OR_TABLES_DOT(a_planes, w_planes)                                                                       \
    void bb_popcounts_a##a_planes##w##w_planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m,      \
                                                     uint32_t k, int32_t *acc, void *scratch) {                        \
        if (n >= LEAST_ROWS_OF_TABLES) bb_tables_a##a_planes##w##w_planes##_dot(a, weights, n, m, k, acc, scratch);     \
        else dot(a, weights, n, m, k, acc, scratch, a_planes, w_planes);                                               \
    }

COUNTS_OR_TABLES_DOT(2, 1)
COUNTS_OR_TABLES_DOT(2, 2)
COUNTS_OR_TABLES_DOT(2, 4)
COUNTS_OR_TABLES_DOT(4, 1)
COUNTS_OR_TABLES_DOT(4, 2)
