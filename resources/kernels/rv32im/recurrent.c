/*
 * A recurrence whose state is read once for four rows of weights, and whose gates are found in 32 bits.
 *
 * recurrent_part.h says why nothing is lost; where its conditions do not hold (no quantizer writes such factors) gates are
 * found as in the reference.
 */
#include "recurrent_part.h"

static inline int32_t own_part(const recurrence *r, int32_t row) {
    return own_of_code(r->in[row] + r->zero_in, r->shape->own_mult, r->shape->own_shift);
}

static inline int32_t state_part(const recurrence *r, int32_t row) {
    return part_of_sum(bb_recurrent_sum(r, row), r->mult[row], r->shift[row]);
}

static __attribute__((noinline)) int32_t argument(const recurrence *r, int32_t row) { return own_part(r, row) + state_part(r, row); }

static int32_t own(const recurrence *r, int32_t row) { return own_part(r, row); }

/* The state's part alone; as a difference the code for it is there once. */
static int32_t limited(const recurrence *r, int32_t row) { return bb_reset_limited(argument(r, row) - own_part(r, row)); }

static void product_of_four(const recurrence *r, const int8_t *codes, int32_t first, int32_t end) {
    int32_t row = first, hidden = r->hidden, *sums = r->sums;
    const int8_t *weights = bb_recurrent_row(r, first);
    for (; row + 4 <= end; row += 4, weights += 4 * hidden) {
        const int8_t *a = weights, *b = a + hidden, *c = b + hidden, *d = c + hidden;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int32_t k = 0; k < hidden; k++) {
            int32_t code = codes[k];
            s0 += code * a[k];
            s1 += code * b[k];
            s2 += code * c[k];
            s3 += code * d[k];
        }
        sums[row] = s0;
        sums[row + 1] = s1;
        sums[row + 2] = s2;
        sums[row + 3] = s3;
    }
    for (; row < end; row++, weights += hidden) {
        int32_t sum = 0;
        for (int32_t k = 0; k < hidden; k++) sum += codes[k] * weights[k];
        sums[row] = sum;
    }
}

/* A row of packed weights, or the last one beyond it, whose sum is then found more than once. */
static inline const uint32_t *packed_row(const recurrence *r, int32_t row, int32_t end) {
    return (const uint32_t *)(const void *)bb_recurrent_row(r, row < end ? row : end - 1);
}

/*
 * The next weight of a word is its lowest bits. A bit is taken as a number, 0 or -1: a weight of +-1 is -2 times it less 1, so
 * that the sum is -2 times the sum of products less the sum of codes.
 */
static void packed_product_of_four(const recurrence *r, const int8_t *codes, int32_t first, int32_t end) {
    int32_t bits = r->shape->weight_bits, hidden = r->hidden, all = 0, above = 32 - bits, a_word = 32 / bits;
    for (int32_t k = 0; k < hidden; k++) all += codes[k];
    for (int32_t row = first; row < end; row += 4) {
        const uint32_t *a = packed_row(r, row, end), *b = packed_row(r, row + 1, end), *c = packed_row(r, row + 2, end),
                       *d = packed_row(r, row + 3, end);
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int32_t k = 0; k < hidden;) {
            uint32_t wa = *a++, wb = *b++, wc = *c++, wd = *d++;
            for (int32_t stop = k + a_word < hidden ? k + a_word : hidden; k < stop; k++) {
                int32_t code = codes[k];
                s0 += code * ((int32_t)(wa << above) >> above), wa >>= bits;
                s1 += code * ((int32_t)(wb << above) >> above), wb >>= bits;
                s2 += code * ((int32_t)(wc << above) >> above), wc >>= bits;
                s3 += code * ((int32_t)(wd << above) >> above), wd >>= bits;
            }
        }
        const int32_t sums[4] = { s0, s1, s2, s3 };
        for (int32_t i = 0; i < 4 && row + i < end; i++) r->sums[row + i] = bits == 1 ? -2 * sums[i] - all : sums[i];
    }
}

void bb_recurrent(const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                  int32_t zero_out, uint8_t bits, void *scratch, int8_t *out) {
    static const bb_recurrent_way narrow = { product_of_four, packed_product_of_four, argument, own, limited };
    static const bb_recurrent_way wide = { product_of_four, packed_product_of_four, bb_wide_argument, bb_wide_own,
                                           bb_wide_limited };
    bb_recurrent_by(parts_fit(s, zero_in) ? &narrow : &wide, s, in, zero_in, mult, shift, zero_out, bits, scratch, out);
}
