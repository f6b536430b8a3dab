/*
 * All pairs on a core with packed dot products (docs/isa.md). Activations are packed at the wider width of the pair, once per
 * call, four rows side by side ([word][4]); weights stay as they are packed in memory. Four rows times four weight rows at a
 * time: 8 loads feed 16 dot products of 4 to 32 codes each, whose sums stay in registers.
 *
 * Where k fills no word, the missing activations are zero, so the weights there do not matter; at one bit on both
 * sides there is no zero, but each missing pair is -1 times -1, and the sums start so much lower.
 */
#include "../dot.h"
#include "instructions.h"

#include <stddef.h>

#define ROWS 4

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

/* One word of codes from 32 / wide bytes at a word's address. Every bit of the word before moves out. */
BB_INLINE uint32_t pack_word(const uint32_t *codes, uint32_t wide) {
    if (wide == 8) return codes[0];
    uint32_t word = codes[0];
    XBB_PACK(word, codes[0], wide);
    XBB_PACK(word, codes[1], wide);
    if (wide <= 2) {
        XBB_PACK(word, codes[2], wide);
        XBB_PACK(word, codes[3], wide);
    }
    if (wide == 1) {
        XBB_PACK(word, codes[4], wide);
        XBB_PACK(word, codes[5], wide);
        XBB_PACK(word, codes[6], wide);
        XBB_PACK(word, codes[7], wide);
    }
    return word;
}

/* The same from `count` bytes anywhere; what is missing is zero. */
BB_INLINE uint32_t pack_bytes(const int8_t *codes, uint32_t count, uint32_t wide) {
    uint32_t bytes[8] = {0};
    int8_t *to = (int8_t *)bytes;
    for (uint32_t at = 0; at < count; at++) to[at] = codes[at];
    return pack_word(bytes, wide);
}

/* A row of k codes as `words` words, each `step` behind the one before. */
BB_INLINE void pack_row_of(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step, uint32_t wide) {
    const uint32_t lanes = 32 / wide, quarter = 8 / wide;
    uint32_t *end = to + (size_t)words * step;
    if (((uintptr_t)a & 3) == 0) {
        const uint32_t *from = (const uint32_t *)(const void *)a;
        uint32_t whole = k / lanes;
        const uint32_t *most = from + (whole & ~3u) * quarter;
        a += whole * lanes;
        k -= whole * lanes;
        for (; from != most; from += 4 * quarter, to += 4 * step) {
            to[0] = pack_word(from, wide);
            to[step] = pack_word(from + quarter, wide);
            to[2 * step] = pack_word(from + 2 * quarter, wide);
            to[3 * step] = pack_word(from + 3 * quarter, wide);
        }
        for (whole &= 3; whole > 0; whole--, from += quarter, to += step) *to = pack_word(from, wide);
    }
    for (; to != end; to += step) {
        uint32_t count = k < lanes ? k : lanes;
        *to = count ? pack_bytes(a, count, wide) : 0;
        a += count;
        k -= count;
    }
}

/* Sums of one row of activations times four weight rows. */
typedef struct {
    uint32_t w0, w1, w2, w3;
} quad;

/* s += the activations at[index] times the words of four weight rows. The load is in it so that sums are not spilled for loads. */
#ifdef __riscv
#define TIMES_FOUR(s, at, index, w, wide, narrow, part)                                                          \
    do {                                                                                                         \
        uint32_t codes_;                                                                                         \
        __asm__("lw %[c], %[off](%[at_])\n\t.insn r 0x0b, 0, %[f], %[s0], %[c], %[v0]\n\t"                       \
                ".insn r 0x0b, 0, %[f], %[s1], %[c], %[v1]\n\t.insn r 0x0b, 0, %[f], %[s2], %[c], %[v2]\n\t"     \
                ".insn r 0x0b, 0, %[f], %[s3], %[c], %[v3]"                                                      \
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

/* What the assembly of four rows needs; it has no registers left to hold it. */
typedef struct {
    const uint32_t *at;
    row_pointers p;
    const uint32_t *end; /* of p.p0 */
    uint32_t start, odd; /* odd: begin with the second half of a loop of two words */
    int32_t *to;
    uint32_t stride; /* bytes from a row of sums to the next */
} block_call;

/*
 * Four rows of activations times four weight rows, sums stored. In assembly as a whole: 16 sums, the words that feed them and
 * where these lie need every register there is, and a compiler spills pointers into the loop.
 */
#ifdef __riscv
#define TIMES(code, part, at, w0, w1, w2, w3, s0, s1, s2, s3)                                                   \
    "lw ra, " at "(a1)\n\t.insn r 0x0b, 0, " code "+16*" part ", " s0 ", ra, " w0 "\n\t"                        \
    ".insn r 0x0b, 0, " code "+16*" part ", " s1 ", ra, " w1 "\n\t.insn r 0x0b, 0, " code "+16*" part ", " s2 ", ra, " w2 \
    "\n\t.insn r 0x0b, 0, " code "+16*" part ", " s3 ", ra, " w3 "\n\t"
#define PART(part, at)                                                                                          \
    TIMES("%[f]", part, at, "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6")                                     \
    TIMES("%[f]", part, at "+4", "a7", "t0", "t1", "t2", "s0", "s1", "s2", "s3")                                \
    TIMES("%[f]", part, at "+8", "a7", "t0", "t1", "t2", "s4", "s5", "s6", "s7")                                \
    TIMES("%[f]", part, at "+12", "a7", "t0", "t1", "t2", "s8", "s9", "s10", "s11")
#define WORDS(at) "lw a7, " at "(a2)\n\tlw t0, " at "(a3)\n\tlw t1, " at "(a4)\n\tlw t2, " at "(a5)\n\t"
#define NEXT(bytes) "addi a2, a2, " bytes "\n\taddi a3, a3, " bytes "\n\taddi a4, a4, " bytes "\n\taddi a5, a5, " bytes "\n\t"
#define BLOCK(enter, loop)                                                                                             \
    __asm__ volatile(                                                                                           \
        "lw a1, 0(a0)\n\tlw a2, 4(a0)\n\tlw a3, 8(a0)\n\tlw a4, 12(a0)\n\tlw a5, 16(a0)\n\tlw a6, 20(a0)\n\t"    \
        "lw t3, 24(a0)\n\tlw ra, 28(a0)\n\tmv t4, t3\n\tmv t5, t3\n\tmv t6, t3\n\tmv s0, t3\n\tmv s1, t3\n\t"     \
        "mv s2, t3\n\tmv s3, t3\n\tmv s4, t3\n\tmv s5, t3\n\tmv s6, t3\n\tmv s7, t3\n\tmv s8, t3\n\t"            \
        "mv s9, t3\n\tmv s10, t3\n\tmv s11, t3\n\t" enter "1:\t" loop "bne a2, a6, 1b\n\t"                   \
        "lw a1, 32(a0)\n\tlw a2, 36(a0)\n\t"                                                                  \
        "sw t3, 0(a1)\n\tsw t4, 4(a1)\n\tsw t5, 8(a1)\n\tsw t6, 12(a1)\n\tadd a1, a1, a2\n\t"                   \
        "sw s0, 0(a1)\n\tsw s1, 4(a1)\n\tsw s2, 8(a1)\n\tsw s3, 12(a1)\n\tadd a1, a1, a2\n\t"                   \
        "sw s4, 0(a1)\n\tsw s5, 4(a1)\n\tsw s6, 8(a1)\n\tsw s7, 12(a1)\n\tadd a1, a1, a2\n\t"                   \
        "sw s8, 0(a1)\n\tsw s9, 4(a1)\n\tsw s10, 8(a1)\n\tsw s11, 12(a1)"                                      \
        : "+r"(call)                                                                                            \
        : [f] "i"(XBB_SIZE(wide) << 2 | XBB_SIZE(narrow))                                                       \
        : "ra", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s0", "s1", "s2", \
          "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory")

BB_INLINE void four_rows_of(const block_call *block, uint32_t wide, uint32_t narrow) {
    register const block_call *call __asm__("a0") = block;
    if (wide == narrow)
        BLOCK("beqz ra, 1f\n\taddi a1, a1, -16\n\t" NEXT("-4") "j 2f\n",
              WORDS("0") PART("0", "0") "2:\t" WORDS("4") PART("0", "16") NEXT("8") "addi a1, a1, 32\n\t");
    else if (wide / narrow == 2)
        BLOCK("", WORDS("0") PART("0", "0") PART("1", "16") NEXT("4") "addi a1, a1, 32\n\t");
    else if (wide / narrow == 4)
        BLOCK("", WORDS("0") PART("0", "0") PART("1", "16") PART("2", "32") PART("3", "48") NEXT("4") "addi a1, a1, 64\n\t");
    else
        BLOCK("", WORDS("0") PART("0", "0") PART("1", "16") PART("2", "32") PART("3", "48") PART("4", "64")
              PART("5", "80") PART("6", "96") PART("7", "112") NEXT("4") "addi a1, a1, 128\n\t");
}
#else
BB_INLINE void four_rows_of(const block_call *call, uint32_t wide, uint32_t narrow) {
    const uint32_t start = call->start, parts = wide / narrow, *at = call->at;
    quad r0 = {start, start, start, start}, r1 = r0, r2 = r0, r3 = r0;
    for (row_pointers p = call->p; p.p0 != call->end; at += ROWS * parts) {
        quad w = next_words(&p);
        EACH_PART(FOUR_ROWS);
    }
    int32_t *to = call->to;
    store(r0, to, 4);
    store(r1, to += call->stride / 4, 4);
    store(r2, to += call->stride / 4, 4);
    store(r3, to += call->stride / 4, 4);
}
#endif

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

/* What sets a pair apart. Each function is there once, so that ten pairs do not fill a small memory. */
typedef struct {
    uint8_t wide, narrow;
    void (*pack_row)(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step);
    void (*four_rows)(const block_call *call);
    void (*one_row)(const uint32_t *block, const uint32_t *weights, uint32_t m, uint32_t row_words, uint32_t start,
                    int32_t *acc);
} pair_code;

/* ROWS rows of packed activations times all weight rows; every sum starts from `start`. */
static void multiply_rows(const pair_code *pair, const uint32_t *block, const uint32_t *weights, uint32_t m,
                          uint32_t row_words, uint32_t start, int32_t *acc) {
    const uint32_t stride = m;
    block_call call = {block, {0}, NULL, start, pair->wide == pair->narrow && (row_words & 1), acc, stride * 4};
    for (; m >= 4; m -= 4, weights += (size_t)row_words * 4, call.to += 4) {
        call.p = rows_from(weights, row_words, 4);
        call.end = weights + row_words;
        pair->four_rows(&call);
    }
    if (m == 0) return;
    int32_t sums[ROWS * 4], *to = call.to;
    call.p = rows_from(weights, row_words, m);
    call.end = weights + row_words;
    call.to = sums;
    call.stride = 16;
    pair->four_rows(&call);
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t j = 0; j < m; j++) to[i * stride + j] = sums[i * 4 + j];
}

static void dot(const pair_code *pair, const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k,
                int32_t *acc, uint32_t *block) {
    const uint32_t lanes = 32u / pair->narrow, row_words = (k + lanes - 1) / lanes;
    const uint32_t words = row_words * (pair->wide / pair->narrow);
    /* At one bit on both sides the codes that fill the last word are -1 times -1. */
    const uint32_t start = pair->wide == 1 ? k - row_words * lanes : 0;
    for (; n >= ROWS; n -= ROWS, acc += (size_t)m * ROWS) {
        for (uint32_t i = 0; i < ROWS; i++, a += k) pair->pack_row(a, k, words, block + i, ROWS);
        multiply_rows(pair, block, weights, m, row_words, start, acc);
    }
    for (; n > 0; n--, a += k, acc += m) {
        pair->pack_row(a, k, words, block, 1);
        pair->one_row(block, weights, m, row_words, start, acc);
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

#define XBB_PAIR(wide, narrow)                                                                                         \
    static void four_rows##wide##narrow(const block_call *call) { four_rows_of(call, wide, narrow); }                  \
    static void one_row##wide##narrow(const uint32_t *block, const uint32_t *weights, uint32_t m, uint32_t row_words,  \
                                      uint32_t start, int32_t *acc) {                                                  \
        one_row_of(block, weights, m, row_words, start, acc, wide, narrow);                                            \
    }                                                                                                                  \
    void bb_xbb_a##wide##w##narrow##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,     \
                                         int32_t *acc, void *scratch) {                                                \
        static const pair_code code = {wide, narrow, pack_row##wide, four_rows##wide##narrow, one_row##wide##narrow};  \
        dot(&code, a, weights, n, m, k, acc, scratch);                                                                 \
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
