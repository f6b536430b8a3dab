/* Products of two matrices of codes (docs/arithmetic.md). */
#include "bb.h"
#include "requantize.h"

/* Rows [row, rows_end) from column `column` on, of every batch. */
void bb_product_part(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                     int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int32_t first_row,
                     int32_t rows_end, int32_t first_column, int8_t *out) {
    const int32_t *begin = s->begins;
    for (int32_t batch = 0; batch < s->batches; batch++, begin += 3)
        for (int32_t row = first_row; row < rows_end; row++)
            for (int32_t column = first_column; column < s->columns; column++) {
                const int8_t *x = a + begin[0] + row * s->a[0], *y = b + begin[1] + column * s->b[1];
                int32_t sum = 0;
                for (int32_t k = 0; k < s->inner; k++, x += s->a[1], y += s->b[0])
                    sum += (*x + zero_a) * (*y + zero_b);
                out[begin[2] + row * s->out[0] + column * s->out[1]] =
                    bb_round_to_code((int64_t)sum * mult, shift, zero_out, bits, relu);
            }
}

void bb_product_reference(const bb_product_shape *s, const int8_t *a, const int8_t *b, int32_t zero_a, int32_t zero_b,
                          int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, uint8_t relu, int8_t *out) {
    bb_product_part(s, a, b, zero_a, zero_b, mult, shift, zero_out, bits, relu, 0, s->rows, 0, out);
}
