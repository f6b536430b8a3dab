/* Rows of codes that become one code, or are scaled by what they all have in common (docs/arithmetic.md). */
#include "bb.h"
#include "requantize.h"

/* First element of a row: rows lie `inner` abreast. */
static inline const int8_t *row_begin(const int8_t *in, int32_t row, int32_t count, int32_t inner) {
    return in + (row / inner) * count * inner + row % inner;
}

static int32_t largest(const int8_t *in, int32_t count, int32_t inner) {
    int32_t best = -128;
    for (; count > 0; count--, in += inner)
        if (*in > best) best = *in;
    return best;
}

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

void bb_softmax(const bb_softmax_shape *s, const int8_t *in, int32_t zero_out, uint8_t bits, int8_t *out) {
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

/* Square root rounded down. */
static uint32_t square_root(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1) {
        uint64_t next = root | bit;
        if (next * next <= value) root = next;
    }
    return (uint32_t)root;
}

enum { NORMAL_BITS = 12 };

void bb_normalize(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift, int32_t zero_out,
                  uint8_t bits, int8_t *out) {
    const int32_t *mult = s->factors, *add = s->factors + s->count;
    for (int32_t row = 0; row < s->outer * s->inner; row++) {
        const int8_t *from = row_begin(in, row, s->count, s->inner);
        int8_t *to = out + (from - in);
        int64_t sum = 0, squares = 0;
        for (int32_t k = 0; k < s->count; k++) {
            int32_t value = from[k * s->inner] + zero_in;
            sum += value;
            squares += (uint32_t)(value * value);
        }
        if (!s->centred) sum = 0;
        uint64_t spread = (uint64_t)(s->count * squares - sum * sum) + ((uint64_t)s->epsilon[1] << 32 | s->epsilon[0]);
        int32_t doublings = 0;
        for (; spread && spread < 1ull << 60; spread <<= 2) doublings++;
        int64_t root = square_root(spread);
        for (int32_t k = 0; k < s->count; k++) {
            int64_t distance = (int64_t)s->count * (from[k * s->inner] + zero_in) - sum;
            int64_t normal = root ? distance * ((int64_t)1 << (doublings + NORMAL_BITS)) / root : 0;
            int64_t value = normal * mult[k] + (int64_t)add[k] * (1 << NORMAL_BITS);
            to[k * s->inner] = bb_round_to_code(value, shift, zero_out, bits, 0);
        }
    }
}
