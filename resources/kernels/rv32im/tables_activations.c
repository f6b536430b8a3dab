/*
 * Weights of 4, 2 and 1 bits: tables of the activations, picked by the weights' bit planes (tables.h). Tables of a tile of
 * rows and 64 codes along k are built once and read by every weight row, so they stay small whatever k is.
 */
#include <string.h>

#include "../dot.h"
#include "row_tables.h"
#include "tables.h"

/* Most rows of a tile: four words an entry. */
#define WIDE_ROWS BB_WIDE_ROWS(4)
#define NARROW_ROWS BB_NARROW_ROWS(4)
#define TABLE_BYTES (BB_TABLE_WORDS * BB_TABLE_BYTES(4))
_Static_assert(BB_ROW_TABLE_BYTES <= TABLE_BYTES, "one scratch serves both kinds of tables");

/* Tables, then the last codes of each row padded with zeros to 32. */
size_t bb_tables_scratch(uint32_t m, uint32_t k) {
    (void)m;
    (void)k;
    return TABLE_BYTES + NARROW_ROWS * 32;
}

static const int8_t no_codes[32];

/* Where 32 codes of each of `capacity` rows start, from code `from` on: in place, padded copies, or zeros. */
static void find_rows(const int8_t *a, uint32_t n, uint32_t k, uint32_t from, uint32_t capacity, int8_t *padded,
                      const int8_t **rows) {
    for (uint32_t i = 0; i < capacity; i++) {
        if (i >= n) {
            rows[i] = no_codes;
        } else if (from + 32 <= k) {
            rows[i] = a + (size_t)i * k + from;
        } else {
            memset(padded, 0, 32);
            memcpy(padded, a + (size_t)i * k + from, k - from);
            rows[i] = padded;
            padded += 32;
        }
    }
}

/* Every sum starts from the biases of all its parts undone, and so does the double total of each row. */
static void start_sums(uint32_t n, uint32_t m, int32_t bias, int32_t *acc, int32_t *totals) {
    for (int32_t *end = acc + (size_t)n * m; acc != end; acc++) *acc = -bias;
    for (uint32_t i = 0; i < NARROW_ROWS; i++) totals[i] = -bias;
}

/* One-bit weights: 2 S - total, and `totals` are doubled. */
static void take_off_totals(uint32_t n, uint32_t m, const int32_t *totals, int32_t *acc) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t total = totals[i] >> 1;
        for (int32_t *end = acc + m; acc != end; acc++) *acc -= total;
    }
}

/* Words an entry: the fewest that hold n rows, `one` of them a word. */
static uint32_t entry_width(uint32_t n, uint32_t one) { return n > 2 * one ? 4 : n > one ? 2 : 1; }

static void wide(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                 uint8_t *tables, uint32_t planes) {
    const uint32_t words = (k + 31) / 32, width = entry_width(n, BB_WIDE_ROWS(1)), most = BB_TABLE_WORDS;
    const int8_t *rows[WIDE_ROWS];
    const uint32_t parts = (words + most - 1) / most;
    int32_t totals[NARROW_ROWS];
    start_sums(n, m, (int32_t)(BB_FIELD_BIAS * parts), acc, totals);
    bb_table_pass pass = {tables, weights, words * planes, planes, 0, m, acc, 1, m, n};
    for (uint32_t word = 0; word < words; word += most) {
        pass.words = words - word < most ? words - word : most;
        for (uint32_t at = 0; at < pass.words; at++) {
            find_rows(a, n, k, (word + at) * 32, BB_WIDE_ROWS(width), (int8_t *)tables + TABLE_BYTES, rows);
            bb_wide_build(tables + at * BB_TABLE_BYTES(width), rows, width);
        }
        bb_wide_pass(&pass, width);
        if (planes == 1) {
            bb_table_pass of_totals = bb_totals_pass(&pass, totals);
            bb_wide_pass(&of_totals, width);
        }
        pass.bits += most * planes;
    }
    if (planes == 1) take_off_totals(n, m, totals, acc);
}

/* Eight rows at a time: a tile of 16 rows is two of these. A row that is alone has a faster way. */
static void wide_tiles(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                       void *scratch, uint32_t planes) {
    if (n == 1 && bb_row_tables_pay(m, planes)) {
        bb_row_tables_dot(a, weights, m, k, acc, scratch, planes);
        return;
    }
    for (; n > WIDE_ROWS; n -= WIDE_ROWS, a += (size_t)WIDE_ROWS * k, acc += (size_t)WIDE_ROWS * m)
        wide(a, weights, WIDE_ROWS, m, k, acc, scratch, planes);
    wide(a, weights, n, m, k, acc, scratch, planes);
}

static void narrow(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                   uint8_t *tables, uint32_t planes, uint32_t code_bits) {
    const uint32_t words = (k + 31) / 32, width = entry_width(n, BB_NARROW_ROWS(1)), most = BB_TABLE_WORDS;
    const int8_t *rows[NARROW_ROWS];
    const uint32_t parts = (words + most - 1) / most;
    int32_t bias = (int32_t)(BB_FIELD_BIAS * parts) + bb_narrow_bias(code_bits, planes, words);
    int32_t totals[NARROW_ROWS];
    start_sums(n, m, bias, acc, totals);
    bb_table_pass pass = {tables, weights, words * planes, planes, 0, m, acc, 1, m, n};
    for (uint32_t word = 0; word < words; word += most) {
        pass.words = words - word < most ? words - word : most;
        for (uint32_t at = 0; at < pass.words; at++) {
            find_rows(a, n, k, (word + at) * 32, BB_NARROW_ROWS(width), (int8_t *)tables + TABLE_BYTES, rows);
            bb_narrow_build(tables + at * BB_TABLE_BYTES(width), rows, width, BB_NARROW_BIAS(code_bits));
        }
        bb_narrow_pass(&pass, width, code_bits);
        if (planes == 1) {
            bb_table_pass of_totals = bb_totals_pass(&pass, totals);
            bb_narrow_pass(&of_totals, width, code_bits);
        }
        pass.bits += most * planes;
    }
    if (planes == 1) take_off_totals(n, m, totals, acc);
}

static void narrow4(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                    void *scratch, uint32_t planes) {
    narrow(a, weights, n, m, k, acc, scratch, planes, 4);
}

/* One-bit codes go the way of two-bit ones: the same bias serves both. */
static void narrow2(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                    void *scratch, uint32_t planes) {
    narrow(a, weights, n, m, k, acc, scratch, planes, 2);
}

#define TABLES_DOT(name, engine, planes)                                                                           \
    void name(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, void *scratch) { \
        engine(a, weights, n, m, k, acc, scratch, planes);                                                         \
    }

TABLES_DOT(bb_tables_a8w2_dot, wide_tiles, 2)
TABLES_DOT(bb_tables_a8w1_dot, wide_tiles, 1)
TABLES_DOT(bb_tables_a4w2_dot, narrow4, 2)
TABLES_DOT(bb_tables_a4w1_dot, narrow4, 1)
TABLES_DOT(bb_tables_a2w4_dot, narrow2, 4)
TABLES_DOT(bb_tables_a2w2_dot, narrow2, 2)
TABLES_DOT(bb_tables_a2w1_dot, narrow2, 1)
