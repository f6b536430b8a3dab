/* Softmax of rows of codes (docs/arithmetic.md). */
#include "bb.h"
#include "requantize.h"
#include "rows.h"

void bb_softmax_reference(const bb_softmax_shape *s, const int8_t *in, int32_t zero_out, uint8_t bits, int8_t *out) {
    for (int32_t row = 0; row < s->outer * s->inner; row++) {
        const int8_t *from = row_begin(in, row, s->count, s->inner);
        int8_t *to = out + (from - in);
        int32_t best = largest(from, s->count, s->inner);
        uint32_t sum = 0;
        for (int32_t k = 0; k < s->count; k++) sum += (uint32_t)s->exponents[best - from[k * s->inner]];
        for (int32_t k = 0; k < s->count; k++) {
            uint32_t share = (uint32_t)s->exponents[best - from[k * s->inner]] * (uint32_t)s->levels;
            to[k * s->inner] = bb_to_code((int64_t)((share + sum / 2) / sum), zero_out, bits);
        }
    }
}
