/* The kernels of this firmware as hello lists them: asked of bb_find_pair, so it cannot disagree with what runs. */
#ifndef KERNEL_TABLE_H
#define KERNEL_TABLE_H

#include <stdint.h>

/*
 * As on the wire (docs/protocol.md). Scratch of a kernel's inner product with m outputs of k inputs:
 * scratch_fixed + scratch_per_input * k + scratch_per_output * m bytes.
 */
typedef struct {
    uint8_t kernel, activation_bits, weight_bits, weight_layout, variant, rows_max;
    uint8_t scratch_fixed[2], scratch_per_input, scratch_per_output;
} kernel_table_entry;

/* Layout id of weights that stay plain int8 codes (depthwise, and kernels without weights). */
#define LAYOUT_CODES 255u

uint32_t kernel_table_count(void);
kernel_table_entry kernel_table_at(uint32_t index);
/* 0 where this firmware was linked without the entry's kernel. */
#ifdef BB_SUBSET
int kernel_table_has(uint32_t index);
#else
static inline int kernel_table_has(uint32_t index) { return (void)index, 1; }
#endif

#endif
