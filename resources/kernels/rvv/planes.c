/*
 * Weights of 4, 2 and 1 bits: products of bit planes (rv32im/planes.h), 128 codes at a time in mask registers, counted by
 * vcpop.m. Codes beyond the end of a row are never counted: the vector length ends with the row.
 */
#include "../rv32im/planes.h"
#include "vector.h"

/* Codes of a step: the bits of one register of the smallest VLEN; larger registers are used in part. */
#define STEP 128u
/* Bytes of one plane of a step. */
#define PLANE_BYTES 16u

/* One row of up to eight planes: 8 * 16 bytes for every 128 codes begun. */
size_t bb_rvv_planes_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return STEP + (size_t)k;
}

#ifdef __riscv
#define VECTOR(text, ...) __asm__ volatile(BB_VECTOR(text)::__VA_ARGS__ : "memory")

/* One row of codes to planes: step s, plane p at bits + (s * planes + p) * PLANE_BYTES. */
BB_INLINE void to_planes(const int8_t *a, uint32_t k, uint32_t planes, uint8_t *bits) {
    for (uint32_t left = k, count; left > 0; left -= count, a += count) {
        count = left < STEP ? left : STEP;
        VECTOR("vsetvli zero, %0, e8, m8, ta, ma\n\tvle8.v v8, (%1)", "r"((size_t)count), "r"(a));
        if (planes == 1) {
            VECTOR("vmsgt.vi v0, v8, 0\n\tvsm.v v0, (%0)", "r"(bits));
            bits += PLANE_BYTES;
            continue;
        }
        for (uint32_t bit = 1; bit < 1u << planes; bit <<= 1, bits += PLANE_BYTES)
            VECTOR("vand.vx v16, v8, %0\n\tvmsne.vi v0, v16, 0\n\tvsm.v v0, (%1)", "r"((size_t)bit), "r"(bits));
    }
}

/* Planes of activations to v0 to v7, of weights to v8 to v11. */
#define LOAD(p) \
    if ((p) < a_planes) VECTOR("vlm.v v" #p ", (%0)", "r"(a + (p)*PLANE_BYTES));

BB_INLINE void load_weights(const uint32_t *w, uint32_t count, uint32_t w_planes) {
    size_t words = (count + 31) / 32;
    if (w_planes == 1) VECTOR("vlm.v v8, (%0)", "r"(w));
    if (w_planes == 2)
        VECTOR("vsetvli zero, %1, e32, m1, ta, ma\n\tvlseg2e32.v v8, (%0)\n\tvsetvli zero, %2, e8, m8, ta, ma", "r"(w),
               "r"(words), "r"((size_t)count));
    if (w_planes == 4)
        VECTOR("vsetvli zero, %1, e32, m1, ta, ma\n\tvlseg4e32.v v8, (%0)\n\tvsetvli zero, %2, e8, m8, ta, ma", "r"(w),
               "r"(words), "r"((size_t)count));
}

/* Ones of plane p of activations AND (at one bit XOR) weights in register v`w`. */
#define COUNT(p, q, w)                                                                                                 \
    if ((p) < a_planes && (q) < w_planes) {                                                                            \
        intptr_t count_;                                                                                               \
        if (a_planes == 1) __asm__ volatile(BB_VECTOR("vmxor.mm v16, v" #p ", v" #w "\n\tvcpop.m %0, v16") : "=r"(count_)); \
        else __asm__ volatile(BB_VECTOR("vmand.mm v16, v" #p ", v" #w "\n\tvcpop.m %0, v16") : "=r"(count_));            \
        if (BB_IS_NEGATIVE(p, q, a_planes, w_planes)) digits[(p) + (q)] -= count_;                                     \
        else digits[(p) + (q)] += count_;                                                                              \
    }
#define COUNT_PLANE(p) COUNT(p, 0, 8) COUNT(p, 1, 9) COUNT(p, 2, 10) COUNT(p, 3, 11)

/* S of planes.h for one row of either side. */
BB_INLINE int32_t count_row(const uint8_t *a, const uint32_t *w, uint32_t k, uint32_t a_planes, uint32_t w_planes) {
    intptr_t digits[11] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    for (uint32_t left = k, count; left > 0; left -= count) {
        count = left < STEP ? left : STEP;
        VECTOR("vsetvli zero, %0, e8, m8, ta, ma", "r"((size_t)count));
        LOAD(0) LOAD(1) LOAD(2) LOAD(3) LOAD(4) LOAD(5) LOAD(6) LOAD(7)
        load_weights(w, count, w_planes);
        COUNT_PLANE(0) COUNT_PLANE(1) COUNT_PLANE(2) COUNT_PLANE(3)
        COUNT_PLANE(4) COUNT_PLANE(5) COUNT_PLANE(6) COUNT_PLANE(7)
        a += a_planes * PLANE_BYTES;
        w += STEP / 32 * w_planes;
    }
    intptr_t sum = 0;
#pragma GCC unroll 11
    for (uint32_t digit = 0; digit < 11; digit++) sum += digits[digit] * (1 << digit);
    return (int32_t)sum;
}
#else
BB_INLINE void to_planes(const int8_t *a, uint32_t k, uint32_t planes, uint8_t *bits) {
    for (uint32_t at = 0; at < k; at++)
        for (uint32_t p = 0; p < planes; p++) {
            uint8_t *byte = bits + (at / STEP * planes + p) * PLANE_BYTES + at % STEP / 8;
            uint32_t bit = planes == 1 ? a[at] > 0 : (uint32_t)a[at] >> p & 1;
            *byte = (uint8_t)((*byte & ~(1u << at % 8)) | bit << at % 8);
        }
}

BB_INLINE int32_t count_row(const uint8_t *a, const uint32_t *w, uint32_t k, uint32_t a_planes, uint32_t w_planes) {
    int32_t sum = 0;
    for (uint32_t at = 0; at < k; at++)
        for (uint32_t p = 0; p < a_planes; p++)
            for (uint32_t q = 0; q < w_planes; q++) {
                uint32_t left = a[(at / STEP * a_planes + p) * PLANE_BYTES + at % STEP / 8] >> at % 8 & 1;
                uint32_t right = w[at / 32 * w_planes + q] >> at % 32 & 1;
                int32_t one = (int32_t)(a_planes == 1 ? left ^ right : left & right) << (p + q);
                sum += BB_IS_NEGATIVE(p, q, a_planes, w_planes) ? -one : one;
            }
    return sum;
}
#endif

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                   uint8_t *bits, uint32_t a_planes, uint32_t w_planes) {
    const uint32_t row_words = (k + 31) / 32 * w_planes;
    const int32_t factor = bb_planes_factor(a_planes, w_planes);
    for (; n > 0; n--, a += k) {
        const int32_t start = bb_planes_start(a, k, a_planes, w_planes);
        to_planes(a, k, a_planes, bits);
        const uint32_t *w = weights;
        for (int32_t *end = acc + m; acc != end; acc++, w += row_words)
            *acc = start + factor * count_row(bits, w, k, a_planes, w_planes);
    }
}

#define RVV_PLANES_DOT(a_planes, w_planes)                                                                             \
    void bb_rvv_a##a_planes##w##w_planes##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, \
                                               int32_t *acc, void *scratch) {                                          \
        dot(a, weights, n, m, k, acc, scratch, a_planes, w_planes);                                                    \
    }

RVV_PLANES_DOT(8, 4)
RVV_PLANES_DOT(8, 2)
RVV_PLANES_DOT(8, 1)
RVV_PLANES_DOT(4, 4)
RVV_PLANES_DOT(4, 2)
RVV_PLANES_DOT(4, 1)
RVV_PLANES_DOT(2, 4)
RVV_PLANES_DOT(2, 2)
RVV_PLANES_DOT(2, 1)
RVV_PLANES_DOT(1, 4)
RVV_PLANES_DOT(1, 2)
RVV_PLANES_DOT(1, 1)
