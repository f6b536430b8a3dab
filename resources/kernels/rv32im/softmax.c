/*
 * Softmax of rows of codes with one division a row. With r = floor((2^32 - 1) / sum), the high word of x r is the quotient
 * x / sum or one less (x < 2^32), and one product says which.
 */
#include "../bb.h"
#include "../ref/rows.h"

static void one_row(const int32_t *exponents, uint32_t levels, const int8_t *in, int32_t count, int32_t zero, int32_t low,
                    int32_t high, int8_t *out) {
    int32_t best = largest(in, count, 1);
    const int8_t *end = in + count;
    uint32_t sum = 0;
    for (const int8_t *code = in; code != end; code++) sum += (uint32_t)exponents[best - *code];
    uint32_t inverse = 0xFFFFFFFFu / sum, half = sum / 2;
    for (; in != end; in++, out++) {
        uint32_t dividend = (uint32_t)exponents[best - *in] * levels + half;
        uint32_t quotient = (uint32_t)((uint64_t)dividend * inverse >> 32);
        if (dividend - quotient * sum >= sum) quotient++;
        int32_t code = (int32_t)quotient - zero;
        if (code < low) code = low;
        if (code > high) code = high;
        *out = (int8_t)code;
    }
}

void bb_softmax(const bb_softmax_shape *s, const int8_t *in, int32_t zero_out, uint8_t bits, int8_t *out) {
    /* The first exponent is 2^15: more codes than this would let a sum pass 32 bits, and other tables have other limits. */
    int fits = s->inner == 1 && s->count <= 65535 && s->exponents[0] == 1 << 15 && s->levels <= 256;
    if (!fits || bits == 1 || zero_out < -65536 || zero_out > 65536) {
        bb_softmax_reference(s, in, zero_out, bits, out);
        return;
    }
    const int32_t low = -(1 << (bits - 1)), high = -low - 1;
    for (int32_t row = 0; row < s->outer; row++, in += s->count, out += s->count)
        one_row(s->exponents, (uint32_t)s->levels, in, s->count, zero_out, low, high, out);
}
