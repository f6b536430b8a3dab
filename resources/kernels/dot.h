/* The inner products a table of pairs (table/, generated) may name. Each engine's file says how it works. */
#ifndef BB_DOT_H
#define BB_DOT_H

#include "bb.h"

#define BB_INLINE static inline __attribute__((always_inline))

#define BB_DOT(name) \
    void name(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, void *scratch)

#define BB_CONV2D(name)                                                                                              \
    int name(const bb_conv_shape *s, const int8_t *input, const void *weights, bb_tile_done done, void *context,     \
             const bb_conv_room *room)

/* ref/dot.c: any activation bits */
size_t bb_ref_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_ref_w8_dot);
BB_DOT(bb_ref_w4_dot);
BB_DOT(bb_ref_w2_dot);
BB_DOT(bb_ref_w1_dot);

/* rv32im/bytes.c: 8 bits on both sides */
size_t bb_bytes_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_bytes_dot);

/* rv32im/tables_activations.c; a2 serves one-bit activations too */
size_t bb_tables_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_tables_a8w2_dot);
BB_DOT(bb_tables_a8w1_dot);
BB_DOT(bb_tables_a4w2_dot);
BB_DOT(bb_tables_a4w1_dot);
BB_DOT(bb_tables_a2w4_dot);
BB_DOT(bb_tables_a2w2_dot);
BB_DOT(bb_tables_a2w1_dot);

/* rv32im/pairs.c: weights of 8 bits, narrower activations */
size_t bb_pairs_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_pairs_a4_dot);
BB_DOT(bb_pairs_a2_dot);
BB_DOT(bb_pairs_a1_dot);

/* rv32im/nibbles.c: weights of 4 bits, activations of 8 or 4 */
size_t bb_nibbles_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_nibbles_a8_dot);
BB_DOT(bb_nibbles_a4_dot);

/* rv32im/carry_save.c: at most eight products of planes; a single row, several by tables */
size_t bb_carry_save_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_carry_save_a4w2_dot);
BB_DOT(bb_carry_save_a4w1_dot);
BB_DOT(bb_carry_save_a2w4_dot);
BB_DOT(bb_carry_save_a2w2_dot);
BB_DOT(bb_carry_save_a2w1_dot);
BB_DOT(bb_carry_save_a1w4_dot);
BB_DOT(bb_carry_save_a1w2_dot);
BB_DOT(bb_carry_save_a1w1_dot);

/* rv32im/popcounts.c: at most eight products of planes; for cores with cpop */
size_t bb_popcounts_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_popcounts_a1w1_dot);
BB_DOT(bb_popcounts_a1w2_dot);
BB_DOT(bb_popcounts_a1w4_dot);
BB_DOT(bb_popcounts_a2w1_dot);
BB_DOT(bb_popcounts_a2w2_dot);
BB_DOT(bb_popcounts_a2w4_dot);
BB_DOT(bb_popcounts_a4w1_dot);
BB_DOT(bb_popcounts_a4w2_dot);

/* rvv/bytes.c: weights of 8 bits, any activations; for cores with V */
size_t bb_rvv_bytes_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_rvv_bytes_dot);

/* rvv/planes.c: for cores with V */
size_t bb_rvv_planes_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_rvv_a8w4_dot);
BB_DOT(bb_rvv_a8w2_dot);
BB_DOT(bb_rvv_a8w1_dot);
BB_DOT(bb_rvv_a4w4_dot);
BB_DOT(bb_rvv_a4w2_dot);
BB_DOT(bb_rvv_a4w1_dot);
BB_DOT(bb_rvv_a2w4_dot);
BB_DOT(bb_rvv_a2w2_dot);
BB_DOT(bb_rvv_a2w1_dot);
BB_DOT(bb_rvv_a1w4_dot);
BB_DOT(bb_rvv_a1w2_dot);
BB_DOT(bb_rvv_a1w1_dot);

/* xbb/dot.c: by the wider width of the pair and the weights'; for cores with packed dot products (docs/isa.md) */
size_t bb_xbb8_scratch(uint32_t m, uint32_t k);
size_t bb_xbb4_scratch(uint32_t m, uint32_t k);
size_t bb_xbb2_scratch(uint32_t m, uint32_t k);
size_t bb_xbb1_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_xbb_a8w8_dot);
BB_CONV2D(bb_xbb_a8w8_conv2d);
BB_DOT(bb_xbb_a8w4_dot);
BB_CONV2D(bb_xbb_a8w4_conv2d);
BB_DOT(bb_xbb_a8w2_dot);
BB_CONV2D(bb_xbb_a8w2_conv2d);
BB_DOT(bb_xbb_a8w1_dot);
BB_CONV2D(bb_xbb_a8w1_conv2d);
BB_DOT(bb_xbb_a4w4_dot);
BB_CONV2D(bb_xbb_a4w4_conv2d);
BB_DOT(bb_xbb_a4w2_dot);
BB_CONV2D(bb_xbb_a4w2_conv2d);
BB_DOT(bb_xbb_a4w1_dot);
BB_CONV2D(bb_xbb_a4w1_conv2d);
BB_DOT(bb_xbb_a2w2_dot);
BB_CONV2D(bb_xbb_a2w2_conv2d);
BB_DOT(bb_xbb_a2w1_dot);
BB_CONV2D(bb_xbb_a2w1_conv2d);
BB_DOT(bb_xbb_a1w1_dot);
BB_CONV2D(bb_xbb_a1w1_conv2d);

#endif
