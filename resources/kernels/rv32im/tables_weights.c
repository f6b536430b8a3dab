/*
 * Weights of 8 bits, activations of 4, 2 and 1: the same look-ups with the sides exchanged. Tables are made of the weights,
 * eight rows and up to 64 codes along k at a time, and the activations' bit planes pick from them. A table costs as
 * much as a few rows of look-ups, so this pays from a few rows of activations on; fewer are multiplied (pairs.c).
 */
#include <string.h>

#include "../dot.h"
#include "tables.h"

#define TABLE_ROWS BB_WIDE_ROWS(4)
#define TABLE_BYTES (BB_TABLE_WORDS * BB_TABLE_BYTES(4))
#define MOST_ROWS 16

/* Tables, the last codes of eight rows padded to 32, and the planes of 16 rows of at most four bits. */
size_t bb_weight_tables_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return TABLE_BYTES + TABLE_ROWS * 32 + (size_t)MOST_ROWS * ((k + 31) / 32) * 4 * 4;
}

/* Codes a[k] to planes: word w, plane p at bits[w * planes + p], as the layout `planes` of weights. */
BB_INLINE void to_planes(const int8_t *a, uint32_t k, uint32_t planes, uint32_t *bits) {
    for (; k > 0; bits += planes) {
        uint32_t count = k < 32 ? k : 32, gap = 32 - count;
        uint32_t p0 = 0, p1 = 0, p2 = 0, p3 = 0;
        for (const int8_t *end = a + count; a != end; a++) {
            /* Bits enter from above, so that the first code ends up in bit 0. At one bit, -1 and +1 differ in bit 1. */
            uint32_t code = (uint32_t)*a;
            p0 = p0 >> 1 | (planes == 1 ? ~code >> 1 : code) << 31;
            if (planes > 1) p1 = p1 >> 1 | (code >> 1) << 31;
            if (planes > 2) p2 = p2 >> 1 | (code >> 2) << 31;
            if (planes > 2) p3 = p3 >> 1 | (code >> 3) << 31;
        }
        bits[0] = p0 >> gap;
        if (planes > 1) bits[1] = p1 >> gap;
        if (planes > 2) bits[2] = p2 >> gap;
        if (planes > 2) bits[3] = p3 >> gap;
        k -= count;
    }
}

static const int8_t no_codes[32 * 4];

/* Where codes `from`.. of eight rows start, and how far apart a row's codes lie: in the quads, or padded copies. */
static uint32_t find_rows(const int8_t *quads, uint32_t count, uint32_t k, uint32_t from, int8_t *padded,
                          const int8_t **rows) {
    uint32_t in_place = from + 32 <= k;
    if (!in_place) memset(padded, 0, TABLE_ROWS * 32);
    for (uint32_t row = 0; row < TABLE_ROWS; row++) {
        const int8_t *codes = quads + (size_t)(row / 4) * k * 4 + (size_t)from * 4 + row % 4;
        if (row >= count) codes = no_codes;
        if (in_place) {
            rows[row] = codes;
        } else {
            rows[row] = padded + row * 32;
            for (uint32_t at = 0; row < count && from + at < k; at++) padded[row * 32 + at] = codes[at * 4];
        }
    }
    return in_place ? 4 : 1;
}

/* One-bit activations: 2 S - total, and `totals` are doubled. */
static void take_off_totals(uint32_t n, uint32_t m, uint32_t count, const int32_t *totals, int32_t *acc) {
    for (uint32_t i = 0; i < n; i++, acc += m)
        for (uint32_t r = 0; r < count; r++) acc[r] -= totals[r] >> 1;
}

/* Up to eight columns of sums: those of the weight rows in two quads. */
static void eight_rows(const int8_t *quads, uint32_t count, const uint32_t *bits, uint32_t planes, uint32_t n, uint32_t m,
                       uint32_t k, int32_t *acc, uint8_t *tables) {
    const uint32_t words = (k + 31) / 32, most = bb_wide_words(planes);
    const int32_t bias = (int32_t)(BB_FIELD_BIAS * ((words + most - 1) / most));
    const int8_t *rows[TABLE_ROWS];
    int32_t totals[TABLE_ROWS];
    for (uint32_t r = 0; r < count; r++) {
        totals[r] = -bias;
        for (uint32_t i = 0; i < n; i++) acc[i * m + r] = -bias;
    }
    bb_table_pass pass = {tables, bits, words * planes, planes, 0, n, acc, m, 1, count};
    for (uint32_t word = 0; word < words; word += most) {
        pass.words = words - word < most ? words - word : most;
        for (uint32_t at = 0; at < pass.words; at++) {
            uint32_t stride = find_rows(quads, count, k, (word + at) * 32, (int8_t *)tables + TABLE_BYTES, rows);
            bb_wide_build(tables + at * BB_TABLE_BYTES(4), rows, stride, 4);
        }
        bb_wide_pass(&pass, 4);
        if (planes == 1) {
            bb_table_pass of_totals = bb_totals_pass(&pass, totals);
            bb_wide_pass(&of_totals, 4);
        }
        pass.bits += most * planes;
    }
    if (planes == 1) take_off_totals(n, m, count, totals, acc);
}

BB_INLINE void dot(const int8_t *a, const int8_t *quads, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, uint8_t *scratch,
                   uint32_t planes) {
    const uint32_t row_words = (k + 31) / 32 * planes;
    uint32_t *bits = (uint32_t *)(void *)(scratch + TABLE_BYTES + TABLE_ROWS * 32);
    for (uint32_t i = 0; i < n; i++) to_planes(a + (size_t)i * k, k, planes, bits + i * row_words);
    for (uint32_t j = 0; j < m; j += TABLE_ROWS, quads += (size_t)k * TABLE_ROWS) {
        uint32_t count = m - j < TABLE_ROWS ? m - j : TABLE_ROWS;
        eight_rows(quads, count, bits, planes, n, m, k, acc + j, scratch);
    }
}

/* Fewest rows of activations for which tables are cheaper than products. */
enum { LEAST_ROWS_1 = 4, LEAST_ROWS_2 = 5, LEAST_ROWS_4 = 8 };

#define WEIGHT_TABLES_DOT(planes)                                                                                      \
    void bb_weight_tables_a##planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,    \
                                          int32_t *acc, void *scratch) {                                              \
        if (n < LEAST_ROWS_##planes) bb_pairs_dot(a, weights, n, m, k, acc, scratch);                                  \
        else dot(a, weights, n, m, k, acc, scratch, planes);                                                          \
    }

WEIGHT_TABLES_DOT(4)
WEIGHT_TABLES_DOT(2)
WEIGHT_TABLES_DOT(1)
