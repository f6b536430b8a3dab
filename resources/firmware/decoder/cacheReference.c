/* Loops over the cache, one code at a time. */
#include "decoder.h"

/* Code `at` of packed codes: a byte each, or two a byte with the even one in the low half. */
static int32_t code_at(const uint8_t *codes, uint32_t at, uint32_t bits)
{
    if (bits == 8) return (int8_t)codes[at];
    return (int32_t)((uint32_t)codes[at / 2] << (at & 1 ? 24 : 28)) >> 28;
}

int32_t decoder_scores_reference(const int8_t *query, const uint8_t *keys, uint32_t positions, uint32_t size,
                                 uint32_t bits, int32_t *scores)
{
    int32_t largest = INT32_MIN;
    for (uint32_t at = 0; at < positions; at++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < size; i++) sum += query[i] * code_at(keys, at * size + i, bits);
        scores[at] = sum;
        if (sum > largest) largest = sum;
    }
    return largest;
}

void decoder_means_reference(const int32_t *weights, const uint8_t *values, uint32_t positions, uint32_t size,
                             uint32_t bits, int32_t *sums)
{
    for (uint32_t i = 0; i < size; i++) {
        int32_t sum = 0;
        for (uint32_t at = 0; at < positions; at++) sum += weights[at] * code_at(values, at * size + i, bits);
        sums[i] = sum;
    }
}
