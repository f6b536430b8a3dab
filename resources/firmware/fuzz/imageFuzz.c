/*
 * Fuzz target of the Image checker and the runtime: the input becomes an Image with a valid magic, version and CRC, so that
 * everything behind those is reached. What the checker accepts is run; under AddressSanitizer any byte read or written
 * outside Image, arena and counters is a finding.
 */
#include "../crc.h"
#include "../runtime/runtime.h"

#include <stdlib.h>
#include <string.h>

/* Image, arena and counters of one input; small, so that the fuzzer is fast. */
#define MOST_BYTES (64u << 10)
/* Multiply-accumulates of a layer that is run; larger ones only cost time. */
#define MOST_WORK (1u << 14)

/* Inputs that the checker accepted, for replay.c. */
unsigned accepted_images;

static int is_small(const uint8_t *image, const image_layer *l)
{
    if (l->op == OP_PRODUCT) {
        const bb_product_shape *s = (const bb_product_shape *)(const void *)image_words(image, l);
        return (uint64_t)s->rows * (uint64_t)s->columns * (uint64_t)s->inner * (uint64_t)s->batches < MOST_WORK;
    }
    if (l->op == OP_RECURRENT) {
        const bb_recurrent_shape *s = (const bb_recurrent_shape *)(const void *)image_words(image, l);
        return (uint64_t)bb_recurrent_rows(s) * (uint64_t)s->hidden * (uint64_t)s->steps < MOST_WORK;
    }
    uint64_t pixels = (uint64_t)l->out_h * l->out_w * l->out_c;
    uint64_t taps = l->op == OP_DENSE ? l->in_c : (uint64_t)l->ks_h * l->ks_w * (l->op == OP_CONV2D ? l->in_c : 1);
    return l->op >= OP_ADD || pixels * taps < MOST_WORK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < sizeof(image_header) + sizeof(image_layer) || size > MOST_BYTES) return 0;
    image_header header;
    memcpy(&header, data, sizeof header);
    header.magic = IMAGE_MAGIC;
    header.version = IMAGE_VERSION;
    header.header_bytes = sizeof header;
    header.layer_record_bytes = sizeof(image_layer);
    header.total_bytes = (uint32_t)size;
    uint64_t all = image_arena_offset(&header) + image_work_bytes(&header);
    if (all > MOST_BYTES) return 0;
    /* as large as the checker is told, so that the sanitizer sees the first byte beyond; malloc aligns to 16 */
    uint8_t *ram = malloc((size_t)all);
    if (!ram) return 0;
    memset(ram, 0, (size_t)all);
    memcpy(ram, data, size);
    memcpy(ram, &header, sizeof header);
    ((image_header *)(void *)ram)->crc = crc32(ram + 16, size - 16);
    if (image_check(ram, (size_t)all, NULL) == IMAGE_OK) {
        accepted_images++;
        uint8_t *arena = ram + image_arena_offset(&header);
        for (uint32_t i = 0; i < header.layer_count; i++)
            if (is_small(ram, image_layers(ram) + i)) runtime_layer(ram, arena, i);
    }
    free(ram);
    return 0;
}
