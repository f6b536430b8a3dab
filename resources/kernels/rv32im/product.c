/*
 * Products of two matrices of codes: two rows by four columns in registers, so that six loads and six additions of zero
 * offsets serve eight products. One walk for operands whose inner axis is dense in both (queries by keys), one for a second
 * operand whose columns lie side by side (weights by values); what is left over takes the reference.
 */
#include "../bb.h"
#include "../ref/requantize.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { ROWS = 2, COLUMNS = 4 };

/* Where a block begins, and how far apart its rows of a and its columns of b lie. */
typedef struct {
    const int8_t *a, *b;
    int32_t row, column, step; /* step: of b along the inner axis */
    int32_t inner, zero_a, zero_b;
} block;

#define ADD_PRODUCTS(x, y, v0, v1, v2, v3)                                     \
    do {                                                                       \
        int32_t p = (x) + zero_a, q = (y) + zero_a;                            \
        int32_t w = (v0) + zero_b;                                             \
        s00 += p * w; s10 += q * w;                                            \
        w = (v1) + zero_b;                                                     \
        s01 += p * w; s11 += q * w;                                            \
        w = (v2) + zero_b;                                                     \
        s02 += p * w; s12 += q * w;                                            \
        w = (v3) + zero_b;                                                     \
        s03 += p * w; s13 += q * w;                                            \
    } while (0)

ALWAYS_INLINE void multiply(const block *at, int is_dense, int32_t sums[ROWS][COLUMNS]) {
    const int32_t zero_a = at->zero_a, zero_b = at->zero_b;
    const int8_t *x = at->a, *y = at->a + at->row, *end = x + at->inner;
    int32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
    if (is_dense) {
        const int8_t *v0 = at->b, *v1 = v0 + at->column, *v2 = v1 + at->column, *v3 = v2 + at->column;
        for (; x != end; x++, y++, v0++, v1++, v2++, v3++) ADD_PRODUCTS(*x, *y, *v0, *v1, *v2, *v3);
    } else {
        const int8_t *v = at->b;
        const int32_t step = at->step;
        for (; x != end; x++, y++, v += step) ADD_PRODUCTS(*x, *y, v[0], v[1], v[2], v[3]);
    }
    sums[0][0] = s00, sums[0][1] = s01, sums[0][2] = s02, sums[0][3] = s03;
    sums[1][0] = s10, sums[1][1] = s11, sums[1][2] = s12, sums[1][3] = s13;
}

static void dense_block(const block *at, int32_t sums[ROWS][COLUMNS]) { multiply(at, 1, sums); }
static void beside_block(const block *at, int32_t sums[ROWS][COLUMNS]) { multiply(at, 0, sums); }

void bb_product(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    int is_dense = s->b[0] == 1, is_beside = s->b[1] == 1;
    int32_t rows = s->rows & ~(ROWS - 1), columns = s->columns & ~(COLUMNS - 1);
    if (s->a[1] != 1 || !(is_dense || is_beside)) rows = columns = 0;
    const int32_t *begin = s->begins;
    for (int32_t batch = 0; batch < s->batches; batch++, begin += 3)
        for (int32_t row = 0; row < rows; row += ROWS)
            for (int32_t column = 0; column < columns; column += COLUMNS) {
                block at = { a + begin[0] + row * s->a[0], b + begin[1] + column * s->b[1], s->a[0], s->b[1], s->b[0],
                             s->inner, zero_a, zero_b };
                int32_t sums[ROWS][COLUMNS];
                (is_dense ? dense_block : beside_block)(&at, sums);
                int8_t *to = out + begin[2] + row * s->out[0] + column * s->out[1];
                for (int32_t i = 0; i < ROWS; i++)
                    for (int32_t j = 0; j < COLUMNS; j++)
                        to[i * s->out[0] + j * s->out[1]] =
                            bb_round_to_code((int64_t)sums[i][j] * mult, shift, zero_out, bits, relu);
            }
    /* Columns beyond the last whole block of every row, then the rows beyond it. */
    bb_product_part(s, a, b, zero_a, zero_b, mult, shift, zero_out, bits, relu, 0, rows, columns, out);
    bb_product_part(s, a, b, zero_a, zero_b, mult, shift, zero_out, bits, relu, rows, s->rows, 0, out);
}
