/*
 * Bitbench integer kernels: the interface shared by reference and fast versions.
 *
 * Activations are int8 codes, one byte each, NHWC. Weights are packed by the host into the layout that the kernel
 * reads (bb_kernel.weight_layout, docs/image.md). Sums are int32 and wrap. No libc beyond memcpy and memset, no heap:
 * every kernel tells its scratch bytes and is given them. Nothing here exits; a status is returned.
 */
#ifndef BB_H
#define BB_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    BB_OK = 0,
    BB_BAD_ARGUMENT = 4,
    BB_UNSUPPORTED = 5,
    BB_NO_MEMORY = 6
} bb_status;

enum { BB_MATMUL = 0, BB_CONV2D = 1, BB_DEPTHWISE = 2, BB_MAXPOOL = 3, BB_AVGPOOL = 4,
       BB_ADD = 5, BB_REQUANTIZE = 6, BB_FLATTEN = 7, BB_ARGMAX = 8, BB_PRODUCT = 9, BB_SOFTMAX = 10,
       BB_LAYER_NORM = 11, BB_RMS_NORM = 12, BB_TABLE = 13, BB_GATHER = 14, BB_ROPE = 15, BB_RNN = 16,
       BB_LSTM = 17, BB_GRU = 18, BB_GRU_AFTER = 19, BB_KERNELS };

typedef struct {
    uint16_t h, w, c;         /* input, without padding */
    uint16_t out_h, out_w, k; /* output */
    uint16_t ks_h, ks_w, stride_h, stride_w, pad_top, pad_left;
    int8_t pad_code;          /* code of real zero */
    uint16_t step_h, step_w;  /* dilation: from tap to tap; 0 counts as 1 */
} bb_conv_shape;

/*
 * Where finished sums go: called for each tile of output pixels [pixel, pixel + pixels) with acc[pixels][k]. The
 * runtime requantises there, so a convolution never holds its whole int32 output.
 */
typedef void (*bb_tile_done)(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc);

/* How sums become codes; docs/arithmetic.md "Requantise". */
typedef struct {
    const int32_t *bias;  /* [channels] or NULL */
    const int32_t *mult;  /* [channels] */
    const uint8_t *shift; /* [channels] */
    int32_t zero;         /* zero offset of the output tensor */
    uint8_t bits;         /* output code bits */
    uint8_t relu;
} bb_requant;

/* Parts of a convolution's scratch, each 4-byte aligned. */
typedef struct {
    void *codes;    /* rows_max rows of taps, a byte each */
    size_t codes_bytes;
    int32_t *acc;   /* rows_max rows of sums */
    void *own;      /* the pair's */
    /* Where not NULL: a pair may store codes in `out` itself, for pixels that it then does not give on as sums. */
    const bb_requant *requant;
    int8_t *out;
} bb_conv_room;

/*
 * The inner product block of one (activation bits, weight bits) pair: rows of activation codes against all weight
 * rows. `acc[i * m + j] = sum_k a[i * k + kk] * w[j][kk]` for n <= rows_max rows of `a`. matmul and conv2d both drive
 * it: a convolution is an im2col of a few output pixels times the same inner loop.
 *
 * How a pair keeps its activations is its own affair: it turns the codes into bit planes, tables or interleaved
 * blocks inside `scratch`, once per call and a piece of k at a time, so scratch hardly grows with k.
 */
typedef struct {
    uint8_t activation_bits;
    uint8_t weight_bits;
    uint8_t weight_layout;
    uint8_t variant;  /* 0 reference, 1 rv32im, 2 rv32im_zbb, 3 rvv, 4 xbb */
    uint8_t rows_max; /* most rows of one call, and the number it handles to its best advantage (conv2d's tile) */
    /*
     * Scratch bytes for any n <= rows_max; scratch must be 4-byte aligned. Linear in m and k from 1 on, with whole
     * coefficients below 256: `hello` tells them in place of the function (docs/protocol.md).
     */
    size_t (*scratch)(uint32_t m, uint32_t k);
    void (*dot)(const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k, int32_t *acc,
                void *scratch);
    /*
     * A convolution that does better than gathering taps for `dot`: 1 when it did it all, 0 when the shape is not for it and nothing
     * has been done; NULL where a pair has none.
     */
    int (*conv2d)(const bb_conv_shape *s, const int8_t *input, const void *weights, bb_tile_done done, void *context,
                  const bb_conv_room *room);
} bb_pair;

/* The pair's fast version for this build, or its reference with use_reference; NULL when bits are not 8, 4, 2 or 1. */
const bb_pair *bb_find_pair(uint32_t activation_bits, uint32_t weight_bits, int use_reference);

/* n x k codes times m x k weights -> n x m int32, rows_max rows at a time. Scratch: the pair's own. */
size_t bb_matmul_scratch(const bb_pair *pair, uint32_t n, uint32_t m, uint32_t k);
bb_status bb_matmul(const bb_pair *pair, const int8_t *a, const void *weights, uint32_t n, uint32_t m, uint32_t k,
                    int32_t *acc, void *scratch, size_t scratch_bytes);

/* Scratch: one tile of im2col codes, its sums, and the pair's own. */
size_t bb_conv2d_scratch(const bb_pair *pair, const bb_conv_shape *s);
bb_status bb_conv2d(const bb_pair *pair, const bb_conv_shape *s, const int8_t *input, const void *weights,
                    bb_tile_done done, void *context, void *scratch, size_t scratch_bytes);
/* The same with all sums made codes: out[out_h][out_w][k]. Scratch as before. */
bb_status bb_conv2d_codes(const bb_pair *pair, const bb_conv_shape *s, const int8_t *input, const void *weights,
                          const bb_requant *requant, int8_t *out, void *scratch, size_t scratch_bytes);

/* Depthwise: weights are int8 codes [kh][kw][c] whatever their bits (k == c). */
size_t bb_depthwise_scratch(const bb_conv_shape *s);
bb_status bb_depthwise(const bb_conv_shape *s, const int8_t *input, const int8_t *weights, bb_tile_done done,
                       void *context, void *scratch, size_t scratch_bytes);
bb_status bb_depthwise_reference(const bb_conv_shape *s, const int8_t *input, const int8_t *weights,
                                 bb_tile_done done, void *context, void *scratch, size_t scratch_bytes);

/* acc[pixels][channels] -> codes */
void bb_requantize(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels, int8_t *out);
void bb_requantize_reference(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels,
                             int8_t *out);
/* code -> code with one multiplier: (q + zero_in) * mult >> shift */
void bb_requantize_codes(const int8_t *in, uint32_t count, int32_t zero_in, int32_t mult, uint8_t shift,
                         int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);

typedef struct {
    uint16_t h, w, c, out_h, out_w, ks_h, ks_w, stride_h, stride_w, pad_top, pad_left;
} bb_pool_shape;

void bb_maxpool(const bb_pool_shape *s, const int8_t *in, int8_t *out);
/* count_pad: padded positions count and carry pad_code */
void bb_avgpool(const bb_pool_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);
/* mult and shift [ks_h * ks_w]: entry n - 1 is for windows with n positions inside the image. */
void bb_avgpool_counted(const bb_pool_shape *s, const int8_t *in, int32_t zero_in, const int32_t *mult,
                        const uint8_t *shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);
void bb_add(const int8_t *a, const int8_t *b, uint32_t count, int32_t zero_a, int32_t zero_b, int32_t mult_a,
            int32_t mult_b, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);
void bb_flatten(const int8_t *in, uint32_t count, int8_t *out);
/* first maximum wins */
uint32_t bb_argmax(const int32_t *values, uint32_t count);

/*
 * Operators whose numbers are words of their own (docs/image.md "Parameters"); loops run from the first count, the outermost,
 * to the last, and unused ones are 1. Strides and offsets are in elements.
 */
enum { BB_LOOPS = 6 };

/* out[i] = tables[(i % channels) * 256 + in[i] + 128] */
void bb_table(const int8_t *in, uint32_t count, uint32_t channels, const int8_t *tables, int8_t *out);
void bb_table_reference(const int8_t *in, uint32_t count, uint32_t channels, const int8_t *tables, int8_t *out);

enum { BB_BINARY_ADD = 0, BB_BINARY_SUB = 1, BB_BINARY_MUL = 2 };
typedef struct {
    int32_t function;
    int32_t count[BB_LOOPS], a[BB_LOOPS], b[BB_LOOPS];
} bb_binary_shape;
/* The result is dense. A product uses mult_a alone. */
void bb_binary(const bb_binary_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
               int32_t mult_a, int32_t mult_b, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);

typedef struct {
    int32_t in_offset, out_offset;
    int32_t count[BB_LOOPS], in[BB_LOOPS], out[BB_LOOPS];
} bb_move_shape;
void bb_move(const bb_move_shape *s, const int8_t *in, int8_t *out);
/* sources[i] is where out[i] comes from; below 0: fill */
void bb_gather(const int32_t *sources, uint32_t count, int8_t fill, const int8_t *in, int8_t *out);
void bb_gather_reference(const int32_t *sources, uint32_t count, int8_t fill, const int8_t *in, int8_t *out);

enum { BB_REDUCE_SUM = 0, BB_REDUCE_MAX = 1 };
typedef struct {
    int32_t function;
    int32_t outer, count, inner;
} bb_reduce_shape;
void bb_reduce(const bb_reduce_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
               int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);

typedef struct {
    int32_t outer, count, inner;
    int32_t levels;         /* 1 in units of the output */
    int32_t exponents[256]; /* by how far a code is below the row's largest; the first is 2^15 */
} bb_softmax_shape;
void bb_softmax(const bb_softmax_shape *s, const int8_t *in, int32_t zero_out, uint8_t bits, int8_t *out);
void bb_softmax_reference(const bb_softmax_shape *s, const int8_t *in, int32_t zero_out, uint8_t bits, int8_t *out);

typedef struct {
    int32_t outer, count, inner;
    int32_t centred;
    uint32_t epsilon[2]; /* low and high word */
    int32_t factors[];   /* mult[count], then add[count] */
} bb_normalize_shape;
void bb_normalize(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift, int32_t zero_out,
                  uint8_t bits, int8_t *out);
void bb_normalize_reference(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift, int32_t zero_out,
                  uint8_t bits, int8_t *out);
/* One row of codes that lie s->inner apart. */
void bb_normalize_row_reference(const bb_normalize_shape *s, const int8_t *in, int32_t zero_in, uint8_t shift,
                                int32_t zero_out, uint8_t bits, int8_t *out);

typedef struct {
    int32_t rows, columns, inner, batches;
    int32_t a[2], b[2], out[2]; /* strides: row and inner; inner and column; row and column */
    int32_t begins[];           /* per batch where its matrices of a, b and out begin */
} bb_product_shape;
void bb_product(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);
void bb_product_reference(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out);
/* Of every batch the rows [first_row, rows_end) from `first_column` on. */
void bb_product_part(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                     int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int32_t first_row,
                     int32_t rows_end, int32_t first_column, int8_t *out);

/*
 * Rotary positions: `count` values of 16 bits, in 1/256 of a code, turned in pairs by the cosines and sines (in 1/16384) of
 * `turns`[size], which every head of `size` values uses; to codes. size is even and divides count.
 */
void bb_rope(const int32_t *values, const int16_t *turns, uint32_t size, uint32_t count, uint8_t bits, int8_t *out);
void bb_rope_reference(const int32_t *values, const int16_t *turns, uint32_t size, uint32_t count, uint8_t bits,
                       int8_t *out);

typedef struct {
    int32_t rows, width;
    int8_t codes[]; /* [rows][width] */
} bb_embed_shape;
/* Row in[i] + 128 + 256 (in[count + i] + 128), or the last one, to out[i * width]. */
void bb_embed(const bb_embed_shape *s, const int8_t *in, uint32_t count, int8_t *out);

enum { BB_CELL_RNN = 0, BB_CELL_LSTM = 1, BB_CELL_GRU = 2, BB_CELL_GRU_AFTER = 3 };
typedef struct {
    int32_t cell, steps, hidden;
    uint16_t backward, weight_bits; /* 4, 2, 1; 0: 8 */
    int32_t own_mult, own_shift; /* of the codes read */
    int16_t tables[3][258];      /* functions at -8 to 8; the last entry is not read */
    int32_t factors[];           /* per row of weights: bias, mult, shift; then the weights [rows][hidden], int8 or packed */
} bb_recurrent_shape;
/* Rows of the recurrence's weights: gates times units. Scratch is 4-byte aligned. */
int32_t bb_recurrent_rows(const bb_recurrent_shape *s);
/* Bytes of one of them: 8 bits lie side by side, narrower ones in words as BB_LAYOUT_PACKED has them. */
size_t bb_recurrent_row_bytes(const bb_recurrent_shape *s);
size_t bb_recurrent_scratch(const bb_recurrent_shape *s);
/* in [steps][rows] -> out [steps][hidden] */
void bb_recurrent(const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                  int32_t zero_out, uint8_t bits, void *scratch, int8_t *out);
void bb_recurrent_reference(const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                            int32_t zero_out, uint8_t bits, void *scratch, int8_t *out);

/* out[i] = in[i] + zero */
void bb_output(const int8_t *in, uint32_t count, int32_t zero, int32_t *out);

/* Weight layouts, described in layouts.md. */
enum { BB_LAYOUT_PACKED = 0, BB_LAYOUT_PLANES = 1, BB_LAYOUT_QUADS = 2, BB_LAYOUT_OCTETS = 3 };

/* Codes [rows][k] -> weights in a layout; returns bytes, or 0 when layout and bits do not go together. dst may be
 * NULL to ask for the size. Mirrors src/core/quant/packing.ts. */
size_t bb_pack_weights(uint32_t layout, uint32_t bits, const int8_t *codes, uint32_t rows, uint32_t k, void *dst);

#endif
