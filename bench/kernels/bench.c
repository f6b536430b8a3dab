/*
 * Counts instructions and cycles of every pair's matmul and conv2d, and of the depthwise convolution. Prints one line per
 * measurement: kernel shape activationBits weightBits macs instructions cycles checksum.
 * Operands and checksum as the monitor's `bench` command (docs/protocol.md). Packing activations is counted.
 */
#include "bb.h"
#include "console.h"

static int8_t activations[32768], weights[73728];
static uint32_t packed[73728 / 4];
static int32_t sums[16384];
static uint32_t scratch[65536 / 4];

static uint32_t stream;

static int8_t next_code(uint32_t bits) {
    stream ^= stream << 13;
    stream ^= stream >> 17;
    stream ^= stream << 5;
    uint32_t x = stream >> 8;
    if (bits == 1) return (x & 1) ? 1 : -1;
    return (int8_t)((int32_t)(x << (32 - bits)) >> (32 - bits));
}

static uint32_t crc32_of(const uint8_t *bytes, uint32_t count) {
    uint32_t crc = 0xFFFFFFFF;
    for (uint32_t at = 0; at < count; at++) {
        crc ^= bytes[at];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

static uint32_t cycles_now(void) {
    uint32_t value;
    __asm__ volatile("csrr %0, mcycle" : "=r"(value));
    return value;
}

static uint32_t instructions_now(void) {
    uint32_t value;
    __asm__ volatile("csrr %0, minstret" : "=r"(value));
    return value;
}

static void keep_tile(void *context, uint32_t pixel, uint32_t pixels, const int32_t *acc) {
    uint32_t k = *(const uint32_t *)context;
    /* Words, not memcpy: a libc made for size copies bytes, which would be charged to the kernel. */
    int32_t *to = sums + pixel * k;
    for (const int32_t *end = acc + pixels * k; acc != end;) *to++ = *acc++;
}

typedef struct {
    const char *kernel;
    uint32_t n, m, k;    /* matmul */
    bb_conv_shape conv;  /* conv2d and depthwise */
} workload;

static const workload workloads[] = {
    {"matmul", 16, 64, 256, {0}},
    {"matmul", 1, 128, 512, {0}},
    {"conv2d", 0, 0, 0, {16, 16, 16, 16, 16, 32, 3, 3, 1, 1, 1, 1, 0, 1, 1}},
    {"depthwise", 0, 0, 0, {16, 16, 32, 16, 16, 32, 3, 3, 1, 1, 1, 1, 0, 1, 1}},
};

static void put_shape(const workload *load) {
    const bb_conv_shape *s = &load->conv;
    uint32_t matmul[3] = {load->n, load->m, load->k}, conv[5] = {s->h, s->w, s->c, s->k, s->ks_h};
    const uint32_t *dims = load->n ? matmul : conv;
    for (uint32_t at = 0; at < (load->n ? 3u : 5u); at++) {
        if (at) put_char('x');
        put_number(dims[at]);
    }
}

static void measure(const workload *load, uint32_t activation_bits, uint32_t weight_bits, int use_reference) {
    bb_conv_shape s = load->conv;
    int depthwise = load->kernel[0] == 'd';
    uint32_t taps = (uint32_t)s.ks_h * s.ks_w * (depthwise ? 1 : s.c), pixels = (uint32_t)s.out_h * s.out_w;
    uint32_t n = load->n ? load->n : pixels, m = load->n ? load->m : s.k, k = load->n ? load->k : taps;
    uint32_t inputs = load->n ? n * k : (uint32_t)s.h * s.w * s.c;
    const bb_pair *pair = bb_find_pair(activation_bits, weight_bits, use_reference);
    s.pad_code = activation_bits == 1 ? -1 : 0;
    stream = 1;
    for (uint32_t at = 0; at < inputs; at++) activations[at] = next_code(activation_bits);
    for (uint32_t at = 0; at < m * k; at++) weights[at] = next_code(weight_bits);
    bb_pack_weights(pair->weight_layout, weight_bits, weights, m, k, packed);
    bb_status status;
    uint32_t cycles = cycles_now(), instructions = instructions_now();
    if (load->n) status = bb_matmul(pair, activations, packed, n, m, k, sums, scratch, sizeof scratch);
    else if (!depthwise)
        status = bb_conv2d(pair, &s, activations, packed, keep_tile, &m, scratch, sizeof scratch);
    else if (use_reference)
        status = bb_depthwise_reference(&s, activations, weights, keep_tile, &m, scratch, sizeof scratch);
    else status = bb_depthwise(&s, activations, weights, keep_tile, &m, scratch, sizeof scratch);
    instructions = instructions_now() - instructions;
    cycles = cycles_now() - cycles;
    if (status != BB_OK) {
        put_text("failed ");
        put_number(status);
        put_char(' ');
    }
    put_text(load->kernel);
    put_char(' ');
    put_shape(load);
    uint32_t numbers[6] = {activation_bits, weight_bits, n * m * k, instructions, cycles,
                           crc32_of((const uint8_t *)sums, n * m * 4)};
    for (uint32_t at = 0; at < 6; at++) {
        put_char(' ');
        put_number(numbers[at]);
    }
    put_char('\n');
}

int main(void) {
    for (uint32_t at = 0; at < sizeof workloads / sizeof workloads[0]; at++)
        for (uint32_t a = 8; a; a /= 2)
            for (uint32_t w = 8; w; w /= 2)
                if (workloads[at].kernel[0] != 'd' || (a == 8 && w == 8)) measure(&workloads[at], a, w, BENCH_REFERENCE);
    put_text("done\n");
    return 0;
}
