/*
 * LayerNorm and RMSNorm with one division of 64 bits a row, and a root by halves.
 *
 * A code's quotient is |distance| 2^s / root with s = doublings + 12 and root in [2^30, 2^31). With r = floor((2^62 - 1) / root),
 * |distance| r / 2^(62 - s) is the quotient or one less, because |distance| 2^s < 2^61; the low words of the product say which.
 */
#include "../bb.h"
#include "../ref/requantize.h"
#include "../ref/rows.h"

enum { NORMAL_BITS = 12 };

/* Root of 32 bits, rounded down; what is left over in `rest`. */
static uint32_t root32(uint32_t value, uint32_t *rest) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 30; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    *rest = value;
    return root;
}

/*
 * Root of a value in [2^60, 2^62), rounded down: that of four times it, by the root of the upper half and one division
 * (Zimmermann, Karatsuba square root, INRIA RR-3805), halved.
 */
static uint32_t root62(uint64_t value) {
    uint64_t scaled = value << 2;
    uint32_t rest, upper = root32((uint32_t)(scaled >> 32), &rest), low = (uint32_t)scaled;
    uint32_t dividend = (rest << 15) + (low >> 17);
    uint32_t quotient = dividend / upper, left = dividend - quotient * upper;
    uint64_t remainder = (uint64_t)(2 * left + (low >> 16 & 1)) << 16 | (low & 0xFFFF);
    uint64_t root = ((uint64_t)upper << 16) + quotient;
    if (remainder < (uint64_t)quotient * quotient) root--;
    return (uint32_t)(root >> 1);
}

typedef struct {
    const int32_t *mult, *add;
    int32_t count, sum, zero_in, zero_out;
    uint32_t root, inverse, up; /* up = 62 - s */
    uint8_t shift, bits;
} row_scale;

static inline uint32_t quotient_of(uint32_t magnitude, const row_scale *r) {
    uint64_t wide = (uint64_t)magnitude * r->inverse;
    uint32_t quotient = (uint32_t)(wide >> r->up), s = 62 - r->up;
    uint32_t rest = (s < 32 ? magnitude << s : 0) - quotient * r->root;
    return quotient + (rest >= r->root);
}

static void scale_row(const row_scale *r, const int8_t *in, int8_t *out) {
    for (int32_t k = 0; k < r->count; k++) {
        int32_t distance = r->count * (in[k] + r->zero_in) - r->sum;
        int32_t normal = (int32_t)quotient_of((uint32_t)(distance < 0 ? -distance : distance), r);
        if (distance < 0) normal = -normal;
        int64_t value = (int64_t)normal * r->mult[k] + (int64_t)r->add[k] * (1 << NORMAL_BITS);
        out[k] = bb_round_to_code(value, r->shift, r->zero_out, r->bits, 0);
    }
}

void bb_normalize(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift, int32_t zero_out,
                  uint8_t bits, int8_t *out) {
    if (s->inner != 1 || s->count > 32768 || zero_in < -128 || zero_in > 128) {
        bb_normalize_reference(s, in, zero_in, shift, zero_out, bits, out);
        return;
    }
    row_scale r = { .mult = s->factors, .add = s->factors + s->count, .count = s->count, .zero_in = zero_in,
                    .zero_out = zero_out, .shift = shift, .bits = bits };
    const uint64_t epsilon = (uint64_t)s->epsilon[1] << 32 | s->epsilon[0];
    for (int32_t row = 0; row < s->outer; row++, in += s->count, out += s->count) {
        int32_t sum = 0;
        uint32_t squares = 0;
        for (int32_t k = 0; k < s->count; k++) {
            int32_t value = in[k] + zero_in;
            sum += value;
            squares += (uint32_t)(value * value);
        }
        r.sum = s->centred ? sum : 0;
        uint64_t spread = (uint64_t)s->count * squares - (uint64_t)((int64_t)r.sum * r.sum) + epsilon;
        uint32_t doublings = 0;
        for (; spread && spread < 1ull << 60; spread <<= 2) doublings++;
        if (spread == 0 || spread >> 62) { /* all codes equal without epsilon, or an epsilon beyond every sum */
            bb_normalize_row_reference(s, in, zero_in, shift, zero_out, bits, out);
            continue;
        }
        r.root = root62(spread);
        uint64_t inverse = ((1ull << 62) - 1) / r.root;
        r.inverse = inverse >> 32 ? 0xFFFFFFFFu : (uint32_t)inverse;
        r.up = 62 - (doublings + NORMAL_BITS);
        scale_row(&r, in, out);
    }
}
