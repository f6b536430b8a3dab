/* Tables of rows of 8-bit codes: two rows a word, 16-bit fields, which hold 64 codes times a one- or two-bit code. */
#include "tables.h"

BB_INLINE void build(uint8_t *tables, const int8_t *const *rows, uint32_t width) {
    for (uint32_t i = 0; i < width; i++) {
        uint32_t *table = (uint32_t *)(void *)tables + i;
        const int8_t *low = rows[2 * i], *high = rows[2 * i + 1], *end = low + 32;
        for (; low != end; low += 4, high += 4, table += 16 * width) {
            uint32_t a0 = (uint32_t)low[0] + ((uint32_t)high[0] << 16);
            uint32_t a1 = (uint32_t)low[1] + ((uint32_t)high[1] << 16);
            uint32_t a2 = (uint32_t)low[2] + ((uint32_t)high[2] << 16);
            uint32_t a3 = (uint32_t)low[3] + ((uint32_t)high[3] << 16);
            bb_table_fill(table, width, 0, a0, a1, a2, a3);
        }
    }
}

void bb_wide_build(uint8_t *tables, const int8_t *const *rows, uint32_t width) {
    if (width == 4) build(tables, rows, 4);
    else if (width == 2) build(tables, rows, 2);
    else build(tables, rows, 1);
}

/* Sums of one row of planes; at the end two biased fields a word. */
BB_INLINE bb_words sum_row(const uint8_t *tables, const uint32_t *bits, uint32_t planes, uint32_t words,
                           uint32_t width) {
    const uint8_t *end = tables + words * BB_TABLE_BYTES(width);
    bb_words s = {0, 0, 0, 0};
    for (uint32_t plane = planes;;) {
        plane--;
        const uint32_t *at = bits + plane;
        const uint8_t *table = tables;
        do {
            uint32_t word = *at;
            BB_LOW_GROUPS(table, word, width, s);
            BB_HIGH_GROUPS(table, word, width, s);
            at += planes;
            table += BB_TABLE_BYTES(width);
        } while (table != end);
        if (plane == 0) break;
        /* Horner from the highest plane down; the highest counts negative. */
#define NEGATE(w) s.w = 0u - s.w
#define DOUBLE(w) s.w <<= 1
#define BIAS(w) s.w += BB_FIELD_BIAS * 0x10001u
        if (plane == planes - 1) BB_EACH(width, NEGATE);
        BB_EACH(width, DOUBLE);
    }
    if (planes == 1) BB_EACH(width, DOUBLE);
    BB_EACH(width, BIAS);
    return s;
}

BB_INLINE void wide_pass(const bb_table_pass *pass, uint32_t width) {
    const uint32_t planes = pass->planes, words = pass->words, rows = pass->rows;
    const uint32_t step = pass->step, out_step = pass->out_step, stride = pass->row_stride;
    const uint8_t *tables = pass->tables;
    const uint32_t *bits = pass->bits;
    int32_t *out = pass->out;
    for (uint32_t count = pass->count; count > 0; count--, bits += step, out += out_step) {
        bb_words s = sum_row(tables, bits, planes, words, width);
        int32_t *to = out;
        BB_OPAQUE(to);
        if (rows == BB_WIDE_ROWS(width)) {
#define STORE(w)                  \
    do {                          \
        BB_ADD_LOW(s.w, to);      \
        to += stride;             \
        BB_ADD_HIGH(s.w, to);     \
        to += stride;             \
    } while (0)
            BB_EACH(width, STORE);
            continue;
        }
#define STORE_SOME(w, row)                      \
    do {                                        \
        if (rows <= (row)) break;               \
        BB_ADD_LOW(s.w, to);                    \
        to += stride;                           \
        if (rows <= (row) + 1) break;           \
        BB_ADD_HIGH(s.w, to);                   \
        to += stride;                           \
    } while (0)
        STORE_SOME(w0, 0);
        if (width > 1) STORE_SOME(w1, 2);
        if (width > 2) STORE_SOME(w2, 4);
        if (width > 2) STORE_SOME(w3, 6);
    }
}

void bb_wide_pass(const bb_table_pass *pass, uint32_t width) {
    if (width == 4) wide_pass(pass, 4);
    else if (width == 2) wide_pass(pass, 2);
    else wide_pass(pass, 1);
}
