#include "decoder.h"

#if defined(__riscv) && !defined(DECODER_NO_COUNTER)
static inline uint32_t cycles_now(void)
{
    uint32_t cycles;
    __asm__ volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}
#else
static inline uint32_t cycles_now(void) { return 0; }
#endif

typedef struct {
    const int32_t *mult;
    const uint8_t *shift;
} factors;

/* What a step works on. */
typedef struct {
    decoder_header *h;
    uint8_t *base;
    uint32_t position, head_size;
    uint32_t *counters; /* of the present layer */
    uint32_t since;
} run;

#define AT(type, offset) ((type *)(void *)(r->base + (offset)))

static void part_done(run *r, uint32_t part)
{
    uint32_t now = cycles_now();
    r->counters[part] += now - r->since;
    r->since = now;
}

static factors factors_of(const run *r, const decoder_factors *f)
{
    return (factors){ AT(const int32_t, f->mult), r->base + f->shift };
}

/* floor(value * mult / 2^shift + 1/2) */
static inline int64_t scaled(int32_t value, int32_t mult, uint32_t shift)
{
    return ((int64_t)value * mult + ((int64_t)1 << (shift - 1))) >> shift;
}

static inline int32_t clamp(int64_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : (int32_t)value;
}

static inline int32_t clamp16(int64_t value) { return clamp(value, -32768, 32767); }

static inline int8_t to_code(int64_t value, uint32_t bits)
{
    return bits == 8 ? (int8_t)clamp(value, -128, 127) : (int8_t)clamp(value, -8, 7);
}

/* Sums of all rows of a matrix with the codes, in `sums`. */
static int32_t *multiply(run *r, const decoder_matrix *m, const int8_t *codes)
{
    int32_t *sums = AT(int32_t, r->h->sums);
    const bb_pair *pair = bb_find_pair(m->activation_bits, m->weight_bits, 0);
    bb_matmul(pair, codes, r->base + m->weights, 1, m->rows, m->columns, sums, AT(uint8_t, r->h->scratch),
              r->h->scratch_bytes);
    return sums;
}

static uint32_t square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1) {
        uint64_t next = root | bit;
        if (next * next <= value) root = next;
    }
    return (uint32_t)root;
}

static void norm(run *r, const decoder_factors *f, uint32_t bits)
{
    const int32_t *x = AT(int32_t, r->h->x);
    int8_t *out = AT(int8_t, r->h->normal);
    const factors by = factors_of(r, f);
    uint64_t total = (uint64_t)r->h->epsilon[1] << 32 | r->h->epsilon[0];
    for (uint32_t at = 0; at < r->h->dim; at++) total += (uint32_t)(x[at] * x[at]);
    uint32_t doublings = 0;
    int32_t inverse = 0;
    if (total) {
        for (; total < 1ull << 60; total <<= 2) doublings++;
        uint64_t exact = (1ull << 61) / square_root(total);
        inverse = exact > INT32_MAX ? INT32_MAX : (int32_t)exact;
    }
    for (uint32_t at = 0; at < r->h->dim; at++) {
        int32_t normal = (int32_t)((int64_t)x[at] * inverse >> (41 - doublings));
        out[at] = to_code(scaled(normal, by.mult[at], by.shift[at]), bits);
    }
    part_done(r, PART_NORM);
}

/* Sums to int16 in place. */
static void to_sixteen(const run *r, const decoder_matrix *m, int32_t *sums)
{
    const factors by = factors_of(r, &m->factors);
    for (uint32_t row = 0; row < m->rows; row++) sums[row] = clamp16(scaled(sums[row], by.mult[row], by.shift[row]));
}

/* Turns pairs of values by the position, to codes of their scale. */
static void rotate(const run *r, const int32_t *values, uint32_t count, uint32_t bits, int8_t *codes)
{
    const int16_t *turns = AT(const int16_t, r->h->rotation) + (size_t)r->position * r->head_size;
    bb_rope(values, turns, r->head_size, count, (uint8_t)bits, codes);
}

/* Where a head's codes of layer `layer` begin in a cache: [layer][kvHead][position][headSize]. */
static uint8_t *cache_of(const run *r, uint32_t cache, uint32_t layer, uint32_t head)
{
    const decoder_header *h = r->h;
    size_t row = r->head_size * h->cache_bits / 8;
    return AT(uint8_t, cache) + ((size_t)layer * h->kv_heads + head) * h->length * row;
}

/* Codes of all heads into the cache at the present position. */
static void remember(const run *r, uint32_t cache, uint32_t layer, const int8_t *codes)
{
    const uint32_t size = r->head_size, bits = r->h->cache_bits;
    for (uint32_t head = 0; head < r->h->kv_heads; head++, codes += size) {
        uint8_t *to = cache_of(r, cache, layer, head) + (size_t)r->position * (size * bits / 8);
        if (bits == 8) {
            for (uint32_t i = 0; i < size; i++) to[i] = (uint8_t)codes[i];
        } else {
            for (uint32_t i = 0; i < size; i += 2) to[i / 2] = (uint8_t)((codes[i] & 15) | (codes[i + 1] & 15) << 4);
        }
    }
}

static void attend(const run *r, const decoder_layer *l, uint32_t layer, uint32_t head)
{
    const decoder_header *h = r->h;
    const uint32_t size = r->head_size, positions = r->position + 1, kv_head = head * h->kv_heads / h->heads;
    const uint16_t *whole = AT(const uint16_t, h->whole_exponents), *part = AT(const uint16_t, h->part_exponents);
    const factors score = factors_of(r, &l->score), mean = factors_of(r, &l->mean);
    int32_t *weights = AT(int32_t, h->weights), sums[DECODER_MAX_HEAD];
    int32_t largest = decoder_scores(AT(int8_t, h->query) + head * size, cache_of(r, h->keys, layer, kv_head),
                                     positions, size, h->cache_bits, weights);
    uint32_t total = 0;
    for (uint32_t at = 0; at < positions; at++) {
        int32_t distance = clamp(scaled(largest - weights[at], score.mult[head], score.shift[head]), 0, 4095);
        weights[at] = (int32_t)(((uint32_t)whole[distance >> 8] * part[distance & 255] + 65536) >> 17);
        total += (uint32_t)weights[at];
    }
    decoder_means(weights, cache_of(r, h->values, layer, kv_head), positions, size, h->cache_bits, sums);
    int64_t inverse = (int64_t)((1ull << 36) / total);
    int8_t *mixed = AT(int8_t, h->mixed) + head * size;
    for (uint32_t i = 0; i < size; i++) {
        int32_t value = (int32_t)((sums[i] * inverse + (1 << 23)) >> 24);
        mixed[i] = to_code(scaled(value, mean.mult[head], mean.shift[head]), l->wo.activation_bits);
    }
}

/* x += matrix * codes */
static void add_to_residual(run *r, const decoder_matrix *m, const int8_t *codes)
{
    const int32_t *sums = multiply(r, m, codes);
    const factors by = factors_of(r, &m->factors);
    int32_t *x = AT(int32_t, r->h->x);
    for (uint32_t row = 0; row < m->rows; row++)
        x[row] = clamp16(x[row] + scaled(sums[row], by.mult[row], by.shift[row]));
}

static void attention(run *r, const decoder_layer *l, uint32_t layer)
{
    const decoder_header *h = r->h;
    const int8_t *normal = AT(int8_t, h->normal);
    norm(r, &l->attention_norm, l->wq.activation_bits);
    int32_t *sums = multiply(r, &l->wq, normal);
    part_done(r, PART_QKV);
    to_sixteen(r, &l->wq, sums);
    rotate(r, sums, h->dim, 8, AT(int8_t, h->query));
    part_done(r, PART_ROTATE);
    multiply(r, &l->wk, normal);
    part_done(r, PART_QKV);
    to_sixteen(r, &l->wk, sums);
    int8_t *codes = AT(int8_t, h->mixed); /* not in use yet, and as wide as all heads */
    rotate(r, sums, l->wk.rows, h->cache_bits, codes);
    remember(r, h->keys, layer, codes);
    part_done(r, PART_ROTATE);
    multiply(r, &l->wv, normal);
    part_done(r, PART_QKV);
    const factors by = factors_of(r, &l->wv.factors);
    for (uint32_t row = 0; row < l->wv.rows; row++)
        codes[row] = to_code(scaled(sums[row], by.mult[row], by.shift[row]), h->cache_bits);
    remember(r, h->values, layer, codes);
    part_done(r, PART_ROTATE);
    for (uint32_t head = 0; head < h->heads; head++) attend(r, l, layer, head);
    part_done(r, PART_ATTENTION);
    add_to_residual(r, &l->wo, AT(int8_t, h->mixed));
    part_done(r, PART_OUTPUT);
}

static void feed_forward(run *r, const decoder_layer *l)
{
    const decoder_header *h = r->h;
    const uint16_t *logistic = AT(const uint16_t, h->logistic);
    const int8_t *normal = AT(int8_t, h->normal);
    int32_t *gate = AT(int32_t, h->gate);
    int8_t *gated = AT(int8_t, h->gated);
    norm(r, &l->ffn_norm, l->w1.activation_bits);
    int32_t *sums = multiply(r, &l->w1, normal);
    to_sixteen(r, &l->w1, sums);
    for (uint32_t row = 0; row < h->hidden; row++) {
        int32_t input = sums[row];
        gate[row] = (input * logistic[clamp(input >> 2, -512, 511) + 512] + 16384) >> 15;
    }
    multiply(r, &l->w3, normal);
    to_sixteen(r, &l->w3, sums);
    const factors by = factors_of(r, &l->hidden);
    for (uint32_t row = 0; row < h->hidden; row++)
        gated[row] = to_code(scaled(gate[row] * sums[row], by.mult[0], by.shift[0]), l->w2.activation_bits);
    part_done(r, PART_GATE);
    add_to_residual(r, &l->w2, gated);
    part_done(r, PART_DOWN);
}

/* Code `at` of row `row` in a weight layout (resources/kernels/layouts.md). */
static int32_t code_of(const uint8_t *weights, const decoder_matrix *m, uint32_t row, uint32_t at)
{
    uint32_t bits = m->weight_bits, field = 0;
    if (m->layout == BB_LAYOUT_QUADS) return (int8_t)weights[((row >> 2) * m->columns + at) * 4 + (row & 3)];
    if (m->layout == BB_LAYOUT_OCTETS)
        return (weights[((row >> 3) * m->columns + at) * 4 + ((row & 7) >> 1)] >> (4 * (row & 1)) & 15) - 8;
    if (m->layout == BB_LAYOUT_PLANES) {
        const uint8_t *from = weights + (size_t)row * 4 * bits * ((m->columns + 31) / 32);
        for (uint32_t plane = 0; plane < bits; plane++)
            field |= (uint32_t)(from[((at >> 5) * bits + plane) * 4 + ((at & 31) >> 3)] >> (at & 7) & 1) << plane;
    } else {
        const uint8_t *from = weights + (size_t)row * 4 * ((m->columns * bits + 31) / 32);
        field = from[at * bits >> 3] >> (at * bits & 7);
    }
    if (bits == 1) return field & 1 ? 1 : -1;
    return (int32_t)(field << (32 - bits)) >> (32 - bits);
}

static void embed(run *r, uint32_t token)
{
    const decoder_matrix *m = &r->h->embedding;
    const factors by = factors_of(r, &m->factors);
    int32_t *x = AT(int32_t, r->h->x);
    for (uint32_t at = 0; at < r->h->dim; at++)
        x[at] = clamp16(scaled(code_of(r->base + m->weights, m, token, at), by.mult[token], by.shift[token]));
}

uint32_t decoder_step(decoder_header *h, uint32_t token, uint32_t position)
{
    if (token >= h->vocabulary) return 0xFFFFFF00u + DECODER_BAD_TOKEN;
    if (position >= h->length) return 0xFFFFFF00u + DECODER_BAD_POSITION;
    run work = { h, (uint8_t *)h, position, h->dim / h->heads, 0, cycles_now() }, *r = &work;
    uint32_t *counters = AT(uint32_t, h->counters);
    for (uint32_t at = 0; at < DECODER_PARTS * (h->layers + 1); at++) counters[at] = 0;
    r->counters = counters + DECODER_PARTS * h->layers;
    embed(r, token);
    part_done(r, PART_REST);
    const decoder_layer *layers = AT(const decoder_layer, h->layer_table);
    for (uint32_t layer = 0; layer < h->layers; layer++) {
        r->counters = counters + DECODER_PARTS * layer;
        attention(r, layers + layer, layer);
        feed_forward(r, layers + layer);
    }
    r->counters = counters + DECODER_PARTS * h->layers;
    norm(r, &h->final_norm, h->classifier.activation_bits);
    int32_t *logits = multiply(r, &h->classifier, AT(int8_t, h->normal));
    const factors by = factors_of(r, &h->classifier.factors);
    for (uint32_t row = 0; row < h->vocabulary; row++)
        logits[row] = clamp(scaled(logits[row], by.mult[row], by.shift[row]), INT32_MIN, INT32_MAX);
    uint32_t best = bb_argmax(logits, h->vocabulary);
    part_done(r, PART_REST);
    return best;
}
