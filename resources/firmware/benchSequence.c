/* bench: the kernels of language models, encoders and recurrences, with the parameters that docs/protocol.md gives them. */
#include "bench.h"
#include "monitor.h"

/* Work of at most 2^28 elements: more than any board does in a day, and counts stay within 32 bits. */
enum { MOST_ELEMENTS = 1 << 28 };

static int is_small(uint64_t elements) { return elements > 0 && elements <= MOST_ELEMENTS; }

/* Codes in front, as many of the second operand behind them, then the outputs. */
static void cut_codes(bench *run, uint32_t first, uint32_t second, uint32_t outputs)
{
    run->activations = bench_cut(run, (uint64_t)first + second);
    run->out_bytes = outputs;
    run->out = bench_cut(run, outputs);
}

static void fill(bench *run, uint32_t count) { bench_fill_codes(run->activations, count, run->activation_bits); }

static uint8_t make_product(bench *run)
{
    uint32_t rows = run->dims[0], columns = run->dims[1], inner = run->dims[2];
    uint64_t first = (uint64_t)rows * inner, second = (uint64_t)columns * inner, outputs = (uint64_t)rows * columns;
    if (!is_small(first) || !is_small(second) || !is_small(outputs)) return STATUS_BAD_ARGUMENT;
    cut_codes(run, (uint32_t)first, (uint32_t)second, (uint32_t)outputs);
    bb_product_shape *s = run->parameters = bench_cut(run, sizeof *s + 3 * sizeof(int32_t));
    if (!bench_fits(run)) return STATUS_OK;
    fill(run, (uint32_t)(first + second));
    s->rows = (int32_t)rows, s->columns = (int32_t)columns, s->inner = (int32_t)inner, s->batches = 1;
    s->a[0] = s->b[1] = (int32_t)inner;
    s->a[1] = s->b[0] = s->out[1] = 1;
    s->out[0] = (int32_t)columns;
    s->begins[0] = s->begins[2] = 0;
    s->begins[1] = (int32_t)first;
    return STATUS_OK;
}

static void fill_softmax(bench *run, uint32_t rows, uint32_t count)
{
    bb_softmax_shape *s = run->parameters;
    s->outer = (int32_t)rows, s->count = (int32_t)count, s->inner = 1;
    s->levels = run->activation_bits == 1 ? 256 : (1 << run->activation_bits) - 1;
    for (int32_t i = 0; i < 256; i++) s->exponents[i] = 32768 >> (i >> 4);
}

static void fill_norm(bench *run, uint32_t rows, uint32_t count)
{
    bb_normalize_shape *s = run->parameters;
    s->outer = (int32_t)rows, s->count = (int32_t)count, s->inner = 1;
    s->centred = run->kernel == BB_LAYER_NORM;
    s->epsilon[0] = count, s->epsilon[1] = 0;
    for (uint32_t k = 0; k < count; k++) {
        s->factors[k] = (int32_t)((1u << 20) + (k << 4));
        s->factors[count + k] = (int32_t)k;
    }
}

static uint8_t make_rows(bench *run)
{
    uint32_t rows = run->dims[0], count = run->dims[1];
    if (!is_small((uint64_t)rows * count)) return STATUS_BAD_ARGUMENT;
    int is_softmax = run->kernel == BB_SOFTMAX;
    cut_codes(run, rows * count, 0, rows * count);
    run->parameters = bench_cut(run, is_softmax ? sizeof(bb_softmax_shape) : sizeof(bb_normalize_shape) + 8 * (uint64_t)count);
    if (!bench_fits(run)) return STATUS_OK;
    fill(run, rows * count);
    if (is_softmax) fill_softmax(run, rows, count);
    else fill_norm(run, rows, count);
    return STATUS_OK;
}

static uint8_t make_lookup(bench *run)
{
    uint32_t count = run->dims[0];
    if (!count) return STATUS_BAD_ARGUMENT;
    int is_table = run->kernel == BB_TABLE;
    cut_codes(run, count, is_table ? 256 : 0, count);
    run->parameters = is_table ? run->activations + count : bench_cut(run, 4 * (uint64_t)count);
    if (!bench_fits(run)) return STATUS_OK;
    fill(run, count + (is_table ? 256 : 0));
    int32_t *sources = run->parameters;
    for (uint32_t i = 0; !is_table && i < count; i++) sources[i] = (int32_t)(i * 7919u % count);
    return STATUS_OK;
}

static uint8_t make_rope(bench *run)
{
    uint32_t heads = run->dims[0], size = 2u * run->dims[1];
    uint64_t count = (uint64_t)heads * size;
    if (!is_small(count)) return STATUS_BAD_ARGUMENT;
    run->activations = bench_cut(run, 4 * count);
    run->out_bytes = (uint32_t)count;
    run->out = bench_cut(run, count);
    int16_t *turns = run->parameters = bench_cut(run, 2 * (uint64_t)size);
    int32_t *words = bench_cut(run, 4 * (uint64_t)size); /* the turns as they come out of the stream */
    if (!bench_fits(run)) return STATUS_OK;
    bench_fill_sums((int32_t *)(void *)run->activations, (uint32_t)count, 16);
    bench_fill_sums(words, size, 18);
    for (uint32_t i = 0; i < size; i++) turns[i] = (int16_t)words[i];
    return STATUS_OK;
}

#ifndef BB_WITHOUT_SEQUENCE
/* Functions that are lines within -4 to 4 or -2 to 2 and beyond them their ends, like sigmoid and tanh. */
static void fill_recurrent(bb_recurrent_shape *s, int32_t rows)
{
    s->own_mult = 1 << 20, s->own_shift = 12;
    for (int32_t i = 0; i < 258; i++) {
        int32_t gate = 16384 + (i - 128) * 256, state = (i - 128) * 1024;
        s->tables[0][i] = (int16_t)(gate < 0 ? 0 : gate > 32767 ? 32767 : gate);
        s->tables[1][i] = s->tables[2][i] = (int16_t)(state < -32768 ? -32768 : state > 32767 ? 32767 : state);
    }
    for (int32_t row = 0; row < rows; row++) {
        s->factors[row] = row;
        s->factors[rows + row] = (1 << 20) + (row & 0xffff);
        s->factors[2 * rows + row] = 24;
    }
}

static uint8_t make_recurrent(bench *run)
{
    static const uint8_t gates[] = { 1, 4, 3, 3 };
    uint32_t steps = run->dims[0], hidden = run->dims[1], rows = gates[run->kernel - BB_RNN] * hidden;
    uint64_t inputs = (uint64_t)steps * rows, weights = (uint64_t)rows * hidden;
    if (!is_small(inputs) || !is_small(weights)) return STATUS_BAD_ARGUMENT;
    cut_codes(run, (uint32_t)inputs, 0, steps * hidden);
    bb_recurrent_shape *s = run->parameters = bench_cut(run, sizeof *s + 12 * (uint64_t)rows + weights);
    run->scratch = bench_cut(run, 4 * (uint64_t)rows + 10 * (uint64_t)hidden);
    if (!bench_fits(run)) return STATUS_OK;
    s->cell = run->kernel - BB_RNN, s->steps = (int32_t)steps, s->hidden = (int32_t)hidden, s->backward = s->weight_bits = 0;
    fill_recurrent(s, (int32_t)rows);
    fill(run, (uint32_t)inputs);
    bench_fill_codes((int8_t *)(s->factors + 3 * rows), (uint32_t)weights, 8);
    return STATUS_OK;
}
#endif

uint8_t bench_make_sequence(bench *run)
{
    switch (run->kernel) {
    case BB_PRODUCT: return make_product(run);
    case BB_TABLE: case BB_GATHER: return make_lookup(run);
    case BB_ROPE: return make_rope(run);
#ifndef BB_WITHOUT_SEQUENCE
    case BB_RNN: case BB_LSTM: case BB_GRU: case BB_GRU_AFTER: return make_recurrent(run);
#endif
    default: return make_rows(run);
    }
}

void bench_run_sequence(const bench *run)
{
    const int8_t *in = run->activations;
    const uint16_t *dims = run->dims;
    const void *parameters = run->parameters;
    uint8_t bits = run->activation_bits;
    int is_reference = run->flags & BENCH_REFERENCE;
    switch (run->kernel) {
#ifndef BB_WITHOUT_SEQUENCE
    case BB_PRODUCT:
        (is_reference ? bb_product_reference : bb_product)(parameters, in, in, 3, -5, 1 << 20,
                                                           (uint8_t)(19 + bits + bench_shift_above(dims[2])), 0, bits, 0, run->out);
        break;
    case BB_SOFTMAX:
        (is_reference ? bb_softmax_reference : bb_softmax)(parameters, in, bits == 1 ? 0 : 1 << (bits - 1), bits, run->out);
        break;
    case BB_LAYER_NORM: case BB_RMS_NORM:
        (is_reference ? bb_normalize_reference : bb_normalize)(parameters, in, 7, (uint8_t)(35 - bits), 0, bits, run->out);
        break;
    case BB_RNN: case BB_LSTM: case BB_GRU: case BB_GRU_AFTER:
        (is_reference ? bb_recurrent_reference : bb_recurrent)(parameters, in, 3, 1 << 20, (uint8_t)(36 - bits), 0, bits,
                                                               run->scratch, run->out);
        break;
#endif
    case BB_TABLE:
        (is_reference ? bb_table_reference : bb_table)(in, dims[0], 1, parameters, run->out);
        break;
    case BB_GATHER:
        (is_reference ? bb_gather_reference : bb_gather)(parameters, dims[0], 0, in, run->out);
        break;
#ifdef BB_WITHOUT_SEQUENCE
    default: (void)bits; break;
#else
    default:
        (is_reference ? bb_rope_reference : bb_rope)((const int32_t *)(const void *)in, parameters, 2u * dims[1],
                                                    2u * dims[0] * dims[1], bits, run->out);
        break;
#endif
    }
}
