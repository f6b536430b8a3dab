/* A recurrence with the product of its state as an argument: shared by the reference and the fast version. */
#ifndef BB_RECURRENT_H
#define BB_RECURRENT_H

#include "../bb.h"

/* sums[row] = codes times row of `weights` [rows][hidden] */
typedef void (*bb_state_product)(const int8_t *weights, const int8_t *codes, int32_t rows, int32_t hidden, int32_t *sums);

void bb_recurrent_by(bb_state_product product, const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in,
                     int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, void *scratch, int8_t *out);

#endif
