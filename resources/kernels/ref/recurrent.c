/*
 * LSTM, GRU and plain recurrences over all steps of a sequence (docs/arithmetic.md "Recurrence"). What functions are taken of
 * counts 1/4096, their values, states and cells count 1/32768, the state that is multiplied is a code of 1/128.
 */
#include "recurrent.h"

#include <string.h>

#include "packed.h"
#include "requantize.h"

/* Called for every gate: code inlined at each place would be several times as long. */
#define OWN_CODE __attribute__((noinline))

/* Between the table's entries it is a line, beyond them its ends. */
static OWN_CODE int32_t looked_up(const int16_t *table, int32_t argument) {
    int32_t place = (argument < -32768 ? -32768 : argument > 32767 ? 32767 : argument) + 32768;
    const int16_t *entry = table + (place >> 8);
    return entry[0] + (((entry[1] - entry[0]) * (place & 255) + 128) >> 8);
}

/* Product of which one counts 1/32768, rounded. */
static inline int32_t share(int64_t a, int64_t b) { return (int32_t)((a * b + 16384) >> 15); }

static OWN_CODE int64_t scaled(int64_t value, int32_t mult, int32_t shift) {
    return (value * mult + ((int64_t)1 << (shift - 1))) >> shift;
}

/* Nine bits times 21 of a factor, halved at least: it fits. */
int32_t bb_wide_own(const recurrence *r, int32_t row) {
    return (int32_t)scaled(r->in[row] + r->zero_in, r->shape->own_mult, r->shape->own_shift);
}

static int64_t recurrent(const recurrence *r, int32_t row) {
    return scaled(bb_recurrent_sum(r, row), r->mult[row], r->shift[row]);
}

int32_t bb_wide_argument(const recurrence *r, int32_t row) {
    int64_t sum = bb_wide_own(r, row) + recurrent(r, row);
    return sum < -32768 ? -32768 : sum > 32767 ? 32767 : (int32_t)sum;
}

int32_t bb_wide_limited(const recurrence *r, int32_t row) { return bb_reset_limited(recurrent(r, row)); }

/* All steps: what they share, and how their gates are found. */
typedef struct {
    recurrence r;
    const bb_recurrent_way *way;
} steps;

static OWN_CODE int32_t gate(const steps *s, int table, int32_t row) {
    return looked_up(s->r.shape->tables[table], s->way->argument(&s->r, row));
}

static int32_t long_state(steps *s, int32_t unit) {
    int32_t hidden = s->r.hidden, *cell = s->r.cell + unit;
    int64_t kept = (int64_t)gate(s, 0, 2 * hidden + unit) * *cell;
    int64_t added = (int64_t)gate(s, 0, unit) * gate(s, 1, 3 * hidden + unit);
    *cell = (int32_t)((kept + added + 16384) >> 15);
    /* floor((c + 4) / 8), which cannot carry out of 32 bits. */
    int32_t eighth = (*cell >> 3) + ((*cell >> 2) & 1);
    return share(gate(s, 0, hidden + unit), looked_up(s->r.shape->tables[2], eighth));
}

static int32_t gated_state(steps *s, int32_t unit) {
    int32_t hidden = s->r.hidden, last = 2 * hidden + unit, fresh;
    if (s->r.shape->cell == BB_CELL_GRU_AFTER) {
        int32_t kept = share(gate(s, 0, hidden + unit), s->way->limited(&s->r, last));
        fresh = looked_up(s->r.shape->tables[1], s->way->own(&s->r, last) + kept);
    } else {
        fresh = gate(s, 1, last);
    }
    return (int32_t)((int64_t)fresh + share(gate(s, 0, unit), (int64_t)s->r.state[unit] - fresh));
}

static void multiply(const steps *s, const int8_t *codes, int32_t first, int32_t end) {
    (s->r.shape->weight_bits ? s->way->packed_product : s->way->product)(&s->r, codes, first, end);
}

static void step(steps *s, int32_t rows) {
    recurrence *r = &s->r;
    int32_t hidden = r->hidden, cell = r->shape->cell;
    if (cell == BB_CELL_GRU) {
        multiply(s, r->codes, 0, 2 * hidden);
        for (int32_t unit = 0; unit < hidden; unit++)
            r->reset[unit] = (int8_t)share(gate(s, 0, hidden + unit), r->codes[unit]);
        multiply(s, r->reset, 2 * hidden, rows);
    } else {
        multiply(s, r->codes, 0, rows);
    }
    for (int32_t unit = 0; unit < hidden; unit++)
        r->state[unit] = cell == BB_CELL_LSTM  ? long_state(s, unit)
                         : cell == BB_CELL_RNN ? gate(s, 0, unit)
                                               : gated_state(s, unit);
}

int32_t bb_recurrent_rows(const bb_recurrent_shape *s) {
    return (s->cell == BB_CELL_RNN ? 1 : s->cell == BB_CELL_LSTM ? 4 : 3) * s->hidden;
}

size_t bb_recurrent_row_bytes(const bb_recurrent_shape *s) {
    return s->weight_bits ? ((size_t)s->hidden * s->weight_bits + 31) / 32 * 4 : (size_t)s->hidden;
}

size_t bb_recurrent_scratch(const bb_recurrent_shape *s) {
    return 4 * (size_t)bb_recurrent_rows(s) + 10 * (size_t)s->hidden;
}

void bb_recurrent_by(const bb_recurrent_way *way, const bb_recurrent_shape *shape, const int8_t *in, int32_t zero_in,
                     int32_t mult, uint8_t shift, int32_t zero_out, uint8_t bits, void *scratch, int8_t *out) {
    int32_t rows = bb_recurrent_rows(shape), hidden = shape->hidden;
    const int32_t *factors = shape->factors;
    int32_t *sums = scratch, *state = sums + rows;
    int8_t *codes = (int8_t *)(state + 2 * hidden);
    steps s = { .way = way,
                .r = { .shape = shape, .bias = factors, .mult = factors + rows, .shift = factors + 2 * rows,
                       .weights = (const int8_t *)(factors + 3 * rows), .row_bytes = bb_recurrent_row_bytes(shape),
                       .zero_in = zero_in, .hidden = hidden,
                       .sums = sums, .state = state, .cell = state + hidden, .codes = codes, .reset = codes + hidden } };
    memset(state, 0, 10 * (size_t)hidden);
    for (int32_t i = 0; i < shape->steps; i++) {
        int32_t at = shape->backward ? shape->steps - 1 - i : i;
        s.r.in = in + (size_t)at * (size_t)rows;
        step(&s, rows);
        for (int32_t unit = 0; unit < hidden; unit++) {
            int64_t code = ((int64_t)state[unit] + 128) >> 8;
            codes[unit] = (int8_t)(code < -128 ? -128 : code > 127 ? 127 : code);
            out[(size_t)at * (size_t)hidden + (size_t)unit] =
                bb_round_to_code((int64_t)state[unit] * mult, shift, zero_out, bits, 0);
        }
    }
}

static void product_reference(const recurrence *r, const int8_t *codes, int32_t first, int32_t end) {
    for (int32_t row = first; row < end; row++) {
        const int8_t *weights = bb_recurrent_row(r, row);
        int32_t sum = 0;
        for (int32_t k = 0; k < r->hidden; k++) sum += codes[k] * weights[k];
        r->sums[row] = sum;
    }
}

static void packed_product_reference(const recurrence *r, const int8_t *codes, int32_t first, int32_t end) {
    for (int32_t row = first; row < end; row++) {
        const uint32_t *weights = (const uint32_t *)(const void *)bb_recurrent_row(r, row);
        int32_t sum = 0;
        for (int32_t k = 0; k < r->hidden; k++)
            sum += codes[k] * bb_packed_code(weights, r->shape->weight_bits, (uint32_t)k);
        r->sums[row] = sum;
    }
}

void bb_recurrent_reference(const bb_recurrent_shape *s, const int8_t *in, int32_t zero_in, int32_t mult, uint8_t shift,
                            int32_t zero_out, uint8_t bits, void *scratch, int8_t *out) {
    static const bb_recurrent_way way = { product_reference, packed_product_reference, bb_wide_argument, bb_wide_own,
                                          bb_wide_limited };
    bb_recurrent_by(&way, s, in, zero_in, mult, shift, zero_out, bits, scratch, out);
}
