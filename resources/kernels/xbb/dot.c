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

#ifdef __riscv
/*
 * The end of a block and the sums of the next: t3 to t6, s0 to s11. In: a0 the call. Out: a7 where the next block goes, t0 behind
 * the last one. a5 stays; a1 to a4, a6, t1 and t2 do not.
 */
__asm__(".pushsection .text.xbb_finish, \"ax\", @progbits\n\t.balign 4\n\t"
        ".globl xbb_finish_sums, xbb_begin_sums, xbb_finish_codes, xbb_begin_codes\n"
        "xbb_finish_sums:\n\t"
        "lw a7, 40(a0)\n\tlw t0, 48(a0)\n\taddi t1, a7, 16\n\tsw t1, 40(a0)\n\t"
        "sw t3, 0(a7)\n\tsw t4, 4(a7)\n\tsw t5, 8(a7)\n\tsw t6, 12(a7)\n\tadd a7, a7, t0\n\t"
        "sw s0, 0(a7)\n\tsw s1, 4(a7)\n\tsw s2, 8(a7)\n\tsw s3, 12(a7)\n\tadd a7, a7, t0\n\t"
        "sw s4, 0(a7)\n\tsw s5, 4(a7)\n\tsw s6, 8(a7)\n\tsw s7, 12(a7)\n\tadd a7, a7, t0\n\t"
        "sw s8, 0(a7)\n\tsw s9, 4(a7)\n\tsw s10, 8(a7)\n\tsw s11, 12(a7)\n\tmv a7, t1\n"
        "xbb_begin_sums:\n\t"
        "lw t3, 24(a0)\n\tlw t0, 44(a0)\n\tmv t4, t3\n\tmv t5, t3\n\tmv t6, t3\n\tj 1f\n"
        "xbb_finish_codes:\n\t"
        "lw t1, 64(a0)\n\tlw a7, 40(a0)\n\tlw t0, 48(a0)\n\t"
        "lw a2, 16(t1)\n\tlw a3, 20(t1)\n\tlw a4, 24(t1)\n\tlw a6, 28(t1)\n\t"
#define WORD_OF(s0, s1, s2, s3)                                                                        \
    XBB_ASM_QUANT("a1", s0, "a2") XBB_ASM_QUANT("a1", s1, "a3") XBB_ASM_QUANT("a1", s2, "a4") XBB_ASM_QUANT("a1", s3, "a6")
        WORD_OF("t3", "t4", "t5", "t6") "add t2, a7, t0\n\tsw a1, 0(a7)\n\taddi a7, a7, 4\n\t"
        WORD_OF("s0", "s1", "s2", "s3") "sw a7, 40(a0)\n\tsw a1, 0(t2)\n\tadd t2, t2, t0\n\t"
        WORD_OF("s4", "s5", "s6", "s7") "addi t1, t1, 32\n\tsw a1, 0(t2)\n\tadd t2, t2, t0\n\t"
        WORD_OF("s8", "s9", "s10", "s11") "sw t1, 64(a0)\n\tsw a1, 0(t2)\n"
        "2:\tlw t3, 0(t1)\n\tlw t4, 4(t1)\n\tlw t5, 8(t1)\n\tlw t6, 12(t1)\n\tlw t0, 44(a0)\n"
        "1:\tmv s0, t3\n\tmv s1, t4\n\tmv s2, t5\n\tmv s3, t6\n\tmv s4, t3\n\tmv s5, t4\n\tmv s6, t5\n\tmv s7, t6\n\t"
        "mv s8, t3\n\tmv s9, t4\n\tmv s10, t5\n\tmv s11, t6\n\tjr ra\n"
        "xbb_begin_codes:\n\tlw t1, 64(a0)\n\tj 2b\n"
        "\t.popsection");
#endif

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
