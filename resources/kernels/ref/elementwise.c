/* Operators without a window: addition, copy, first maximum. */
#include <string.h>

#include "bb.h"
#include "requantize.h"

void bb_add(const int8_t *a, const int8_t *b, uint32_t count, int32_t zero_a, int32_t zero_b, int32_t mult_a,
            int32_t mult_b, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    for (uint32_t at = 0; at < count; at++) {
        int64_t sum = (int64_t)(a[at] + zero_a) * mult_a + (int64_t)(b[at] + zero_b) * mult_b;
        out[at] = bb_round_to_code(sum, shift, zero_out, bits, relu);
    }
}

void bb_flatten(const int8_t *in, uint32_t count, int8_t *out) { memmove(out, in, count); }

uint32_t bb_argmax(const int32_t *values, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t at = 1; at < count; at++)
        if (values[at] > values[best]) best = at;
    return best;
}
