/* Two operands with broadcasting, and products of two matrices of codes. */
#include "bb.h"
#include "requantize.h"

typedef struct {
    int32_t function, zero_a, zero_b, mult_a, mult_b;
} pair_of_codes;

static inline int64_t join(const pair_of_codes *p, int32_t a, int32_t b) {
    int32_t x = a + p->zero_a, y = b + p->zero_b;
    if (p->function == BB_BINARY_MUL) return (int64_t)(x * y) * p->mult_a;
    int64_t first = (int64_t)x * p->mult_a, second = (int64_t)y * p->mult_b;
    return p->function == BB_BINARY_SUB ? first - second : first + second;
}

void bb_binary(const bb_binary_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
               int32_t mult_a, int32_t mult_b, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    pair_of_codes p = { s->function, zero_a, zero_b, mult_a, mult_b };
    int32_t at[BB_LOOPS] = { 0 };
    const int last = BB_LOOPS - 1;
    for (;;) {
        const int8_t *x = a, *y = b;
        for (int32_t i = 0; i < s->count[last]; i++, x += s->a[last], y += s->b[last])
            *out++ = bb_round_to_code(join(&p, *x, *y), shift, zero_out, bits, relu);
        int depth = last - 1;
        for (; depth >= 0; depth--) {
            a += s->a[depth];
            b += s->b[depth];
            if (++at[depth] < s->count[depth]) break;
            a -= s->a[depth] * s->count[depth];
            b -= s->b[depth] * s->count[depth];
            at[depth] = 0;
        }
        if (depth < 0) return;
    }
}

void bb_product(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    const int32_t *begin = s->begins;
    for (int32_t batch = 0; batch < s->batches; batch++, begin += 3)
        for (int32_t row = 0; row < s->rows; row++)
            for (int32_t column = 0; column < s->columns; column++) {
                const int8_t *x = a + begin[0] + row * s->a[0], *y = b + begin[1] + column * s->b[1];
                int32_t sum = 0;
                for (int32_t k = 0; k < s->inner; k++, x += s->a[1], y += s->b[0])
                    sum += (*x + zero_a) * (*y + zero_b);
                out[begin[2] + row * s->out[0] + column * s->out[1]] =
                    bb_round_to_code((int64_t)sum * mult, shift, zero_out, bits, relu);
            }
}
