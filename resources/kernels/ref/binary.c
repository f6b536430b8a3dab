/* Two operands with broadcasting. */
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
