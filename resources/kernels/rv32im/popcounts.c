/*
 * Few bits on both sides, for cores that count bits in one instruction (Zbb cpop): a product of two planes is an AND, its sum
 * a population count, 32 products at a time. With planes p and q of weights c (the last negative: two's complement),
 *   sum a * w = sum over p, q of c[p] c[q] count(a[p] & w[q]).
 * One-bit codes are -1 and +1, not 0 and 1:
 *   weights     2 sum over p of c[p] count(a[p] & w) - sum a
 *   activations -count(a) - sum over q of c[q] count(a ^ w[q])
 *   both        k - 2 count(a ^ w)
 * Missing codes at the end of a row are zero bits on both sides and count nothing.
 */
#include "../dot.h"

#define INLINE static inline __attribute__((always_inline))
#define MOST_ROWS 16

/* The planes of 16 rows of at most four bits, or tables. */
size_t bb_popcounts_scratch(uint32_t m, uint32_t k) {
    size_t planes = (size_t)MOST_ROWS * ((k + 31) / 32) * 4 * sizeof(uint32_t), tables = bb_tables_scratch(m, k);
    return planes > tables ? planes : tables;
}

/* Codes a[k] to planes: word w, plane p at bits[w * planes + p], as the layout `planes` of weights. */
INLINE void to_planes(const int8_t *a, uint32_t k, uint32_t planes, uint32_t *bits) {
    for (; k > 0; bits += planes) {
        uint32_t count = k < 32 ? k : 32, gap = 32 - count;
        uint32_t p0 = 0, p1 = 0, p2 = 0, p3 = 0;
        for (const int8_t *end = a + count; a != end; a++) {
            /* Bits enter from above, so that the first code ends up in bit 0. At one bit, -1 and +1 differ in bit 1. */
            uint32_t code = (uint32_t)*a;
            p0 = p0 >> 1 | (planes == 1 ? ~code >> 1 : code) << 31;
            if (planes > 1) p1 = p1 >> 1 | (code >> 1) << 31;
            if (planes > 2) p2 = p2 >> 1 | (code >> 2) << 31;
            if (planes > 2) p3 = p3 >> 1 | (code >> 3) << 31;
        }
        bits[0] = p0 >> gap;
        if (planes > 1) bits[1] = p1 >> gap;
        if (planes > 2) bits[2] = p2 >> gap;
        if (planes > 2) bits[3] = p3 >> gap;
        k -= count;
    }
}

/* Weight of a plane in two's complement of `planes` bits; a single plane counts as it is. */
#define PLANE_WEIGHT(plane, planes) ((plane) == (planes) - 1 && (planes) > 1 ? -(1 << (plane)) : 1 << (plane))

/* Sum over all words of one row of either side, without the part that does not depend on both. At most four products. */
INLINE int32_t count_row(const uint32_t *a, const uint32_t *w, uint32_t words, uint32_t a_planes, uint32_t w_planes) {
    uint32_t counts[4] = {0, 0, 0, 0};
#pragma GCC unroll 4
    for (const uint32_t *end = a + words * a_planes; a != end; a += a_planes, w += w_planes) {
#define COUNT(p, q)                                                                                              \
    if ((p) < a_planes && (q) < w_planes)                                                                        \
    counts[(p) * w_planes + (q)] += (uint32_t)__builtin_popcount(a_planes == 1 ? a[p] ^ w[q] : a[p] & w[q])
        COUNT(0, 0);
        COUNT(0, 1);
        COUNT(0, 2);
        COUNT(0, 3);
        COUNT(1, 0);
        COUNT(1, 1);
        COUNT(2, 0);
        COUNT(3, 0);
    }
    int32_t sum = 0;
#define WEIGH(p, q)                       \
    if ((p) < a_planes && (q) < w_planes) \
    sum += PLANE_WEIGHT(p, (int)a_planes) * PLANE_WEIGHT(q, (int)w_planes) * (int32_t)counts[(p) * w_planes + (q)]
    WEIGH(0, 0);
    WEIGH(0, 1);
    WEIGH(0, 2);
    WEIGH(0, 3);
    WEIGH(1, 0);
    WEIGH(1, 1);
    WEIGH(2, 0);
    WEIGH(3, 0);
    if (a_planes == 1) return w_planes == 1 ? -2 * sum : -sum;
    return w_planes == 1 ? 2 * sum : sum;
}

INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                uint32_t *bits, uint32_t a_planes, uint32_t w_planes) {
    const uint32_t words = (k + 31) / 32;
    int32_t starts[MOST_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        const int8_t *row = a + (size_t)i * k;
        int32_t total = 0;
        for (uint32_t at = 0; at < k; at++) total += row[at];
        /* count(a) of a row of -1 and +1 is (k + sum a) / 2. */
        if (a_planes == 1) starts[i] = w_planes == 1 ? (int32_t)k : -((int32_t)k + total) / 2;
        else starts[i] = w_planes == 1 ? -total : 0;
        to_planes(row, k, a_planes, bits + i * words * a_planes);
    }
    for (uint32_t j = 0; j < m; j++, weights += words * w_planes)
        for (uint32_t i = 0; i < n; i++)
            acc[i * m + j] = starts[i] + count_row(bits + i * words * a_planes, weights, words, a_planes, w_planes);
}

#define POPCOUNTS_DOT(a_planes, w_planes)                                                                              \
    void bb_popcounts_a##a_planes##w##w_planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m,      \
                                                     uint32_t k, int32_t *acc, void *scratch) {                        \
        dot(a, weights, n, m, k, acc, scratch, a_planes, w_planes);                                                    \
    }

POPCOUNTS_DOT(1, 1)
POPCOUNTS_DOT(1, 2)
POPCOUNTS_DOT(1, 4)

/* Here a full tile is cheaper by tables, which share a look-up among 16 rows; fewer rows are counted. */
#define LEAST_ROWS_OF_TABLES 8

#define COUNTS_OR_TABLES_DOT(a_planes, w_planes)                                                                       \
    void bb_popcounts_a##a_planes##w##w_planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m,      \
                                                     uint32_t k, int32_t *acc, void *scratch) {                        \
        if (n >= LEAST_ROWS_OF_TABLES) bb_tables_a##a_planes##w##w_planes##_dot(a, weights, n, m, k, acc, scratch);     \
        else dot(a, weights, n, m, k, acc, scratch, a_planes, w_planes);                                               \
    }

COUNTS_OR_TABLES_DOT(2, 1)
COUNTS_OR_TABLES_DOT(2, 2)
COUNTS_OR_TABLES_DOT(4, 1)
