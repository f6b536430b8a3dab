/*
 * Few bits on both sides, one row of activations, no instruction that counts bits: products of planes (planes.h) go into 32
 * counters that stand upright, bit i of every digit belonging to lane i. A full adder of two new words and a digit takes
 * five instructions for 32 lanes; the digits are counted bit by bit only once every GROUP_WORDS words.
 * Carry-save counting: Harley and Seal, in Warren, Hacker's Delight (2nd ed., 2013), section 5-1.
 * More rows go by tables, where they share look-ups.
 */
#include "planes.h"

/* Words of k in straight-line code, and words counted before the digits are read: 16 * 3 * 15 < 2^10, ten digits. */
#define BLOCK_WORDS 4
#define GROUP_WORDS 16

/* Below this number of weight rows, making planes costs more than tables. */
#define LEAST_WEIGHT_ROWS 6

size_t bb_carry_save_scratch(uint32_t m, uint32_t k) { return bb_tables_scratch(m, k) + bb_planes_bytes(k); }

/*
 * Digit d of the counters, and a word that waits to be added to it until a second one comes. Whether one waits is known when
 * the straight-line code is compiled; names and not an array for the reason given in tables.h.
 */
typedef struct {
    uint32_t d0, d1, d2, d3, d4, d5, d6, d7, d8, d9;
    uint32_t w0, w1, w2, w3, w4, w5, w6, w7, w8, w9;
    int f0, f1, f2, f3, f4, f5, f6, f7, f8, f9;
} counters;

/* No carry leaves the last digit (GROUP_WORDS). */
BB_INLINE void add_10(counters *c, uint32_t x) { (void)c, (void)x; }

#define DIGIT(n, above)                                                          \
    BB_INLINE void add_##n(counters *c, uint32_t x) {                             \
        if (!c->f##n) {                                                          \
            c->w##n = x;                                                         \
            c->f##n = 1;                                                         \
            return;                                                              \
        }                                                                        \
        uint32_t half = c->d##n ^ c->w##n, carry = (c->d##n & c->w##n) | (half & x); \
        c->d##n = half ^ x;                                                      \
        c->f##n = 0;                                                             \
        add_##above(c, carry);                                                   \
    }                                                                            \
    /* The word that is left waiting at the end of a block. */                   \
    BB_INLINE void settle_##n(counters *c) {                                     \
        if (!c->f##n) return;                                                    \
        uint32_t carry = c->d##n & c->w##n;                                      \
        c->d##n ^= c->w##n;                                                      \
        c->f##n = 0;                                                             \
        add_##above(c, carry);                                                   \
    }

DIGIT(9, 10)
DIGIT(8, 9)
DIGIT(7, 8)
DIGIT(6, 7)
DIGIT(5, 6)
DIGIT(4, 5)
DIGIT(3, 4)
DIGIT(2, 3)
DIGIT(1, 2)
DIGIT(0, 1)

/* The products of one word of each plane. Of negative ones the complement is counted; all_ones() takes it off again. */
BB_INLINE void add_word(counters *c, const uint32_t *a, const uint32_t *w, uint32_t ap, uint32_t wp) {
#define PRODUCT(p, q, digit)                                        \
    if ((p) < ap && (q) < wp) {                                     \
        uint32_t product = ap == 1 ? a[p] ^ w[q] : a[p] & w[q];     \
        add_##digit(c, BB_IS_NEGATIVE(p, q, ap, wp) ? ~product : product); \
    }
    PRODUCT(0, 0, 0)
    PRODUCT(0, 1, 1)
    PRODUCT(1, 0, 1)
    PRODUCT(0, 2, 2)
    PRODUCT(1, 1, 2)
    PRODUCT(2, 0, 2)
    PRODUCT(0, 3, 3)
    PRODUCT(1, 2, 3)
    PRODUCT(2, 1, 3)
    PRODUCT(3, 0, 3)
    PRODUCT(1, 3, 4)
    PRODUCT(3, 1, 4)
}

/* Keeps a compiler from loading the words of a whole block at once and running out of registers. */
#define WORD_BY_WORD() __asm__ volatile("" ::: "memory")

BB_INLINE void add_block(counters *c, const uint32_t *a, const uint32_t *w, uint32_t ap, uint32_t wp) {
    add_word(c, a, w, ap, wp);
    WORD_BY_WORD();
    add_word(c, a + ap, w + wp, ap, wp);
    WORD_BY_WORD();
    add_word(c, a + 2 * ap, w + 2 * wp, ap, wp);
    WORD_BY_WORD();
    add_word(c, a + 3 * ap, w + 3 * wp, ap, wp);
    settle_0(c);
    settle_1(c);
    settle_2(c);
    settle_3(c);
    settle_4(c);
    settle_5(c);
    settle_6(c);
    settle_7(c);
    settle_8(c);
    settle_9(c);
}

/* Ones of each four bits, and sums of neighbouring fields. */
BB_INLINE uint32_t count_fours(uint32_t x) {
    x -= x >> 1 & 0x55555555u;
    return (x & 0x33333333u) + (x >> 2 & 0x33333333u);
}
BB_INLINE uint32_t add_nibbles(uint32_t x) { return (x & 0x0F0F0F0Fu) + (x >> 4 & 0x0F0F0F0Fu); }
BB_INLINE uint32_t add_bytes(uint32_t x) { return (x & 0x00FF00FFu) + (x >> 8 & 0x00FF00FFu); }

/* The digits' value. Two digits fit fields of four bits (4 + 2 * 4), four fit bytes, ten fit halves. */
BB_INLINE uint32_t read_counters(const counters *c, uint32_t most) {
    /* A digit that a group cannot reach is not counted. */
#define FOURS(n) (most >> (n) ? count_fours(c->d##n) : 0)
#define TWO_DIGITS(n, next) (most >> (n) ? add_nibbles(FOURS(n) + 2 * FOURS(next)) : 0)
    uint32_t total = add_bytes(TWO_DIGITS(0, 1) + 4 * TWO_DIGITS(2, 3));
    if (most >> 4) total += 16 * add_bytes(TWO_DIGITS(4, 5) + 4 * TWO_DIGITS(6, 7));
    if (most >> 8) total += 256 * add_bytes(TWO_DIGITS(8, 9));
    return (total & 0xFFFF) + (total >> 16);
}

/* What the complements of negative products count too much, per lane and word. */
BB_INLINE uint32_t all_ones(uint32_t ap, uint32_t wp) {
    uint32_t ones = 0;
    for (uint32_t p = 0; p < ap; p++)
        for (uint32_t q = 0; q < wp; q++)
            if (BB_IS_NEGATIVE(p, q, ap, wp)) ones += 1u << (p + q);
    return ones;
}

/* S and all_ones() of one row of weights; the planes of activations reach to a whole block. */
BB_INLINE uint32_t count_row(const uint32_t *a, const uint32_t *w, uint32_t words, uint32_t ap, uint32_t wp) {
    const uint32_t most = GROUP_WORDS * ((1u << ap) - 1) * ((1u << wp) - 1);
    uint32_t total = 0;
    while (words > 0) {
        counters c = {0};
        uint32_t group = words < GROUP_WORDS ? words : GROUP_WORDS;
        words -= group;
        for (uint32_t at = 0; at < group; at += BLOCK_WORDS, a += BLOCK_WORDS * ap, w += BLOCK_WORDS * wp) {
            uint32_t last[BLOCK_WORDS * 4];
            const uint32_t *from = w;
            if (group - at < BLOCK_WORDS) {
                for (uint32_t i = 0; i < BLOCK_WORDS * wp; i++) last[i] = i < (group - at) * wp ? w[i] : 0;
                from = last;
            }
            add_block(&c, a, from, ap, wp);
        }
        total += read_counters(&c, most);
    }
    return total;
}

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t m, uint32_t k, int32_t *acc, uint32_t *bits,
                   uint32_t ap, uint32_t wp) {
    const uint32_t words = (k + 31) / 32, whole = (words + BLOCK_WORDS - 1) / BLOCK_WORDS * BLOCK_WORDS;
    const int32_t factor = bb_planes_factor(ap, wp);
    bb_to_planes(a, k, ap, bits);
    for (uint32_t at = words * ap; at < whole * ap; at++) bits[at] = 0;
    int32_t start = bb_planes_start(a, k, ap, wp) - factor * (int32_t)(32 * whole * all_ones(ap, wp));
    for (uint32_t j = 0; j < m; j++, weights += words * wp)
        acc[j] = start + factor * (int32_t)count_row(bits, weights, words, ap, wp);
}

#define CARRY_SAVE_DOT(ap, wp, tables)                                                                                 \
    void bb_carry_save_a##ap##w##wp##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,      \
                                          int32_t *acc, void *scratch) {                                               \
        if (n > 1 || m < LEAST_WEIGHT_ROWS) tables(a, weights, n, m, k, acc, scratch);                                 \
        else dot(a, weights, m, k, acc, scratch, ap, wp);                                                              \
    }

/* Tables of two-bit codes serve one-bit ones too. */
CARRY_SAVE_DOT(4, 2, bb_tables_a4w2_dot)
CARRY_SAVE_DOT(4, 1, bb_tables_a4w1_dot)
CARRY_SAVE_DOT(2, 4, bb_tables_a2w4_dot)
CARRY_SAVE_DOT(2, 2, bb_tables_a2w2_dot)
CARRY_SAVE_DOT(2, 1, bb_tables_a2w1_dot)
CARRY_SAVE_DOT(1, 4, bb_tables_a2w4_dot)
CARRY_SAVE_DOT(1, 2, bb_tables_a2w2_dot)
CARRY_SAVE_DOT(1, 1, bb_tables_a2w1_dot)
