#include "image.h"

#include "../crc.h"
#include "bb.h"
#include "parameters.h"

/* [offset, offset + bytes) inside [0, limit) and aligned. */
static int inside(uint64_t offset, uint64_t bytes, uint64_t limit, uint32_t alignment)
{
    return offset % alignment == 0 && offset <= limit && bytes <= limit - offset;
}

/* mult and shift entries of a layer that has them. */
static uint32_t factor_count(const image_layer *l)
{
    if (l->op <= OP_DENSE) return l->flags & LAYER_LAST ? 0 : l->out_c;
    switch (l->op) {
    case OP_AVGPOOL: return l->flags & LAYER_COUNTED ? (uint32_t)l->ks_h * l->ks_w : 1;
    case OP_ADD: case OP_REQUANTIZE: case OP_BINARY: case OP_REDUCE: case OP_PRODUCT: case OP_RECURRENT:
        return 1;
    default: return 0;
    }
}

/* Factors and zero offsets within the arithmetic's ranges (docs/arithmetic.md), so that no kernel overflows. */
static int factors_valid(const uint8_t *image, const image_layer *l)
{
    const int32_t *mult = (const int32_t *)(const void *)(image + l->mult), limit = 1 << 21;
    if (l->op == OP_NORMALIZE && (image[l->shift] < 1 || image[l->shift] > 51)) return 0;
    for (uint32_t c = 0; c < factor_count(l); c++) {
        if (mult[c] < 0 || mult[c] >= limit || image[l->shift + c] < 1 || image[l->shift + c] > 51) return 0;
    }
    const int32_t zeros[3] = { l->out_zero, l->in_zero0, l->in_zero1 };
    for (int i = 0; i < 3; i++)
        if (zeros[i] < -128 || zeros[i] > 128) return 0;
    return l->mult1 >= 0 && l->mult1 < limit;
}

/* `apart`: arena and counters have `room` bytes of their own; else they follow the Image. */
static inline image_reason check(const uint8_t *image, size_t available, int apart, size_t room, uint64_t *needed)
{
    const image_header *h = image_head(image);
    if (needed) *needed = 0;
    if (available < sizeof *h || h->magic != IMAGE_MAGIC) return IMAGE_BAD_MAGIC;
    if (h->version != IMAGE_VERSION || h->header_bytes != sizeof *h || h->layer_record_bytes != sizeof(image_layer)) {
        return IMAGE_BAD_VERSION;
    }
    if (h->total_bytes < sizeof *h) return IMAGE_BAD_SIZES;
    uint64_t all = (apart ? 0 : image_arena_offset(h)) + image_work_bytes(h);
    if (needed) *needed = all;
    if (apart && h->total_bytes > available) return IMAGE_BAD_SIZES;
    if (all > (apart ? room : available)) return IMAGE_NO_RAM;
    if (crc32(image + 16, h->total_bytes - 16) != h->crc) return IMAGE_BAD_CRC;
    if (h->layer_count == 0 || h->output_count == 0 ||
        !inside(h->layer_table, (uint64_t)h->layer_count * sizeof(image_layer), h->total_bytes, 16) ||
        !inside(h->input_offset, h->input_bytes, h->arena_bytes, 1) ||
        !inside(h->output_offset, (uint64_t)h->output_count * 4, h->arena_bytes, 4)) {
        return IMAGE_BAD_SIZES;
    }
    int wrote_output = 0;
    for (uint32_t i = 0; i < h->layer_count; i++) {
        const image_layer *layer = image_layers(image) + i;
        image_reason reason = image_check_layer(h, layer);
        if (reason != IMAGE_OK) return reason;
        if (!factors_valid(image, layer)) return IMAGE_BAD_SIZES;
        if (layer->op > OP_ARGMAX && (reason = parameters_check(h, image, layer)) != IMAGE_OK) return reason;
        if (layer->flags & LAYER_LAST) {
            if (layer->output != h->output_offset || image_output_bytes(layer) != (uint64_t)h->output_count * 4) {
                return IMAGE_BAD_SHAPES;
            }
            wrote_output = 1;
        }
    }
    return wrote_output ? IMAGE_OK : IMAGE_BAD_SHAPES;
}

image_reason image_check(const uint8_t *image, size_t available, uint64_t *needed)
{
    return check(image, available, 0, 0, needed);
}

#ifdef BOARD_FLASH
image_reason image_check_apart(const uint8_t *image, size_t available, size_t room, uint64_t *needed)
{
    return check(image, available, 1, room, needed);
}
#endif

uint64_t image_output_bytes(const image_layer *l)
{
    switch (l->op) {
    case OP_ADD: case OP_REQUANTIZE: case OP_FLATTEN: return l->count;
    case OP_ARGMAX: return 4;
    default: return (uint64_t)l->out_h * l->out_w * l->out_c * (l->flags & LAYER_LAST ? 4 : 1);
    }
}

static uint64_t input_bytes(const image_layer *l)
{
    switch (l->op) {
    case OP_ADD: case OP_REQUANTIZE: case OP_FLATTEN: return l->count;
    case OP_ARGMAX: return (uint64_t)l->count * 4;
    case OP_CONSTANT: return 0;
    default: return (uint64_t)l->in_h * l->in_w * l->in_c;
    }
}

static int is_width(uint32_t bits) { return bits == 8 || bits == 4 || bits == 2 || bits == 1; }

/* Every window touches the input, along one axis; `more` is the dilation less 1. */
static int window_fits(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride, uint32_t pad, uint32_t more)
{
    if (!in || !out || !kernel || !stride || pad >= (uint64_t)(kernel - 1) * (more + 1) + 1) return 0;
    return (uint64_t)(out - 1) * stride < (uint64_t)in + pad;
}

static int windows_fit(const image_layer *l)
{
    return window_fits(l->in_h, l->out_h, l->ks_h, l->stride_h, l->pad_top, l->more_step_h) &&
           window_fits(l->in_w, l->out_w, l->ks_w, l->stride_w, l->pad_left, l->more_step_w) && l->in_c && l->out_c;
}

static bb_conv_shape conv_shape(const image_layer *l)
{
    return (bb_conv_shape){ l->in_h, l->in_w, l->in_c, l->out_h, l->out_w, l->out_c, l->ks_h, l->ks_w,
                            l->stride_h, l->stride_w, l->pad_top, l->pad_left, (int8_t)l->pad_code,
                            (uint16_t)(l->more_step_h + 1), (uint16_t)(l->more_step_w + 1) };
}

/* Weights, their layout and the scratch of a layer that multiplies. */
static image_reason check_weights(const image_header *h, const image_layer *l)
{
    const bb_pair *pair = bb_find_pair(l->activation_bits, l->weight_bits, 0);
    if (!pair) return IMAGE_BAD_OPERATOR;
    uint64_t weights, scratch;
    if (l->op == OP_DEPTHWISE) {
        if (l->in_c != l->out_c) return IMAGE_BAD_SHAPES;
        if (l->weight_layout != 255) return IMAGE_BAD_LAYOUT;
        bb_conv_shape shape = conv_shape(l);
        weights = (uint64_t)l->ks_h * l->ks_w * l->in_c;
        scratch = bb_depthwise_scratch(&shape);
    } else {
        if (l->weight_layout != pair->weight_layout) return IMAGE_BAD_LAYOUT;
        /* Rows of more than 2^24 codes fit no board; refusing them keeps every size below within 32 bits. */
        uint64_t k = l->op == OP_DENSE ? l->in_c : (uint64_t)l->ks_h * l->ks_w * l->in_c;
        if (k > 1u << 24 || k * l->out_c > 1u << 30) return IMAGE_BAD_SHAPES;
        if (l->op == OP_DENSE) {
            if (l->in_h != 1 || l->in_w != 1 || l->out_h != 1 || l->out_w != 1) return IMAGE_BAD_SHAPES;
            scratch = (((uint64_t)l->out_c * 4 + 15) & ~15ull) + bb_matmul_scratch(pair, 1, l->out_c, (uint32_t)k);
        } else {
            bb_conv_shape shape = conv_shape(l);
            scratch = bb_conv2d_scratch(pair, &shape);
        }
        weights = bb_pack_weights(pair->weight_layout, l->weight_bits, NULL, l->out_c, (uint32_t)k, NULL);
    }
    if (scratch > l->scratch_bytes || !inside(l->scratch_offset, l->scratch_bytes, h->arena_bytes, 16)) return IMAGE_BAD_SIZES;
    if (weights == 0 || weights != l->weights_bytes || !inside(l->weights, weights, h->total_bytes, 16) ||
        !inside(l->bias, (uint64_t)l->out_c * 4, h->total_bytes, 16)) {
        return IMAGE_BAD_SIZES;
    }
    if (l->flags & LAYER_LAST) return IMAGE_OK;
    return inside(l->mult, (uint64_t)l->out_c * 4, h->total_bytes, 16) &&
                   inside(l->shift, l->out_c, h->total_bytes, 16)
               ? IMAGE_OK : IMAGE_BAD_SIZES;
}

/* Operators that have mult and shift, and whether these lie inside the Image; a normalisation has a shift alone. */
static int factors_inside(const image_header *h, const image_layer *l)
{
    uint32_t count = factor_count(l);
    if (l->op == OP_NORMALIZE) return inside(l->shift, 1, h->total_bytes, 16);
    return count == 0 || (inside(l->mult, (uint64_t)count * 4, h->total_bytes, 16) && inside(l->shift, count, h->total_bytes, 16));
}

image_reason image_check_layer(const image_header *h, const image_layer *l)
{
    int is_last = l->flags & LAYER_LAST;
    uint32_t out_alignment = is_last || l->op == OP_ARGMAX ? 4 : 1;
    if (l->op > OP_RECURRENT) return IMAGE_BAD_OPERATOR;
    if (is_last ? l->op > OP_DENSE && l->op != OP_OUTPUT : l->op == OP_OUTPUT) return IMAGE_BAD_OPERATOR;
    if (!is_last && l->op != OP_ARGMAX && !is_width(l->out_bits)) return IMAGE_BAD_OPERATOR;
    if (l->pad_code < -128 || l->pad_code > 127) return IMAGE_BAD_SHAPES;
    if ((input_bytes(l) == 0 && l->op != OP_CONSTANT) || image_output_bytes(l) == 0) return IMAGE_BAD_SHAPES;
    if (!inside(l->input0, input_bytes(l), h->arena_bytes, l->op == OP_ARGMAX ? 4 : 1) ||
        !inside(l->output, image_output_bytes(l), h->arena_bytes, out_alignment)) {
        return IMAGE_BAD_SIZES;
    }
    if (l->op > OP_DENSE && !factors_inside(h, l)) return IMAGE_BAD_SIZES;
    switch (l->op) {
    case OP_CONV2D: case OP_DEPTHWISE:
        return windows_fit(l) ? check_weights(h, l) : IMAGE_BAD_SHAPES;
    case OP_DENSE:
        return check_weights(h, l);
    case OP_MAXPOOL: case OP_AVGPOOL:
        return windows_fit(l) && l->in_c == l->out_c ? IMAGE_OK : IMAGE_BAD_SHAPES;
    case OP_ADD:
        return inside(l->input1, l->count, h->arena_bytes, 1) ? IMAGE_OK : IMAGE_BAD_SIZES;
    default:
        return IMAGE_OK;
    }
}
