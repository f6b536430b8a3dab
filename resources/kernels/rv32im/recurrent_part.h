/*
 * The two parts of a gate's argument in 32 bits (docs/arithmetic.md "Recurrence": P(v, m, s)).
 *
 * An input's code with its zero offset has at most 9 bits and its factor 21: the product fits. From shift 31 on the part is 0.
 * Of a sum, with t = floor(value / 2^(shift-1)) the part is floor((t + 1) / 2). The multiplier times 2^10 is still an int32, and
 * from shift 23 on t is the high word of that product shifted right by shift - 23. Below, the sum is first limited to
 * +-2^(shift+8): beyond it the part is over 2^28, and since the input's part is at most 2^21 there, tables and the limit of a reset
 * product take both for the same.
 */
#ifndef BB_RECURRENT_PART_H
#define BB_RECURRENT_PART_H

#include "../ref/recurrent.h"

enum { LEAST_OWN_SHIFT = 8, UNLIMITED_PART_SHIFT = 23 };

static inline int32_t own_of_code(int32_t code, int32_t mult, int32_t shift) {
    return shift > 30 ? 0 : (code * mult + (int32_t)(1u << (shift - 1))) >> shift;
}

static inline int32_t part_of_sum(int32_t sum, int32_t mult, int32_t shift) {
    int32_t halves;
    if (shift >= UNLIMITED_PART_SHIFT) {
        halves = (int32_t)(((int64_t)sum * (mult * (1 << 10))) >> 32) >> (shift - UNLIMITED_PART_SHIFT);
    } else {
        int32_t limit = (int32_t)1 << (shift + 8);
        if (sum > limit) sum = limit;
        if (sum < -limit) sum = -limit;
        int64_t value = (int64_t)sum * mult;
        halves = (int32_t)(((uint32_t)(value >> 32) << (33 - shift)) | ((uint32_t)value >> (shift - 1)));
    }
    return (halves + 1) >> 1;
}

/* Whether the factors of a recurrence let its parts be found so. */
static inline int parts_fit(const bb_recurrent_shape *s, int32_t zero_in) {
    int32_t rows = bb_recurrent_rows(s);
    const int32_t *mult = s->factors + rows, *shift = mult + rows;
    if (s->own_shift < LEAST_OWN_SHIFT || s->own_mult < 0 || s->own_mult >= 1 << 21 || zero_in < -128 || zero_in > 128)
        return 0;
    for (int32_t row = 0; row < rows; row++) {
        int is_plain = mult[row] == 0 || (mult[row] >= 1 << 20 && mult[row] < 1 << 21);
        if (!is_plain || shift[row] < 2) return 0;
    }
    return 1;
}

#endif
