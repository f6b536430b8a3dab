/*
 * Weights of 8 bits, any activations: a row of codes against two rows of weights, as many codes at a time as four vector
 * registers hold. Products are 16 bits wide and are reduced to one 32-bit sum each time, so no sum can overflow before
 * the 32-bit one does.
 */
#include "../dot.h"
#include "vector.h"

size_t bb_rvv_bytes_scratch(uint32_t m, uint32_t k) {
    (void)m;
    (void)k;
    return 0;
}

/* sums[c] = sum of a[k] * w_c[k] */
#ifdef __riscv
static void two_columns(const int8_t *a, const int8_t *w0, const int8_t *w1, uint32_t k, int32_t sums[2]) {
    size_t left = k, vl;
    __asm__ volatile(BB_VECTOR("vsetivli zero, 1, e32, m1, ta, ma\n\tvmv.v.i v24, 0\n\tvmv.v.i v25, 0\n"
                               "1:\tvsetvli %[vl], %[left], e8, m4, ta, ma\n\tvle8.v v0, (%[a])\n\tvle8.v v4, (%[w0])\n\t"
                               "vwmul.vv v8, v0, v4\n\tvle8.v v4, (%[w1])\n\tvwmul.vv v16, v0, v4\n\t"
                               "vsetvli zero, zero, e16, m8, ta, ma\n\tvwredsum.vs v24, v8, v24\n\tvwredsum.vs v25, v16, v25\n\t"
                               "sub %[left], %[left], %[vl]\n\tadd %[a], %[a], %[vl]\n\tadd %[w0], %[w0], %[vl]\n\t"
                               "add %[w1], %[w1], %[vl]\n\tbnez %[left], 1b\n\t"
                               "vsetivli zero, 1, e32, m1, ta, ma\n\tvse32.v v24, (%[sums])\n\t"
                               "addi %[sums], %[sums], 4\n\tvse32.v v25, (%[sums])")
                     : [a] "+&r"(a), [w0] "+&r"(w0), [w1] "+&r"(w1), [left] "+&r"(left), [vl] "=&r"(vl), [sums] "+&r"(sums)
                     :
                     : "memory");
}
#else
static void two_columns(const int8_t *a, const int8_t *w0, const int8_t *w1, uint32_t k, int32_t sums[2]) {
    uint32_t s0 = 0, s1 = 0;
    for (uint32_t at = 0; at < k; at++) {
        s0 += (uint32_t)(a[at] * w0[at]);
        s1 += (uint32_t)(a[at] * w1[at]);
    }
    sums[0] = (int32_t)s0;
    sums[1] = (int32_t)s1;
}
#endif

void bb_rvv_bytes_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                      void *scratch) {
    (void)scratch;
    const size_t row_bytes = ((size_t)k + 3) & ~(size_t)3;
    for (uint32_t i = 0; i < n; i++, a += k, acc += m) {
        const int8_t *w = weights;
        for (uint32_t j = 0; j + 1 < m; j += 2, w += 2 * row_bytes) two_columns(a, w, w + row_bytes, k, acc + j);
        if (m & 1) {
            int32_t sums[2];
            two_columns(a, w, w, k, sums);
            acc[m - 1] = sums[0];
        }
    }
}
