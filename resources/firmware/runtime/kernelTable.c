#include "kernelTable.h"

#include "bb.h"

/* Order: matmul, conv2d and depthwise at 16 pairs each, then the operators without weights at 4 widths each, argmax. */
enum { PAIRS = 16, WEIGHTED = 3, WIDTHS = 4, PLAIN = 5 };
static const uint8_t widths[WIDTHS] = { 8, 4, 2, 1 };

uint32_t kernel_table_count(void) { return WEIGHTED * PAIRS + PLAIN * WIDTHS + 1; }

kernel_table_entry kernel_table_at(uint32_t index)
{
    kernel_table_entry entry = { BB_ARGMAX, 32, 0, LAYOUT_CODES, 0 };
    if (index < WEIGHTED * PAIRS) {
        entry.kernel = (uint8_t)(BB_MATMUL + index / PAIRS);
        entry.activation_bits = widths[index % PAIRS / WIDTHS];
        entry.weight_bits = widths[index % WIDTHS];
        const bb_pair *pair = bb_find_pair(entry.activation_bits, entry.weight_bits, 0);
        if (entry.kernel != BB_DEPTHWISE && pair) {
            entry.weight_layout = pair->weight_layout;
            entry.variant = pair->variant;
        }
    } else if (index < WEIGHTED * PAIRS + PLAIN * WIDTHS) {
        index -= WEIGHTED * PAIRS;
        entry.kernel = (uint8_t)(BB_MAXPOOL + index / WIDTHS);
        entry.activation_bits = widths[index % WIDTHS];
    }
    return entry;
}
