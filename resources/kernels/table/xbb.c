/* Written by scripts/genKernelTable.mjs from variants.json; change that and run it again. */
#include "../dot.h"

static const bb_pair reference[16] = {
    {8, 8, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w8_dot, NULL},
    {8, 4, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w4_dot, NULL},
    {8, 2, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w2_dot, NULL},
    {8, 1, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w1_dot, NULL},
    {4, 8, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w8_dot, NULL},
    {4, 4, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w4_dot, NULL},
    {4, 2, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w2_dot, NULL},
    {4, 1, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w1_dot, NULL},
    {2, 8, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w8_dot, NULL},
    {2, 4, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w4_dot, NULL},
    {2, 2, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w2_dot, NULL},
    {2, 1, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w1_dot, NULL},
    {1, 8, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w8_dot, NULL},
    {1, 4, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w4_dot, NULL},
    {1, 2, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w2_dot, NULL},
    {1, 1, BB_LAYOUT_PACKED, 0, 1, bb_ref_scratch, bb_ref_w1_dot, NULL},
};

static const bb_pair fast[16] = {
    {8, 8, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w8_dot, bb_xbb_a8w8_conv2d},
    {8, 4, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w4_dot, bb_xbb_a8w4_conv2d},
    {8, 2, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w2_dot, bb_xbb_a8w2_conv2d},
    {8, 1, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w1_dot, bb_xbb_a8w1_conv2d},
    {4, 8, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w8_dot, bb_xbb_a8w8_conv2d},
    {4, 4, BB_LAYOUT_PACKED, 4, 16, bb_xbb4_scratch, bb_xbb_a4w4_dot, bb_xbb_a4w4_conv2d},
    {4, 2, BB_LAYOUT_PACKED, 4, 16, bb_xbb4_scratch, bb_xbb_a4w2_dot, bb_xbb_a4w2_conv2d},
    {4, 1, BB_LAYOUT_PACKED, 4, 16, bb_xbb4_scratch, bb_xbb_a4w1_dot, bb_xbb_a4w1_conv2d},
    {2, 8, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w8_dot, bb_xbb_a8w8_conv2d},
    {2, 4, BB_LAYOUT_PACKED, 4, 16, bb_xbb4_scratch, bb_xbb_a4w4_dot, bb_xbb_a4w4_conv2d},
    {2, 2, BB_LAYOUT_PACKED, 4, 16, bb_xbb2_scratch, bb_xbb_a2w2_dot, bb_xbb_a2w2_conv2d},
    {2, 1, BB_LAYOUT_PACKED, 4, 16, bb_xbb2_scratch, bb_xbb_a2w1_dot, bb_xbb_a2w1_conv2d},
    {1, 8, BB_LAYOUT_PACKED, 4, 16, bb_xbb8_scratch, bb_xbb_a8w8_dot, bb_xbb_a8w8_conv2d},
    {1, 4, BB_LAYOUT_PACKED, 4, 16, bb_xbb4_scratch, bb_xbb_a4w4_dot, bb_xbb_a4w4_conv2d},
    {1, 2, BB_LAYOUT_PACKED, 4, 16, bb_xbb2_scratch, bb_xbb_a2w2_dot, bb_xbb_a2w2_conv2d},
    {1, 1, BB_LAYOUT_PACKED, 4, 16, bb_xbb1_scratch, bb_xbb_a1w1_dot, bb_xbb_a1w1_conv2d},
};

/* 8, 4, 2, 1 -> 0..3, anything else 4: the order of the tables above. */
static uint32_t width_index(uint32_t bits) { return bits == 8 ? 0 : bits == 4 ? 1 : bits == 2 ? 2 : bits == 1 ? 3 : 4; }

const bb_pair *bb_find_pair(uint32_t activation_bits, uint32_t weight_bits, int use_reference) {
    uint32_t a = width_index(activation_bits), w = width_index(weight_bits);
    if (a > 3 || w > 3) return NULL;
    return (use_reference ? reference : fast) + a * 4 + w;
}
