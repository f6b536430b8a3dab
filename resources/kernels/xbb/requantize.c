/*
 * Sums to codes by the instruction quant (docs/isa.md). Four channels at a time, whose biases and formats stay in registers for all
 * pixels and whose four codes are stored as a word; where channels are no multiple of four, one at a time. Zero offsets in the middle
 * of the codes, which no quantizer of Bitbench writes, take the reference.
 */
#include "instructions.h"

/* What stays the same for a channel. */
typedef struct {
    uint32_t bias, format;
} channel;

static inline channel channel_of(const bb_requant *q, uint32_t c, int is_unsigned) {
    return (channel){q->bias ? (uint32_t)q->bias[c] : 0, xbb_format(q->mult[c], q->shift[c], q->bits, is_unsigned, q->relu)};
}

/* A code of four, the sum at acc[c]. */
#define CODE(c, of)                                    \
    do {                                               \
        uint32_t sum_ = (uint32_t)acc[c] + (of).bias;  \
        XBB_QUANT(word, sum_, (of).format);            \
    } while (0)

static void four_channels(const channel *c, const int32_t *acc, const int32_t *end, uint32_t channels, int8_t *out) {
    const channel c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
    for (uint32_t word = 0; acc != end; acc += channels, out += channels) {
        CODE(0, c0);
        CODE(1, c1);
        CODE(2, c2);
        CODE(3, c3);
        *(uint32_t *)(void *)out = word;
    }
}

static void one_channel(channel c, const int32_t *acc, const int32_t *end, uint32_t channels, int8_t *out) {
    for (uint32_t word = 0; acc != end; acc += channels, out += channels) {
        CODE(0, c);
        *out = (int8_t)(word >> 24);
    }
}

void bb_requantize(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels, int8_t *out) {
    const int is_unsigned = q->zero != 0;
    if (!xbb_quantizes(q, channels)) {
        bb_requantize_reference(q, acc, pixels, channels, out);
        return;
    }
    const int32_t *end = acc + (size_t)pixels * channels;
    if (((channels | (uintptr_t)out) & 3) == 0) {
        for (uint32_t c = 0; c < channels; c += 4) {
            const channel four[4] = {channel_of(q, c, is_unsigned), channel_of(q, c + 1, is_unsigned),
                                     channel_of(q, c + 2, is_unsigned), channel_of(q, c + 3, is_unsigned)};
            four_channels(four, acc + c, end + c, channels, out + c);
        }
        return;
    }
    for (uint32_t c = 0; c < channels; c++) one_channel(channel_of(q, c, is_unsigned), acc + c, end + c, channels, out + c);
}
