/* Operators without a window: addition, copy, first maximum. */
#include <string.h>

#include "bb.h"
#include "requantize.h"

/* Sums of at most 2^30 fit a word: codes with an offset of 8 bits, multipliers of 21 bits. */
static int is_narrow(int32_t zero, int32_t mult) {
    return zero >= -128 && zero <= 128 && mult >= -(1 << 21) && mult <= 1 << 21;
}

/* bb_add in 32 bits: offsets and rounding are one constant, ReLU is a lower limit. */
static void add_narrow(const int8_t *a, const int8_t *b, uint32_t count, int32_t constant, int32_t mult_a, int32_t mult_b,
                       uint8_t shift, int32_t zero_out, int32_t low, int32_t high, int8_t *out) {
    for (const int8_t *end = a + count; a != end; a++, b++, out++) {
        int32_t code = ((*a * mult_a + *b * mult_b + constant) >> shift) - zero_out;
        if (code < low) code = low;
        if (code > high) code = high;
        *out = (int8_t)code;
    }
}

void bb_add(const int8_t *a, const int8_t *b, uint32_t count, int32_t zero_a, int32_t zero_b, int32_t mult_a,
            int32_t mult_b, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    int32_t low = -(1 << (bits - 1)), high = -low - 1;
    if (bits > 1 && shift <= 30 && is_narrow(zero_a, mult_a) && is_narrow(zero_b, mult_b) && zero_out >= -65536 &&
        zero_out <= 65536) {
        int32_t constant = zero_a * mult_a + zero_b * mult_b + (1 << (shift - 1));
        if (relu && -zero_out > low) low = -zero_out < high ? -zero_out : high;
        add_narrow(a, b, count, constant, mult_a, mult_b, shift, zero_out, low, high, out);
        return;
    }
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
