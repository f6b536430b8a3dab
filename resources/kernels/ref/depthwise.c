/* Reference depthwise convolution: one sum at a time, one output pixel per tile. */
#include "bb.h"

/* One pixel of sums: enough for the reference, less than any fast version asks for. */
static size_t tile_bytes(const bb_conv_shape *s) { return (size_t)s->c * sizeof(int32_t); }

bb_status bb_depthwise_reference(const bb_conv_shape *s, const int8_t *input, const int8_t *weights,
                                 bb_tile_done done, void *context, void *scratch, size_t scratch_bytes) {
    if (s->c == 0 || s->k != s->c || s->h == 0 || s->w == 0 || s->stride_h == 0 || s->stride_w == 0)
        return BB_BAD_ARGUMENT;
    if (scratch_bytes < tile_bytes(s)) return BB_NO_MEMORY;
    int32_t *acc = scratch;
    int32_t step_h = s->step_h ? s->step_h : 1, step_w = s->step_w ? s->step_w : 1;
    for (uint32_t pixel = 0; pixel < (uint32_t)s->out_h * s->out_w; pixel++) {
        int32_t y0 = (int32_t)(pixel / s->out_w) * s->stride_h - s->pad_top;
        int32_t x0 = (int32_t)(pixel % s->out_w) * s->stride_w - s->pad_left;
        for (int32_t c = 0; c < s->c; c++) {
            int32_t sum = 0;
            for (int32_t ky = 0; ky < s->ks_h; ky++)
                for (int32_t kx = 0; kx < s->ks_w; kx++) {
                    int32_t y = y0 + ky * step_h, x = x0 + kx * step_w;
                    int inside = y >= 0 && y < s->h && x >= 0 && x < s->w;
                    int32_t code = inside ? input[(y * s->w + x) * s->c + c] : s->pad_code;
                    sum += code * weights[(ky * s->ks_w + kx) * s->c + c];
                }
            acc[c] = sum;
        }
        done(context, pixel, 1, acc);
    }
    return BB_OK;
}
