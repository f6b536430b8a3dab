/* A recurrence with what its versions do each in their own way. */
#ifndef BB_RECURRENT_H
#define BB_RECURRENT_H

#include "../bb.h"

/* What the steps of a recurrence work on. */
typedef struct {
    const bb_recurrent_shape *shape;
    const int32_t *bias, *mult, *shift; /* per row of the recurrence */
    const int8_t *weights, *in;         /* `in`: of the step */
    size_t row_bytes;                   /* of weights */
    int32_t zero_in, hidden, *sums, *state, *cell;
    int8_t *codes, *reset;
} recurrence;

/* A row of weights. */
static inline const int8_t *bb_recurrent_row(const recurrence *r, int32_t row) {
    return r->weights + (size_t)row * r->row_bytes;
}

enum { RESET_LIMIT = 1 << 20 };

typedef struct {
    /* Sums of the rows [first, end): codes times weights of 8 bits, */
    void (*product)(const recurrence *r, const int8_t *codes, int32_t first, int32_t end);
    /* of fewer. */
    void (*packed_product)(const recurrence *r, const int8_t *codes, int32_t first, int32_t end);
    /* In 1/4096: what a gate's function is taken of, right between -2^15 and 2^15 and beyond them where it is beyond; */
    int32_t (*argument)(const recurrence *r, int32_t row);
    /* what the step's input gives of it; */
    int32_t (*own)(const recurrence *r, int32_t row);
    /* what the product of the state gives, limited to +-RESET_LIMIT. */
    int32_t (*limited)(const recurrence *r, int32_t row);
} bb_recurrent_way;

/* The products of the state that a gate gets, with the bias, which wraps as they do. */
static inline int32_t bb_recurrent_sum(const recurrence *r, int32_t row) {
    return (int32_t)((uint32_t)r->sums[row] + (uint32_t)r->bias[row]);
}

static inline int32_t bb_reset_limited(int64_t value) {
    return value < -RESET_LIMIT ? -RESET_LIMIT : value > RESET_LIMIT ? RESET_LIMIT : (int32_t)value;
}

/* Arguments in 64 bits, whatever the factors. */
int32_t bb_wide_argument(const recurrence *r, int32_t row);
int32_t bb_wide_own(const recurrence *r, int32_t row);
int32_t bb_wide_limited(const recurrence *r, int32_t row);

void bb_recurrent_by(const bb_recurrent_way *way, const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in,
                     int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, void *scratch, int8_t *out);

#endif
