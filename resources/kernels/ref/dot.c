/*
 * Reference inner product of all 16 pairs: one code of each side at a time, weights in the canonical packed layout.
 * It is what every fast version must equal bit for bit, so it is written to be read, not to be fast.
 */
#include "dot.h"
#include "packed.h"

static void dot(uint32_t bits, const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k,
                int32_t *acc) {
    uint32_t row_words = (k * bits + 31) / 32;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < m; j++) {
            /* Unsigned, because sums wrap and signed overflow is undefined in C. */
            uint32_t sum = 0;
            for (uint32_t at = 0; at < k; at++)
                sum += (uint32_t)(a[i * k + at] * bb_packed_code(weights + j * row_words, bits, at));
            acc[i * m + j] = (int32_t)sum;
        }
    }
}

size_t bb_ref_scratch(uint32_t m, uint32_t k) {
    (void)m;
    (void)k;
    return 0;
}

#define REFERENCE_DOT(bits)                                                                                         \
    void bb_ref_w##bits##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, \
                              void *scratch) {                                                                      \
        (void)scratch;                                                                                              \
        dot(bits, a, weights, n, m, k, acc);                                                                        \
    }

REFERENCE_DOT(8)
REFERENCE_DOT(4)
REFERENCE_DOT(2)
REFERENCE_DOT(1)
