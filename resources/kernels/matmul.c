/* Matrix product: rows_max rows of activations at a time through the pair's inner product. */
#include "bb.h"

size_t bb_matmul_scratch(const bb_pair *pair, uint32_t n, uint32_t m, uint32_t k) {
    (void)n;
    return pair->scratch(m, k);
}

bb_status bb_matmul(const bb_pair *pair, const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,
                    int32_t *acc, void *scratch, size_t scratch_bytes) {
    if (!pair) return BB_UNSUPPORTED;
    if (n == 0 || m == 0 || k == 0) return BB_BAD_ARGUMENT;
    if (scratch_bytes < bb_matmul_scratch(pair, n, m, k)) return BB_NO_MEMORY;
    for (uint32_t row = 0; row < n; row += pair->rows_max) {
        uint32_t rows = n - row < pair->rows_max ? n - row : pair->rows_max;
        pair->dot(a + (size_t)row * k, weights, rows, m, k, acc + (size_t)row * m, scratch);
    }
    return BB_OK;
}
