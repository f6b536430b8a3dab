/* The inner products a table of pairs (table/, generated) may name. Each engine's file says how it works. */
#ifndef BB_DOT_H
#define BB_DOT_H

#include "bb.h"

#define BB_DOT(name) \
    void name(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc, void *scratch)

/* ref/dot.c: any activation bits */
size_t bb_ref_scratch(uint32_t m, uint32_t k);
BB_DOT(bb_ref_w8_dot);
BB_DOT(bb_ref_w4_dot);
BB_DOT(bb_ref_w2_dot);
BB_DOT(bb_ref_w1_dot);

#endif
