/* Rows of codes that become one code (docs/arithmetic.md). */
#include "bb.h"
#include "requantize.h"
#include "rows.h"

void bb_reduce(const bb_reduce_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
               int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    for (int32_t row = 0; row < s->outer * s->inner; row++) {
        const int8_t *from = row_begin(in, row, s->count, s->inner);
        if (s->function == BB_REDUCE_MAX) {
            out[row] = (int8_t)largest(from, s->count, s->inner);
            continue;
        }
        int32_t sum = 0;
        for (int32_t k = 0; k < s->count; k++) sum += from[k * s->inner] + zero_in;
        out[row] = bb_round_to_code((int64_t)sum * mult, shift, zero_out, bits, relu);
    }
}
