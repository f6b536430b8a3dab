/*
 * All pairs on a core with packed dot products (docs/isa.md). Activations are packed at the wider width of the pair, once per
 * call, four rows side by side ([word][4]); weights stay as they are packed in memory. Four rows times four weight rows at a
 * time: 8 loads feed 16 dot products of 4 to 32 codes each, whose sums stay in registers.
 *
 * Where k fills no word, the missing activations are zero, so it does not matter what stands in the weights; at one bit on both
 * sides there is no zero, but each missing pair is -1 times -1, and the sums start so much lower.
 */
#include "../dot.h"
#include "instructions.h"

#define ROWS 4

/* Codes of a weight row with those that fill its last word. */
#define FILLED(k, narrow) (((k) + 32 / (narrow) - 1) / (32 / (narrow)) * (32 / (narrow)))

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

/* One word of codes from 32 / wide bytes at a word's address. */
BB_INLINE uint32_t pack_word(const uint32_t *codes, uint32_t wide) {
    if (wide == 8) return codes[0];
    uint32_t word = 0;
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
BB_INLINE void pack_row(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step, uint32_t wide) {
    const uint32_t lanes = 32 / wide;
    uint32_t *end = to + (size_t)words * step;
    if (((uintptr_t)a & 3) == 0)
        for (; k >= lanes; k -= lanes, a += lanes, to += step) *to = pack_word((const uint32_t *)(const void *)a, wide);
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

/* n rows (ROWS of them, or one) of packed activations times all weight rows; every sum starts from `start`. */
BB_INLINE void multiply(const uint32_t *block, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t row_words,
                        uint32_t start, int32_t *acc, uint32_t wide, uint32_t narrow) {
    const uint32_t parts = wide / narrow;
    for (uint32_t j = 0; j < m; j += 4, weights += (size_t)row_words * 4) {
        row_pointers p = rows_from(weights, row_words, m - j);
        quad r0 = {start, start, start, start}, r1 = r0, r2 = r0, r3 = r0;
        const uint32_t *at = block, *end = p.p0 + row_words;
        if (n == 1) {
            for (; p.p0 != end; at += parts) {
                quad w = next_words(&p);
                EACH_PART(ONE_ROW);
            }
        } else {
            for (; p.p0 != end; at += ROWS * parts) {
                quad w = next_words(&p);
                EACH_PART(FOUR_ROWS);
            }
        }
        int32_t *to = acc + j;
        store(r0, to, m - j);
        if (n == 1) continue;
        store(r1, to += m, m - j);
        store(r2, to += m, m - j);
        store(r3, to += m, m - j);
    }
}

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                   uint32_t *block, uint32_t wide, uint32_t narrow) {
    uint32_t filled = FILLED(k, narrow), row_words = filled * narrow / 32, words = filled * wide / 32;
    uint32_t start = wide == 1 ? k - filled : 0;
    for (; n >= ROWS; n -= ROWS, acc += (size_t)m * ROWS) {
        for (uint32_t i = 0; i < ROWS; i++, a += k) pack_row(a, k, words, block + i, ROWS, wide);
        multiply(block, weights, ROWS, m, row_words, start, acc, wide, narrow);
    }
    for (; n > 0; n--, a += k, acc += m) {
        pack_row(a, k, words, block, 1, wide);
        multiply(block, weights, 1, m, row_words, start, acc, wide, narrow);
    }
}

#define XBB_PAIR(wide, narrow)                                                                                        \
    void bb_xbb_a##wide##w##narrow##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,     \
                                         int32_t *acc, void *scratch) {                                               \
        dot(a, weights, n, m, k, acc, scratch, wide, narrow);                                                         \
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
