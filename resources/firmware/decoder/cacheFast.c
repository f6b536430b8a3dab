/*
 * Loops over the cache with eight codes at a time in registers: their queries, or their sums over all positions. Heads whose
 * size is no multiple of eight take the reference.
 */
#include "decoder.h"

enum { BLOCK = 8 };

#define LOW_CODE(word, at) ((int32_t)((word) << (28 - 4 * (at))) >> 28)

/* Adds the products of one block of the query with a block of each key; keys lie `step` bytes apart. */
static void add_scores8(const int8_t *q, const int8_t *keys, uint32_t positions, uint32_t step, int32_t *scores)
{
    const int32_t q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3], q4 = q[4], q5 = q[5], q6 = q[6], q7 = q[7];
    for (const int8_t *k = keys; positions > 0; positions--, k += step)
        *scores++ += q0 * k[0] + q1 * k[1] + q2 * k[2] + q3 * k[3] + q4 * k[4] + q5 * k[5] + q6 * k[6] + q7 * k[7];
}

static void add_scores4(const int8_t *q, const uint8_t *keys, uint32_t positions, uint32_t step, int32_t *scores)
{
    const int32_t q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3], q4 = q[4], q5 = q[5], q6 = q[6], q7 = q[7];
    for (const uint8_t *k = keys; positions > 0; positions--, k += step) {
        uint32_t word = *(const uint32_t *)(const void *)k;
        *scores++ += q0 * LOW_CODE(word, 0) + q1 * LOW_CODE(word, 1) + q2 * LOW_CODE(word, 2) + q3 * LOW_CODE(word, 3) +
                     q4 * LOW_CODE(word, 4) + q5 * LOW_CODE(word, 5) + q6 * LOW_CODE(word, 6) + q7 * LOW_CODE(word, 7);
    }
}

int32_t decoder_scores(const int8_t *query, const uint8_t *keys, uint32_t positions, uint32_t size, uint32_t bits,
                       int32_t *scores)
{
    if (size % BLOCK) return decoder_scores_reference(query, keys, positions, size, bits, scores);
    for (uint32_t at = 0; at < positions; at++) scores[at] = 0;
    for (uint32_t i = 0; i < size; i += BLOCK) {
        if (bits == 8) add_scores8(query + i, (const int8_t *)keys + i, positions, size, scores);
        else add_scores4(query + i, keys + i / 2, positions, size / 2, scores);
    }
    int32_t largest = scores[0];
    for (uint32_t at = 1; at < positions; at++)
        if (scores[at] > largest) largest = scores[at];
    return largest;
}

static void means8(const int32_t *weights, const int8_t *v, uint32_t positions, uint32_t step, int32_t *sums)
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (; positions > 0; positions--, v += step) {
        int32_t weight = *weights++;
        if (weight == 0) continue;
        s0 += weight * v[0]; s1 += weight * v[1]; s2 += weight * v[2]; s3 += weight * v[3];
        s4 += weight * v[4]; s5 += weight * v[5]; s6 += weight * v[6]; s7 += weight * v[7];
    }
    sums[0] = s0; sums[1] = s1; sums[2] = s2; sums[3] = s3; sums[4] = s4; sums[5] = s5; sums[6] = s6; sums[7] = s7;
}

static void means4(const int32_t *weights, const uint8_t *v, uint32_t positions, uint32_t step, int32_t *sums)
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (; positions > 0; positions--, v += step) {
        int32_t weight = *weights++;
        if (weight == 0) continue;
        uint32_t word = *(const uint32_t *)(const void *)v;
        s0 += weight * LOW_CODE(word, 0); s1 += weight * LOW_CODE(word, 1);
        s2 += weight * LOW_CODE(word, 2); s3 += weight * LOW_CODE(word, 3);
        s4 += weight * LOW_CODE(word, 4); s5 += weight * LOW_CODE(word, 5);
        s6 += weight * LOW_CODE(word, 6); s7 += weight * LOW_CODE(word, 7);
    }
    sums[0] = s0; sums[1] = s1; sums[2] = s2; sums[3] = s3; sums[4] = s4; sums[5] = s5; sums[6] = s6; sums[7] = s7;
}

void decoder_means(const int32_t *weights, const uint8_t *values, uint32_t positions, uint32_t size, uint32_t bits,
                   int32_t *sums)
{
    if (size % BLOCK) {
        decoder_means_reference(weights, values, positions, size, bits, sums);
        return;
    }
    for (uint32_t i = 0; i < size; i += BLOCK) {
        if (bits == 8) means8(weights, (const int8_t *)values + i, positions, size, sums + i);
        else means4(weights, values + i / 2, positions, size / 2, sums + i);
    }
}
