/*
 * One row of activations, weights of 2 and 1 bits: tables as in tables.h, but of the subsets of 8 codes, 256 entries of 16
 * bits, since no other row shares an entry. A byte of a weight plane picks one: a look-up does 8 products. The larger
 * tables cost more to make, so they pay from some number of weight rows on (bb_row_tables_pay).
 */
#include <string.h>

#include "row_tables.h"

#include "tables.h"

/* Added to each entry, so that entries are not negative: 8 * 128. */
#define ENTRY_BIAS 1024

/* The 256 sums of subsets of 8 codes. Two entries a word; with the bias neither borrows from the other. */
static void fill(uint32_t *table, const int8_t *codes) {
    uint32_t c0 = (uint32_t)codes[0], c1 = (uint32_t)codes[1], c2 = (uint32_t)codes[2], c3 = (uint32_t)codes[3];
    /* Entries 2e and 2e + 1 of the subsets of the lower four codes. */
    uint32_t s0 = ENTRY_BIAS * 0x10001u + (c0 << 16), s1 = s0 + c1 * 0x10001u, both = c2 * 0x10001u;
    uint32_t s2 = s0 + both, s3 = s1 + both;
    both = c3 * 0x10001u;
    uint32_t s4 = s0 + both, s5 = s1 + both, s6 = s2 + both, s7 = s3 + both;
    for (uint32_t upper = 0; upper < 16; upper++, table += 8) {
        uint32_t sum = 0;
        if (upper & 1) sum += (uint32_t)codes[4];
        if (upper & 2) sum += (uint32_t)codes[5];
        if (upper & 4) sum += (uint32_t)codes[6];
        if (upper & 8) sum += (uint32_t)codes[7];
        sum *= 0x10001u;
        table[0] = s0 + sum;
        table[1] = s1 + sum;
        table[2] = s2 + sum;
        table[3] = s3 + sum;
        table[4] = s4 + sum;
        table[5] = s5 + sum;
        table[6] = s6 + sum;
        table[7] = s7 + sum;
    }
}

/*
 * Two look-ups: the 16-bit entries at two places. In assembly, because a compiler that sees all eight of a step starts
 * them together and runs out of registers; the second load keeps the first addition from waiting.
 */
#ifdef __riscv
#define TWO_ENTRIES(left, left_offset, right, right_offset, sum)                                                      \
    do {                                                                                                              \
        uint32_t l_, r_;                                                                                              \
        __asm__ volatile("lhu %[l], %[lo](%[le])\n\tlhu %[r], %[ro](%[re])\n\tadd %[s], %[s], %[l]\n\t"                 \
                         "add %[s], %[s], %[r]"                                                                       \
                         : [s] "+&r"(sum), [l] "=&r"(l_), [r] "=&r"(r_)                                                \
                         : [le] "r"(left), [re] "r"(right), [lo] "i"(left_offset), [ro] "i"(right_offset)              \
                         : "memory");                                                                                 \
    } while (0)
#else
#define ENTRY(place, offset) (*(const uint16_t *)(const void *)((place) + (offset)))
#define TWO_ENTRIES(left, left_offset, right, right_offset, sum) \
    ((sum) += (uint32_t)ENTRY(left, left_offset) + ENTRY(right, right_offset))
#endif

/* The look-ups of one word of a plane: four bytes, four tables. */
BB_INLINE uint32_t look_up(const uint8_t *tables, uint32_t bits, uint32_t sum) {
    const uint8_t *e0 = tables + ((bits << 1) & 0x1FE), *e1 = tables + ((bits >> 7) & 0x1FE);
    TWO_ENTRIES(e0, 0, e1, 512, sum);
    const uint8_t *e2 = tables + ((bits >> 15) & 0x1FE), *e3 = tables + ((bits >> 23) & 0x1FE);
    TWO_ENTRIES(e2, 1024, e3, 1536, sum);
    return sum;
}

/* Sum of one row of planes over `words` (1 or 2) words; `planes` is a constant. */
BB_INLINE uint32_t sum_row(const uint8_t *tables, const uint32_t *bits, uint32_t planes, uint32_t words) {
    uint32_t sum = 0;
#pragma GCC unroll 4
    for (uint32_t step = 0; step < planes; step++) {
        const uint32_t plane = planes - 1 - step;
        sum = look_up(tables, bits[plane], 2 * sum);
        if (words > 1) sum = look_up(tables + 2048, bits[planes + plane], sum);
        if (step == 0 && planes > 1) sum = 0u - sum;
    }
    return planes == 1 ? 2 * sum : sum;
}

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t m, uint32_t k, int32_t *acc, uint8_t *tables,
                   uint32_t planes) {
    const uint32_t words = (k + 31) / 32, row_words = words * planes;
    /* Every look-up adds its bias; planes count -1 times in all, a single one twice (and then minus the total). */
    int32_t start = (int32_t)(4 * words * ENTRY_BIAS) * (planes == 1 ? -2 : 1);
    if (planes == 1)
        for (uint32_t at = 0; at < k; at++) start -= a[at];
    for (uint32_t j = 0; j < m; j++) acc[j] = start;
    for (uint32_t word = 0; word < words; word += 2, weights += 2 * planes) {
        const uint32_t two = words - word > 1;
        for (uint32_t group = 0; group < (two ? 8u : 4u); group++) {
            uint32_t from = word * 32 + group * 8, left = from < k ? k - from : 0;
            int8_t padded[8] = {0};
            if (left < 8) memcpy(padded, a + from, left);
            fill((uint32_t *)(void *)(tables + group * 512), left < 8 ? padded : a + from);
        }
        const uint32_t *bits = weights;
        if (two)
            for (uint32_t j = 0; j < m; j++, bits += row_words) acc[j] += (int32_t)sum_row(tables, bits, planes, 2);
        else
            for (uint32_t j = 0; j < m; j++, bits += row_words) acc[j] += (int32_t)sum_row(tables, bits, planes, 1);
    }
}

int bb_row_tables_pay(uint32_t m, uint32_t planes) { return m >= (planes == 2 ? 24u : 40u); }

void bb_row_tables_dot(const int8_t *a, const uint32_t *weights, uint32_t m, uint32_t k, int32_t *acc, uint8_t *tables,
                       uint32_t planes) {
    if (planes == 2) dot(a, weights, m, k, acc, tables, 2);
    else dot(a, weights, m, k, acc, tables, 1);
}
