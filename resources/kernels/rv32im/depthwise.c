/*
 * Depthwise convolution, channel by channel along a row of output pixels: a channel's weights stay in registers while the
 * window slides. Windows of 3 x 3 with a horizontal stride of 1 read every column of the image once and take borders along;
 * other strides have a fast way for interior pixels; other windows and borders a plain one.
 */
#include "bb.h"

/* Output pixels of one tile: a whole row where it is short, so that scratch stays small on wide images. */
#define MOST_PIXELS 16u

static uint32_t tile_pixels(const bb_conv_shape *s) { return s->out_w < MOST_PIXELS ? s->out_w : MOST_PIXELS; }

size_t bb_depthwise_scratch(const bb_conv_shape *s) { return (size_t)tile_pixels(s) * s->c * sizeof(int32_t); }

/*
 * One sum at a border: what all taps would give if the whole window were padding, corrected where it is not. Only taps
 * inside the image are visited.
 */
static int32_t border_sum(const bb_conv_shape *s, const int8_t *input, const int8_t *weights, int32_t all_padding,
                          int32_t y0, int32_t x0) {
    const int32_t c = s->c, pad = s->pad_code;
    const int32_t y_from = y0 < 0 ? 0 : y0, y_to = y0 + s->ks_h > s->h ? s->h : y0 + s->ks_h;
    const int32_t x_from = x0 < 0 ? 0 : x0, x_to = x0 + s->ks_w > s->w ? s->w : x0 + s->ks_w;
    int32_t sum = all_padding;
    for (int32_t y = y_from; y < y_to; y++) {
        const int8_t *code = input + (y * s->w + x_from) * c, *end = input + (y * s->w + x_to) * c;
        const int8_t *weight = weights + ((y - y0) * s->ks_w + x_from - x0) * c;
        for (; code < end; code += c, weight += c) sum += (*code - pad) * *weight;
    }
    return sum;
}

/* `count` sums of one channel whose 3 x 3 windows lie inside the image; `step` is the stride in codes. */
static void slide_3x3(const int8_t *input, uint32_t row, uint32_t c, uint32_t step, const int8_t *weights, uint32_t count,
                      int32_t *acc) {
    const int32_t w00 = weights[0], w01 = weights[c], w02 = weights[2 * c];
    const int32_t w10 = weights[3 * c], w11 = weights[4 * c], w12 = weights[5 * c];
    const int32_t w20 = weights[6 * c], w21 = weights[7 * c], w22 = weights[8 * c];
    const int8_t *r0 = input, *r1 = input + c, *r2 = input + 2 * c;
    for (; count > 0; count--, r0 += step, r1 += step, r2 += step, acc += c) {
        const int8_t *n0 = r0 + row, *n1 = r1 + row, *n2 = r2 + row;
        int32_t sum = *r0 * w00 + *r1 * w01 + *r2 * w02;
        sum += *n0 * w10 + *n1 * w11 + *n2 * w12;
        n0 += row, n1 += row, n2 += row;
        *acc = sum + *n0 * w20 + *n1 * w21 + *n2 * w22;
    }
}

/* Where a row of the window is read: a row outside the image is the padding code, over and over. */
typedef struct {
    const int8_t *at;
    size_t step;
} code_row;

/*
 * The pixels [from, to) of one channel, 3 x 3, horizontal stride 1. Each column of three codes is loaded once and goes into the
 * three sums whose windows hold it: `sum` lacks its last column, `next` the last two. rows[].at: column 0 of the image.
 */
static void slide_columns(const bb_conv_shape *s, const code_row rows[3], const int8_t *weights, uint32_t from, uint32_t to,
                          int32_t *acc) {
    const uint32_t c = s->c;
    const int32_t w00 = weights[0], w01 = weights[c], w02 = weights[2 * c];
    const int32_t w10 = weights[3 * c], w11 = weights[4 * c], w12 = weights[5 * c];
    const int32_t w20 = weights[6 * c], w21 = weights[7 * c], w22 = weights[8 * c];
    const int32_t width = s->w, pad = s->pad_code, first = (int32_t)from - s->pad_left;
    int32_t sum = 0, next = 0;
#define COLUMN_TIMES(d) (top * w0##d + middle * w1##d + bottom * w2##d)
    for (int32_t x = first; x < first + 2; x++) {
        int32_t top = pad, middle = pad, bottom = pad;
        if (x >= 0 && x < width) {
            top = rows[0].at[(size_t)x * rows[0].step];
            middle = rows[1].at[(size_t)x * rows[1].step];
            bottom = rows[2].at[(size_t)x * rows[2].step];
        }
        /* After the first column `sum` is not yet begun. */
        sum = next + (x == first ? 0 : COLUMN_TIMES(1));
        next = COLUMN_TIMES(0);
    }
    /* The last column of a window never lies left of the image: padding is at most 2. */
    int32_t x = first + 2, end = first + 2 + (int32_t)(to - from), inside = end < width ? end : width;
    if (x < inside) {
        const size_t step0 = rows[0].step, step1 = rows[1].step, step2 = rows[2].step;
        const int8_t *r0 = rows[0].at + (size_t)x * step0, *r1 = rows[1].at + (size_t)x * step1;
        const int8_t *r2 = rows[2].at + (size_t)x * step2;
        for (int32_t *last = acc + (size_t)(inside - x) * c; acc != last; acc += c, r0 += step0, r1 += step1, r2 += step2) {
            int32_t top = *r0, middle = *r1, bottom = *r2;
            *acc = sum + COLUMN_TIMES(2);
            sum = next + COLUMN_TIMES(1);
            next = COLUMN_TIMES(0);
        }
        x = inside;
    }
    for (; x < end; x++, acc += c) {
        int32_t top = pad, middle = pad, bottom = pad;
        *acc = sum + COLUMN_TIMES(2);
        sum = next + COLUMN_TIMES(1);
        next = COLUMN_TIMES(0);
    }
}

/* The pixels [from, to) of output row oy, all channels. */
static void tile_of_columns(const bb_conv_shape *s, const int8_t *input, const int8_t *weights, uint32_t oy, uint32_t from,
                            uint32_t to, int32_t *acc) {
    code_row rows[3];
    for (int32_t row = 0; row < 3; row++) {
        int32_t y = (int32_t)oy * s->stride_h - s->pad_top + row;
        int is_inside = y >= 0 && y < s->h;
        rows[row] = is_inside ? (code_row){input + (size_t)y * s->w * s->c, s->c} : (code_row){&s->pad_code, 0};
    }
    for (uint32_t c = 0; c < s->c; c++) {
        slide_columns(s, rows, weights + c, from, to, acc + c);
        for (uint32_t row = 0; row < 3; row++)
            if (rows[row].step != 0) rows[row].at++;
    }
}

/* The pixels [from, to) of output row oy, all channels. */
static void tile(const bb_conv_shape *s, const int8_t *input, const int8_t *weights, uint32_t oy, uint32_t from, uint32_t to,
                 int32_t *acc) {
    const int32_t y0 = (int32_t)oy * s->stride_h - s->pad_top;
    const int rows_inside = s->ks_h == 3 && s->ks_w == 3 && y0 >= 0 && y0 + 3 <= s->h;
    /* First pixel and end of those whose windows lie inside the columns. */
    uint32_t first = to, end = to;
    if (rows_inside && s->w >= 3) {
        first = ((uint32_t)s->pad_left + s->stride_w - 1) / s->stride_w;
        end = ((uint32_t)s->w + s->pad_left - 3) / s->stride_w + 1;
        if (first < from) first = from;
        if (end > to) end = to;
        if (first >= end) first = end = to;
    }
    const uint32_t taps = (uint32_t)s->ks_h * s->ks_w;
    for (uint32_t c = 0; c < s->c; c++) {
        int32_t all_padding = 0;
        for (uint32_t tap = 0; tap < taps; tap++) all_padding += weights[tap * s->c + c];
        all_padding *= s->pad_code;
        for (uint32_t ox = from; ox < to; ox++) {
            if (ox == first && first < end) {
                int32_t x0 = (int32_t)ox * s->stride_w - s->pad_left;
                slide_3x3(input + (y0 * s->w + x0) * s->c + c, (uint32_t)s->w * s->c, s->c, (uint32_t)s->stride_w * s->c,
                          weights + c, end - first, acc + (size_t)(ox - from) * s->c + c);
                ox = end - 1;
                continue;
            }
            int32_t x0 = (int32_t)ox * s->stride_w - s->pad_left;
            acc[(size_t)(ox - from) * s->c + c] = border_sum(s, input + c, weights + c, all_padding, y0, x0);
        }
    }
}

bb_status bb_depthwise(const bb_conv_shape *s, const int8_t *input, const int8_t *weights, bb_tile_done done,
                       void *context, void *scratch, size_t scratch_bytes) {
    if (s->c == 0 || s->k != s->c || s->h == 0 || s->w == 0 || s->stride_h == 0 || s->stride_w == 0)
        return BB_BAD_ARGUMENT;
    if (scratch_bytes < bb_depthwise_scratch(s)) return BB_NO_MEMORY;
    /* Dilated windows have no fast way. */
    if (s->step_h > 1 || s->step_w > 1) return bb_depthwise_reference(s, input, weights, done, context, scratch, scratch_bytes);
    const int by_columns = s->ks_h == 3 && s->ks_w == 3 && s->stride_w == 1 && s->pad_left <= 2;
    for (uint32_t oy = 0; oy < s->out_h; oy++)
        for (uint32_t ox = 0; ox < s->out_w; ox += tile_pixels(s)) {
            uint32_t pixels = s->out_w - ox < tile_pixels(s) ? s->out_w - ox : tile_pixels(s);
            if (by_columns) tile_of_columns(s, input, weights, oy, ox, ox + pixels, scratch);
            else tile(s, input, weights, oy, ox, ox + pixels, scratch);
            done(context, oy * s->out_w + ox, pixels, scratch);
        }
    return BB_OK;
}
