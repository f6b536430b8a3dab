/*
 * Weights of 4 bits, activations of 8 and 4: two products per multiplication. A word of weights holds one code each of eight
 * rows (layout `octets`), offset to 0..15. Masked and shifted it gives four words of two 16-bit fields, rows r and r + 4;
 * times an activation code they are summed as one integer, so that borrows between fields cancel out. The offset is
 * taken off once per row of activations: sum a * w = sum a * (w + 8) - 8 sum a.
 */
#include "../dot.h"

/* Codes whose products a field holds: run * 15 * magnitude of an activation < 2^15. */
#define RUN_OF(code_bits) ((code_bits) == 4 ? 256u : 16u)

/* Added before a field is read, so that it is not negative. */
#define FIELD_BIAS 0x8000u
#define FIELD_MASK 0x000F000Fu

/* Rows of a block, interleaved along k. */
#define ROWS 4

size_t bb_nibbles_scratch(uint32_t m, uint32_t k) {
    (void)m;
    return (size_t)k * ROWS;
}

/* The codes of n rows side by side, [k][ROWS]; missing rows are zero. */
static void interleave(const int8_t *a, uint32_t n, uint32_t k, int8_t *block) {
    for (uint32_t i = 0; i < ROWS; i++, block++) {
        int8_t *to = block;
        if (i < n)
            for (const int8_t *end = a + k; a != end; to += ROWS) *to = *a++;
        else
            for (const int8_t *end = to + k * ROWS; to != end; to += ROWS) *to = 0;
    }
}

/* Fields of weights, or sums of them times codes: word i holds rows i and i + 4 of eight. */
typedef struct {
    uint32_t w0, w1, w2, w3;
} octet;

BB_INLINE octet unpack(uint32_t word) {
    return (octet){word & FIELD_MASK, word >> 4 & FIELD_MASK, word >> 8 & FIELD_MASK, word >> 12 & FIELD_MASK};
}

static const octet start_of_run = {FIELD_BIAS * 0x10001u, FIELD_BIAS * 0x10001u, FIELD_BIAS * 0x10001u,
                                   FIELD_BIAS * 0x10001u};

BB_INLINE void add_codes(octet *s, octet f, int8_t code) {
    s->w0 += f.w0 * (uint32_t)code;
    s->w1 += f.w1 * (uint32_t)code;
    s->w2 += f.w2 * (uint32_t)code;
    s->w3 += f.w3 * (uint32_t)code;
}

/*
 * s += code at[c] times word w[c]. In assembly, because a compiler starts too many loads at once and spills the sums; here no
 * product is added in the instruction after its own.
 */
#ifdef __riscv
#define ADD_PRODUCTS(s, w, at, c)                                                                                      \
    do {                                                                                                               \
        uint32_t q_, p_, t_, code_;                                                                                    \
        __asm__("lw %[q], %[qat](%[wp])\n\tlb %[code], %[cat](%[ap])\n\tand %[p], %[q], %[mask]\n\tsrli %[t], %[q], 4\n\t"  \
                "mul %[p], %[p], %[code]\n\tand %[t], %[t], %[mask]\n\tmul %[t], %[t], %[code]\n\t"                     \
                "add %[s0], %[s0], %[p]\n\tsrli %[p], %[q], 8\n\tand %[p], %[p], %[mask]\n\tadd %[s1], %[s1], %[t]\n\t"  \
                "mul %[p], %[p], %[code]\n\tsrli %[q], %[q], 12\n\tand %[q], %[q], %[mask]\n\t"                          \
                "mul %[q], %[q], %[code]\n\tadd %[s2], %[s2], %[p]\n\tadd %[s3], %[s3], %[q]"                           \
                : [s0] "+&r"((s).w0), [s1] "+&r"((s).w1), [s2] "+&r"((s).w2), [s3] "+&r"((s).w3), [q] "=&r"(q_),        \
                  [p] "=&r"(p_), [t] "=&r"(t_), [code] "=&r"(code_)                                                     \
                : [wp] "r"(w), [ap] "r"(at), [qat] "i"(4 * (c)), [cat] "i"(c), [mask] "r"(FIELD_MASK), "m"((w)[c]),      \
                  "m"((at)[c]));                                                                                       \
    } while (0)
#else
#define ADD_PRODUCTS(s, w, at, c) add_codes(&(s), unpack((w)[c]), (at)[c])
#endif

/*
 * sums[i] = biases + codes of row i times the words from w to end; at: codes [..][ROWS]. In assembly as a whole: 16 sums, four
 * fields and what feeds them need every register there is.
 */
#ifdef __riscv
/* Times a row's code in t0, to four sums; loads the next row's code meanwhile. */
#define TIMES_ROW(s0, s1, s2, s3, next)                                                               \
    "mul t1, a4, t0\n\tmul t2, a5, t0\n\tadd " s0 ", " s0 ", t1\n\tmul t1, a6, t0\n\tadd " s1 ", " s1 \
    ", t2\n\tmul t2, a7, t0\n\t" next "\n\tadd " s2 ", " s2 ", t1\n\tadd " s3 ", " s3 ", t2\n\t"
#define NEXT_CODE(at) "lb t0, " at "(%[at])"
#define STORE_ROW(at, s0, s1, s2, s3) \
    "sw " s0 ", " at "(%[sums])\n\tsw " s1 ", " at "+4(%[sums])\n\tsw " s2 ", " at "+8(%[sums])\n\tsw " s3 ", " at "+12(%[sums])\n\t"

static void multiply_run(const uint32_t *w, const uint32_t *end, const int8_t *at, octet sums[ROWS]) {
    /* Holds the bias first, then FIELD_MASK. */
    uint32_t both = FIELD_BIAS * 0x10001u;
    __asm__ volatile(
        "mv s0, %[both]\n\tmv s1, s0\n\tmv s2, s0\n\tmv s3, s0\n\tmv s4, s0\n\tmv s5, s0\n\tmv s6, s0\n\tmv s7, s0\n\t"
        "mv s8, s0\n\tmv s9, s0\n\tmv s10, s0\n\tmv s11, s0\n\tmv t3, s0\n\tmv t4, s0\n\tmv t5, s0\n\tmv t6, s0\n\t"
        "li %[both], 0x000F000F\n"
        "1:\tlw a7, 0(%[w])\n\tlb t0, 0(%[at])\n\tand a4, a7, %[both]\n\tsrli a5, a7, 4\n\tand a5, a5, %[both]\n\t"
        "srli a6, a7, 8\n\tand a6, a6, %[both]\n\tsrli a7, a7, 12\n\tand a7, a7, %[both]\n\t"
        TIMES_ROW("s0", "s1", "s2", "s3", NEXT_CODE("1"))
        TIMES_ROW("s4", "s5", "s6", "s7", NEXT_CODE("2"))
        TIMES_ROW("s8", "s9", "s10", "s11", NEXT_CODE("3"))
        TIMES_ROW("t3", "t4", "t5", "t6", "addi %[w], %[w], 4\n\taddi %[at], %[at], 4")
        "bne %[w], %[end], 1b\n\t"
        STORE_ROW("0", "s0", "s1", "s2", "s3")
        STORE_ROW("16", "s4", "s5", "s6", "s7")
        STORE_ROW("32", "s8", "s9", "s10", "s11")
        STORE_ROW("48", "t3", "t4", "t5", "t6")
        : [w] "+&r"(w), [at] "+&r"(at), [both] "+&r"(both)
        : [end] "r"(end), [sums] "r"(sums)
        : "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s0", "s1", "s2", "s3", "s4", "s5", "s6",
          "s7", "s8", "s9", "s10", "s11", "memory");
}
#else
static void multiply_run(const uint32_t *w, const uint32_t *end, const int8_t *at, octet sums[ROWS]) {
    for (uint32_t i = 0; i < ROWS; i++) sums[i] = start_of_run;
    for (; w != end; w++)
        for (uint32_t i = 0; i < ROWS; i++) add_codes(sums + i, unpack(*w), *at++);
}
#endif

/* Adds the biased fields of s to the sums of `columns` (up to eight) weight rows. */
BB_INLINE void add_fields(const octet *s, uint32_t columns, int32_t *to) {
    to[0] += (int32_t)(s->w0 & 0xFFFF);
    if (columns > 1) to[1] += (int32_t)(s->w1 & 0xFFFF);
    if (columns > 2) to[2] += (int32_t)(s->w2 & 0xFFFF);
    if (columns > 3) to[3] += (int32_t)(s->w3 & 0xFFFF);
    if (columns > 4) to[4] += (int32_t)(s->w0 >> 16);
    if (columns > 5) to[5] += (int32_t)(s->w1 >> 16);
    if (columns > 6) to[6] += (int32_t)(s->w2 >> 16);
    if (columns > 7) to[7] += (int32_t)(s->w3 >> 16);
}

static __attribute__((noinline)) void add_some(const octet *s, uint32_t columns, int32_t *to) { add_fields(s, columns, to); }

BB_INLINE void add_row(const octet *s, uint32_t columns, int32_t *to) {
    if (columns >= 8) add_fields(s, 8, to);
    else add_some(s, columns, to);
}

/* ROWS rows, interleaved in `block`, n of them stored; sums are added to acc. */
BB_INLINE void block_of_rows(const int8_t *block, const uint32_t *w, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                             uint32_t code_bits) {
    for (uint32_t j = 0; j < m; j += 8) {
        const int8_t *at = block;
        for (uint32_t left = k, run; left > 0; left -= run) {
            run = left < RUN_OF(code_bits) ? left : RUN_OF(code_bits);
            octet sums[ROWS];
            multiply_run(w, w + run, at, sums);
            w += run;
            at += run * ROWS;
            for (uint32_t i = 0; i < n; i++) add_row(sums + i, m - j, acc + i * m + j);
        }
    }
}

/* A row that is alone, its codes where they are. */
BB_INLINE void one_row(const int8_t *a, const uint32_t *w, uint32_t m, uint32_t k, int32_t *acc, uint32_t code_bits) {
    for (uint32_t j = 0; j < m; j += 8) {
        const int8_t *at = a;
        for (uint32_t left = k, run; left > 0; left -= run) {
            run = left < RUN_OF(code_bits) ? left : RUN_OF(code_bits);
            octet s = start_of_run;
            const uint32_t *end = w + run;
            for (const uint32_t *most = w + (run & ~3u); w != most; w += 4, at += 4) {
                ADD_PRODUCTS(s, w, at, 0);
                ADD_PRODUCTS(s, w, at, 1);
                ADD_PRODUCTS(s, w, at, 2);
                ADD_PRODUCTS(s, w, at, 3);
            }
            for (; w != end; w++, at++) ADD_PRODUCTS(s, w, at, 0);
            const octet sums = s; /* a copy, so that s itself has no address and stays in registers */
            add_row(&sums, m - j, acc + j);
        }
    }
}

/* What the sums of a row start from: the offset of each weight and the bias of each run taken off. */
static void start_row(const int8_t *a, uint32_t m, uint32_t k, uint32_t run, int32_t *acc) {
    uint32_t total = 0;
    for (const int8_t *end = a + k; a != end; a++) total += (uint32_t)*a;
    int32_t start = (int32_t)(0u - 8u * total - FIELD_BIAS * ((k + run - 1) / run));
    for (int32_t *end = acc + m; acc != end; acc++) *acc = start;
}

BB_INLINE void dot(const int8_t *a, const uint32_t *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                   int8_t *block, uint32_t code_bits) {
    for (uint32_t count; n > 0; n -= count, a += (size_t)count * k, acc += (size_t)count * m) {
        count = n < ROWS ? n : ROWS;
        for (uint32_t i = 0; i < count; i++) start_row(a + (size_t)i * k, m, k, RUN_OF(code_bits), acc + (size_t)i * m);
        if (count == 1) {
            one_row(a, weights, m, k, acc, code_bits);
        } else {
            interleave(a, count, k, block);
            block_of_rows(block, weights, count, m, k, acc, code_bits);
        }
    }
}

#define NIBBLES_DOT(code_bits)                                                                                         \
    void bb_nibbles_a##code_bits##_dot(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,         \
                                       int32_t *acc, void *scratch) {                                                  \
        dot(a, weights, n, m, k, acc, scratch, code_bits);                                                             \
    }

NIBBLES_DOT(8)
NIBBLES_DOT(4)
