/* docs/arithmetic.md "Requantise": shared by everything that ends in a code. */
#ifndef BB_REQUANTIZE_H
#define BB_REQUANTIZE_H

#include <stdint.h>

/* A value in units of the output (of 1/256 of it at one bit) as a code: zero offset, then clamp. */
static inline int8_t bb_to_code(int64_t rounded, int32_t zero, uint32_t bits) {
    if (bits == 1) return rounded > 256 * (int64_t)zero ? 1 : -1;
    int32_t low = -(1 << (bits - 1)), high = -low - 1;
    rounded -= zero;
    if (rounded < low) return (int8_t)low;
    return (int8_t)(rounded > high ? high : rounded);
}

/* floor((value + 2^(shift-1)) / 2^shift), then ReLU, zero offset and clamp; shift 1..51. */
static inline int8_t bb_round_to_code(int64_t value, uint32_t shift, int32_t zero, uint32_t bits, int relu) {
    int64_t rounded = (value + ((int64_t)1 << (shift - 1))) >> shift;
    if (relu && rounded < 0) rounded = 0;
    return bb_to_code(rounded, zero, bits);
}

#endif
