/* What has to hold before a decoder image is run: sizes within bounds, everything inside the block, layouts of these kernels. */
#include "decoder.h"

static int inside(const decoder_header *h, uint32_t offset, uint64_t bytes, uint32_t alignment)
{
    return offset >= sizeof *h && offset % alignment == 0 && offset + bytes <= h->block_bytes;
}

static int factors_inside(const decoder_header *h, const decoder_factors *f, uint32_t count)
{
    if (!inside(h, f->mult, 4ull * count, 4) || !inside(h, f->shift, count, 1)) return 0;
    const uint8_t *shift = (const uint8_t *)h + f->shift;
    for (uint32_t at = 0; at < count; at++)
        if (shift[at] < 1 || shift[at] > 51) return 0;
    return 1;
}

static decoder_reason check_matrix(const decoder_header *h, const decoder_matrix *m, uint32_t rows, uint32_t columns)
{
    if (m->rows != rows || m->columns != columns) return DECODER_BAD_SHAPE;
    const bb_pair *pair = bb_find_pair(m->activation_bits, m->weight_bits, 0);
    if (!pair || pair->weight_layout != m->layout) return DECODER_BAD_LAYOUT;
    size_t bytes = bb_pack_weights(m->layout, m->weight_bits, 0, rows, columns, 0);
    if (!inside(h, m->weights, bytes, 4) || !factors_inside(h, &m->factors, rows)) return DECODER_BAD_SIZE;
    return bb_matmul_scratch(pair, 1, rows, columns) <= h->scratch_bytes ? DECODER_OK : DECODER_NO_SCRATCH;
}

static decoder_reason check_layer(const decoder_header *h, const decoder_layer *l)
{
    const uint32_t kv = h->kv_heads * (h->dim / h->heads);
    const struct {
        const decoder_matrix *matrix;
        uint32_t rows, columns;
    } matrices[] = {
        { &l->wq, h->dim, h->dim }, { &l->wk, kv, h->dim }, { &l->wv, kv, h->dim }, { &l->wo, h->dim, h->dim },
        { &l->w1, h->hidden, h->dim }, { &l->w2, h->dim, h->hidden }, { &l->w3, h->hidden, h->dim },
    };
    for (uint32_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        decoder_reason reason = check_matrix(h, matrices[i].matrix, matrices[i].rows, matrices[i].columns);
        if (reason != DECODER_OK) return reason;
    }
    int whole = factors_inside(h, &l->attention_norm, h->dim) && factors_inside(h, &l->ffn_norm, h->dim) &&
                factors_inside(h, &l->score, h->heads) && factors_inside(h, &l->mean, h->heads) &&
                factors_inside(h, &l->hidden, 1);
    return whole ? DECODER_OK : DECODER_BAD_SIZE;
}

static int shape_valid(const decoder_header *h)
{
    if (h->dim < 1 || h->dim > DECODER_MAX_WIDTH || h->hidden < 1 || h->hidden > DECODER_MAX_HIDDEN) return 0;
    if (h->layers < 1 || h->layers > 128 || h->length < 1 || h->length > DECODER_MAX_LENGTH) return 0;
    if (h->heads < 1 || h->kv_heads < 1 || h->dim % h->heads || h->heads % h->kv_heads) return 0;
    if (h->vocabulary < 1 || h->vocabulary > DECODER_MAX_VOCABULARY || (h->cache_bits != 8 && h->cache_bits != 4)) return 0;
    uint32_t size = h->dim / h->heads;
    return size % 2 == 0 && size <= DECODER_MAX_HEAD;
}

static int state_inside(const decoder_header *h)
{
    uint32_t size = h->dim / h->heads, most = h->vocabulary;
    if (h->hidden > most) most = h->hidden;
    if (h->dim > most) most = h->dim;
    uint64_t cache = (uint64_t)h->layers * h->kv_heads * h->length * size * h->cache_bits / 8;
    return inside(h, h->x, 4ull * h->dim, 4) && inside(h, h->normal, h->dim, 4) && inside(h, h->query, h->dim, 4) &&
           inside(h, h->mixed, h->dim, 4) && inside(h, h->gate, 4ull * h->hidden, 4) && inside(h, h->gated, h->hidden, 4) &&
           inside(h, h->weights, 4ull * h->length, 4) && inside(h, h->sums, 4ull * most, 4) &&
           inside(h, h->scratch, h->scratch_bytes, 4) && inside(h, h->keys, cache, 4) && inside(h, h->values, cache, 4) &&
           inside(h, h->counters, 4ull * DECODER_PARTS * (h->layers + 1), 4);
}

decoder_reason decoder_check(const decoder_header *h)
{
    if (h->magic != DECODER_MAGIC) return DECODER_BAD_MAGIC;
    if (h->version != DECODER_VERSION) return DECODER_BAD_VERSION;
    if (h->image_bytes < sizeof *h || h->image_bytes > h->block_bytes) return DECODER_BAD_SIZE;
    if (!shape_valid(h)) return DECODER_BAD_SHAPE;
    uint32_t pairs = h->length * (h->dim / h->heads) / 2;
    if (!state_inside(h) || !inside(h, h->rotation, 4ull * pairs, 4) || !inside(h, h->whole_exponents, 32, 2) ||
        !inside(h, h->part_exponents, 512, 2) || !inside(h, h->logistic, 2048, 2) ||
        !inside(h, h->layer_table, (uint64_t)sizeof(decoder_layer) * h->layers, 4) ||
        !factors_inside(h, &h->final_norm, h->dim))
        return DECODER_BAD_SIZE;
    decoder_reason reason = check_matrix(h, &h->embedding, h->vocabulary, h->dim);
    if (reason == DECODER_OK) reason = check_matrix(h, &h->classifier, h->vocabulary, h->dim);
    const decoder_layer *layers = (const decoder_layer *)(const void *)((const uint8_t *)h + h->layer_table);
    for (uint32_t i = 0; i < h->layers && reason == DECODER_OK; i++) reason = check_layer(h, layers + i);
    return reason;
}
