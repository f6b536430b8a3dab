/* Blocks of four weight rows times rows of packed activations: one row in C, four in assembly, with a C twin for the host. */
#ifndef BB_XBB_BLOCK_H
#define BB_XBB_BLOCK_H

#include "../dot.h"
#include "instructions.h"

#define ROWS 4

/* Sums of one row of activations times four weight rows. */
typedef struct {
    uint32_t w0, w1, w2, w3;
} quad;

/* s += the activations at[index] times the words of four weight rows. The load is in it so that sums are not spilled for loads. */
#ifdef __riscv
#define TIMES_FOUR(s, at, index, w, wide, narrow, part)                                                          \
    do {                                                                                                         \
        uint32_t codes_;                                                                                         \
        __asm__("lw %[c], %[off](%[at_])\n\t" XBB_ASM_DOT("%[f]", "%[s0]", "%[c]", "%[v0]")                     \
                XBB_ASM_DOT("%[f]", "%[s1]", "%[c]", "%[v1]") XBB_ASM_DOT("%[f]", "%[s2]", "%[c]", "%[v2]")      \
                XBB_ASM_DOT("%[f]", "%[s3]", "%[c]", "%[v3]")                                                    \
                : [s0] "+&r"((s).w0), [s1] "+&r"((s).w1), [s2] "+&r"((s).w2), [s3] "+&r"((s).w3), [c] "=&r"(codes_) \
                : [at_] "r"(at), [off] "i"(4 * (index)), [f] "i"((part) << 4 | XBB_SIZE(wide) << 2 | XBB_SIZE(narrow)), \
                  [v0] "r"((w).w0), [v1] "r"((w).w1), [v2] "r"((w).w2), [v3] "r"((w).w3), "m"((at)[index]));     \
    } while (0)
#else
#define TIMES_FOUR(s, at, index, w, wide, narrow, part)        \
    do {                                                       \
        XBB_DOT((s).w0, (at)[index], (w).w0, wide, narrow, part); \
        XBB_DOT((s).w1, (at)[index], (w).w1, wide, narrow, part); \
        XBB_DOT((s).w2, (at)[index], (w).w2, wide, narrow, part); \
        XBB_DOT((s).w3, (at)[index], (w).w3, wide, narrow, part); \
    } while (0)
#endif

#define FOUR_ROWS(part)                                                        \
    do {                                                                       \
        TIMES_FOUR(r0, at, 4 * (part), w, wide, narrow, part);                 \
        TIMES_FOUR(r1, at, 4 * (part) + 1, w, wide, narrow, part);             \
        TIMES_FOUR(r2, at, 4 * (part) + 2, w, wide, narrow, part);             \
        TIMES_FOUR(r3, at, 4 * (part) + 3, w, wide, narrow, part);             \
    } while (0)

#define ONE_ROW(part) TIMES_FOUR(r0, at, part, w, wide, narrow, part)

/* DO(part) for every group of a weight word's codes that fills a word of activations. */
#define EACH_PART(DO)                 \
    do {                              \
        DO(0);                        \
        if (wide / narrow > 1) DO(1); \
        if (wide / narrow > 2) {      \
            DO(2);                    \
            DO(3);                    \
        }                             \
        if (wide / narrow > 4) {      \
            DO(4);                    \
            DO(5);                    \
            DO(6);                    \
            DO(7);                    \
        }                             \
    } while (0)

BB_INLINE void store(quad s, int32_t *to, uint32_t columns) {
    to[0] = (int32_t)s.w0;
    if (columns > 1) to[1] = (int32_t)s.w1;
    if (columns > 2) to[2] = (int32_t)s.w2;
    if (columns > 3) to[3] = (int32_t)s.w3;
}

/* Where four weight rows from row j on begin; behind the last row the last one again, whose sums are not stored. */
typedef struct {
    const uint32_t *p0, *p1, *p2, *p3;
} row_pointers;

BB_INLINE row_pointers rows_from(const uint32_t *weights, uint32_t row_words, uint32_t columns) {
    row_pointers p = {weights, weights, weights, weights};
    if (columns > 1) p.p1 = p.p2 = p.p3 = weights + row_words;
    if (columns > 2) p.p2 = p.p3 = p.p1 + row_words;
    if (columns > 3) p.p3 = p.p2 + row_words;
    return p;
}

BB_INLINE quad next_words(row_pointers *p) { return (quad){*p->p0++, *p->p1++, *p->p2++, *p->p3++}; }

/* How the sums of four weight rows become codes. */
typedef struct {
    uint32_t bias[4];   /* where sums begin */
    uint32_t format[4]; /* xbb_format */
} block_codes;

/* What the assembly of four rows needs; it has no registers left to hold it. Offsets are written out there. */
typedef struct {
    const uint32_t *at; /* activations, [word][4], less what is skipped */
    row_pointers p;     /* the first four weight rows, less what is skipped */
    const uint32_t *end; /* of p.p0 */
    uint32_t start;
    uint32_t row_bytes;  /* of a weight row */
    uint32_t skip_bytes; /* of a weight row: a row that fills no turn of the loop begins within one */
    uint32_t skip_code;  /* instruction bytes of the loop that are skipped then */
    void *to, *to_end; /* sums or codes of the first row: of the first block, behind the last */
    uint32_t stride;   /* bytes from a row of these to the next */
    const void *entry; /* for the assembly */
    const void *finish, *begin; /* of a block: xbb_finish_sums or xbb_finish_codes, and where the first one enters it */
    const block_codes *codes;   /* of the next block; NULL: sums are stored */
} block_call;

/* A block is finished here, and the sums of the next one begin: in registers, so in assembly, once for all pairs. */
extern const char xbb_finish_sums[], xbb_begin_sums[], xbb_finish_codes[], xbb_begin_codes[];

/* Weight words of a turn of the loop; `parts` words of activations go with each. */
BB_INLINE uint32_t words_of_turn(uint32_t parts) { return parts == 1 ? 8 : parts == 2 ? 4 : parts == 4 ? 2 : 1; }

/*
 * Four rows of activations times all blocks of four weight rows, sums stored. In assembly as a whole: 16 sums, the words that
 * feed them and where these lie need every register there is, and a compiler spills pointers into the loop. The end of a weight
 * row is the start of the next, so the pointers of a block follow from those of the block before.
 */
#ifdef __riscv
#define TIMES(code, part, at, w0, w1, w2, w3, s0, s1, s2, s3)                                                   \
    "lw ra, " at "(a1)\n\t" XBB_ASM_DOT(code "+16*" part, s0, "ra", w0) XBB_ASM_DOT(code "+16*" part, s1, "ra", w1) \
    XBB_ASM_DOT(code "+16*" part, s2, "ra", w2) XBB_ASM_DOT(code "+16*" part, s3, "ra", w3)
#define PART(part, at)                                                                                          \
    TIMES("%[f]", part, at, "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6")                                     \
    TIMES("%[f]", part, at "+4", "a7", "t0", "t1", "t2", "s0", "s1", "s2", "s3")                                \
    TIMES("%[f]", part, at "+8", "a7", "t0", "t1", "t2", "s4", "s5", "s6", "s7")                                \
    TIMES("%[f]", part, at "+12", "a7", "t0", "t1", "t2", "s8", "s9", "s10", "s11")
#define WORDS(at) "lw a7, " at "(a2)\n\tlw t0, " at "(a3)\n\tlw t1, " at "(a4)\n\tlw t2, " at "(a5)\n\t"
#define NEXT(bytes) "addi a2, a2, " bytes "\n\taddi a3, a3, " bytes "\n\taddi a4, a4, " bytes "\n\taddi a5, a5, " bytes "\n\t"
/* WORDS and the PARTs of them: 4 and 4 loads, 16 products. */
#define WORDS_BYTES(parts) (16 + (16 + 16 * XBB_DOT_BYTES) * (parts))
#define BLOCK(loop)                                                                                             \
    __asm__ volatile(                                                                                           \
        ".option push\n\t.option norvc\n\t"                                                                    \
        "la t0, 1f\n\tlw t1, 36(a0)\n\tadd t0, t0, t1\n\tsw t0, 52(a0)\n\t"                                   \
        "lw a5, 16(a0)\n\tlw ra, 60(a0)\n\tjalr ra, ra\n\t"                                                 \
        "lw a1, 0(a0)\n\tlw a2, 4(a0)\n\tlw a3, 8(a0)\n\tlw a4, 12(a0)\n\tlw a6, 20(a0)\n"                   \
        "2:\tlw ra, 52(a0)\n\tjr ra\n1:\t" loop "bne a2, a6, 1b\n\t"                                           \
        "lw ra, 56(a0)\n\tjalr ra, ra\n\t"                                                                    \
        "lw ra, 28(a0)\n\tlw t1, 32(a0)\n\tlw a1, 0(a0)\n\t"                                                 \
        "add a6, a5, ra\n\tsub a2, a5, t1\n\tadd a3, a2, ra\n\tadd a4, a3, ra\n\tadd a5, a4, ra\n\t"            \
        "bne a7, t0, 2b\n\t.option pop"                                                                        \
        : "+r"(call)                                                                                            \
        : [f] "i"(XBB_SIZE(wide) << 2 | XBB_SIZE(narrow))                                                       \
        : "ra", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s0", "s1", "s2", \
          "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory")

BB_INLINE void four_rows_of(block_call *block, uint32_t wide, uint32_t narrow) {
    register block_call *call __asm__("a0") = block;
    if (wide == narrow)
        BLOCK(WORDS("0") PART("0", "0") WORDS("4") PART("0", "16") WORDS("8") PART("0", "32") WORDS("12") PART("0", "48")
              WORDS("16") PART("0", "64") WORDS("20") PART("0", "80") WORDS("24") PART("0", "96") WORDS("28") PART("0", "112")
              NEXT("32") "addi a1, a1, 128\n\t");
    else if (wide / narrow == 2)
        BLOCK(WORDS("0") PART("0", "0") PART("1", "16") WORDS("4") PART("0", "32") PART("1", "48") WORDS("8") PART("0", "64")
              PART("1", "80") WORDS("12") PART("0", "96") PART("1", "112") NEXT("16") "addi a1, a1, 128\n\t");
    else if (wide / narrow == 4)
        BLOCK(WORDS("0") PART("0", "0") PART("1", "16") PART("2", "32") PART("3", "48") WORDS("4") PART("0", "64")
              PART("1", "80") PART("2", "96") PART("3", "112") NEXT("8") "addi a1, a1, 128\n\t");
    else
        BLOCK(WORDS("0") PART("0", "0") PART("1", "16") PART("2", "32") PART("3", "48") PART("4", "64")
              PART("5", "80") PART("6", "96") PART("7", "112") NEXT("4") "addi a1, a1, 128\n\t");
}
#else
#define WORDS_BYTES(parts) 0
BB_INLINE void store_codes(quad s, const block_codes *codes, uint8_t *to) {
    uint32_t word = 0;
    XBB_QUANT(word, s.w0, codes->format[0]);
    XBB_QUANT(word, s.w1, codes->format[1]);
    XBB_QUANT(word, s.w2, codes->format[2]);
    XBB_QUANT(word, s.w3, codes->format[3]);
    *(uint32_t *)(void *)to = word;
}

BB_INLINE void finish_block(block_call *call, quad r0, quad r1, quad r2, quad r3) {
    const uint32_t stride = call->stride;
    if (call->codes) {
        uint8_t *to = call->to;
        store_codes(r0, call->codes, to);
        store_codes(r1, call->codes, to + stride);
        store_codes(r2, call->codes, to + 2 * stride);
        store_codes(r3, call->codes++, to + 3 * stride);
        call->to = to + 4;
        return;
    }
    int32_t *to = call->to;
    store(r0, to, 4);
    store(r1, to + stride / 4, 4);
    store(r2, to + 2 * (stride / 4), 4);
    store(r3, to + 3 * (stride / 4), 4);
    call->to = to + 4;
}

BB_INLINE void four_rows_of(block_call *call, uint32_t wide, uint32_t narrow) {
    const uint32_t parts = wide / narrow, skipped = call->skip_bytes / 4;
    const uint32_t *end = call->end;
    for (row_pointers p = call->p; call->to != call->to_end;) {
        const uint32_t *at = call->at + ROWS * parts * skipped;
        const uint32_t start = call->start, *b = call->codes ? call->codes->bias : NULL;
        quad r0 = b ? (quad){b[0], b[1], b[2], b[3]} : (quad){start, start, start, start}, r1 = r0, r2 = r0, r3 = r0;
        p = (row_pointers){p.p0 + skipped, p.p1 + skipped, p.p2 + skipped, p.p3 + skipped};
        for (; p.p0 != end; at += ROWS * parts) {
            quad w = next_words(&p);
            EACH_PART(FOUR_ROWS);
        }
        finish_block(call, r0, r1, r2, r3);
        end = p.p3 + call->row_bytes / 4;
        p = rows_from(p.p3 - skipped, call->row_bytes / 4, 4);
    }
}
#endif

/* s += the activations at[index] times a word of two weight rows. */
#ifdef __riscv
#define TIMES_TWO(s0_, s1_, at, index, v0_, v1_, wide, narrow, part)                                              \
    do {                                                                                                         \
        uint32_t codes_;                                                                                         \
        __asm__("lw %[c], %[off](%[at_])\n\t" XBB_ASM_DOT("%[f]", "%[s0]", "%[c]", "%[v0]")                     \
                XBB_ASM_DOT("%[f]", "%[s1]", "%[c]", "%[v1]")                                                     \
                : [s0] "+&r"(s0_), [s1] "+&r"(s1_), [c] "=&r"(codes_)                                             \
                : [at_] "r"(at), [off] "i"(4 * (index)), [f] "i"((part) << 4 | XBB_SIZE(wide) << 2 | XBB_SIZE(narrow)), \
                  [v0] "r"(v0_), [v1] "r"(v1_), "m"((at)[index]));                                                \
    } while (0)
#else
#define TIMES_TWO(s0_, s1_, at, index, v0_, v1_, wide, narrow, part) \
    do {                                                             \
        XBB_DOT(s0_, (at)[index], v0_, wide, narrow, part);          \
        XBB_DOT(s1_, (at)[index], v1_, wide, narrow, part);          \
    } while (0)
#endif

#define TWO_ROWS(part)                                                              \
    do {                                                                            \
        TIMES_TWO(a.w0, b.w0, at, 4 * (part), v0, v1, wide, narrow, part);          \
        TIMES_TWO(a.w1, b.w1, at, 4 * (part) + 1, v0, v1, wide, narrow, part);      \
        TIMES_TWO(a.w2, b.w2, at, 4 * (part) + 2, v0, v1, wide, narrow, part);      \
        TIMES_TWO(a.w3, b.w3, at, 4 * (part) + 3, v0, v1, wide, narrow, part);      \
    } while (0)

BB_INLINE void store_column(quad s, int32_t *to, uint32_t stride) {
    to[0] = (int32_t)s.w0;
    (to += stride)[0] = (int32_t)s.w1;
    (to += stride)[0] = (int32_t)s.w2;
    (to += stride)[0] = (int32_t)s.w3;
}

/* Four rows of activations, [word][4], times the `count` weight rows of row_words words that are behind the last four. */
BB_INLINE void last_rows_of(const uint32_t *block, const uint32_t *weights, uint32_t count, uint32_t row_words, uint32_t start,
                            int32_t *to, uint32_t stride, uint32_t wide, uint32_t narrow) {
    for (;; count -= 2, to += 2, weights += 2 * row_words) {
        const uint32_t *p0 = weights, *end = p0 + row_words, *p1 = count > 1 ? end : p0, *at = block;
        quad a = {start, start, start, start}, b = a;
        for (; p0 != end; at += ROWS * (wide / narrow)) {
            const uint32_t v0 = *p0++, v1 = *p1++;
            EACH_PART(TWO_ROWS);
        }
        store_column(a, to, stride);
        if (count > 1) store_column(b, to + 1, stride);
        if (count <= 2) return;
    }
}

/* One row of packed activations times all weight rows. */
BB_INLINE void one_row_of(const uint32_t *block, const uint32_t *weights, uint32_t m, uint32_t row_words, uint32_t start,
                            int32_t *acc, uint32_t wide, uint32_t narrow) {
    const uint32_t parts = wide / narrow;
    for (uint32_t j = 0; j < m; j += 4, weights += (size_t)row_words * 4) {
        row_pointers p = rows_from(weights, row_words, m - j);
        quad r0 = {start, start, start, start};
        const uint32_t *at = block, *end = p.p0 + row_words;
        for (; p.p0 != end; at += parts) {
            quad w = next_words(&p);
            EACH_PART(ONE_ROW);
        }
        store(r0, acc + j, m - j);
    }
}

#endif
