/* bench: one kernel on operands that the board makes up from a seed, timed repetition by repetition (docs/protocol.md). */
#include "bench.h"

#include "counters.h"
#include "crc.h"
#include "monitor.h"

#include <string.h>

static bench b;

void *bench_cut(bench *run, uint64_t bytes)
{
    void *start = (void *)(uintptr_t)run->next;
    run->next = (run->next + bytes + 15) & ~15ull;
    return start;
}

int bench_fits(const bench *run) { return run->next <= board.ram_high; }

static void *cut(uint64_t bytes) { return bench_cut(&b, bytes); }

static int fits(void) { return bench_fits(&b); }

static uint32_t random_state;

static uint32_t random_next(void)
{
    uint32_t x = random_state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return random_state = x;
}

void bench_fill_codes(int8_t *to, uint32_t count, uint32_t bits)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t x = random_next() >> 8;
        if (bits == 1) to[i] = x & 1 ? 1 : -1;
        else to[i] = (int8_t)((int32_t)(x << (32 - bits)) >> (32 - bits));
    }
}

void bench_fill_sums(int32_t *to, uint32_t count, uint32_t shift)
{
    for (uint32_t i = 0; i < count; i++) to[i] = (int32_t)random_next() >> shift;
}

/* Activations and packed weights of rows x k; the unpacked codes lie where results will be written later. */
static void make_weighted(uint64_t activation_count, uint32_t rows, uint32_t k, uint64_t out_bytes, uint64_t scratch_bytes)
{
    if ((uint64_t)rows * k > 1u << 28) { /* more than any board holds, and the sizes below would no longer fit 32 bits */
        cut((uint64_t)rows * k);
        return;
    }
    b.activations = cut(activation_count);
    b.weights = cut(bb_pack_weights(b.pair->weight_layout, b.weight_bits, NULL, rows, k, NULL));
    uint64_t temporary = b.next;
    cut((uint64_t)rows * k);
    uint64_t with_codes = b.next;
    b.next = temporary;
    b.out = cut(out_bytes);
    b.scratch_bytes = scratch_bytes;
    b.scratch = cut(scratch_bytes);
    if (with_codes > b.next) b.next = with_codes;
    if (!fits()) return;
    int8_t *codes = (int8_t *)(uintptr_t)temporary;
    bench_fill_codes(b.activations, (uint32_t)activation_count, b.activation_bits);
    bench_fill_codes(codes, rows * k, b.weight_bits);
    bb_pack_weights(b.pair->weight_layout, b.weight_bits, codes, rows, k, b.weights);
}

static uint8_t make_matmul(void)
{
    uint32_t n = b.dims[0], m = b.dims[1], k = b.dims[2];
    if (!n || !m || !k) return STATUS_BAD_ARGUMENT;
    b.out_bytes = n * m * 4;
    make_weighted((uint64_t)n * k, m, k, (uint64_t)n * m * 4, bb_matmul_scratch(b.pair, n, m, k));
    return STATUS_OK;
}

/* Output extent of a window along one axis; 0 when it does not fit. */
static uint32_t extent(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t pad)
{
    if (!in || !kernel || !stride || pad >= kernel || in + 2 * pad < kernel) return 0;
    return (in + 2 * pad - kernel) / stride + 1;
}

static uint8_t make_conv(void)
{
    int depthwise = b.kernel == BB_DEPTHWISE;
    const uint16_t *d = b.dims;
    uint16_t h = d[0], w = d[1], c = d[2], k = depthwise ? c : d[3];
    uint16_t ks = d[4 - depthwise], stride = d[5 - depthwise], pad = d[6 - depthwise];
    uint32_t out_h = extent(h, ks, stride, pad), out_w = extent(w, ks, stride, pad);
    if (!out_h || !out_w || !c || !k) return STATUS_BAD_ARGUMENT;
    /* real zero is code 0; one bit has none and takes -1 */
    b.conv = (bb_conv_shape){ h, w, c, (uint16_t)out_h, (uint16_t)out_w, k, ks, ks, stride, stride, pad, pad,
                              b.activation_bits == 1 ? -1 : 0, 1, 1 };
    uint64_t activations = (uint64_t)h * w * c, taps = (uint64_t)ks * ks * (depthwise ? 1 : c);
    if (taps > 1u << 20) return STATUS_BAD_ARGUMENT;
    if (!depthwise) {
        make_weighted(activations, k, (uint32_t)taps, 0, bb_conv2d_scratch(b.pair, &b.conv));
        return STATUS_OK;
    }
    b.activations = cut(activations);
    b.weights = cut(taps * c);
    b.scratch_bytes = bb_depthwise_scratch(&b.conv);
    b.scratch = cut(b.scratch_bytes);
    if (!fits()) return STATUS_OK;
    bench_fill_codes(b.activations, (uint32_t)activations, b.activation_bits);
    bench_fill_codes(b.weights, (uint32_t)taps * c, b.weight_bits);
    return STATUS_OK;
}

static uint8_t make_pool(void)
{
    uint16_t h = b.dims[0], w = b.dims[1], c = b.dims[2], ks = b.dims[3], stride = b.dims[4];
    uint32_t out_h = extent(h, ks, stride, 0), out_w = extent(w, ks, stride, 0);
    if (!out_h || !out_w || !c) return STATUS_BAD_ARGUMENT;
    b.pool = (bb_pool_shape){ h, w, c, (uint16_t)out_h, (uint16_t)out_w, ks, ks, stride, stride, 0, 0 };
    b.activations = cut((uint64_t)h * w * c);
    b.out_bytes = out_h * out_w * c;
    b.out = cut((uint64_t)out_h * out_w * c);
    if (fits()) bench_fill_codes(b.activations, (uint32_t)h * w * c, b.activation_bits);
    return STATUS_OK;
}

static uint8_t make_elementwise(void)
{
    uint32_t count = b.dims[0], channels = b.kernel == BB_REQUANTIZE ? b.dims[1] : 1;
    int sums = b.kernel == BB_REQUANTIZE || b.kernel == BB_ARGMAX, operands = b.kernel == BB_ADD ? 2 : 1;
    if (!count || !channels) return STATUS_BAD_ARGUMENT;
    b.activations = cut((uint64_t)count * channels * (sums ? 4 : operands));
    b.out_bytes = b.kernel == BB_ARGMAX ? 4 : count * channels;
    b.out = cut((uint64_t)count * channels + 4);
    if (b.kernel == BB_REQUANTIZE) {
        b.bias = cut(channels * 4);
        b.mult = cut(channels * 4);
        b.shift = cut(channels);
    }
    if (!fits()) return STATUS_OK;
    if (sums) bench_fill_sums((int32_t *)(void *)b.activations, count * channels, 12);
    else bench_fill_codes(b.activations, count * (uint32_t)operands, b.activation_bits);
    for (uint32_t c = 0; b.kernel == BB_REQUANTIZE && c < channels; c++) {
        b.bias[c] = (int32_t)c;
        b.mult[c] = (int32_t)((1u << 20) + (c << 4));
        b.shift[c] = 32;
    }
    return STATUS_OK;
}

static void tile_drop(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc)
{
    (void)context, (void)pixel, (void)pixels, (void)acc;
}

static void tile_sum(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc)
{
    (void)context, (void)pixel;
    b.crc = crc32_feed(b.crc, acc, (size_t)pixels * b.conv.k * 4);
}

uint8_t bench_shift_above(uint32_t value)
{
    uint8_t shift = 0;
    while (1u << shift < value) shift++;
    return shift;
}

static bb_status run_once(bb_tile_done done)
{
    uint8_t bits = b.activation_bits;
    if (b.kernel > BB_ARGMAX) {
        bench_run_sequence(&b);
        return BB_OK;
    }
    switch (b.kernel) {
    case BB_MATMUL:
        return bb_matmul(b.pair, b.activations, b.weights, b.dims[0], b.dims[1], b.dims[2], b.out, b.scratch, (size_t)b.scratch_bytes);
    case BB_CONV2D:
        return bb_conv2d(b.pair, &b.conv, b.activations, b.weights, done, NULL, b.scratch, (size_t)b.scratch_bytes);
    case BB_DEPTHWISE:
        return (b.flags & BENCH_REFERENCE ? bb_depthwise_reference : bb_depthwise)(
            &b.conv, b.activations, b.weights, done, NULL, b.scratch, (size_t)b.scratch_bytes);
    case BB_MAXPOOL:
        bb_maxpool(&b.pool, b.activations, b.out);
        return BB_OK;
    case BB_AVGPOOL:
        bb_avgpool(&b.pool, b.activations, 0, 1 << 20, (uint8_t)(20 + bench_shift_above((uint32_t)b.pool.ks_h * b.pool.ks_w)), 0, bits, 0, b.out);
        return BB_OK;
    case BB_ADD:
        bb_add(b.activations, b.activations + b.dims[0], b.dims[0], 0, 0, 1 << 20, 1 << 20, 21, 0, bits, 0, b.out);
        return BB_OK;
    case BB_REQUANTIZE: {
        bb_requant requant = { b.bias, b.mult, b.shift, 0, bits, 0 };
        (b.flags & BENCH_REFERENCE ? bb_requantize_reference : bb_requantize)(&requant, (const int32_t *)(const void *)b.activations, b.dims[0], b.dims[1], b.out);
        return BB_OK;
    }
    case BB_FLATTEN:
        bb_flatten(b.activations, b.dims[0], b.out);
        return BB_OK;
    default:
        *(uint32_t *)b.out = bb_argmax((const int32_t *)(const void *)b.activations, b.dims[0]);
        return BB_OK;
    }
}

static uint8_t make_operands(void)
{
    random_state = b.seed ? b.seed : 1;
    b.next = (board.ram_low + 15) & ~(uintptr_t)15;
    switch (b.kernel) {
    case BB_MATMUL: return make_matmul();
    case BB_CONV2D: case BB_DEPTHWISE: return make_conv();
    case BB_MAXPOOL: case BB_AVGPOOL: return make_pool();
    case BB_ADD: case BB_REQUANTIZE: case BB_FLATTEN: case BB_ARGMAX: return make_elementwise();
    default: return bench_make_sequence(&b);
    }
}

/* One repetition. Between the reads of the counters lies nothing but the kernel, so each kind of counter has a path of its own. */
static inline __attribute__((always_inline)) void time_once(uint32_t *spent_cycles, uint32_t *spent_instructions)
{
#ifdef COUNTER_RECORD
    if (board.has_cycles && counter_is_called) {
        uint32_t retired = board.has_instructions ? read_instructions_low() : 0;
        uint64_t before = timer_ticks();
        run_once(tile_drop);
        *spent_cycles = timer_cycles_since(before);
        *spent_instructions = board.has_instructions ? read_instructions_low() - retired : 0;
        return;
    }
#endif
    uint32_t cycles = board.has_cycles ? read_cycles_low() : 0;
    uint32_t instructions = board.has_instructions ? read_instructions_low() : 0;
    run_once(tile_drop);
    *spent_instructions = board.has_instructions ? read_instructions_low() - instructions : 0;
    *spent_cycles = board.has_cycles ? read_cycles_low() - cycles : 0;
}

/* Counts with their high halves, zero where there are none: low halves alone show a span of 2^32 or more as a short one. */
static counter_pair wide;

static uintptr_t read_wide(uintptr_t unused)
{
    (void)unused;
    wide = (counter_pair){ 0, 0 };
#ifdef COUNTER_RECORD
    int has_high = board.has_cycles && counter_record.bits == 64 && !counter_is_called;
#else
    int has_high = board.has_cycles;
#endif
    if (has_high) wide.cycles = read_cycles();
    if (board.has_instructions) wide.instructions = read_instructions();
    return 0;
}

/* One repetition; UINT32_MAX for a count that does not fit 32 bits. */
static void time_whole(uint32_t *cycles, uint32_t *instructions)
{
    guard_call(read_wide, 0, 0);
    counter_pair before = wide;
    time_once(cycles, instructions);
    guard_call(read_wide, 0, 0);
    if ((wide.cycles - before.cycles) >> 32) *cycles = UINT32_MAX;
    if ((wide.instructions - before.instructions) >> 32) *instructions = UINT32_MAX;
}

static uintptr_t bench_guarded(uintptr_t unused)
{
    (void)unused;
    uint8_t status = make_operands();
    if (status != STATUS_OK) return status;
    if (!fits()) return STATUS_NO_MEMORY;
    /* The outputs are looked at once, outside the timing; this run also warms the caches. */
    b.crc = CRC32_START;
    bb_status kernel = run_once(tile_sum);
    if (kernel != BB_OK) return kernel;
    if (b.out_bytes) b.crc = crc32_feed(b.crc, b.out, b.out_bytes);
    b.checksum = crc32_finish(b.crc);
    for (uint32_t i = 0; i < b.repetitions; i++) {
        uint32_t cycles, instructions;
        time_whole(&cycles, &instructions);
        if (i < BENCH_REPORTED) {
            b.cycles[i] = cycles;
            b.instructions[i] = instructions;
        }
        reply_progress(i + 1, b.repetitions);
    }
    return STATUS_OK;
}

static int is_width(uint32_t bits) { return bits == 8 || bits == 4 || bits == 2 || bits == 1; }

uint8_t command_bench(payload p)
{
    if (p.length != 26) return STATUS_BAD_LENGTH;
    memset(&b, 0, sizeof b);
    b.kernel = p.bytes[0];
    b.activation_bits = p.bytes[1];
    b.weight_bits = p.bytes[2];
    b.flags = p.bytes[3];
    b.repetitions = (uint16_t)get_u16(p.bytes + 4);
    for (int i = 0; i < 8; i++) b.dims[i] = (uint16_t)get_u16(p.bytes + 6 + 2 * i);
    b.seed = get_u32(p.bytes + 22);
    if (b.repetitions == 0) return STATUS_BAD_ARGUMENT;
    if (b.kernel >= BB_KERNELS || !is_width(b.activation_bits)) return STATUS_UNSUPPORTED;
#ifdef BB_WITHOUT_SEQUENCE
    if (b.kernel > BB_ARGMAX && b.kernel != BB_TABLE && b.kernel != BB_GATHER) return STATUS_UNSUPPORTED;
#endif
    if (b.kernel <= BB_DEPTHWISE) {
        b.pair = bb_find_pair(b.activation_bits, b.weight_bits, b.flags & BENCH_REFERENCE);
        if (!b.pair) return STATUS_UNSUPPORTED;
    }
    prepared_forget(); /* the operands take the RAM an Image may lie in */
    reply_accepted(b.repetitions);
    uintptr_t status;
    if (guard_call(bench_guarded, 0, &status)) return fail_trap();
    if (status == STATUS_NO_MEMORY) return fail_memory(b.next - board.ram_low, board.ram_high - board.ram_low);
    if (status != STATUS_OK) return (uint8_t)status;
    uint32_t reported = b.repetitions < BENCH_REPORTED ? b.repetitions : BENCH_REPORTED;
    reply_u16(b.repetitions);
    reply_u32(b.checksum);
    for (uint32_t i = 0; i < reported; i++) {
        reply_u32(b.cycles[i]);
        reply_u32(b.instructions[i]);
    }
    return STATUS_OK;
}
