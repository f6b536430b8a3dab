/*
 * A Llama-style decoder in integers, one token a call (docs/arithmetic.md "Decoder", docs/language-models.md "On the board").
 * Everything it works on is one block of memory: the decoder image, written by src/core/lm/board/decoderImage.ts, then its state.
 */
#ifndef DECODER_H
#define DECODER_H

#include "bb.h"

enum { DECODER_MAGIC = 0x4D4C4242, DECODER_VERSION = 1 };
enum { DECODER_MAX_WIDTH = 1024, DECODER_MAX_HIDDEN = 4096, DECODER_MAX_HEAD = 128, DECODER_MAX_LENGTH = 1024,
       DECODER_MAX_VOCABULARY = 65536 }; /* a call has 16 bits for the token */

/* Why a decoder image is refused, and what else a step may return in place of a token: 0xFFFFFF00 + reason. */
typedef enum {
    DECODER_OK = 0,
    DECODER_BAD_MAGIC = 1,
    DECODER_BAD_VERSION = 2,
    DECODER_BAD_SIZE = 3,      /* an offset or a size outside the block */
    DECODER_BAD_SHAPE = 4,
    DECODER_BAD_LAYOUT = 5,    /* weights packed for other kernels */
    DECODER_NO_SCRATCH = 6,
    DECODER_BAD_TOKEN = 7,
    DECODER_BAD_POSITION = 8
} decoder_reason;

/* All offsets are from the start of the image. */
typedef struct {
    uint32_t mult, shift; /* int32 each, uint8 each */
} decoder_factors;

typedef struct {
    uint32_t weights;
    decoder_factors factors; /* one per row */
    uint32_t rows, columns;
    uint8_t weight_bits, activation_bits, layout, reserved;
} decoder_matrix;

typedef struct {
    decoder_factors attention_norm, ffn_norm, score, mean, hidden;
    decoder_matrix wq, wk, wv, wo, w1, w2, w3;
} decoder_layer;

typedef struct {
    uint32_t magic, version;
    uint32_t image_bytes, block_bytes; /* without and with the state */
    uint32_t dim, hidden, layers, heads, kv_heads, vocabulary, length, cache_bits;
    uint32_t epsilon[2];
    uint32_t rotation, whole_exponents, part_exponents, logistic;
    uint32_t layer_table;
    /* State. */
    uint32_t x, normal, query, mixed, gate, gated, weights, sums, scratch, scratch_bytes, keys, values, counters;
    decoder_factors final_norm;
    decoder_matrix embedding, classifier;
} decoder_header;

/* Parts of a step that are timed by themselves: cycles of each, per layer; embedding and classifier in one more row. */
enum { PART_NORM, PART_QKV, PART_ROTATE, PART_ATTENTION, PART_OUTPUT, PART_GATE, PART_DOWN, PART_REST, DECODER_PARTS };

decoder_reason decoder_check(const decoder_header *h);
/* Runs one token at one position; returns the likeliest next token. Logits, in 1/65536 nat, are left at `sums`. */
uint32_t decoder_step(decoder_header *h, uint32_t token, uint32_t position);

/* The two loops over the cache of one head: in blocks of eight (cacheFast.c), which call the reference (cacheReference.c). */
int32_t decoder_scores(const int8_t *query, const uint8_t *keys, uint32_t positions, uint32_t size, uint32_t bits,
                       int32_t *scores); /* returns the largest */
void decoder_means(const int32_t *weights, const uint8_t *values, uint32_t positions, uint32_t size, uint32_t bits,
                   int32_t *sums);
int32_t decoder_scores_reference(const int8_t *query, const uint8_t *keys, uint32_t positions, uint32_t size,
                                 uint32_t bits, int32_t *scores);
void decoder_means_reference(const int32_t *weights, const uint8_t *values, uint32_t positions, uint32_t size,
                             uint32_t bits, int32_t *sums);

#endif
