/* Written by scripts/genKernelTable.mjs from variants.json; change that and run it again. */
#include "../dot.h"

/* BB_PAIRS: bit 4 * a + w is set where this build has the pair, a and w the places of the widths in 8, 4, 2, 1. */
#ifdef BB_PAIRS
#define HAS(index, entry) (BB_PAIRS >> (index) & 1 ? (entry) : NULL)
#else
#define HAS(index, entry) entry
#endif

static const bb_pair reference[16] = {
    {8, 8, BB_LAYOUT_PACKED, 0, 1, HAS(0, bb_ref_scratch), HAS(0, bb_ref_w8_dot), NULL},
    {8, 4, BB_LAYOUT_PACKED, 0, 1, HAS(1, bb_ref_scratch), HAS(1, bb_ref_w4_dot), NULL},
    {8, 2, BB_LAYOUT_PACKED, 0, 1, HAS(2, bb_ref_scratch), HAS(2, bb_ref_w2_dot), NULL},
    {8, 1, BB_LAYOUT_PACKED, 0, 1, HAS(3, bb_ref_scratch), HAS(3, bb_ref_w1_dot), NULL},
    {4, 8, BB_LAYOUT_PACKED, 0, 1, HAS(4, bb_ref_scratch), HAS(4, bb_ref_w8_dot), NULL},
    {4, 4, BB_LAYOUT_PACKED, 0, 1, HAS(5, bb_ref_scratch), HAS(5, bb_ref_w4_dot), NULL},
    {4, 2, BB_LAYOUT_PACKED, 0, 1, HAS(6, bb_ref_scratch), HAS(6, bb_ref_w2_dot), NULL},
    {4, 1, BB_LAYOUT_PACKED, 0, 1, HAS(7, bb_ref_scratch), HAS(7, bb_ref_w1_dot), NULL},
    {2, 8, BB_LAYOUT_PACKED, 0, 1, HAS(8, bb_ref_scratch), HAS(8, bb_ref_w8_dot), NULL},
    {2, 4, BB_LAYOUT_PACKED, 0, 1, HAS(9, bb_ref_scratch), HAS(9, bb_ref_w4_dot), NULL},
    {2, 2, BB_LAYOUT_PACKED, 0, 1, HAS(10, bb_ref_scratch), HAS(10, bb_ref_w2_dot), NULL},
    {2, 1, BB_LAYOUT_PACKED, 0, 1, HAS(11, bb_ref_scratch), HAS(11, bb_ref_w1_dot), NULL},
    {1, 8, BB_LAYOUT_PACKED, 0, 1, HAS(12, bb_ref_scratch), HAS(12, bb_ref_w8_dot), NULL},
    {1, 4, BB_LAYOUT_PACKED, 0, 1, HAS(13, bb_ref_scratch), HAS(13, bb_ref_w4_dot), NULL},
    {1, 2, BB_LAYOUT_PACKED, 0, 1, HAS(14, bb_ref_scratch), HAS(14, bb_ref_w2_dot), NULL},
    {1, 1, BB_LAYOUT_PACKED, 0, 1, HAS(15, bb_ref_scratch), HAS(15, bb_ref_w1_dot), NULL},
};

static const bb_pair fast[16] = {
    {8, 8, BB_LAYOUT_PACKED, 4, 16, HAS(0, bb_xbb8_scratch), HAS(0, bb_xbb_a8w8_dot), HAS(0, bb_xbb_a8w8_conv2d)},
    {8, 4, BB_LAYOUT_PACKED, 4, 16, HAS(1, bb_xbb8_scratch), HAS(1, bb_xbb_a8w4_dot), HAS(1, bb_xbb_a8w4_conv2d)},
    {8, 2, BB_LAYOUT_PACKED, 4, 16, HAS(2, bb_xbb8_scratch), HAS(2, bb_xbb_a8w2_dot), HAS(2, bb_xbb_a8w2_conv2d)},
    {8, 1, BB_LAYOUT_PACKED, 4, 16, HAS(3, bb_xbb8_scratch), HAS(3, bb_xbb_a8w1_dot), HAS(3, bb_xbb_a8w1_conv2d)},
    {4, 8, BB_LAYOUT_PACKED, 4, 16, HAS(4, bb_xbb8_scratch), HAS(4, bb_xbb_a8w8_dot), HAS(4, bb_xbb_a8w8_conv2d)},
    {4, 4, BB_LAYOUT_PACKED, 4, 16, HAS(5, bb_xbb4_scratch), HAS(5, bb_xbb_a4w4_dot), HAS(5, bb_xbb_a4w4_conv2d)},
    {4, 2, BB_LAYOUT_PACKED, 4, 16, HAS(6, bb_xbb4_scratch), HAS(6, bb_xbb_a4w2_dot), HAS(6, bb_xbb_a4w2_conv2d)},
    {4, 1, BB_LAYOUT_PACKED, 4, 16, HAS(7, bb_xbb4_scratch), HAS(7, bb_xbb_a4w1_dot), HAS(7, bb_xbb_a4w1_conv2d)},
    {2, 8, BB_LAYOUT_PACKED, 4, 16, HAS(8, bb_xbb8_scratch), HAS(8, bb_xbb_a8w8_dot), HAS(8, bb_xbb_a8w8_conv2d)},
    {2, 4, BB_LAYOUT_PACKED, 4, 16, HAS(9, bb_xbb4_scratch), HAS(9, bb_xbb_a4w4_dot), HAS(9, bb_xbb_a4w4_conv2d)},
    {2, 2, BB_LAYOUT_PACKED, 4, 16, HAS(10, bb_xbb2_scratch), HAS(10, bb_xbb_a2w2_dot), HAS(10, bb_xbb_a2w2_conv2d)},
    {2, 1, BB_LAYOUT_PACKED, 4, 16, HAS(11, bb_xbb2_scratch), HAS(11, bb_xbb_a2w1_dot), HAS(11, bb_xbb_a2w1_conv2d)},
    {1, 8, BB_LAYOUT_PACKED, 4, 16, HAS(12, bb_xbb8_scratch), HAS(12, bb_xbb_a8w8_dot), HAS(12, bb_xbb_a8w8_conv2d)},
    {1, 4, BB_LAYOUT_PACKED, 4, 16, HAS(13, bb_xbb4_scratch), HAS(13, bb_xbb_a4w4_dot), HAS(13, bb_xbb_a4w4_conv2d)},
    {1, 2, BB_LAYOUT_PACKED, 4, 16, HAS(14, bb_xbb2_scratch), HAS(14, bb_xbb_a2w2_dot), HAS(14, bb_xbb_a2w2_conv2d)},
    {1, 1, BB_LAYOUT_PACKED, 4, 16, HAS(15, bb_xbb1_scratch), HAS(15, bb_xbb_a1w1_dot), HAS(15, bb_xbb_a1w1_conv2d)},
};

/* 8, 4, 2, 1 -> 0..3, anything else 4: the order of the tables above. */
static uint32_t width_index(uint32_t bits) { return bits == 8 ? 0 : bits == 4 ? 1 : bits == 2 ? 2 : bits == 1 ? 3 : 4; }

const bb_pair *bb_find_pair(uint32_t activation_bits, uint32_t weight_bits, int use_reference) {
    uint32_t a = width_index(activation_bits), w = width_index(weight_bits);
    if (a > 3 || w > 3) return NULL;
#ifdef BB_PAIRS
    if (!(BB_PAIRS >> (a * 4 + w) & 1)) return NULL;
#endif
    return (use_reference ? reference : fast) + a * 4 + w;
}
