/* The kernels of this firmware as hello lists them: asked of bb_find_pair, so it cannot disagree with what runs. */
#ifndef KERNEL_TABLE_H
#define KERNEL_TABLE_H

#include <stdint.h>

typedef struct {
    uint8_t kernel, activation_bits, weight_bits, weight_layout, variant;
} kernel_table_entry;

/* Layout id of weights that stay plain int8 codes (depthwise, and kernels without weights). */
#define LAYOUT_CODES 255u

uint32_t kernel_table_count(void);
kernel_table_entry kernel_table_at(uint32_t index);

#endif
