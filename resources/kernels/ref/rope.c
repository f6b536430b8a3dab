/* Rotary positions: pairs of values turned by an angle (docs/arithmetic.md "Decoder"). */
#include "bb.h"
#include "requantize.h"

void bb_rope_reference(const int32_t *values, const int16_t *turns, uint32_t size, uint32_t count, uint8_t bits,
                       int8_t *out) {
    for (uint32_t at = 0; at < count; at += 2) {
        int32_t cosine = turns[at % size], sine = turns[at % size + 1], first = values[at], second = values[at + 1];
        int32_t even = (first * cosine - second * sine + 8192) >> 14, odd = (first * sine + second * cosine + 8192) >> 14;
        out[at] = bb_to_code((even + 128) >> 8, 0, bits);
        out[at + 1] = bb_to_code((odd + 128) >> 8, 0, bits);
    }
}
