/* Maximum and average pooling over HWC codes. Padded positions take no part in a maximum and add nothing to a sum. */
#include "bb.h"
#include "requantize.h"

/* The part of one output pixel's window that lies inside the image. */
typedef struct {
    int32_t y0, y1, x0, x1;
} window;

static window window_of(const bb_pool_shape *s, uint32_t oy, uint32_t ox) {
    int32_t y = (int32_t)oy * s->stride_h - s->pad_top, x = (int32_t)ox * s->stride_w - s->pad_left;
    window in = {y < 0 ? 0 : y, y + s->ks_h > s->h ? s->h : y + s->ks_h, x < 0 ? 0 : x,
                 x + s->ks_w > s->w ? s->w : x + s->ks_w};
    return in;
}

/* The maximum of `lines` x `taps` positions of a channel, the first at `in`. */
static inline int8_t greatest(const int8_t *in, int32_t lines, int32_t taps, size_t line, size_t pixel) {
    int32_t best = -128;
    for (const int8_t *end = in + lines * line; in != end; in += line) {
        const int8_t *tap = in;
        for (int32_t x = taps; x > 0; x--, tap += pixel)
            if (*tap > best) best = *tap;
    }
    return (int8_t)best;
}

/* The maximum of two by two positions for each of c channels; BB_POOL_WORDS does it where a core has an instruction for it. */
static void pool_two_by_two(const int8_t *in, size_t line, uint32_t c, int8_t *out) {
#ifdef BB_POOL_WORDS
    if (BB_POOL_WORDS(in, (uint32_t)line, c, out)) return;
#endif
    const int8_t *right = in + c, *below = in + line, *across = below + c;
    for (const int8_t *end = right; in != end; in++, right++, below++, across++) {
        int32_t first = *in, second = *right, third = *below, fourth = *across;
        if (second > first) first = second;
        if (fourth > third) third = fourth;
        *out++ = (int8_t)(third > first ? third : first);
    }
}

void bb_maxpool(const bb_pool_shape *s, const int8_t *in, int8_t *out) {
    const uint32_t c = s->c;
    const size_t line = (size_t)s->w * c;
    for (uint32_t oy = 0; oy < s->out_h; oy++)
        for (uint32_t ox = 0; ox < s->out_w; ox++) {
            const window part = window_of(s, oy, ox);
            const int32_t lines = part.y1 > part.y0 ? part.y1 - part.y0 : 0, taps = part.x1 - part.x0;
            const int8_t *from = in + part.y0 * line + part.x0 * (size_t)c;
            if (lines == 2 && taps == 2) {
                pool_two_by_two(from, line, c, out);
                out += c;
                continue;
            }
            for (const int8_t *end = from + c; from != end; from++) *out++ = greatest(from, lines, taps, line, c);
        }
}

void bb_avgpool(const bb_pool_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    for (uint32_t oy = 0; oy < s->out_h; oy++)
        for (uint32_t ox = 0; ox < s->out_w; ox++) {
            window part = window_of(s, oy, ox);
            for (int32_t c = 0; c < s->c; c++) {
                int32_t sum = 0;
                for (int32_t y = part.y0; y < part.y1; y++)
                    for (int32_t x = part.x0; x < part.x1; x++) sum += in[(y * s->w + x) * s->c + c] + zero_in;
                *out++ = bb_round_to_code((int64_t)sum * mult, shift, zero_out, bits, relu);
            }
        }
}

void bb_avgpool_counted(const bb_pool_shape *s, const int8_t *in, int32_t zero_in, const int32_t *mult,
                        const uint8_t *shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    for (uint32_t oy = 0; oy < s->out_h; oy++)
        for (uint32_t ox = 0; ox < s->out_w; ox++) {
            window part = window_of(s, oy, ox);
            int32_t entry = (part.y1 - part.y0) * (part.x1 - part.x0) - 1;
            for (int32_t c = 0; c < s->c; c++) {
                int32_t sum = 0;
                for (int32_t y = part.y0; y < part.y1; y++)
                    for (int32_t x = part.x0; x < part.x1; x++) sum += in[(y * s->w + x) * s->c + c] + zero_in;
                *out++ = bb_round_to_code((int64_t)sum * mult[entry], shift[entry], zero_out, bits, relu);
            }
        }
}
