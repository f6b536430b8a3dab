/* What sets a pair of widths apart on a core with packed dot products, and what the operators share. */
#ifndef BB_XBB_PAIR_H
#define BB_XBB_PAIR_H

#include "block.h"
#include "few_words.h"

/* What sets a pair apart. Each function is there once, so that ten pairs do not fill a small memory. */
typedef struct {
    uint8_t wide, narrow;
    uint8_t parts;       /* wide / narrow */
    uint8_t lane_shift;  /* 1 << lane_shift narrow codes fill a word: the core divides slowly */
    void (*pack_row)(const int8_t *a, uint32_t k, uint32_t words, uint32_t *to, uint32_t step);
    void (*four_rows)(block_call *call);
    void (*one_row)(const uint32_t *block, const uint32_t *weights, uint32_t m, uint32_t row_words, uint32_t start,
                    int32_t *acc);
    void (*last_rows)(const uint32_t *block, const uint32_t *weights, uint32_t count, uint32_t row_words, uint32_t start,
                      int32_t *to, uint32_t stride);
    /* By the words of a row of activations that hold codes; NULL where blocks take less. */
    void (*few_words[FEW_TWO + 1])(few_call *call);
} pair_code;

/* How the rows of k codes of a product lie in words. */
typedef struct {
    uint32_t weight_words, words; /* of a row of weights, of a row of activations */
    uint32_t used;                /* words of a row of activations that hold codes */
    uint32_t start;               /* what every sum starts from */
} row_words;

BB_INLINE row_words words_of_row(const pair_code *pair, uint32_t k) {
    const uint32_t shift = pair->lane_shift, weight_words = (k + (1u << shift) - 1) >> shift;
    const uint32_t used = (k * pair->wide + 31) >> 5;
    /* At one bit on both sides the codes that fill the last word are -1 times -1. */
    return (row_words){weight_words, weight_words * pair->parts, used, pair->wide == 1 ? k - (weight_words << shift) : 0};
}

/* From so many weight rows on it pays to load all activations into registers. */
#define FEW_ROWS 8

/* ROWS rows of packed activations, [word][ROWS], times all m weight rows: all of it but where the sums go. */
typedef struct {
    const pair_code *pair;
    block_call call;
    void (*few_words)(few_call *call); /* NULL: by blocks */
    few_call few;
    const uint32_t *block;   /* [word][ROWS] */
    const uint32_t *weights; /* of the rows behind the last four */
    uint32_t m, blocks;      /* weight rows, and those in fours */
    row_words row;
} rows_product;

#ifdef __riscv
#define FINISH(what) xbb_finish_##what
#define BEGIN(what) xbb_begin_##what
#else
#define FINISH(what) NULL
#define BEGIN(what) NULL
#endif

BB_INLINE rows_product rows_product_of(const pair_code *pair, const uint32_t *block, const uint32_t *weights, uint32_t m,
                                       row_words row) {
    const uint32_t words = row.weight_words, parts = pair->parts, blocks = m & ~3u, skip = (0 - words) & (words_of_turn(parts) - 1);
    /* Products behind the codes cancel out where these are an even number; a row without any fills its last word. */
    const uint32_t filled = 0 - row.start, fill = filled ? ((1u << filled / 2) - 1) << (32 - filled) : 0;
    const int is_few = row.used <= FEW_TWO && (filled & 1) == 0 && blocks >= FEW_ROWS;
    return (rows_product){
        pair,
        {.at = block - ROWS * parts * skip, .p = rows_from(weights - skip, words, 4), .end = weights + words, .start = row.start,
         .row_bytes = words * 4, .skip_bytes = skip * 4, .skip_code = skip * WORDS_BYTES(parts), .stride = m * 4,
         .finish = FINISH(sums), .begin = BEGIN(sums)},
        is_few ? pair->few_words[row.used] : NULL,
        {.weights = weights, .stride = m * 4, .fill = fill, .at_end = block + ROWS}, block, weights + (size_t)words * blocks, m, blocks, row};
}

BB_INLINE void multiply_rows(rows_product *product, int32_t *acc) {
    if (product->few_words) {
        product->few.at = product->block;
        product->few.to = acc;
        product->few.to_end = acc + product->blocks;
        product->few_words(&product->few);
    } else if (product->blocks != 0) {
        product->call.to = acc;
        product->call.to_end = acc + product->blocks;
        product->pair->four_rows(&product->call);
    }
    if (product->blocks != product->m)
        product->pair->last_rows(product->block, product->weights, product->m - product->blocks, product->row.weight_words,
                                 product->row.start, acc + product->blocks, product->m);
}

/* How all sums become codes; `codes` has a place for every four weight rows and one behind them. */
BB_INLINE void make_codes(rows_product *product, const bb_requant *q, block_codes *codes) {
    const uint32_t start = product->row.start;
    for (uint32_t c = 0; c < product->m; c++) {
        codes[c >> 2].bias[c & 3] = start + (q->bias ? (uint32_t)q->bias[c] : 0);
        codes[c >> 2].format[c & 3] = xbb_format(q->mult[c], q->shift[c], q->bits, q->zero != 0, q->relu);
    }
}

/* As multiply_rows, with codes in place of sums; weight rows are a multiple of four and `out` is a word's address. */
BB_INLINE void multiply_rows_to_codes(rows_product *product, const block_codes *codes, int8_t *out) {
    block_call call = product->call;
    call.to = out;
    call.to_end = out + product->m;
    call.stride = product->m;
    call.codes = codes;
    call.finish = FINISH(codes);
    call.begin = BEGIN(codes);
    product->pair->four_rows(&call);
}

/* bb_pair.conv2d of a pair; conv2d.c */
int bb_xbb_conv2d(const pair_code *pair, const bb_conv_shape *s, const int8_t *input, const void *weights, bb_tile_done done,
                  void *context, const bb_conv_room *room);

#endif
