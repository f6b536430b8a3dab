/* A measurement of one kernel, as the parts of `bench` share it (docs/protocol.md). */
#ifndef BENCH_H
#define BENCH_H

#include "bb.h"

enum { BENCH_REPORTED = 64, BENCH_REFERENCE = 1 }; /* repetitions whose counts are reported; bit of the flags */

typedef struct {
    /* the request */
    uint8_t kernel, activation_bits, weight_bits, flags;
    uint16_t repetitions, dims[8];
    uint32_t seed;
    /* operands, cut from usable RAM; `next` grows past its end so that a shortfall can be told */
    uint64_t next;
    const bb_pair *pair;
    bb_conv_shape conv;
    bb_pool_shape pool;
    int8_t *activations;
    void *weights, *out, *scratch;
    void *parameters; /* of a kernel of sequences: the words of its operator */
    int32_t *mult, *bias;
    uint8_t *shift;
    uint64_t scratch_bytes;
    uint32_t out_bytes, crc;
    /* the answer */
    uint32_t checksum;
    uint32_t cycles[BENCH_REPORTED], instructions[BENCH_REPORTED];
} bench;

/* `bytes` of RAM behind what was cut before, at a multiple of 16; they may lie beyond its end (bench_fits). */
void *bench_cut(bench *run, uint64_t bytes);
int bench_fits(const bench *run);
/* The next numbers of the operand stream, as codes or as words shifted right. */
void bench_fill_codes(int8_t *to, uint32_t count, uint32_t bits);
void bench_fill_sums(int32_t *to, uint32_t count, uint32_t shift);
/* Smallest shift with 2^shift >= value. */
uint8_t bench_shift_above(uint32_t value);

/* Kernels of language models, encoders and recurrences (benchSequence.c): makes operands and parameters; runs once. */
uint8_t bench_make_sequence(bench *run);
void bench_run_sequence(const bench *run);

#endif
