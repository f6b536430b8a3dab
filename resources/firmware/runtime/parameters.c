#include "parameters.h"

#include "bb.h"

/* All sizes below fit 32 bits: no tensor is larger than this. */
#define MOST_ELEMENTS (1 << 28)

static uint64_t elements_in(const image_layer *l) { return (uint64_t)l->in_h * l->in_w * l->in_c; }

/* The blob of parameters lies inside the Image and has at least, or exactly, so many words. */
static int has_words(const image_header *h, const image_layer *l, uint64_t words, int exactly)
{
    uint64_t bytes = l->weights_bytes;
    if (l->weights % 16 || l->weights > h->total_bytes || bytes > h->total_bytes - l->weights || bytes % 4) return 0;
    return exactly ? bytes == words * 4 : bytes >= words * 4;
}

/* Nested counts from `offset` stay within [0, limit) elements. */
static int loops_fit(const int32_t *count, const int32_t *stride, int64_t offset, uint64_t limit)
{
    int64_t low = offset, high = offset;
    for (int i = 0; i < BB_LOOPS; i++) {
        if (count[i] < 1 || count[i] > MOST_ELEMENTS || stride[i] < -MOST_ELEMENTS || stride[i] > MOST_ELEMENTS) return 0;
        int64_t reach = (int64_t)(count[i] - 1) * stride[i];
        if (reach < 0) low += reach;
        else high += reach;
    }
    return low >= 0 && high >= 0 && (uint64_t)high < limit;
}

/* The product of the counts; 0 when it is larger than any tensor. */
static uint64_t product_of(const int32_t *count, int number)
{
    uint64_t all = 1;
    for (int i = 0; i < number; i++) {
        if (count[i] < 1 || count[i] > MOST_ELEMENTS) return 0;
        all *= (uint32_t)count[i];
        if (all > MOST_ELEMENTS) return 0;
    }
    return all;
}

/* Elements from input1's place to the arena's end: how far a second operand may be read. */
static uint64_t second_limit(const image_header *h, const image_layer *l)
{
    return l->input1 < h->arena_bytes ? h->arena_bytes - l->input1 : 0;
}

static int binary_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_binary_shape *s = (const bb_binary_shape *)(const void *)words;
    return has_words(h, l, sizeof *s / 4, 1) && s->function >= BB_BINARY_ADD && s->function <= BB_BINARY_MUL &&
           product_of(s->count, BB_LOOPS) == image_output_bytes(l) && loops_fit(s->count, s->a, 0, elements_in(l)) &&
           loops_fit(s->count, s->b, 0, second_limit(h, l));
}

static int move_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_move_shape *s = (const bb_move_shape *)(const void *)words;
    if (!has_words(h, l, sizeof *s / 4, 1)) return 0;
    uint64_t copies = product_of(s->count, BB_LOOPS);
    return copies != 0 && copies <= image_output_bytes(l) &&
           loops_fit(s->count, s->in, s->in_offset, elements_in(l)) &&
           loops_fit(s->count, s->out, s->out_offset, image_output_bytes(l));
}

static int gather_fits(const image_header *h, const image_layer *l, const int32_t *sources)
{
    uint64_t count = image_output_bytes(l);
    if (!has_words(h, l, count, 1)) return 0;
    for (uint64_t i = 0; i < count; i++)
        if (sources[i] >= 0 && (uint32_t)sources[i] >= elements_in(l)) return 0;
    return 1;
}

/* outer, count and inner cover the input and, with `results` per row, the output. */
static int rows_fit(const image_layer *l, const int32_t *loops, uint64_t results)
{
    uint64_t all = product_of(loops, 3);
    return all != 0 && all == elements_in(l) && loops[1] <= 65535 &&
           (uint64_t)loops[0] * (uint32_t)loops[2] * results == image_output_bytes(l);
}

#ifndef BB_WITHOUT_SEQUENCE
static int softmax_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_softmax_shape *s = (const bb_softmax_shape *)(const void *)words;
    if (!has_words(h, l, sizeof *s / 4, 1) || s->levels < 0 || s->levels > 32767 || s->exponents[0] < 1) return 0;
    for (int i = 0; i < 256; i++)
        if (s->exponents[i] < 0 || s->exponents[i] > 32768) return 0;
    return rows_fit(l, words, (uint32_t)s->count);
}

static int normalize_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_normalize_shape *s = (const bb_normalize_shape *)(const void *)words;
    if (!has_words(h, l, sizeof *s / 4, 0) || !rows_fit(l, words, (uint32_t)s->count)) return 0;
    if (!has_words(h, l, sizeof *s / 4 + 2 * (uint64_t)s->count, 1) || s->epsilon[1] > 1u << 20) return 0;
    for (int32_t i = 0; i < s->count; i++) {
        int32_t mult = s->factors[i], add = s->factors[s->count + i];
        if (mult <= -(1 << 21) || mult >= 1 << 21 || add < -(1 << 30) || add > 1 << 30) return 0;
    }
    return 1;
}

static int product_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_product_shape *s = (const bb_product_shape *)(const void *)words;
    if (!has_words(h, l, sizeof *s / 4, 0) || s->inner > 32767 || product_of(words, 3) == 0 || s->batches < 1) return 0;
    if (!has_words(h, l, sizeof *s / 4 + 3 * (uint64_t)(uint32_t)s->batches, 1)) return 0;
    const int32_t a[BB_LOOPS] = { s->rows, s->inner, 1, 1, 1, 1 }, b[BB_LOOPS] = { s->inner, s->columns, 1, 1, 1, 1 },
                  out[BB_LOOPS] = { s->rows, s->columns, 1, 1, 1, 1 };
    const int32_t strides[3][BB_LOOPS] = { { s->a[0], s->a[1] }, { s->b[0], s->b[1] }, { s->out[0], s->out[1] } };
    for (int32_t i = 0; i < s->batches; i++) {
        const int32_t *begin = s->begins + 3 * i;
        if (!loops_fit(a, strides[0], begin[0], elements_in(l)) || !loops_fit(b, strides[1], begin[1], second_limit(h, l)) ||
            !loops_fit(out, strides[2], begin[2], image_output_bytes(l))) {
            return 0;
        }
    }
    return 1;
}

/* Rows of input and states of every step, scratch in the arena, factors within their ranges. */
static int recurrent_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_recurrent_shape *s = (const bb_recurrent_shape *)(const void *)words;
    if (!has_words(h, l, sizeof *s / 4, 0) || s->cell < BB_CELL_RNN || s->cell > BB_CELL_GRU_AFTER ||
        s->weight_bits > 4 || s->weight_bits == 3 ||
        s->steps < 1 || s->steps > 65535 || s->hidden < 1 || s->hidden > 16383 || s->own_mult < 0 ||
        s->own_mult >= 1 << 21 || s->own_shift < 1 || s->own_shift > 51) {
        return 0;
    }
    uint64_t rows = (uint64_t)bb_recurrent_rows(s), scratch = bb_recurrent_scratch(s);
    if (!has_words(h, l, sizeof *s / 4 + 3 * rows + (rows * bb_recurrent_row_bytes(s) + 3) / 4, 1) ||
        rows * (uint32_t)s->steps != elements_in(l) ||
        (uint64_t)s->steps * (uint32_t)s->hidden != image_output_bytes(l)) {
        return 0;
    }
    for (uint64_t row = 0; row < rows; row++) {
        int32_t mult = s->factors[rows + row], shift = s->factors[2 * rows + row];
        if (mult < 0 || mult >= 1 << 21 || shift < 1 || shift > 51) return 0;
    }
    return scratch <= l->scratch_bytes && l->scratch_offset % 16 == 0 && l->scratch_offset <= h->arena_bytes &&
           l->scratch_bytes <= h->arena_bytes - l->scratch_offset;
}
#endif

static int table_fits(const image_header *h, const image_layer *l)
{
    uint32_t channels = l->weights_bytes / 256;
    return l->weights_bytes % 256 == 0 && channels > 0 && has_words(h, l, 0, 0) &&
           image_output_bytes(l) == elements_in(l) && elements_in(l) % channels == 0;
}

/* A vector of an even number of bytes, and a row of codes for every two of them. */
static int embed_fits(const image_header *h, const image_layer *l, const int32_t *words)
{
    const bb_embed_shape *s = (const bb_embed_shape *)(const void *)words;
    if (!has_words(h, l, 2, 0) || l->in_h != 1 || l->in_w != 1 || l->in_c % 2 || product_of(words, 2) == 0) return 0;
    return has_words(h, l, 2 + ((uint64_t)(uint32_t)s->rows * (uint32_t)s->width + 3) / 4, 1) &&
           (uint64_t)(l->in_c / 2u) * (uint32_t)s->width == image_output_bytes(l);
}

image_reason parameters_check(const image_header *h, const uint8_t *image, const image_layer *l)
{
    if (elements_in(l) > MOST_ELEMENTS || image_output_bytes(l) > MOST_ELEMENTS) return IMAGE_BAD_SHAPES;
    int fits = 0;
    /* An odd offset is refused by has_words; it must not be dereferenced before. */
    const int32_t *words = l->weights % 16 || l->weights > h->total_bytes ? NULL : image_words(image, l);
    if (words == NULL) return IMAGE_BAD_SIZES;
    switch (l->op) {
    case OP_TABLE: fits = table_fits(h, l); break;
    case OP_BINARY: fits = binary_fits(h, l, words); break;
    case OP_MOVE: fits = move_fits(h, l, words); break;
    case OP_GATHER: fits = gather_fits(h, l, words); break;
    case OP_REDUCE: fits = has_words(h, l, 4, 1) && words[0] >= 0 && words[0] <= 1 && rows_fit(l, words + 1, 1); break;
#ifdef BB_WITHOUT_SEQUENCE
    case OP_SOFTMAX: case OP_NORMALIZE: case OP_PRODUCT: case OP_RECURRENT: return IMAGE_BAD_OPERATOR;
#else
    case OP_SOFTMAX: fits = softmax_fits(h, l, words); break;
    case OP_NORMALIZE: fits = normalize_fits(h, l, words); break;
    case OP_PRODUCT: fits = product_fits(h, l, words); break;
    case OP_RECURRENT: fits = recurrent_fits(h, l, words); break;
#endif
    case OP_CONSTANT: fits = l->weights_bytes == image_output_bytes(l) && l->weights_bytes <= h->total_bytes - l->weights; break;
    case OP_EMBED: fits = embed_fits(h, l, words); break;
    case OP_OUTPUT: fits = l->count == elements_in(l) && image_output_bytes(l) == (uint64_t)l->count * 4; break;
    }
    return fits ? IMAGE_OK : IMAGE_BAD_SHAPES;
}
