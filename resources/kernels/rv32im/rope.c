/* Rotary positions with the limits of a code in registers; the angles are walked once a head, without a remainder. */
#include "../bb.h"

static inline int8_t limited(int32_t value, int32_t low, int32_t high) {
    int32_t code = (value + 128) >> 8;
    if (__builtin_expect(code < low, 0)) code = low;
    if (__builtin_expect(code > high, 0)) code = high;
    return (int8_t)code;
}

void bb_rope(const int32_t *values, const int16_t *turns, uint32_t size, uint32_t count, uint8_t bits, int8_t *out) {
    if (bits == 1) {
        bb_rope_reference(values, turns, size, count, bits, out);
        return;
    }
    const int32_t low = -(1 << (bits - 1)), high = -low - 1;
    for (const int32_t *end = values + count; values < end;) {
        const int16_t *turn = turns;
        for (uint32_t pairs = size / 2; pairs > 0; pairs--, turn += 2, values += 2, out += 2) {
            int32_t cosine = turn[0], sine = turn[1], first = values[0], second = values[1];
            out[0] = limited((first * cosine - second * sine + 8192) >> 14, low, high);
            out[1] = limited((first * sine + second * cosine + 8192) >> 14, low, high);
        }
    }
}
