/*
 * Tables of rows of 4-, 2- or 1-bit codes: four rows a word in 8-bit fields that are never negative, because each entry
 * carries a bias; they are widened into 16-bit fields before they can overflow.
 */
#include "tables.h"

BB_INLINE void build(uint8_t *tables, const int8_t *const *rows, uint32_t width, uint32_t bias) {
    for (uint32_t i = 0; i < width; i++) {
        uint32_t *table = (uint32_t *)(void *)tables + i;
        const int8_t *r0 = rows[4 * i], *r1 = rows[4 * i + 1], *r2 = rows[4 * i + 2], *r3 = rows[4 * i + 3];
        for (const int8_t *end = r0 + 32; r0 != end; r0 += 4, r1 += 4, r2 += 4, r3 += 4, table += 16 * width) {
#define ADDEND(c) \
    ((uint32_t)r0[c] + ((uint32_t)r1[c] << 8) + ((uint32_t)r2[c] << 16) + ((uint32_t)r3[c] << 24))
            bb_table_fill(table, width, bias * 0x01010101u, ADDEND(0), ADDEND(1), ADDEND(2), ADDEND(3));
        }
    }
}

void bb_narrow_build(uint8_t *tables, const int8_t *const *rows, uint32_t width, uint32_t bias) {
    if (width == 4) build(tables, rows, 4, bias);
    else if (width == 2) build(tables, rows, 2, bias);
    else build(tables, rows, 1, bias);
}

/* 16-bit fields of rows 4i and 4i + 2 (even), 4i + 1 and 4i + 3 (odd). */
typedef struct {
    bb_words even, odd;
} sums;

/* Sums of one row of planes; at the end biased. */
BB_INLINE sums sum_row(const uint8_t *tables, const uint32_t *bits, uint32_t planes, uint32_t words, uint32_t width,
                       uint32_t code_bits) {
    const uint8_t *end = tables + words * BB_TABLE_BYTES(width);
    bb_words even = {0, 0, 0, 0}, odd = {0, 0, 0, 0};
    for (uint32_t plane = planes;;) {
        plane--;
        const uint32_t *at = bits + plane;
        const uint8_t *table = tables;
        bb_words s = {0, 0, 0, 0};
#define WIDEN(w)                               \
    do {                                       \
        even.w += s.w & 0x00FF00FFu;           \
        odd.w += (s.w >> 8) & 0x00FF00FFu;     \
        s.w = 0;                               \
    } while (0)
        do {
            uint32_t word = *at;
            at += planes;
            BB_LOW_GROUPS(table, word, width, s);
            if (code_bits == 4) BB_EACH(width, WIDEN);
            BB_HIGH_GROUPS(table, word, width, s);
            if (code_bits == 4) BB_EACH(width, WIDEN);
            table += BB_TABLE_BYTES(width);
        } while (table != end);
        if (code_bits != 4) BB_EACH(width, WIDEN);
        if (plane == 0) break;
        /* Horner from the highest plane down; the highest counts negative. */
#define NEGATE(w) even.w = 0u - even.w, odd.w = 0u - odd.w
#define DOUBLE(w) even.w <<= 1, odd.w <<= 1
#define BIAS(w) even.w += BB_FIELD_BIAS * 0x10001u, odd.w += BB_FIELD_BIAS * 0x10001u
        if (plane == planes - 1) BB_EACH(width, NEGATE);
        BB_EACH(width, DOUBLE);
    }
    if (planes == 1) BB_EACH(width, DOUBLE);
    BB_EACH(width, BIAS);
    return (sums){even, odd};
}

BB_INLINE void narrow_pass(const bb_table_pass *pass, uint32_t width, uint32_t code_bits) {
    const uint32_t planes = pass->planes, words = pass->words, rows = pass->rows;
    const uint32_t step = pass->step, out_step = pass->out_step, stride = pass->row_stride;
    const uint8_t *tables = pass->tables;
    const uint32_t *bits = pass->bits;
    int32_t *out = pass->out;
    for (uint32_t count = pass->count; count > 0; count--, bits += step, out += out_step) {
        sums s = sum_row(tables, bits, planes, words, width, code_bits);
        int32_t *to = out;
        BB_OPAQUE(to);
        if (rows == BB_NARROW_ROWS(width)) {
#define STORE(w)                    \
    do {                            \
        BB_ADD_LOW(s.even.w, to);   \
        to += stride;               \
        BB_ADD_LOW(s.odd.w, to);    \
        to += stride;               \
        BB_ADD_HIGH(s.even.w, to);  \
        to += stride;               \
        BB_ADD_HIGH(s.odd.w, to);   \
        to += stride;               \
    } while (0)
            BB_EACH(width, STORE);
            continue;
        }
#define STORE_SOME(w, row)                \
    do {                                  \
        if (rows <= (row)) break;         \
        BB_ADD_LOW(s.even.w, to);         \
        to += stride;                     \
        if (rows <= (row) + 1) break;     \
        BB_ADD_LOW(s.odd.w, to);          \
        to += stride;                     \
        if (rows <= (row) + 2) break;     \
        BB_ADD_HIGH(s.even.w, to);        \
        to += stride;                     \
        if (rows <= (row) + 3) break;     \
        BB_ADD_HIGH(s.odd.w, to);         \
        to += stride;                     \
    } while (0)
        STORE_SOME(w0, 0);
        if (width > 1) STORE_SOME(w1, 4);
        if (width > 2) STORE_SOME(w2, 8);
        if (width > 2) STORE_SOME(w3, 12);
    }
}

/* Apart from each other, because one function with all of them gets worse code for each. */
#define PASS(width, code_bits)                                                                        \
    static __attribute__((noinline)) void pass_##width##_##code_bits(const bb_table_pass *pass) {      \
        narrow_pass(pass, width, code_bits);                                                          \
    }

PASS(4, 4)
PASS(2, 4)
PASS(1, 4)
PASS(4, 2)
PASS(2, 2)
PASS(1, 2)

void bb_narrow_pass(const bb_table_pass *pass, uint32_t width, uint32_t code_bits) {
    /* 16 look-ups of at most 12 (2- and 1-bit codes) fit 8 bits, and 4 of at most 60. */
    _Static_assert(BB_TABLE_WORDS <= 2, "8-bit fields of 2-bit codes are widened once per plane");
    if (code_bits == 4) width == 4 ? pass_4_4(pass) : width == 2 ? pass_2_4(pass) : pass_1_4(pass);
    else width == 4 ? pass_4_2(pass) : width == 2 ? pass_2_2(pass) : pass_1_2(pass);
}
