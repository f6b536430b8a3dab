/*
 * a8w8: four rows of activations times four rows of weights at a time. Both sides lie four rows side by side ([k][4]
 * bytes), so that 8 loads feed 16 products and two pointers serve all of them; 16 sums stay in registers.
 */
#include "../dot.h"

/* Four rows of activations, interleaved. */
size_t bb_bytes_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return (size_t)k * 4;
}

static void interleave(const int8_t *a, uint32_t k, int8_t *block) {
    const int8_t *r0 = a, *r1 = a + k, *r2 = r1 + k, *r3 = r2 + k;
    for (const int8_t *end = r1; r0 != end; block += 4) {
        block[0] = *r0++;
        block[1] = *r1++;
        block[2] = *r2++;
        block[3] = *r3++;
    }
}

/* Sums of one row of activations times a quad of weights. */
typedef struct {
    int32_t w0, w1, w2, w3;
} quad;

/*
 * Codes a[at] and a[at + 1] times the four weights of w, added to two rows of sums. In assembly, because a compiler loads
 * all eight codes first and then spills sums; here every product rests for an instruction before it is added.
 */
#ifdef __riscv
static inline __attribute__((always_inline)) void two_rows(const int8_t *a, int at, quad w, quad *s, quad *t) {
    int32_t c, d, p, q;
    __asm__("lb %[c], %[at](%[a])\n\tlb %[d], %[at]+1(%[a])\n\t"
            "mul %[p], %[c], %[w0]\n\tmul %[q], %[c], %[w1]\n\tadd %[s0], %[s0], %[p]\n\t"
            "mul %[p], %[c], %[w2]\n\tadd %[s1], %[s1], %[q]\n\tmul %[q], %[c], %[w3]\n\t"
            "add %[s2], %[s2], %[p]\n\tmul %[p], %[d], %[w0]\n\tadd %[s3], %[s3], %[q]\n\t"
            "mul %[q], %[d], %[w1]\n\tadd %[t0], %[t0], %[p]\n\tmul %[p], %[d], %[w2]\n\t"
            "add %[t1], %[t1], %[q]\n\tmul %[q], %[d], %[w3]\n\tadd %[t2], %[t2], %[p]\n\t"
            "add %[t3], %[t3], %[q]"
            : [s0] "+&r"(s->w0), [s1] "+&r"(s->w1), [s2] "+&r"(s->w2), [s3] "+&r"(s->w3), [t0] "+&r"(t->w0),
              [t1] "+&r"(t->w1), [t2] "+&r"(t->w2), [t3] "+&r"(t->w3), [c] "=&r"(c), [d] "=&r"(d), [p] "=&r"(p),
              [q] "=&r"(q)
            : [a] "r"(a), [at] "i"(at), [w0] "r"(w.w0), [w1] "r"(w.w1), [w2] "r"(w.w2), [w3] "r"(w.w3),
              "m"(*(const int8_t(*)[1])(a + at)), "m"(*(const int8_t(*)[1])(a + at + 1)));
}
#else
static inline void one_of_two(int32_t code, quad w, quad *s) {
    s->w0 += code * w.w0;
    s->w1 += code * w.w1;
    s->w2 += code * w.w2;
    s->w3 += code * w.w3;
}

static inline void two_rows(const int8_t *a, int at, quad w, quad *s, quad *t) {
    one_of_two(a[at], w, s);
    one_of_two(a[at + 1], w, t);
}
#endif

static inline __attribute__((always_inline)) quad quad_at(const int8_t *w) {
    return (quad){w[0], w[1], w[2], w[3]};
}

static inline __attribute__((always_inline)) void store(quad s, int32_t *to, uint32_t columns) {
    to[0] = s.w0;
    if (columns > 1) to[1] = s.w1;
    if (columns > 2) to[2] = s.w2;
    if (columns > 3) to[3] = s.w3;
}

static void four_rows(const int8_t *a, const int8_t *weights, uint32_t m, uint32_t k, int32_t *acc, int8_t *block) {
    interleave(a, k, block);
    const int8_t *w = weights;
    for (uint32_t j = 0; j < m; j += 4) {
        quad r0 = {0, 0, 0, 0}, r1 = r0, r2 = r0, r3 = r0;
        const int8_t *at = block, *end = block + (k & ~1u) * 4;
        for (; at != end; at += 8, w += 8) {
            quad even = quad_at(w);
            two_rows(at, 0, even, &r0, &r1);
            two_rows(at, 2, even, &r2, &r3);
            quad odd = quad_at(w + 4);
            two_rows(at, 4, odd, &r0, &r1);
            two_rows(at, 6, odd, &r2, &r3);
        }
        if (k & 1) {
            quad last = quad_at(w);
            two_rows(at, 0, last, &r0, &r1);
            two_rows(at, 2, last, &r2, &r3);
            w += 4;
        }
        int32_t *to = acc + j;
        store(r0, to, m - j);
        store(r1, to += m, m - j);
        store(r2, to += m, m - j);
        store(r3, to += m, m - j);
    }
}

static inline __attribute__((always_inline)) void add_products(int32_t code, const int8_t *w, quad *s) {
    s->w0 += code * w[0];
    s->w1 += code * w[1];
    s->w2 += code * w[2];
    s->w3 += code * w[3];
}

/* Two quads of weights share each code, so that nine loads feed eight products; what is left of m takes one quad at a time. */
static __attribute__((noinline)) void one_row(const int8_t *a, const int8_t *w, uint32_t m, uint32_t k, int32_t *acc) {
    uint32_t j = 0;
    const int8_t *end = a + k;
    for (; j + 4 < m; j += 8, w += (size_t)k * 4) {
        quad s = {0, 0, 0, 0}, t = s;
        const int8_t *v = w + (size_t)k * 4;
#pragma GCC unroll 8
        for (const int8_t *at = a; at != end; at++, w += 4, v += 4) {
            add_products(*at, w, &s);
            add_products(*at, v, &t);
        }
        store(s, acc + j, 4);
        store(t, acc + j + 4, m - j - 4);
    }
    if (j >= m) return;
    quad s = {0, 0, 0, 0};
#pragma GCC unroll 4
    for (const int8_t *at = a; at != end; at++, w += 4) add_products(*at, w, &s);
    store(s, acc + j, m - j);
}

void bb_bytes_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                  void *scratch) {
    for (; n >= 4; n -= 4, a += (size_t)k * 4, acc += (size_t)m * 4) four_rows(a, weights, m, k, acc, scratch);
    for (; n > 0; n--, a += k, acc += m) one_row(a, weights, m, k, acc);
}
