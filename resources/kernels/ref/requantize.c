/* Sums to codes and codes to codes (docs/arithmetic.md "Requantise"). */
#include "requantize.h"

#include "bb.h"

void bb_requantize_reference(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels,
                             int8_t *out) {
    for (uint32_t pixel = 0; pixel < pixels; pixel++)
        for (uint32_t c = 0; c < channels; c++) {
            /* The bias wraps as the sums do. */
            int32_t sum = (int32_t)((uint32_t)*acc++ + (uint32_t)(q->bias ? q->bias[c] : 0));
            *out++ = bb_round_to_code((int64_t)sum * q->mult[c], q->shift[c], q->zero, q->bits, q->relu);
        }
}

void bb_requantize_codes(const int8_t *in, uint32_t count, int32_t zero_in, int32_t mult, uint8_t shift,
                         int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    for (uint32_t at = 0; at < count; at++)
        out[at] = bb_round_to_code((int64_t)(in[at] + zero_in) * mult, shift, zero_out, bits, relu);
}
