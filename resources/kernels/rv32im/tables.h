/*
 * Inner products by table look-up: no multiplication at all.
 *
 * One side ("rows") is turned into tables: for every 4 codes along k, the 16 sums of its subsets. The other side
 * ("bits") comes as bit planes: 4 bits of a plane pick the subset's sum, so one look-up does 4 products for every row
 * whose sums share a table entry. With planes p of weight 2^p (the last negative: two's complement),
 *   sum_k row[k] * code[k] = -2^(B-1) S[B-1] + ... + 2 S[1] + S[0],   S[p] = sum over the codes whose bit p is set.
 * One-bit codes are -1 and +1: 2 S[0] - sum_k row[k].
 * The idea of replacing bit-serial multiplications by such tables: T-MAC (Wei et al., 2024, arXiv:2407.00088).
 *
 * Several rows share a 32-bit word: two 16-bit fields, or four 8-bit fields that are widened in time. Fields are summed
 * as one integer, so borrows between them cancel out in the end. An entry is 1, 2 or 4 words; 32 codes need 8 tables.
 */
#ifndef BB_TABLES_H
#define BB_TABLES_H

#include "../dot.h"

/*
 * The words of one entry, by name and not by index: an array that a compiler does not unroll early enough would live in
 * memory, and these must stay in registers.
 */
typedef struct {
    uint32_t w0, w1, w2, w3;
} bb_words;

/* DO(w0) to DO(w3), as many as an entry has words; `width` is a constant 1, 2 or 4. */
#define BB_EACH(width, DO)        \
    do {                          \
        DO(w0);                   \
        if ((width) > 1) DO(w1);  \
        if ((width) > 2) DO(w2);  \
        if ((width) > 2) DO(w3);  \
    } while (0)

/* Words of k that one set of tables spans: 2 * 8 tables * 16 entries * 16 bytes = 4 KiB at four words an entry. */
#ifndef BB_TABLE_WORDS
#define BB_TABLE_WORDS 2
#endif

/* Bytes of the tables of 32 codes with `width` words an entry. */
#define BB_TABLE_BYTES(width) (8 * 16 * 4 * (width))

/*
 * Added to every 16-bit field before it is read, so that fields are not negative and need no borrow. Sums lie
 * within +-16384: 64 codes of -128, counted twice.
 */
#define BB_FIELD_BIAS 32767

/* The 16 subset sums of four addends, entry e at table[e * width]. */
BB_INLINE void bb_table_fill(uint32_t *table, uint32_t width, uint32_t base, uint32_t a0, uint32_t a1, uint32_t a2,
                             uint32_t a3) {
    uint32_t s1 = base + a0, s2 = base + a1, s3 = s2 + a0, s4 = base + a2, s5 = s4 + a0, s6 = s4 + a1, s7 = s6 + a0;
    table[0 * width] = base;
    table[1 * width] = s1;
    table[2 * width] = s2;
    table[3 * width] = s3;
    table[4 * width] = s4;
    table[5 * width] = s5;
    table[6 * width] = s6;
    table[7 * width] = s7;
    table[8 * width] = base + a3;
    table[9 * width] = s1 + a3;
    table[10 * width] = s2 + a3;
    table[11 * width] = s3 + a3;
    table[12 * width] = s4 + a3;
    table[13 * width] = s5 + a3;
    table[14 * width] = s6 + a3;
    table[15 * width] = s7 + a3;
}

/*
 * One look-up: `width` words of the entry at `entry` + `offset` bytes, added to s. In assembly because a compiler that may
 * reorder look-ups keeps too many in flight and spills the sums; loads come first, so that none waits for its load.
 */
#ifdef __riscv
#define BB_LOOK_UP_4(entry, offset, s)                                                                             \
    do {                                                                                                           \
        uint32_t r0, r1, r2, r3;                                                                                   \
        __asm__ volatile(                                                                                          \
            "lw %4, %9(%8)\n\tlw %5, %9+4(%8)\n\tlw %6, %9+8(%8)\n\tlw %7, %9+12(%8)\n\t"                             \
            "add %0, %0, %4\n\tadd %1, %1, %5\n\tadd %2, %2, %6\n\tadd %3, %3, %7"                                  \
            : "+&r"((s).w0), "+&r"((s).w1), "+&r"((s).w2), "+&r"((s).w3), "=&r"(r0), "=&r"(r1), "=&r"(r2), "=&r"(r3)   \
            : "r"(entry), "i"(offset)                                                                              \
            : "memory");                                                                                           \
    } while (0)
#define BB_LOOK_UP_2(entry, offset, s)                                                                             \
    do {                                                                                                           \
        uint32_t r0, r1;                                                                                           \
        __asm__ volatile("lw %2, %5(%4)\n\tlw %3, %5+4(%4)\n\tadd %0, %0, %2\n\tadd %1, %1, %3"                     \
                         : "+&r"((s).w0), "+&r"((s).w1), "=&r"(r0), "=&r"(r1)                                        \
                         : "r"(entry), "i"(offset)                                                                 \
                         : "memory");                                                                              \
    } while (0)
#else
#define BB_LOOK_UP_2(entry, offset, s)                                                        \
    do {                                                                                      \
        const uint32_t *read_ = (const uint32_t *)(const void *)((entry) + (offset));         \
        (s).w0 += read_[0];                                                                   \
        (s).w1 += read_[1];                                                                   \
    } while (0)
#define BB_LOOK_UP_4(entry, offset, s)                                                        \
    do {                                                                                      \
        const uint32_t *words_ = (const uint32_t *)(const void *)((entry) + (offset));        \
        BB_LOOK_UP_2(entry, offset, s);                                                       \
        (s).w2 += words_[2];                                                                  \
        (s).w3 += words_[3];                                                                  \
    } while (0)
#endif

/* The look-up of one group of four codes in a word of a plane; `group` is a constant 0..7. */
#define BB_GROUP(tables, bits, width, group, s)                                                                    \
    do {                                                                                                           \
        const uint32_t log_bytes_ = (width) == 4 ? 4 : (width) == 2 ? 3 : 2, at_ = (group) * 4;                     \
        uint32_t index_ = at_ >= log_bytes_ ? (bits) >> (at_ >= log_bytes_ ? at_ - log_bytes_ : 0)                  \
                                            : (bits) << (at_ < log_bytes_ ? log_bytes_ - at_ : 0);                  \
        const uint8_t *entry_ = (tables) + (index_ & (15u << log_bytes_));                                         \
        if ((width) == 4) BB_LOOK_UP_4(entry_, (group) * 256, s);                                                  \
        else if ((width) == 2) BB_LOOK_UP_2(entry_, (group) * 128, s);                                             \
        else (s).w0 += *(const uint32_t *)(const void *)(entry_ + (group) * 64);                                   \
    } while (0)

/* Groups 0..3 and 4..7 of a word of a plane. */
#define BB_LOW_GROUPS(tables, bits, width, s)   \
    do {                                        \
        BB_GROUP(tables, bits, width, 0, s);    \
        BB_GROUP(tables, bits, width, 1, s);    \
        BB_GROUP(tables, bits, width, 2, s);    \
        BB_GROUP(tables, bits, width, 3, s);    \
    } while (0)
#define BB_HIGH_GROUPS(tables, bits, width, s)  \
    do {                                        \
        BB_GROUP(tables, bits, width, 4, s);    \
        BB_GROUP(tables, bits, width, 5, s);    \
        BB_GROUP(tables, bits, width, 6, s);    \
        BB_GROUP(tables, bits, width, 7, s);    \
    } while (0)

/*
 * What one pass over a set of tables does: `count` rows of bit planes, `step` words apart, each row of `words` words of
 * `planes` planes (word w, plane p at bits[w * planes + p]); the sums of table row r are added at out[r * row_stride], and
 * out moves by out_step from one row of planes to the next.
 */
typedef struct {
    const uint8_t *tables;
    const uint32_t *bits;
    uint32_t step, planes, words, count;
    int32_t *out;
    uint32_t out_step, row_stride, rows;
} bb_table_pass;

/* Rows of an entry of `width` words: 16-bit fields of 8-bit codes, 8-bit fields of narrower ones. */
#define BB_WIDE_ROWS(width) (2 * (width))
#define BB_NARROW_ROWS(width) (4 * (width))

/*
 * The tables of 32 codes of as many rows as an entry has: row r's code c at rows[r][c]. `bias` is added to every 8-bit field (BB_NARROW_BIAS).
 */
void bb_wide_build(uint8_t *tables, const int8_t *const *rows, uint32_t width);
void bb_narrow_build(uint8_t *tables, const int8_t *const *rows, uint32_t width, uint32_t bias);

/* Four times the largest magnitude of a code (8, 2, 1): keeps an entry's fields from being negative. */
#define BB_NARROW_BIAS(code_bits) ((code_bits) == 4 ? 32u : (code_bits) == 2 ? 8u : 4u)

/*
 * The passes, by words an entry. To each sum they add BB_FIELD_BIAS, narrow ones also what bb_narrow_bias tells; at one
 * plane the sum counts twice and the caller subtracts the row's total. pass->rows <= the rows of an entry.
 */
void bb_wide_pass(const bb_table_pass *pass, uint32_t width);
void bb_narrow_pass(const bb_table_pass *pass, uint32_t width, uint32_t code_bits);

/* The entries' bias in a sum over `words` words: -8 + 4 + 2 + 1 = -2 + 1 = -1 times, twice at one plane. */
BB_INLINE int32_t bb_narrow_bias(uint32_t code_bits, uint32_t planes, uint32_t words) {
    int32_t entries = (int32_t)(8 * words * BB_NARROW_BIAS(code_bits));
    return planes == 1 ? 2 * entries : -entries;
}

/*
 * Totals of the rows of one-bit codes: a pass over tables with every bit set adds twice the total (and the biases) to
 * totals[r]. Kept beside the sums and taken off at the end, they cost one row of planes.
 */
static inline bb_table_pass bb_totals_pass(const bb_table_pass *pass, int32_t *totals) {
    static const uint32_t every_bit[BB_TABLE_WORDS] = {0xFFFFFFFFu, 0xFFFFFFFFu};
    return (bb_table_pass){pass->tables, every_bit, 0, 1, pass->words, 1, totals, 0, 1, pass->rows};
}

/* Keeps a compiler from carrying one pointer for every row through the loop, more than there are registers. */
#define BB_OPAQUE(pointer) __asm__("" : "+r"(pointer))

/* Biased 16-bit fields, low or high, to the sum of a row. */
#define BB_ADD_LOW(fields, to) (*(to) += (int32_t)((fields) & 0xFFFF))
#define BB_ADD_HIGH(fields, to) (*(to) += (int32_t)((fields) >> 16))

#endif
