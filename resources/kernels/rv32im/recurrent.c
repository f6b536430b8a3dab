/* A recurrence whose state is read once for four rows of weights. */
#include "../ref/recurrent.h"

static void product_of_four(const int8_t *weights, const int8_t *codes, int32_t rows, int32_t hidden, int32_t *sums) {
    int32_t row = 0;
    for (; row + 4 <= rows; row += 4, weights += 4 * hidden) {
        const int8_t *a = weights, *b = a + hidden, *c = b + hidden, *d = c + hidden;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int32_t k = 0; k < hidden; k++) {
            int32_t code = codes[k];
            s0 += code * a[k];
            s1 += code * b[k];
            s2 += code * c[k];
            s3 += code * d[k];
        }
        sums[row] = s0;
        sums[row + 1] = s1;
        sums[row + 2] = s2;
        sums[row + 3] = s3;
    }
    for (; row < rows; row++, weights += hidden) {
        int32_t sum = 0;
        for (int32_t k = 0; k < hidden; k++) sum += codes[k] * weights[k];
        sums[row] = sum;
    }
}

void bb_recurrent(const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                  int32_t zero_out, uint8_t bits, void *scratch, int8_t *out) {
    bb_recurrent_by(product_of_four, s, in, zero_in, mult, shift, zero_out, bits, scratch, out);
}
