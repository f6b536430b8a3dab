/*
 * All pairs on a core with packed dot products (docs/isa.md). Activations are packed at the wider width of the pair, once per
 * call, four rows side by side ([word][4]); weights stay as they are packed in memory. Four rows times four weight rows at a
 * time: 8 loads feed 16 dot products of 4 to 32 codes each, whose sums stay in registers.
 *
 * Where k fills no word, the missing activations are zero, so the weights there do not matter; at one bit on both
 * sides there is no zero, but each missing pair is -1 times -1, and the sums start so much lower.
 */
#include "pack.h"
#include "pair.h"

#include <stddef.h>

size_t bb_xbb8_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return ROWS * ((size_t)k + 32);
}

size_t bb_xbb4_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return ROWS / 2 * ((size_t)k + 32);
}

size_t bb_xbb2_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return ROWS / 4 * ((size_t)k + 32);
}

size_t bb_xbb1_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return (size_t)k + 32;
}

static void dot(const pair_code *pair, const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k,
                int32_t *acc, uint32_t *block) {
    const row_words row = words_of_row(pair, k);
    rows_product product = rows_product_of(pair, block, weights, m, row);
    for (; n >= ROWS; n -= ROWS, acc += (size_t)m * ROWS) {
        for (uint32_t i = 0; i < ROWS; i++, a += k) pair->pack_row(a, k, row.words, block + i, ROWS);
        multiply_rows(&product, acc);
    }
    for (; n > 0; n--, a += k, acc += m) {
        pair->pack_row(a, k, row.words, block, 1);
        pair->one_row(block, weights, m, row.weight_words, row.start, acc);
    }
}

#define XBB_WIDTH(wide)                                                                                                \
    static void pack_row##wide(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step) {             \
        pack_row_of(a, k, words, to, step, wide);                                                                      \
    }

XBB_WIDTH(8)
XBB_WIDTH(4)
XBB_WIDTH(2)
XBB_WIDTH(1)

#define LANE_SHIFT(narrow) ((narrow) == 8 ? 2 : (narrow) == 4 ? 3 : (narrow) == 2 ? 4 : 5)

#define XBB_FEW(rows, wide, narrow, used)                                                                              \
    static void few_##rows##wide##narrow##used(few_call *call) { few_##rows##_of(call, wide, narrow, used); }

#define XBB_PAIR(wide, narrow)                                                                                         \
    static void four_rows##wide##narrow(block_call *call) { four_rows_of(call, wide, narrow); }                        \
    static void one_row##wide##narrow(const uint32_t *block, const uint32_t *weights, uint32_t m, uint32_t row_words,  \
                                      uint32_t start, int32_t *acc) {                                                  \
        one_row_of(block, weights, m, row_words, start, acc, wide, narrow);                                            \
    }                                                                                                                  \
    static void last_rows##wide##narrow(const uint32_t *block, const uint32_t *weights, uint32_t count,                \
                                        uint32_t row_words, uint32_t start, int32_t *to, uint32_t stride) {            \
        last_rows_of(block, weights, count, row_words, start, to, stride, wide, narrow);                               \
    }                                                                                                                  \
    XBB_FEW(four, wide, narrow, 2)                                                                                     \
    XBB_FEW(four, wide, narrow, 3)                                                                                     \
    XBB_FEW(four, wide, narrow, 4)                                                                                     \
    XBB_FEW(four, wide, narrow, 5)                                                                                     \
    XBB_FEW(two, wide, narrow, 7)                                                                                      \
    XBB_FEW(two, wide, narrow, 9)                                                                                      \
    static const pair_code code##wide##narrow = {wide, narrow, wide / narrow, LANE_SHIFT(narrow), pack_row##wide,      \
                                                 four_rows##wide##narrow, one_row##wide##narrow, last_rows##wide##narrow, \
                                                 {[2] = few_four##wide##narrow##2, [3] = few_four##wide##narrow##3,    \
                                                  [4] = few_four##wide##narrow##4, [5] = few_four##wide##narrow##5,    \
                                                  [7] = wide == narrow ? NULL : few_two##wide##narrow##7,              \
                                                  [9] = few_two##wide##narrow##9}};                                    \
    void bb_xbb_a##wide##w##narrow##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,     \
                                         int32_t *acc, void *scratch) {                                                \
        dot(&code##wide##narrow, a, weights, n, m, k, acc, scratch);                                                   \
    }                                                                                                                  \
    int bb_xbb_a##wide##w##narrow##_conv2d(const bb_conv_shape *s, const int8_t *input, const void *weights,           \
                                           bb_tile_done done, void *context, const bb_conv_room *room) {               \
        return bb_xbb_conv2d(&code##wide##narrow, s, input, weights, done, context, room);                             \
    }

XBB_PAIR(8, 8)
XBB_PAIR(8, 4)
XBB_PAIR(8, 2)
XBB_PAIR(8, 1)
XBB_PAIR(4, 4)
XBB_PAIR(4, 2)
XBB_PAIR(4, 1)
XBB_PAIR(2, 2)
XBB_PAIR(2, 1)
XBB_PAIR(1, 1)
