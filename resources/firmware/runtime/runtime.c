#include "runtime.h"

#include <string.h>

/* What a tile of finished sums is turned into. */
typedef struct {
    bb_requant requant;
    uint32_t channels;
    const int32_t *bias; /* last layer: sums become logits */
    void *out;
} tile_sink;

static void sink_codes(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc)
{
    const tile_sink *sink = context;
    bb_requantize(&sink->requant, acc, pixels, sink->channels, (int8_t *)sink->out + (size_t)pixel * sink->channels);
}

static void sink_logits(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc)
{
    const tile_sink *sink = context;
    int32_t *out = (int32_t *)sink->out + (size_t)pixel * sink->channels;
    for (uint32_t p = 0; p < pixels; p++)
        for (uint32_t c = 0; c < sink->channels; c++) *out++ = (int32_t)((uint32_t)*acc++ + (uint32_t)sink->bias[c]);
}

static bb_status run_weighted(const uint8_t *image, uint8_t *arena, const image_layer *l)
{
    const bb_pair *pair = bb_find_pair(l->activation_bits, l->weight_bits, 0);
    const int8_t *in = (const int8_t *)(arena + l->input0);
    const uint8_t *weights = image + l->weights;
    uint8_t *scratch = arena + l->scratch_offset;
    int last = l->flags & LAYER_LAST;
    tile_sink sink = { .channels = l->out_c, .bias = (const int32_t *)(const void *)(image + l->bias), .out = arena + l->output };
    if (!last) {
        sink.requant = (bb_requant){ sink.bias, (const int32_t *)(const void *)(image + l->mult), image + l->shift,
                                     l->out_zero, l->out_bits, l->flags & LAYER_RELU };
    }
    bb_tile_done done = last ? sink_logits : sink_codes;
    if (l->op == OP_DENSE) {
        int32_t *acc = (int32_t *)(void *)scratch;
        size_t acc_bytes = ((size_t)l->out_c * 4 + 15) & ~(size_t)15;
        bb_status status = bb_matmul(pair, in, weights, 1, l->out_c, l->in_c, acc, scratch + acc_bytes, l->scratch_bytes - acc_bytes);
        if (status == BB_OK) done(&sink, 0, 1, acc);
        return status;
    }
    bb_conv_shape shape = { l->in_h, l->in_w, l->in_c, l->out_h, l->out_w, l->out_c, l->ks_h, l->ks_w,
                            l->stride_h, l->stride_w, l->pad_top, l->pad_left, (int8_t)l->pad_code,
                            (uint16_t)(l->more_step_h + 1), (uint16_t)(l->more_step_w + 1) };
    if (l->op == OP_DEPTHWISE)
        return bb_depthwise(&shape, in, (const int8_t *)weights, done, &sink, scratch, l->scratch_bytes);
    if (!last) return bb_conv2d_codes(pair, &shape, in, weights, &sink.requant, sink.out, scratch, l->scratch_bytes);
    return bb_conv2d(pair, &shape, in, weights, done, &sink, scratch, l->scratch_bytes);
}

/* Operators from OP_TABLE on: their parameters are words of the Image. */
static bb_status run_parameters(const uint8_t *image, uint8_t *arena, const image_layer *l, int32_t mult, uint8_t shift)
{
    const int8_t *in = (const int8_t *)(arena + l->input0), *second = (const int8_t *)(arena + l->input1);
    int8_t *out = (int8_t *)(arena + l->output);
    const void *words = image_words(image, l);
    uint8_t relu = l->flags & LAYER_RELU;
    uint32_t count = (uint32_t)image_output_bytes(l);
    switch (l->op) {
    case OP_TABLE:
        bb_table(in, count, l->weights_bytes / 256, words, out);
        return BB_OK;
    case OP_BINARY:
        bb_binary(words, in, second, l->in_zero0, l->in_zero1, mult, l->mult1, shift, l->out_zero, l->out_bits, relu, out);
        return BB_OK;
    case OP_MOVE:
        if (l->flags & LAYER_FILL) memset(out, l->pad_code, count);
        bb_move(words, in, out);
        return BB_OK;
    case OP_GATHER:
        bb_gather(words, count, (int8_t)l->pad_code, in, out);
        return BB_OK;
    case OP_REDUCE:
        bb_reduce(words, in, l->in_zero0, mult, shift, l->out_zero, l->out_bits, relu, out);
        return BB_OK;
#ifndef BB_WITHOUT_SEQUENCE
    case OP_SOFTMAX:
        bb_softmax(words, in, l->out_zero, l->out_bits, out);
        return BB_OK;
    case OP_NORMALIZE:
        bb_normalize(words, in, l->in_zero0, shift, l->out_zero, l->out_bits, out);
        return BB_OK;
    case OP_PRODUCT:
        bb_product(words, in, second, l->in_zero0, l->in_zero1, mult, shift, l->out_zero, l->out_bits, relu, out);
        return BB_OK;
    case OP_RECURRENT:
        bb_recurrent(words, in, l->in_zero0, mult, shift, l->out_zero, l->out_bits, arena + l->scratch_offset, out);
        return BB_OK;
#endif
    case OP_CONSTANT:
        memcpy(out, words, count);
        return BB_OK;
    case OP_EMBED:
        bb_embed(words, in, l->in_c / 2u, out);
        return BB_OK;
    case OP_OUTPUT:
        bb_output(in, l->count, l->in_zero0, (int32_t *)(void *)out);
        return BB_OK;
    default:
        return BB_UNSUPPORTED;
    }
}

bb_status runtime_layer(const uint8_t *image, uint8_t *arena, uint32_t index)
{
    const image_layer *l = image_layers(image) + index;
    const int8_t *in = (const int8_t *)(arena + l->input0);
    int8_t *out = (int8_t *)(arena + l->output);
    int relu = l->flags & LAYER_RELU;
    bb_pool_shape pool = { l->in_h, l->in_w, l->in_c, l->out_h, l->out_w, l->ks_h, l->ks_w, l->stride_h, l->stride_w,
                           l->pad_top, l->pad_left };
    int32_t mult = 0;
    uint8_t shift = 1;
    /* Only what image_check has looked at may be read. */
    int has_mult = l->op == OP_AVGPOOL || l->op == OP_ADD || l->op == OP_REQUANTIZE || l->op == OP_BINARY ||
                   l->op == OP_REDUCE || l->op == OP_PRODUCT || l->op == OP_RECURRENT;
    if (has_mult) memcpy(&mult, image + l->mult, 4);
    if (has_mult || l->op == OP_NORMALIZE) shift = image[l->shift];
    switch (l->op) {
    case OP_CONV2D: case OP_DEPTHWISE: case OP_DENSE:
        return run_weighted(image, arena, l);
    case OP_MAXPOOL:
        bb_maxpool(&pool, in, out);
        return BB_OK;
    case OP_AVGPOOL:
        if (l->flags & LAYER_COUNTED) {
            bb_avgpool_counted(&pool, in, l->in_zero0, (const int32_t *)(const void *)(image + l->mult), image + l->shift,
                               l->out_zero, l->out_bits, (uint8_t)relu, out);
            return BB_OK;
        }
        bb_avgpool(&pool, in, l->in_zero0, mult, shift, l->out_zero, l->out_bits, (uint8_t)relu, out);
        return BB_OK;
    case OP_ADD:
        bb_add(in, (const int8_t *)(arena + l->input1), l->count, l->in_zero0, l->in_zero1, mult, l->mult1, shift,
               l->out_zero, l->out_bits, (uint8_t)relu, out);
        return BB_OK;
    case OP_REQUANTIZE:
        bb_requantize_codes(in, l->count, l->in_zero0, mult, shift, l->out_zero, l->out_bits, (uint8_t)relu, out);
        return BB_OK;
    case OP_FLATTEN:
        if (in != out) bb_flatten(in, l->count, out);
        return BB_OK;
    case OP_ARGMAX: {
        int32_t first = (int32_t)bb_argmax((const int32_t *)(const void *)in, l->count);
        memcpy(out, &first, 4);
        return BB_OK;
    }
    default:
        return run_parameters(image, arena, l, mult, shift);
    }
}
