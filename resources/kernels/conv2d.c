/*
 * Convolution: the taps of rows_max output pixels are gathered into rows (im2col of one tile, never of the image) and
 * multiplied by the pair's inner product; finished tiles go to `done`. A pair may have a way of its own.
 */
#include "bb.h"

#include <string.h>

/* memcpy's call and its preamble cost more than the few bytes of one tap, so taps are copied here. */
static inline void copy_codes(int8_t *to, const int8_t *from, uint32_t count) {
    if ((((uintptr_t)to | (uintptr_t)from | count) & 3) == 0) {
        uint32_t *words = (uint32_t *)(void *)to;
        const uint32_t *source = (const uint32_t *)(const void *)from;
        for (; count >= 16; count -= 16, words += 4, source += 4) {
            uint32_t w0 = source[0], w1 = source[1], w2 = source[2], w3 = source[3];
            words[0] = w0;
            words[1] = w1;
            words[2] = w2;
            words[3] = w3;
        }
        for (; count > 0; count -= 4) *words++ = *source++;
        return;
    }
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        int8_t c0 = from[0], c1 = from[1], c2 = from[2], c3 = from[3];
        to[0] = c0;
        to[1] = c1;
        to[2] = c2;
        to[3] = c3;
    }
    for (; count > 0; count--) *to++ = *from++;
}

static size_t aligned(size_t bytes) { return (bytes + 3) & ~(size_t)3; }

static uint32_t taps(const bb_conv_shape *s) { return (uint32_t)s->ks_h * s->ks_w * s->c; }

size_t bb_conv2d_scratch(const bb_pair *pair, const bb_conv_shape *s) {
    size_t codes = aligned((size_t)pair->rows_max * taps(s));
    size_t sums = (size_t)pair->rows_max * s->k * sizeof(int32_t);
    return codes + sums + pair->scratch(s->k, taps(s));
}

/* The taps of one output pixel in (row, column, channel) order, padding as pad_code. */
static void gather(const bb_conv_shape *s, const int8_t *input, uint32_t pixel, int8_t *row) {
    int32_t y0 = (int32_t)(pixel / s->out_w) * s->stride_h - s->pad_top;
    int32_t x0 = (int32_t)(pixel % s->out_w) * s->stride_w - s->pad_left;
    int32_t step_h = s->step_h ? s->step_h : 1, step_w = s->step_w ? s->step_w : 1;
    size_t segment = (size_t)s->ks_w * s->c;
    for (int32_t ky = 0, y = y0; ky < s->ks_h; ky++, y += step_h, row += segment) {
        const int8_t *line = input + (int32_t)(y * s->w * s->c);
        if (y < 0 || y >= s->h) {
            memset(row, s->pad_code, segment);
        } else if (step_w == 1 && x0 >= 0 && x0 + s->ks_w <= s->w) {
            copy_codes(row, line + x0 * s->c, (uint32_t)segment);
        } else {
            for (int32_t kx = 0, x = x0; kx < s->ks_w; kx++, x += step_w) {
                if (x < 0 || x >= s->w) memset(row + kx * s->c, s->pad_code, s->c);
                else copy_codes(row + kx * s->c, line + x * s->c, s->c);
            }
        }
    }
}

/* Where tiles of sums go, and the codes where they are made of them. */
typedef struct {
    bb_tile_done done;
    void *context;
    const bb_requant *requant;
    int8_t *out;
} destination;

static bb_status convolve(const bb_pair *pair, const bb_conv_shape *s, const int8_t *input, const void *weights,
                          const destination *to, void *scratch, size_t scratch_bytes) {
    if (!pair) return BB_UNSUPPORTED;
    if (taps(s) == 0 || s->k == 0 || s->h == 0 || s->w == 0 || s->stride_h == 0 || s->stride_w == 0)
        return BB_BAD_ARGUMENT;
    if (scratch_bytes < bb_conv2d_scratch(pair, s)) return BB_NO_MEMORY;
    uint32_t row_bytes = taps(s);
    int8_t *codes = scratch;
    size_t codes_bytes = aligned((size_t)pair->rows_max * row_bytes);
    int32_t *acc = (int32_t *)(void *)(codes + codes_bytes);
    void *own = acc + (size_t)pair->rows_max * s->k;
    const bb_conv_room room = {codes, codes_bytes, acc, own, to->requant, to->out};
    if (pair->conv2d && pair->conv2d(s, input, weights, to->done, to->context, &room)) return BB_OK;
    uint32_t pixels = (uint32_t)s->out_h * s->out_w;
    for (uint32_t pixel = 0; pixel < pixels; pixel += pair->rows_max) {
        uint32_t rows = pixels - pixel < pair->rows_max ? pixels - pixel : pair->rows_max;
        for (uint32_t i = 0; i < rows; i++) gather(s, input, pixel + i, codes + (size_t)i * row_bytes);
        pair->dot(codes, weights, rows, s->k, row_bytes, acc, own);
        to->done(to->context, pixel, rows, acc);
    }
    return BB_OK;
}

bb_status bb_conv2d(const bb_pair *pair, const bb_conv_shape *s, const int8_t *input, const void *weights,
                    bb_tile_done done, void *context, void *scratch, size_t scratch_bytes) {
    const destination to = {done, context, NULL, NULL};
    return convolve(pair, s, input, weights, &to, scratch, scratch_bytes);
}

/* What bb_conv2d_codes needs of a tile. */
typedef struct {
    const bb_requant *requant;
    uint32_t channels;
    int8_t *out;
} code_tiles;

static void tile_to_codes(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc) {
    const code_tiles *to = context;
    bb_requantize(to->requant, acc, pixels, to->channels, to->out + (size_t)pixel * to->channels);
}

bb_status bb_conv2d_codes(const bb_pair *pair, const bb_conv_shape *s, const int8_t *input, const void *weights,
                          const bb_requant *requant, int8_t *out, void *scratch, size_t scratch_bytes) {
    code_tiles tiles = {requant, s->k, out};
    const destination to = {tile_to_codes, &tiles, requant, out};
    return convolve(pair, s, input, weights, &to, scratch, scratch_bytes);
}
