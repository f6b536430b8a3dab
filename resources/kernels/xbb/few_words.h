/*
 * Rows of few words: the activations of four rows (of up to FEW_FOUR words) or of two after the other (up to FEW_TWO) stay in
 * registers while all weight rows go by. Each weight word is then loaded for the products of all of them, and activations are
 * loaded once, where blocks of 4 x 4 sums load them again for every four weight rows.
 */
#ifndef BB_XBB_FEW_WORDS_H
#define BB_XBB_FEW_WORDS_H

#include "block.h"

#define FEW_FOUR 5
#define FEW_TWO 10

/* What the assembly needs; offsets are written out there. */
typedef struct {
    const uint32_t *at;      /* activations, [word][ROWS] */
    const uint32_t *weights; /* an even number of rows, one behind the other */
    int32_t *to, *to_end;    /* sums of the first row: the first, behind the last */
    uint32_t stride;         /* bytes from a row of sums to the next */
    uint32_t fill;           /* at one bit: turns half of the bits behind a row's codes, so that their products cancel out */
    const uint32_t *at_end;  /* `at` when all rows are done, two at a time */
} few_call;

#ifdef __riscv
#define FEW_DOT(n, sum, codes) XBB_ASM_DOT("%[f]+16*(" n "%%%[parts])", sum, codes, "a5")
/* The next weight word where activation word n is the first that goes with it; row: of the turn's rows. */
#define FEW_WEIGHTS(n, row) ".if " n "%%%[parts] == 0\n\tlw a5, 4*(" n "/%[parts]+" row "*%[words])(a6)\n\t.endif\n\t"
#define FEW_IF(n, what) ".if %[used] > " n "\n\t" what ".endif\n\t"
/* The last word of a row at one bit. */
#define FEW_FILL(n, what) ".if %[one_bit] && %[used] == " n "+1\n\t" what ".endif\n\t"
#define FEW_OPERANDS                                                                                               \
    [f] "i"(XBB_SIZE(wide) << 2 | XBB_SIZE(narrow)), [parts] "i"(wide / narrow), [used] "i"(used),                 \
        [words] "i"((used + wide / narrow - 1) / (wide / narrow)), [one_bit] "i"(wide == 1)
#define FEW_CLOBBERS                                                                                               \
    "ra", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s0", "s1", "s2", "s3", "s4", \
        "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory"

#define FOUR_LOADS(n, x0, x1, x2, x3)                                                                              \
    FEW_IF(n, "lw " x0 ", 16*" n "(a6)\n\tlw " x1 ", 16*" n "+4(a6)\n\tlw " x2 ", 16*" n "+8(a6)\n\tlw " x3 ", 16*" n "+12(a6)\n\t")
#define FOUR_FILL(n, x0, x1, x2, x3)                                                                               \
    FEW_FILL(n, "xor " x0 ", " x0 ", a5\n\txor " x1 ", " x1 ", a5\n\txor " x2 ", " x2 ", a5\n\txor " x3 ", " x3 ", a5\n\t")
#define FOUR_DOTS(n, row, x0, x1, x2, x3)                                                                          \
    FEW_IF(n, FEW_WEIGHTS(n, row) FEW_DOT(n, "a1", x0) FEW_DOT(n, "a2", x1) FEW_DOT(n, "a3", x2) FEW_DOT(n, "a4", x3))
#define FOUR_SUMS(row)                                                                                             \
    "li a1, 0\n\tli a2, 0\n\tli a3, 0\n\tli a4, 0\n\t" FOUR_DOTS("0", row, "s0", "s1", "s2", "s3")                 \
    FOUR_DOTS("1", row, "s4", "s5", "s6", "s7") FOUR_DOTS("2", row, "s8", "s9", "s10", "s11")                      \
    FOUR_DOTS("3", row, "t0", "t1", "t2", "t3") FOUR_DOTS("4", row, "t4", "t5", "t6", "ra")

/* Sums go down the four rows for one weight row and up again for the next: no register is left for four places. */
BB_INLINE void few_four_of(few_call *few, uint32_t wide, uint32_t narrow, uint32_t used) {
    register few_call *call __asm__("a0") = few;
    __asm__ volatile(
        "addi sp, sp, -16\n\tlw a5, 12(a0)\n\tlw a6, 0(a0)\n\tsw a5, 0(sp)\n\t"
        FOUR_LOADS("0", "s0", "s1", "s2", "s3") FOUR_LOADS("1", "s4", "s5", "s6", "s7")
        FOUR_LOADS("2", "s8", "s9", "s10", "s11") FOUR_LOADS("3", "t0", "t1", "t2", "t3")
        FOUR_LOADS("4", "t4", "t5", "t6", "ra") "lw a5, 20(a0)\n\t"
        FOUR_FILL("0", "s0", "s1", "s2", "s3") FOUR_FILL("1", "s4", "s5", "s6", "s7")
        FOUR_FILL("2", "s8", "s9", "s10", "s11") FOUR_FILL("3", "t0", "t1", "t2", "t3")
        FOUR_FILL("4", "t4", "t5", "t6", "ra")
        "lw a6, 4(a0)\n\tlw a7, 8(a0)\n\tlw a0, 16(a0)\n1:\t"
        FOUR_SUMS("0")
        "sw a1, 0(a7)\n\tadd a7, a7, a0\n\tsw a2, 0(a7)\n\tadd a7, a7, a0\n\tsw a3, 0(a7)\n\tadd a7, a7, a0\n\tsw a4, 0(a7)\n\t"
        FOUR_SUMS("1")
        "sw a4, 4(a7)\n\tsub a7, a7, a0\n\tsw a3, 4(a7)\n\tsub a7, a7, a0\n\tsw a2, 4(a7)\n\tsub a7, a7, a0\n\tsw a1, 4(a7)\n\t"
        "lw a5, 0(sp)\n\taddi a7, a7, 8\n\taddi a6, a6, 8*%[words]\n\tbne a7, a5, 1b\n\taddi sp, sp, 16"
        : "+r"(call)
        : FEW_OPERANDS
        : FEW_CLOBBERS);
}

#define TWO_LOADS(n, x0, x1) FEW_IF(n, "lw " x0 ", 16*" n "(a6)\n\tlw " x1 ", 16*" n "+4(a6)\n\t")
#define TWO_FILL(n, x0, x1) FEW_FILL(n, "xor " x0 ", " x0 ", a5\n\txor " x1 ", " x1 ", a5\n\t")
#define TWO_DOTS(n, row, x0, x1) FEW_IF(n, FEW_WEIGHTS(n, row) FEW_DOT(n, "a1", x0) FEW_DOT(n, "a2", x1))
#define TWO_WORDS(DO)                                                                                              \
    DO("0", "s0", "s1") DO("1", "s2", "s3") DO("2", "s4", "s5") DO("3", "s6", "s7") DO("4", "s8", "s9") DO("5", "s10", "s11") \
    DO("6", "t0", "t1") DO("7", "t2", "t3") DO("8", "t4", "t5") DO("9", "t6", "ra")
#define TWO_DOTS_FIRST(n, x0, x1) TWO_DOTS(n, "0", x0, x1)
#define TWO_DOTS_SECOND(n, x0, x1) TWO_DOTS(n, "1", x0, x1)

BB_INLINE void few_two_of(few_call *few, uint32_t wide, uint32_t narrow, uint32_t used) {
    register few_call *call __asm__("a0") = few;
    __asm__ volatile(
        "mv a4, a0\n2:\tlw a6, 0(a4)\n\t" TWO_WORDS(TWO_LOADS) "addi a6, a6, 8\n\tlw a5, 20(a4)\n\tsw a6, 0(a4)\n\t"
        TWO_WORDS(TWO_FILL)
        "lw a5, 16(a4)\n\tlw a7, 8(a4)\n\tlw a0, 12(a4)\n\tlw a6, 4(a4)\n\tadd a3, a7, a5\n\tadd a1, a3, a5\n\t"
        "sw a1, 8(a4)\n\tsub a1, a1, a7\n\tadd a1, a1, a0\n\tsw a1, 12(a4)\n1:\t"
        "li a1, 0\n\tli a2, 0\n\t" TWO_WORDS(TWO_DOTS_FIRST) "sw a1, 0(a7)\n\tsw a2, 0(a3)\n\t"
        "li a1, 0\n\tli a2, 0\n\t" TWO_WORDS(TWO_DOTS_SECOND) "sw a1, 4(a7)\n\tsw a2, 4(a3)\n\t"
        "addi a7, a7, 8\n\taddi a3, a3, 8\n\taddi a6, a6, 8*%[words]\n\tbne a7, a0, 1b\n\t"
        "lw a6, 0(a4)\n\tlw a5, 24(a4)\n\tbne a6, a5, 2b"
        : "+r"(call)
        : FEW_OPERANDS
        : FEW_CLOBBERS);
}
#else
BB_INLINE void few_rows_of(few_call *call, uint32_t wide, uint32_t narrow, uint32_t used, uint32_t rows) {
    const uint32_t parts = wide / narrow, words = (used + parts - 1) / parts, blocks = (uint32_t)(call->to_end - call->to);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t j = 0; j < blocks; j++) {
            uint32_t sum = 0;
            for (uint32_t n = 0; n < used; n++) {
                const uint32_t codes = call->at[n * ROWS + row] ^ (wide == 1 && n + 1 == used ? call->fill : 0);
                XBB_DOT(sum, codes, call->weights[j * words + n / parts], wide, narrow, n % parts);
            }
            call->to[row * (call->stride / 4) + j] = (int32_t)sum;
        }
}
BB_INLINE void few_four_of(few_call *call, uint32_t wide, uint32_t narrow, uint32_t used) {
    few_rows_of(call, wide, narrow, used, ROWS);
}
BB_INLINE void few_two_of(few_call *call, uint32_t wide, uint32_t narrow, uint32_t used) {
    few_rows_of(call, wide, narrow, used, (uint32_t)(call->at_end - call->at));
}
#endif

#endif
