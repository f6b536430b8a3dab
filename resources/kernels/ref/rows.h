/* Rows of codes: what reductions, softmax and norms walk over. */
#ifndef BB_ROWS_H
#define BB_ROWS_H

#include <stdint.h>

/* First element of a row: rows lie `inner` abreast. */
static inline const int8_t *row_begin(const int8_t *in, int32_t row, int32_t count, int32_t inner) {
    return in + (row / inner) * count * inner + row % inner;
}

static inline int32_t largest(const int8_t *in, int32_t count, int32_t inner) {
    int32_t best = -128;
    for (; count > 0; count--, in += inner)
        if (*in > best) best = *in;
    return best;
}

#endif
