/*
 * Runs the kernels on the golden cases (test/vectors/kernels.bin, written by kernelVectors.ts) and each fast version
 * against the reference on random shapes. Prints "failed ..." lines and, at the end, "checked N failed M".
 */
#include <string.h>

#include "bb.h"
#include "console.h"

extern const uint32_t kernel_vectors[];

#define MOST 14336
static int32_t sums[MOST], other_sums[MOST];
static uint32_t packed[MOST], other_packed[MOST], scratch[MOST];
static int8_t bytes[MOST], more_bytes[MOST];
static uint32_t checked, failed;

static void report(int passed, const char *what, const uint32_t *parameters, uint32_t count) {
    checked++;
    if (passed) return;
    failed++;
    put_text("failed ");
    put_text(what);
    for (uint32_t at = 0; at < count; at++) {
        put_char(' ');
        put_number(parameters[at]);
    }
    put_char('\n');
}

/* One golden case: its parameters and blobs. */
typedef struct {
    const uint32_t *p;
    const void *blob[5];
    uint32_t length[5];
} golden;

static int equal(const void *left, const void *right, uint32_t length) { return memcmp(left, right, length) == 0; }

/* Results land behind a guard word that must survive. */
#define GUARD 0x5AA55AA5u
static int32_t *guarded(uint32_t count) {
    memset(sums, 0x77, (count + 1) * sizeof(int32_t));
    sums[count] = (int32_t)GUARD;
    return sums;
}

static int intact(uint32_t count) { return sums[count] == (int32_t)GUARD; }

static void pack(const golden *g) {
    uint32_t layout = g->p[0], bits = g->p[1], rows = g->p[2], k = g->p[3];
    size_t size = bb_pack_weights(layout, bits, g->blob[0], rows, k, NULL);
    int ok = size == g->length[1] && bb_pack_weights(layout, bits, g->blob[0], rows, k, packed) == size &&
             equal(packed, g->blob[1], (uint32_t)size);
    report(ok, "pack layout bits rows k", g->p, 4);
}

/* Both versions of the pair; the fast one on scratch filled with garbage, cut to the size it asked for. */
static void matmul(const golden *g) {
    uint32_t n = g->p[2], m = g->p[3], k = g->p[4];
    for (int reference = 0; reference < 2; reference++) {
        const bb_pair *pair = bb_find_pair(g->p[0], g->p[1], reference);
        bb_pack_weights(pair->weight_layout, g->p[1], g->blob[1], m, k, packed);
        size_t size = bb_matmul_scratch(pair, n, m, k);
        memset(scratch, 0x99, sizeof scratch);
        bb_status status = bb_matmul(pair, g->blob[0], packed, n, m, k, guarded(n * m), scratch, size);
        int ok = status == BB_OK && equal(sums, g->blob[2], g->length[2]) && intact(n * m) &&
                 ((const uint8_t *)scratch)[size] == 0x99;
        report(ok, reference ? "reference matmul a w n m k" : "matmul a w n m k", g->p, 5);
    }
}

static uint32_t pixels_seen;

static void keep_tile(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc) {
    uint32_t k = *(const uint32_t *)context;
    memcpy(sums + pixel * k, acc, pixels * k * sizeof(int32_t));
    pixels_seen += pixels;
}

static bb_conv_shape shape_of(const uint32_t *p) {
    bb_conv_shape s = {(uint16_t)p[0], (uint16_t)p[1], (uint16_t)p[2], (uint16_t)p[3],  (uint16_t)p[4],
                       (uint16_t)p[5], (uint16_t)p[6], (uint16_t)p[7], (uint16_t)p[8],  (uint16_t)p[9],
                       (uint16_t)p[10], (uint16_t)p[11], (int8_t)(int32_t)p[12], 1, 1};
    return s;
}

static void convolution(const golden *g, int depthwise) {
    bb_conv_shape s = shape_of(g->p + 2);
    uint32_t k = s.k, count = (uint32_t)s.out_h * s.out_w * k;
    for (int reference = 0; reference < 2; reference++) {
        const bb_pair *pair = bb_find_pair(g->p[0], g->p[1], reference);
        pixels_seen = 0;
        guarded(count);
        memset(scratch, 0x99, sizeof scratch);
        bb_status status;
        size_t size;
        if (depthwise) {
            size = bb_depthwise_scratch(&s);
            status = (reference ? bb_depthwise_reference : bb_depthwise)(&s, g->blob[0], g->blob[1], keep_tile, &k, scratch,
                                                                          size);
        } else {
            bb_pack_weights(pair->weight_layout, g->p[1], g->blob[1], k, (uint32_t)s.ks_h * s.ks_w * s.c, packed);
            size = bb_conv2d_scratch(pair, &s);
            status = bb_conv2d(pair, &s, g->blob[0], packed, keep_tile, &k, scratch, size);
        }
        int ok = status == BB_OK && pixels_seen == (uint32_t)s.out_h * s.out_w && equal(sums, g->blob[2], g->length[2]) &&
                 intact(count) && ((const uint8_t *)scratch)[size] == 0x99;
        report(ok, depthwise ? "depthwise" : reference ? "reference conv2d" : "conv2d", g->p, 15);
    }
}

static void requantize(const golden *g) {
    bb_requant q = {g->blob[1], g->blob[2], g->blob[3], (int32_t)g->p[2], (uint8_t)g->p[3], (uint8_t)g->p[4]};
    bb_requantize(&q, g->blob[0], g->p[0], g->p[1], bytes);
    report(equal(bytes, g->blob[4], g->length[4]), "requantize pixels channels zero bits relu", g->p, 5);
}

static void pool(const golden *g, int average) {
    const uint32_t *p = g->p;
    bb_pool_shape s = {(uint16_t)p[0], (uint16_t)p[1], (uint16_t)p[2], (uint16_t)p[3], (uint16_t)p[4], (uint16_t)p[5],
                       (uint16_t)p[6], (uint16_t)p[7], (uint16_t)p[8], (uint16_t)p[9], (uint16_t)p[10]};
    if (!average) bb_maxpool(&s, g->blob[0], bytes);
    else
        bb_avgpool(&s, g->blob[0], (int32_t)p[11], (int32_t)p[12], (uint8_t)p[13], (int32_t)p[14], (uint8_t)p[15],
                   p[15] >> 8 != 0, bytes);
    report(equal(bytes, g->blob[1], g->length[1]), average ? "avgPool" : "maxPool", p, 16);
}

static void elementwise(const golden *g, uint32_t op) {
    const uint32_t *p = g->p;
    if (op == 5) {
        bb_requantize_codes(g->blob[0], p[0], (int32_t)p[1], (int32_t)p[2], (uint8_t)p[3], (int32_t)p[4], (uint8_t)p[5],
                            (uint8_t)p[6], bytes);
        report(equal(bytes, g->blob[1], g->length[1]), "requantizeCodes", p, 7);
    } else if (op == 8) {
        bb_add(g->blob[0], g->blob[1], p[0], (int32_t)p[1], (int32_t)p[2], (int32_t)p[3], (int32_t)p[4], (uint8_t)p[5],
               (int32_t)p[6], (uint8_t)p[7], (uint8_t)p[8], bytes);
        report(equal(bytes, g->blob[2], g->length[2]), "add", p, 9);
        bb_flatten(g->blob[0], p[0], bytes);
        report(equal(bytes, g->blob[0], p[0]), "flatten", p, 1);
    } else {
        report(bb_argmax(g->blob[0], p[0]) == p[1], "argmax", p, 2);
    }
}

/* The operators of an Image that have parameters of their own (operatorVectors.ts); the numbers are docs/image.md's. */
static void operator_case(const golden *g) {
    const uint32_t *p = g->p;
    const int8_t *in = g->blob[1], *second = g->blob[2];
    const int32_t zero_a = (int32_t)p[1], zero_b = (int32_t)p[2], mult_a = (int32_t)p[3], mult_b = (int32_t)p[4];
    const int32_t zero = (int32_t)p[6];
    const uint8_t shift = (uint8_t)p[5], bits = (uint8_t)p[7];
    const uint32_t count = p[10];
    memset(bytes, 0x77, count + 1);
    switch (p[0]) {
    case 9: bb_table(in, count, g->length[0] / 256, g->blob[0], bytes); break;
    case 10: bb_binary(g->blob[0], in, second, zero_a, zero_b, mult_a, mult_b, shift, zero, bits, 0, bytes); break;
    case 11:
        if (g->length[2]) memcpy(bytes, second, count);
        else memset(bytes, p[9] ? (int32_t)p[8] : 0, count);
        bb_move(g->blob[0], in, bytes);
        break;
    case 12: bb_gather(g->blob[0], count, (int8_t)(int32_t)p[8], in, bytes); break;
    case 13: bb_reduce(g->blob[0], in, zero_a, mult_a, shift, zero, bits, 0, bytes); break;
    case 14: bb_softmax(g->blob[0], in, zero, bits, bytes); break;
    case 15: bb_normalize(g->blob[0], in, zero_a, shift, zero, bits, bytes); break;
    case 16: bb_product(g->blob[0], in, second, zero_a, zero_b, mult_a, shift, zero, bits, 0, bytes); break;
    case 17: memcpy(bytes, g->blob[0], count); break;
    case 19: bb_embed(g->blob[0], in, g->length[1] / 2, bytes); break;
    case 20:
        bb_recurrent(g->blob[0], in, zero_a, mult_a, shift, zero, bits, scratch, bytes);
        report(equal(bytes, g->blob[3], g->length[3]), "recurrence", p, 11);
        memset(scratch, 0x55, bb_recurrent_scratch(g->blob[0]) + 4);
        bb_recurrent_reference(g->blob[0], in, zero_a, mult_a, shift, zero, bits, scratch, bytes);
        report(((const uint8_t *)scratch)[bb_recurrent_scratch(g->blob[0])] == 0x55, "scratch of a recurrence", p, 11);
        break;
    default: bytes[0] = (int8_t)~*(const int8_t *)g->blob[3];
    }
    report(equal(bytes, g->blob[3], g->length[3]) && bytes[count] == 0x77, "operator", p, 11);
}

static void run_golden(void) {
    const uint32_t *at = kernel_vectors;
    report(at[0] == 0x564b4242, "magic", at, 1);
    uint32_t cases = at[1];
    at += 2;
    for (uint32_t number = 0; number < cases; number++) {
        uint32_t op = *at++, blobs;
        golden g = {at, {0}, {0}};
        at += 16;
        blobs = *at++;
        for (uint32_t blob = 0; blob < blobs; blob++) {
            g.length[blob] = *at++;
            g.blob[blob] = at;
            at += (g.length[blob] + 3) / 4;
        }
        if (op == 0) pack(&g);
        else if (op == 1) matmul(&g);
        else if (op == 2 || op == 3) convolution(&g, op == 3);
        else if (op == 4) requantize(&g);
        else if (op == 6 || op == 7) pool(&g, op == 7);
        else if (op == 10) operator_case(&g);
        else elementwise(&g, op);
    }
}

static uint32_t state = 1;

static uint32_t random_below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (state >> 8) % bound;
}

/* Codes at random, or all at one extreme. */
static void fill(int8_t *codes, uint32_t count, uint32_t bits) {
    uint32_t kind = random_below(4);
    int32_t low = bits == 1 ? -1 : -(1 << (bits - 1)), high = -low - (bits > 1);
    for (uint32_t at = 0; at < count; at++) {
        int32_t code = bits == 1 ? (random_below(2) ? 1 : -1) : low + (int32_t)random_below(1u << bits);
        codes[at] = (int8_t)(kind == 0 ? low : kind == 1 ? high : code);
    }
}

static void compare_random(uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t a = 8; a; a /= 2)
            for (uint32_t w = 8; w; w /= 2) {
                uint32_t n = random_below(3) ? 1 + random_below(20) : 1, m = 1 + random_below(n == 1 ? 60 : 10);
                uint32_t k = 1 + random_below(round % 4 ? 70 : 200);
                fill(bytes, n * k, a);
                fill(more_bytes, m * k, w);
                const bb_pair *reference = bb_find_pair(a, w, 1), *fast = bb_find_pair(a, w, 0);
                bb_pack_weights(reference->weight_layout, w, more_bytes, m, k, other_packed);
                bb_pack_weights(fast->weight_layout, w, more_bytes, m, k, packed);
                int ok = bb_matmul(reference, bytes, other_packed, n, m, k, other_sums, scratch, sizeof scratch) == BB_OK &&
                         bb_matmul(fast, bytes, packed, n, m, k, guarded(n * m), scratch,
                                   bb_matmul_scratch(fast, n, m, k)) == BB_OK &&
                         equal(sums, other_sums, n * m * 4) && intact(n * m);
                uint32_t shape[5] = {a, w, n, m, k};
                report(ok, "random a w n m k", shape, 5);
            }
}

enum { MOST_CODES = 1024 };
static int32_t parameters[512];
static int8_t by_reference[MOST_CODES + 1];

/* Both results are cleared first: what is left out would show. */
static void clear_results(void) {
    memset(bytes + MOST_CODES, 0x77, MOST_CODES + 1);
    memset(by_reference, 0x77, sizeof by_reference);
}

static void report_sequence(const char *name, uint32_t count, uint32_t bits, uint32_t rows, uint32_t columns) {
    uint32_t shape[4] = {bits, rows, columns, count};
    report(equal(bytes + MOST_CODES, by_reference, count) && bytes[MOST_CODES + count] == 0x77, name, shape, 4);
}

static int32_t random_factor(void) { return (int32_t)((1u << 20) + random_below(1 << 20)) * (random_below(2) ? 1 : -1); }

static void compare_products(uint32_t bits) {
    uint32_t rows = 1 + random_below(9), columns = 1 + random_below(19), inner = 1 + random_below(40), batches = 1 + random_below(2);
    bb_product_shape *s = (bb_product_shape *)(void *)parameters;
    int beside = random_below(2), transposed = random_below(4) == 0;
    *s = (bb_product_shape){ (int32_t)rows, (int32_t)columns, (int32_t)inner, (int32_t)batches, {(int32_t)inner, 1},
                             {1, (int32_t)inner}, {(int32_t)columns, 1} };
    if (beside) s->b[0] = (int32_t)columns, s->b[1] = 1;
    if (transposed) s->a[0] = 1, s->a[1] = (int32_t)rows;
    for (uint32_t batch = 0; batch < batches; batch++) {
        s->begins[3 * batch] = (int32_t)(batch * rows * inner);
        s->begins[3 * batch + 1] = (int32_t)(batch * columns * inner);
        s->begins[3 * batch + 2] = (int32_t)(batch * rows * columns);
    }
    fill(bytes, rows * inner * batches, bits);
    fill(more_bytes, columns * inner * batches, bits);
    int32_t zero_a = (int32_t)random_below(257) - 128, zero_b = (int32_t)random_below(257) - 128, mult = random_factor();
    uint8_t shift = (uint8_t)(19 + bits + random_below(12)), relu = (uint8_t)random_below(2);
    clear_results();
    bb_product(s, bytes, more_bytes, zero_a, zero_b, mult, shift, 3, (uint8_t)bits, relu, bytes + MOST_CODES);
    bb_product_reference(s, bytes, more_bytes, zero_a, zero_b, mult, shift, 3, (uint8_t)bits, relu, by_reference);
    report_sequence("product", rows * columns * batches, bits, rows, columns);
}

static void compare_rows(uint32_t bits) {
    uint32_t rows = 1 + random_below(3), count = 1 + random_below(150), inner = random_below(5) ? 1 : 2;
    fill(bytes, rows * count * inner, 8);
    bb_softmax_shape *softmax = (bb_softmax_shape *)(void *)parameters;
    *softmax = (bb_softmax_shape){ (int32_t)rows, (int32_t)count, (int32_t)inner, (int32_t)random_below(400), {0} };
    uint32_t decay = 60000 + random_below(5500), exponent = 32768;
    for (int at = 0; at < 256; at++, exponent = exponent * decay >> 16) softmax->exponents[at] = (int32_t)exponent;
    clear_results();
    bb_softmax(softmax, bytes, 17, (uint8_t)bits, bytes + MOST_CODES);
    bb_softmax_reference(softmax, bytes, 17, (uint8_t)bits, by_reference);
    report_sequence("softmax", rows * count * inner, bits, rows, count);

    bb_normalize_shape *norm = (bb_normalize_shape *)(void *)parameters;
    *norm = (bb_normalize_shape){ (int32_t)rows, (int32_t)count, (int32_t)inner, (int32_t)random_below(2), {0, 0} };
    if (random_below(4)) norm->epsilon[0] = random_below(1 << 24) >> random_below(24);
    if (random_below(8) == 0) norm->epsilon[1] = random_below(1 << 20);
    for (uint32_t at = 0; at < 2 * count; at++) norm->factors[at] = random_factor();
    int32_t zero_in = (int32_t)random_below(257) - 128;
    uint8_t shift = (uint8_t)(22 + random_below(20));
    clear_results();
    bb_normalize(norm, bytes, zero_in, shift, -2, (uint8_t)bits, bytes + MOST_CODES);
    bb_normalize_reference(norm, bytes, zero_in, shift, -2, (uint8_t)bits, by_reference);
    report_sequence("normalize", rows * count * inner, bits, rows, count);
}

static void compare_lookups(uint32_t bits) {
    uint32_t count = 1 + random_below(100), heads = 1 + random_below(4), size = 2 + 2 * random_below(9);
    fill(bytes, count, 8);
    fill(more_bytes, 512, bits);
    uint32_t channels = random_below(4) ? 1 : 2;
    count = count * channels;
    fill(bytes, count, 8);
    clear_results();
    bb_table(bytes, count, channels, more_bytes, bytes + MOST_CODES);
    bb_table_reference(bytes, count, channels, more_bytes, by_reference);
    report_sequence("table", count, bits, channels, 1);
    for (uint32_t at = 0; at < count; at++) parameters[at] = (int32_t)random_below(count + 1) - 1;
    clear_results();
    bb_gather(parameters, count, -7, bytes, bytes + MOST_CODES);
    bb_gather_reference(parameters, count, -7, bytes, by_reference);
    report_sequence("gather", count, bits, 1, 1);
    int16_t turns[20];
    for (uint32_t at = 0; at < size; at++) turns[at] = (int16_t)((int32_t)random_below(32769) - 16384);
    for (uint32_t at = 0; at < heads * size; at++) parameters[at] = (int32_t)random_below(65536) - 32768;
    clear_results();
    bb_rope(parameters, turns, size, heads * size, (uint8_t)bits, bytes + MOST_CODES);
    bb_rope_reference(parameters, turns, size, heads * size, (uint8_t)bits, by_reference);
    report_sequence("rope", heads * size, bits, heads, size);
}

/* Kernels of language models and encoders against their references. */
static void compare_sequences(uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t bits = 8; bits; bits /= 2) {
            compare_products(bits);
            compare_rows(bits);
            compare_lookups(bits);
        }
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* A random window on a random image, of c channels: borders on any side, windows larger than the image, strides that skip. */
static bb_conv_shape random_shape(uint32_t c, uint32_t k, uint32_t activation_bits) {
    bb_conv_shape s = {0};
    s.h = (uint16_t)(1 + random_below(9)), s.w = (uint16_t)(1 + random_below(20)), s.c = (uint16_t)c, s.k = (uint16_t)k;
    s.ks_h = (uint16_t)(random_below(2) ? 3 : 1 + random_below(5)), s.ks_w = (uint16_t)(random_below(2) ? 3 : 1 + random_below(5));
    s.stride_h = (uint16_t)(1 + random_below(3)), s.stride_w = (uint16_t)(1 + random_below(3));
    s.pad_top = (uint16_t)random_below(s.ks_h), s.pad_left = (uint16_t)random_below(s.ks_w);
    /* Below and to the right as much again, and at least one window. */
    uint32_t high = s.h + 2u * s.pad_top, wide = s.w + 2u * s.pad_left;
    s.ks_h = (uint16_t)least(s.ks_h, high), s.ks_w = (uint16_t)least(s.ks_w, wide);
    s.pad_top = (uint16_t)least(s.pad_top, s.ks_h - 1u), s.pad_left = (uint16_t)least(s.pad_left, s.ks_w - 1u);
    s.out_h = (uint16_t)((high - s.ks_h) / s.stride_h + 1), s.out_w = (uint16_t)((wide - s.ks_w) / s.stride_w + 1);
    fill(bytes, 1, activation_bits);
    s.pad_code = bytes[0];
    return s;
}

/* Most channels of a convolution whose codes are compared. */
#define CHANNELS 16

/* How sums of `channels` become codes: multipliers, zero offsets and shifts as quantizers write them, and now and then others. */
static bb_requant random_requant(uint32_t channels) {
    static int32_t bias[CHANNELS], mult[CHANNELS];
    static uint8_t shift[CHANNELS];
    const uint32_t bits = 1u << random_below(4), dead = random_below(8) == 0;
    for (uint32_t c = 0; c < channels; c++) {
        bias[c] = (int32_t)random_below(2001) - 1000;
        mult[c] = (int32_t)((1u << 20) + random_below(1 << 20));
        shift[c] = (uint8_t)(15 + random_below(20));
        if (dead && random_below(2)) mult[c] = 0, shift[c] = 1;
    }
    const int32_t zero = random_below(5) == 0 ? (int32_t)random_below(5) : random_below(2) ? 0 : bits == 1 ? 1 : 1 << (bits - 1);
    return (bb_requant){random_below(4) ? bias : NULL, mult, shift, zero, (uint8_t)bits, (uint8_t)random_below(2)};
}

/* Codes of a convolution whose sums are in other_sums and whose operands are still where they were. */
static int same_codes(const bb_conv_shape *s, uint32_t a, uint32_t w) {
    static int8_t codes[sizeof other_sums / 4 + 4], expected[sizeof other_sums / 4];
    const uint32_t pixels = (uint32_t)s->out_h * s->out_w, count = pixels * s->k;
    const bb_pair *pair = bb_find_pair(a, w, 0);
    const bb_requant q = random_requant(s->k);
    memset(codes, 0x55, sizeof codes);
    memset(scratch, 0x99, sizeof scratch);
    const size_t size = bb_conv2d_scratch(pair, s);
    bb_requantize_reference(&q, other_sums, pixels, s->k, expected);
    return bb_conv2d_codes(pair, s, bytes, packed, &q, codes, scratch, size) == BB_OK && equal(codes, expected, count) &&
           codes[count] == 0x55 && ((const uint8_t *)scratch)[size] == 0x99;
}

static int same_convolution(const bb_conv_shape *s, uint32_t a, uint32_t w, int depthwise) {
    uint32_t k = s->k, taps = (uint32_t)s->ks_h * s->ks_w * (depthwise ? 1 : s->c), count = (uint32_t)s->out_h * s->out_w * k;
    fill(bytes, (uint32_t)s->h * s->w * s->c, a);
    fill(more_bytes, k * taps, w);
    for (int reference = 1; reference >= 0; reference--) {
        const bb_pair *pair = bb_find_pair(a, w, reference);
        bb_pack_weights(pair->weight_layout, w, more_bytes, k, taps, packed);
        guarded(count);
        pixels_seen = 0;
        bb_status status;
        if (!depthwise)
            status = bb_conv2d(pair, s, bytes, packed, keep_tile, &k, scratch, bb_conv2d_scratch(pair, s));
        else
            status = (reference ? bb_depthwise_reference : bb_depthwise)(s, bytes, more_bytes, keep_tile, &k, scratch,
                                                                         bb_depthwise_scratch(s));
        if (status != BB_OK || pixels_seen != (uint32_t)s->out_h * s->out_w || !intact(count)) return 0;
        if (reference) memcpy(other_sums, sums, count * 4);
    }
    return equal(sums, other_sums, count * 4) && (depthwise || same_codes(s, a, w));
}

/* Two by two positions of any number of channels against the maximum one by one. */
static void compare_pools(uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; round++) {
        const uint16_t c = (uint16_t)(1 + random_below(12)), h = (uint16_t)(2 + random_below(5)), w = (uint16_t)(2 + random_below(5));
        const bb_pool_shape s = {h, w, c, (uint16_t)(h / 2), (uint16_t)(w / 2), 2, 2, 2, 2, 0, 0};
        fill(bytes, (uint32_t)h * w * c, 8);
        bb_maxpool(&s, bytes, more_bytes);
        int ok = 1;
        for (uint32_t y = 0; y < s.out_h; y++)
            for (uint32_t x = 0; x < s.out_w; x++)
                for (uint32_t i = 0; i < c; i++) {
                    const int8_t *at = bytes + (2 * y * w + 2 * x) * c + i;
                    const int8_t left = at[0] > at[w * c] ? at[0] : at[w * c], right = at[c] > at[w * c + c] ? at[c] : at[w * c + c];
                    ok &= more_bytes[(y * s.out_w + x) * c + i] == (left > right ? left : right);
                }
        const uint32_t shape[3] = {h, w, c};
        report(ok, "maximum of two by two", shape, 3);
    }
}

static void compare_random_windows(uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t a = 8; a; a /= 2)
            for (uint32_t w = 8; w; w /= 2)
                for (int depthwise = 0; depthwise < 2; depthwise++) {
                    uint32_t c = random_below(3) ? 1 + random_below(9) : (random_below(2) ? 8u : 6u) << random_below(3), k = depthwise ? c : 1 + random_below(14);
                    bb_conv_shape s = random_shape(c, k, a);
                    int ok = same_convolution(&s, a, w, depthwise);
                    uint32_t shape[14] = {a,      w,      s.h,        s.w,        s.c,       s.k,        s.ks_h,
                                          s.ks_w, s.stride_h, s.stride_w, s.pad_top, s.pad_left, s.out_h,    s.out_w};
                    report(ok, depthwise ? "random depthwise" : "random conv2d", shape, 14);
                }
}

/* Windows of 1 to 11 words of any fill, which some variants multiply in ways of their own. */
static void compare_few_words(void) {
    for (uint32_t a = 8; a; a /= 2)
        for (uint32_t w = 8; w; w /= 2)
            for (uint32_t words = 1; words <= 11; words++) {
                const uint32_t lanes = 32 / (a > w ? a : w), c = lanes * (words - 1) + 1 + random_below(lanes);
                const uint16_t k = (uint16_t)(7 + random_below(8));
                const bb_conv_shape s = {1, 9, (uint16_t)c, 1, 9, k, 1, 1, 1, 1, 0, 0, 0, 1, 1};
                const int ok = same_convolution(&s, a, w, 0);
                const uint32_t shape[4] = {a, w, c, k};
                report(ok, "few words", shape, 4);
            }
}

/* `hello` tells a pair's scratch as fixed + per_input * k + per_output * m; the host plans by that. */
static void check_linear_scratch(void) {
    static const uint32_t sizes[] = {1, 2, 3, 31, 32, 33, 64, 97, 511, 4096};
    for (uint32_t a = 8; a; a /= 2)
        for (uint32_t w = 8; w; w /= 2) {
            const bb_pair *pair = bb_find_pair(a, w, 0);
            size_t one = pair->scratch(1, 1), per_input = pair->scratch(1, 2) - one, per_output = pair->scratch(2, 1) - one;
            int ok = per_input < 256 && per_output < 256;
            for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                for (uint32_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
                    ok = ok && pair->scratch(sizes[i], sizes[j]) ==
                                   one + per_input * (sizes[j] - 1) + per_output * (sizes[i] - 1);
            uint32_t shape[2] = {a, w};
            report(ok, "linear scratch a w", shape, 2);
        }
}

/* What cannot be done is refused with a status, and nothing is written. */
static void check_refusals(void) {
    const bb_pair *pair = bb_find_pair(4, 4, 0);
    uint32_t none = 0;
    report(bb_find_pair(3, 4, 0) == NULL && bb_find_pair(8, 16, 1) == NULL, "unknown pair", &none, 1);
    guarded(1);
    report(bb_matmul(NULL, bytes, packed, 1, 1, 1, sums, scratch, sizeof scratch) == BB_UNSUPPORTED, "no pair", &none, 1);
    report(bb_matmul(pair, bytes, packed, 1, 1, 0, sums, scratch, sizeof scratch) == BB_BAD_ARGUMENT, "k of 0", &none, 1);
    /* The reference needs no scratch, so it cannot be given too little. */
    size_t needed = bb_matmul_scratch(pair, 1, 1, 9);
    report(needed == 0 || bb_matmul(pair, bytes, packed, 1, 1, 9, sums, scratch, needed - 1) == BB_NO_MEMORY,
           "little scratch", &none, 1);
    bb_conv_shape s = {4, 4, 1, 4, 4, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1};
    uint32_t k = 1;
    report(bb_conv2d(pair, &s, bytes, packed, keep_tile, &k, scratch, bb_conv2d_scratch(pair, &s) - 1) == BB_NO_MEMORY,
           "little scratch of conv2d", &none, 1);
    report(bb_depthwise(&s, bytes, bytes, keep_tile, &k, scratch, bb_depthwise_scratch(&s) - 1) == BB_NO_MEMORY,
           "little scratch of depthwise", &none, 1);
    s.stride_h = 0;
    report(bb_conv2d(pair, &s, bytes, packed, keep_tile, &k, scratch, sizeof scratch) == BB_BAD_ARGUMENT, "stride of 0",
           &none, 1);
    report(sums[0] == 0x77777777 && intact(1), "nothing written", &none, 1);
    report(bb_pack_weights(BB_LAYOUT_QUADS, 4, bytes, 1, 1, packed) == 0 &&
               bb_pack_weights(BB_LAYOUT_PLANES, 8, bytes, 1, 1, packed) == 0 &&
               bb_pack_weights(9, 8, bytes, 1, 1, packed) == 0,
           "layouts that do not hold these bits", &none, 1);
}

int main(void) {
    run_golden();
    compare_random(CHECK_ROUNDS);
    compare_random_windows(CHECK_ROUNDS);
    compare_few_words();
    compare_pools(CHECK_ROUNDS);
    compare_sequences(CHECK_ROUNDS);
    check_linear_scratch();
    check_refusals();
    put_text("checked ");
    put_number(checked);
    put_text(" failed ");
    put_number(failed);
    put_char('\n');
    return failed != 0;
}
