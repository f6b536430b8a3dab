/*
 * Few bits on both sides: products of bit planes, 32 at a time. With planes p and q of weights c (the last negative: two's
 * complement), and S = sum over p, q of c[p] c[q] count(a[p] AND w[q]),
 *   sum a * w = S.
 * One-bit codes are -1 and +1, not 0 and 1; there a single plane counts c = 1 and
 *   weights of one bit      2 S - sum a
 *   activations of one bit  -count(a) - S, with count(a[0] XOR w[q])
 *   both                    k - 2 S, with XOR
 * Missing codes at the end of a row are zero bits on both sides and count nothing.
 */
#ifndef BB_PLANES_H
#define BB_PLANES_H

#include "../dot.h"

/* Whether the product of planes p and q counts negative: c[p] c[q] = +-2^(p + q). */
#define BB_IS_NEGATIVE(p, q, a_planes, w_planes) \
    (((p) == (a_planes) - 1 && (a_planes) > 1) != ((q) == (w_planes) - 1 && (w_planes) > 1))

/* One row of codes to planes: word w, plane p at bits[w * planes + p], as the layout `planes` of weights. */
BB_INLINE void bb_to_planes(const int8_t *a, uint32_t k, uint32_t planes, uint32_t *bits) {
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

/* The part of a row's sums that does not depend on the weights. */
BB_INLINE int32_t bb_planes_start(const int8_t *a, uint32_t k, uint32_t a_planes, uint32_t w_planes) {
    if (a_planes > 1 && w_planes > 1) return 0;
    if (a_planes == 1 && w_planes == 1) return (int32_t)k;
    int32_t total = 0;
    for (const int8_t *end = a + k; a != end; a++) total += *a;
    /* count(a) of a row of -1 and +1 is (k + sum a) / 2. */
    return a_planes == 1 ? -((int32_t)k + total) / 2 : -total;
}

/* How often S counts in a row's sums. */
BB_INLINE int32_t bb_planes_factor(uint32_t a_planes, uint32_t w_planes) {
    return (a_planes == 1 ? -1 : 1) * (w_planes == 1 ? 2 : 1);
}

/* Bytes of one row of at most four planes: (k + 31) / 32 words each, rounded up so that it is linear in k. */
BB_INLINE size_t bb_planes_bytes(uint32_t k) { return 64 + (size_t)k; }

#endif
