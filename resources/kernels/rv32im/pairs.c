/*
 * Weights of 8 bits, activations of 4, 2 and 1: two products per multiplication, none at one bit. A quad of weights is split
 * into two words of two 16-bit fields, each field a weight plus 128 (0..255); times a narrow code a field stays within 16
 * bits for a run of products, and borrows between fields cancel out because they are summed as one integer.
 *
 * At one bit the product is an exclusive or with 0 or -1: x ^ -1 = -x - 1, so every -1 among the codes leaves the whole
 * word, that is its lower field, one short; start_row adds their number back.
 */
#include <string.h>

#include "../dot.h"
#include "tables.h"

/* Codes whose products a field holds: run * 255 * magnitude < 2^15, and room for a run's missing ones. */
#define RUN_OF(code_bits) ((code_bits) == 4 ? 16u : (code_bits) == 2 ? 64u : 96u)

/* Added before a field is read, so that it is not negative. */
#define FIELD_BIAS 0x8000u
#define FIELD_MASK 0x00FF00FFu

/* Rows of a block, interleaved along k. */
#define MOST_ROWS 8

size_t bb_pairs_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return ((size_t)k * MOST_ROWS + 3) & ~(size_t)3;
}

/* The codes of `rows` rows side by side, [k][rows]; missing rows are zero; at one bit 0 for +1 and -1 for -1. */
static void interleave(const int8_t *a, uint32_t n, uint32_t k, uint32_t rows, int one_bit, int8_t *block) {
    if (n < rows) memset(block, 0, (size_t)k * rows);
    for (uint32_t i = 0; i < n; i++, block++) {
        int8_t *to = block;
        if (one_bit)
            for (const int8_t *end = a + k; a != end; to += rows) *to = (int8_t)(*a++ >> 1);
        else
            for (const int8_t *end = a + k; a != end; to += rows) *to = *a++;
    }
}

/* Codes at[c] and at[c + 1], of two rows, times (or ^) both words of a quad. In assembly, so that sums stay in registers. */
#ifdef __riscv
#define TWO_ROWS(product, c, i, j)                                                                                    \
    do {                                                                                                              \
        uint32_t a_, b_, p_, q_;                                                                                      \
        __asm__("lb %[a], %[ca](%[at])\n\tlb %[b], %[cb](%[at])\n\t" product " %[p], %[e], %[a]\n\t" product           \
                " %[q], %[o], %[a]\n\tadd %[ei], %[ei], %[p]\n\t" product                                             \
                " %[p], %[e], %[b]\n\tadd %[oi], %[oi], %[q]\n\t" product                                             \
                " %[q], %[o], %[b]\n\tadd %[ej], %[ej], %[p]\n\tadd %[oj], %[oj], %[q]"                                \
                : [ei] "+&r"(e##i), [oi] "+&r"(o##i), [ej] "+&r"(e##j), [oj] "+&r"(o##j), [a] "=&r"(a_), [b] "=&r"(b_),    \
                  [p] "=&r"(p_), [q] "=&r"(q_)                                                                        \
                : [at] "r"(at), [ca] "i"(c), [cb] "i"((c) + 1), [e] "r"(even), [o] "r"(odd), "m"(at[c]),              \
                  "m"(at[(c) + 1]));                                                                                  \
    } while (0)
#define MULTIPLY "mul"
#define EXCLUSIVE_OR "xor"
#else
#define ONE_ROW(product, c, i)                                                              \
    do {                                                                                    \
        uint32_t code_ = (uint32_t)at[c];                                                   \
        e##i += (product)[0] == 'm' ? even * code_ : even ^ code_;                          \
        o##i += (product)[0] == 'm' ? odd * code_ : odd ^ code_;                            \
    } while (0)
#define TWO_ROWS(product, c, i, j) \
    do {                           \
        ONE_ROW(product, c, i);    \
        ONE_ROW(product, (c) + 1, j); \
    } while (0)
#define MULTIPLY "mul"
#define EXCLUSIVE_OR "xor"
#endif

#define ALL_ROWS(product, c)                                      \
    do {                                                       \
        TWO_ROWS(product, (c) + 0, 0, 1);                            \
        TWO_ROWS(product, (c) + 2, 2, 3);                            \
        if (rows > 4) TWO_ROWS(product, (c) + 4, 4, 5);              \
        if (rows > 4) TWO_ROWS(product, (c) + 6, 6, 7);              \
    } while (0)

/* The four sums of row i out of its two words. */
#define ADD_ROW(i)                                                         \
    do {                                                                   \
        if ((i) >= n) break;                                               \
        int32_t *to = acc + (i) * m + j;                                   \
        to[0] += (int32_t)(e##i & 0xFFFF);                                 \
        if (j + 1 < m) to[1] += (int32_t)(o##i & 0xFFFF);                  \
        if (j + 2 < m) to[2] += (int32_t)(e##i >> 16);                     \
        if (j + 3 < m) to[3] += (int32_t)(o##i >> 16);                     \
    } while (0)

/* Up to `rows` (8 or 4) rows: codes in `block`; sums are added to acc. */
BB_INLINE void block_of_rows(const int8_t *block, const uint32_t *w, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                             uint32_t rows, uint32_t code_bits) {
    for (uint32_t j = 0; j < m; j += 4) {
        const int8_t *at = block;
        for (uint32_t left = k, run; left > 0; left -= run) {
            run = left < RUN_OF(code_bits) ? left : RUN_OF(code_bits);
            const uint32_t start = FIELD_BIAS * 0x10001u;
            uint32_t e0 = start, e1 = start, e2 = start, e3 = start, e4 = start, e5 = start, e6 = start, e7 = start;
            uint32_t o0 = start, o1 = start, o2 = start, o3 = start, o4 = start, o5 = start, o6 = start, o7 = start;
            const uint32_t *end = w + (run & ~1u);
            for (; w != end; w += 2, at += 2 * rows) {
                uint32_t quad = w[0] ^ 0x80808080u, even = quad & FIELD_MASK, odd = quad >> 8 & FIELD_MASK;
                if (code_bits == 1) ALL_ROWS(EXCLUSIVE_OR, 0);
                else ALL_ROWS(MULTIPLY, 0);
                quad = w[1] ^ 0x80808080u, even = quad & FIELD_MASK, odd = quad >> 8 & FIELD_MASK;
                if (code_bits == 1) ALL_ROWS(EXCLUSIVE_OR, rows);
                else ALL_ROWS(MULTIPLY, rows);
            }
            if (run & 1) {
                uint32_t quad = *w++ ^ 0x80808080u, even = quad & FIELD_MASK, odd = quad >> 8 & FIELD_MASK;
                if (code_bits == 1) ALL_ROWS(EXCLUSIVE_OR, 0);
                else ALL_ROWS(MULTIPLY, 0);
                at += rows;
            }
            ADD_ROW(0);
            ADD_ROW(1);
            ADD_ROW(2);
            ADD_ROW(3);
            if (rows == 4) continue;
            ADD_ROW(4);
            ADD_ROW(5);
            ADD_ROW(6);
            ADD_ROW(7);
        }
    }
}

/* Apart from each other, because one function with all of them gets worse code for each. */
#define BLOCK(rows, code_bits)                                                                                         \
    static __attribute__((noinline)) void block_##rows##_##code_bits(const int8_t *block, const uint32_t *w, uint32_t n, \
                                                                     uint32_t m, uint32_t k, int32_t *acc) {           \
        block_of_rows(block, w, n, m, k, acc, rows, code_bits);                                                        \
    }

BLOCK(8, 4)
BLOCK(4, 4)
BLOCK(8, 2)
BLOCK(4, 2)
BLOCK(8, 1)
BLOCK(4, 1)

/* Code at[c] times quad w[c]. In assembly, so that four of these in a row do not share, and run out of, registers. */
#ifdef __riscv
#define ADD_PRODUCTS(c)                                                                                    \
    do {                                                                                                   \
        uint32_t q_, p_, code_;                                                                            \
        __asm__("lw %[q], %[qat](%[w])\n\tlb %[code], %[cat](%[at])\n\txor %[q], %[q], %[sign]\n\t"         \
                "and %[p], %[q], %[mask]\n\tsrli %[q], %[q], 8\n\tmul %[p], %[p], %[code]\n\t"             \
                "and %[q], %[q], %[mask]\n\tmul %[q], %[q], %[code]\n\tadd %[even], %[even], %[p]\n\t"      \
                "add %[odd], %[odd], %[q]"                                                                 \
                : [even] "+&r"(even), [odd] "+&r"(odd), [q] "=&r"(q_), [p] "=&r"(p_), [code] "=&r"(code_)    \
                : [w] "r"(w), [at] "r"(at), [qat] "i"(4 * (c)), [cat] "i"(c), [sign] "r"(0x80808080u),     \
                  [mask] "r"(0x00FF00FFu), "m"(w[c]), "m"(at[c]));                                         \
    } while (0)
#else
#define ADD_PRODUCTS(c)                                      \
    do {                                                     \
        uint32_t quad = w[c] ^ 0x80808080u;                  \
        even += (quad & 0x00FF00FFu) * (uint32_t)at[c];      \
        odd += (quad >> 8 & 0x00FF00FFu) * (uint32_t)at[c];  \
    } while (0)
#endif

/* A row that is alone, its codes where they are. */
static void one_row(const int8_t *a, const uint32_t *w, uint32_t m, uint32_t k, int32_t *acc) {
    for (uint32_t j = 0; j < m; j += 4) {
        uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (uint32_t left = k, run; left > 0; left -= run) {
            run = left < RUN_OF(4) ? left : RUN_OF(4);
            const int8_t *at = a + (k - left), *end = at + run;
            uint32_t even = FIELD_BIAS * 0x10001u, odd = even;
            for (const int8_t *most = at + (run & ~3u); at != most; at += 4, w += 4) {
                ADD_PRODUCTS(0);
                ADD_PRODUCTS(1);
                ADD_PRODUCTS(2);
                ADD_PRODUCTS(3);
            }
            for (; at != end; at++, w++) ADD_PRODUCTS(0);
            s0 += even & 0xFFFF;
            s2 += even >> 16;
            s1 += odd & 0xFFFF;
            s3 += odd >> 16;
        }
        acc[j] += (int32_t)s0;
        if (j + 1 < m) acc[j + 1] += (int32_t)s1;
        if (j + 2 < m) acc[j + 2] += (int32_t)s2;
        if (j + 3 < m) acc[j + 3] += (int32_t)s3;
    }
}

/*
 * What the sums of a row start from: 128 of each weight and the bias of each run taken off, and, where one-bit codes are
 * exclusive-ored, the missing ones of the lower fields (columns 0 and 1 of each quad) put back.
 */
static void start_row(const int8_t *a, uint32_t m, uint32_t k, uint32_t code_bits, int alone, int32_t *acc) {
    uint32_t total = 0, run = RUN_OF(alone ? 4 : code_bits);
    for (uint32_t at = 0; at < k; at++) total += (uint32_t)a[at];
    uint32_t start = 0u - 128u * total - FIELD_BIAS * ((k + run - 1) / run);
    uint32_t missing = code_bits == 1 && !alone ? (k - total) / 2 : 0;
    for (uint32_t j = 0; j < m; j++) acc[j] = (int32_t)(j & 2 ? start : start + missing);
}

typedef void block_function(const int8_t *block, const uint32_t *w, uint32_t n, uint32_t m, uint32_t k, int32_t *acc);

static void dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, int8_t *block,
                uint32_t code_bits, block_function *block_8, block_function *block_4) {
    while (n > 0) {
        uint32_t rows = n > 4 ? 8 : n > 1 ? 4 : 1, count = n < rows ? n : rows;
        for (uint32_t i = 0; i < count; i++) start_row(a + (size_t)i * k, m, k, code_bits, rows == 1, acc + (size_t)i * m);
        if (rows > 1) interleave(a, count, k, rows, code_bits == 1, block);
        if (rows == 8) block_8(block, weights, count, m, k, acc);
        else if (rows == 4) block_4(block, weights, count, m, k, acc);
        else one_row(a, weights, m, k, acc);
        n -= count;
        a += (size_t)count * k;
        acc += (size_t)count * m;
    }
}

#define PAIRS_DOT(code_bits)                                                                                         \
    void bb_pairs_a##code_bits##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,         \
                                     int32_t *acc, void *scratch) {                                                  \
        dot(a, weights, n, m, k, acc, scratch, code_bits, block_8_##code_bits, block_4_##code_bits);                   \
    }

PAIRS_DOT(4)
PAIRS_DOT(2)
PAIRS_DOT(1)
