#include "kernelTable.h"

#include "bb.h"

/*
 * Order: matmul, conv2d and depthwise at 16 pairs each, then operators without weights at 4 widths each, those of language models
 * and encoders at 2 (a hello is one frame, and no width makes them cheaper), recurrences at 1, argmax.
 */
static const uint8_t plain[] = { BB_MAXPOOL, BB_AVGPOOL, BB_ADD, BB_REQUANTIZE, BB_FLATTEN };
static const uint8_t sequence[] = { BB_PRODUCT, BB_SOFTMAX, BB_LAYER_NORM, BB_RMS_NORM, BB_TABLE, BB_GATHER, BB_ROPE };
static const uint8_t recurrent[] = { BB_RNN, BB_LSTM, BB_GRU, BB_GRU_AFTER };
static const uint8_t widths[] = { 8, 4, 2, 1 };
enum { PAIRS = 16, WIDTHS = 4, SEQUENCE_WIDTHS = 2, WEIGHTED_ENTRIES = 3 * PAIRS, PLAIN_ENTRIES = sizeof plain * WIDTHS,
       SEQUENCE_ENTRIES = sizeof sequence * SEQUENCE_WIDTHS,
       RECURRENT_ENTRIES = sizeof recurrent, BEFORE_RECURRENT = WEIGHTED_ENTRIES + PLAIN_ENTRIES + SEQUENCE_ENTRIES };

#ifdef BB_SUBSET
int kernel_table_has(uint32_t index)
{
    if (index < WEIGHTED_ENTRIES) return bb_find_pair(widths[index % PAIRS / WIDTHS], widths[index % WIDTHS], 0) != NULL;
    if (index < WEIGHTED_ENTRIES + PLAIN_ENTRIES || index >= BEFORE_RECURRENT + RECURRENT_ENTRIES) return 1;
#ifdef BB_WITHOUT_SEQUENCE
    if (index >= BEFORE_RECURRENT) return 0;
    uint8_t kernel = sequence[(index - WEIGHTED_ENTRIES - PLAIN_ENTRIES) / SEQUENCE_WIDTHS];
    return kernel == BB_TABLE || kernel == BB_GATHER;
#else
    return 1;
#endif
}
#endif

uint32_t kernel_table_count(void) { return BEFORE_RECURRENT + RECURRENT_ENTRIES + 1; }

/* The terms of a scratch size that is linear in inputs and outputs, taken from its values. */
static void put_scratch(kernel_table_entry *entry, size_t least, size_t more_inputs, size_t more_outputs)
{
    size_t per_input = more_inputs - least, per_output = more_outputs - least;
    size_t fixed = least - per_input - per_output;
    entry->scratch_fixed[0] = (uint8_t)fixed;
    entry->scratch_fixed[1] = (uint8_t)(fixed >> 8);
    entry->scratch_per_input = (uint8_t)per_input;
    entry->scratch_per_output = (uint8_t)per_output;
}

/* One row of `pixels` output pixels. */
static size_t depthwise_scratch(uint16_t channels, uint16_t pixels)
{
    bb_conv_shape shape = { 3, pixels, channels, 3, pixels, channels, 3, 3, 1, 1, 1, 1, 0, 1, 1 };
    return bb_depthwise_scratch(&shape);
}

kernel_table_entry kernel_table_at(uint32_t index)
{
    kernel_table_entry entry = { .kernel = BB_ARGMAX, .activation_bits = 32, .weight_layout = LAYOUT_CODES, .rows_max = 1 };
    if (index < WEIGHTED_ENTRIES) {
        entry.kernel = (uint8_t)(BB_MATMUL + index / PAIRS);
        entry.activation_bits = widths[index % PAIRS / WIDTHS];
        entry.weight_bits = widths[index % WIDTHS];
        const bb_pair *pair = bb_find_pair(entry.activation_bits, entry.weight_bits, 0);
        if (entry.kernel == BB_DEPTHWISE) {
            size_t one = depthwise_scratch(1, 1);
            put_scratch(&entry, one, one, depthwise_scratch(2, 1));
            entry.rows_max = one ? (uint8_t)(depthwise_scratch(1, 255) / one) : 1; /* pixels of its tile */
        } else if (pair) {
            entry.weight_layout = pair->weight_layout;
            entry.variant = pair->variant;
            entry.rows_max = pair->rows_max;
            put_scratch(&entry, pair->scratch(1, 1), pair->scratch(1, 2), pair->scratch(2, 1));
        }
    } else if (index < WEIGHTED_ENTRIES + PLAIN_ENTRIES) {
        index -= WEIGHTED_ENTRIES;
        entry.kernel = plain[index / WIDTHS];
        entry.activation_bits = widths[index % WIDTHS];
    } else if (index < BEFORE_RECURRENT) {
        index -= WEIGHTED_ENTRIES + PLAIN_ENTRIES;
        entry.kernel = sequence[index / SEQUENCE_WIDTHS];
        entry.activation_bits = widths[index % SEQUENCE_WIDTHS];
    } else if (index < BEFORE_RECURRENT + RECURRENT_ENTRIES) {
        entry.kernel = recurrent[index - BEFORE_RECURRENT];
        entry.activation_bits = 8;
    }
    return entry;
}
