/*
 * a8w8: four rows of activations times four rows of weights at a time. Both sides lie four rows side by side ([k][4]
 * bytes), so that 8 loads feed 16 products and two pointers serve all of them; 16 sums stay in registers.
 */
#include "../dot.h"

/* Four rows of activations, interleaved. */
size_t bb_bytes_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return (size_t)k * 4;
}

static void interleave(const int8_t *a, uint32_t k, int8_t *block) {
    const int8_t *r0 = a, *r1 = a + k, *r2 = r1 + k, *r3 = r2 + k;
    for (const int8_t *end = r1; r0 != end; block += 4) {
        block[0] = *r0++;
        block[1] = *r1++;
        block[2] = *r2++;
        block[3] = *r3++;
    }
}

/* sums[i][j] of four rows times one quad of weights. */
static inline __attribute__((always_inline)) void block_4x4(const int8_t *a, const int8_t *w, uint32_t k,
                                                            int32_t *s) {
    for (const int8_t *end = a + (size_t)k * 4; a != end; a += 4, w += 4)
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4; i++)
#pragma GCC unroll 4
            for (uint32_t j = 0; j < 4; j++) s[i * 4 + j] += a[i] * w[j];
}

static void four_rows(const int8_t *a, const int8_t *weights, uint32_t m, uint32_t k, int32_t *acc, int8_t *block) {
    interleave(a, k, block);
    for (uint32_t j = 0; j < m; j += 4, weights += (size_t)k * 4) {
        int32_t s[16] = {0};
        block_4x4(block, weights, k, s);
        uint32_t columns = m - j < 4 ? m - j : 4;
        if (columns == 4) {
            int32_t *row = acc + j;
            for (uint32_t i = 0; i < 4; i++, row += m) {
                row[0] = s[4 * i];
                row[1] = s[4 * i + 1];
                row[2] = s[4 * i + 2];
                row[3] = s[4 * i + 3];
            }
        } else {
            int32_t copy[16];
            for (uint32_t at = 0; at < 16; at++) copy[at] = s[at];
            for (uint32_t i = 0; i < 4; i++)
                for (uint32_t column = 0; column < columns; column++) acc[i * m + j + column] = copy[i * 4 + column];
        }
    }
}

static void one_row(const int8_t *a, const int8_t *w, uint32_t m, uint32_t k, int32_t *acc) {
    for (uint32_t j = 0; j < m; j += 4) {
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        const int8_t *at = a, *end = a + k;
        for (; at != end; at++, w += 4) {
            int32_t code = *at;
            s0 += code * w[0];
            s1 += code * w[1];
            s2 += code * w[2];
            s3 += code * w[3];
        }
        acc[j] = s0;
        if (j + 1 < m) acc[j + 1] = s1;
        if (j + 2 < m) acc[j + 2] = s2;
        if (j + 3 < m) acc[j + 3] = s3;
    }
}

void bb_bytes_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                  void *scratch) {
    for (; n >= 4; n -= 4, a += (size_t)k * 4, acc += (size_t)m * 4) four_rows(a, weights, m, k, acc, scratch);
    for (; n > 0; n--, a += k, acc += m) one_row(a, weights, m, k, acc);
}
