/*
 * Weights of 8 bits, few rows of narrow activations: two products per multiplication. A quad of weights is split into two
 * words of two 16-bit fields, each field a weight plus 128 (0..255); times a code of at most 8 in magnitude a field stays
 * within 16 bits for 16 products, and borrows between fields cancel out because they are summed as one integer.
 */
#include "../dot.h"
#include "tables.h"

/* Codes whose products a field holds: 16 * 8 * 255 < 2^15. */
#define RUN 16

/* Added before a field is read, so that it is not negative. */
#define FIELD_BIAS 0x8000

/* Code at[c] times quad w[c]. In assembly, so that four of these in a row do not share, and run out of, registers. */
#ifdef __riscv
#define ADD_PRODUCTS(c)                                                                                    \
    do {                                                                                                   \
        uint32_t q_, p_, code_;                                                                            \
        __asm__("lw %[q], %[qat](%[w])\n\tlb %[code], %[cat](%[at])\n\txor %[q], %[q], %[sign]\n\t"         \
                "and %[p], %[q], %[mask]\n\tsrli %[q], %[q], 8\n\tmul %[p], %[p], %[code]\n\t"             \
                "and %[q], %[q], %[mask]\n\tmul %[q], %[q], %[code]\n\tadd %[even], %[even], %[p]\n\t"      \
                "add %[odd], %[odd], %[q]"                                                                 \
                : [even] "+r"(even), [odd] "+r"(odd), [q] "=&r"(q_), [p] "=&r"(p_), [code] "=&r"(code_)    \
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

static void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc) {
    for (uint32_t i = 0; i < n; i++, a += k, acc += m) {
        uint32_t total = 0;
        for (uint32_t at = 0; at < k; at++) total += (uint32_t)a[at];
        const uint32_t *w = weights;
        for (uint32_t j = 0; j < m; j += 4) {
            /* 128 of each weight and the bias of each run, taken off beforehand. */
            uint32_t s0 = 0u - 128u * total - FIELD_BIAS * ((k + RUN - 1) / RUN), s1 = s0, s2 = s0, s3 = s0;
            for (uint32_t left = k, run; left > 0; left -= run) {
                run = left < RUN ? left : RUN;
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
            acc[j] = (int32_t)s0;
            if (j + 1 < m) acc[j + 1] = (int32_t)s1;
            if (j + 2 < m) acc[j + 2] = (int32_t)s2;
            if (j + 3 < m) acc[j + 3] = (int32_t)s3;
        }
    }
}

void bb_pairs_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, void *scratch) {
    (void)scratch;
    dot(a, weights, n, m, k, acc);
}
