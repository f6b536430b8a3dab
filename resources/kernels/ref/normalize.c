/* LayerNorm and RMSNorm of rows of codes (docs/arithmetic.md). */
#include "bb.h"
#include "requantize.h"
#include "rows.h"

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

/* A row of s->count codes that lie s->inner apart. */
void bb_normalize_row_reference(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in,
                                uint8_t shift, int32_t zero_out, uint8_t bits, int8_t *out) {
    const int32_t *mult = s->factors, *add = s->factors + s->count;
    int64_t sum = 0, squares = 0;
    for (int32_t k = 0; k < s->count; k++) {
        int32_t value = in[k * s->inner] + zero_in;
        sum += value;
        squares += (uint32_t)(value * value);
    }
    if (!s->centred) sum = 0;
    uint64_t spread = (uint64_t)(s->count * squares - sum * sum) + ((uint64_t)s->epsilon[1] << 32 | s->epsilon[0]);
    int32_t doublings = 0;
    for (; spread && spread < 1ull << 60; spread <<= 2) doublings++;
    int64_t root = square_root(spread);
    for (int32_t k = 0; k < s->count; k++) {
        int64_t distance = (int64_t)s->count * (in[k * s->inner] + zero_in) - sum;
        int64_t normal = root ? distance * ((int64_t)1 << (doublings + NORMAL_BITS)) / root : 0;
        int64_t value = normal * mult[k] + (int64_t)add[k] * (1 << NORMAL_BITS);
        out[k * s->inner] = bb_round_to_code(value, shift, zero_out, bits, 0);
    }
}

void bb_normalize_reference(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift,
                            int32_t zero_out, uint8_t bits, int8_t *out) {
    for (int32_t row = 0; row < s->outer * s->inner; row++) {
        const int8_t *from = row_begin(in, row, s->count, s->inner);
        bb_normalize_row_reference(s, from, zero_in, shift, zero_out, bits, out + (from - in));
    }
}
