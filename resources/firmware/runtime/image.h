/*
 * An Image in memory (docs/image.md): a table of layers over one arena. Nothing of it is trusted before image_check has
 * looked at every size and offset; a checked Image cannot make the runtime read outside itself or write outside its arena.
 * Little-endian hosts only, as every RISC-V is.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC 0x4D494242u
#define IMAGE_VERSION 1u
#define IMAGE_COUNTER_BYTES 24u /* what `run` counts of a layer */

typedef enum {
    IMAGE_OK = 0, IMAGE_BAD_MAGIC = 1, IMAGE_BAD_VERSION = 2, IMAGE_BAD_SIZES = 3, IMAGE_BAD_CRC = 4,
    IMAGE_NO_RAM = 5, IMAGE_BAD_OPERATOR = 6, IMAGE_BAD_LAYOUT = 7, IMAGE_NOT_PREPARED = 8, IMAGE_BAD_SHAPES = 9
} image_reason;

enum { OP_CONV2D = 0, OP_DEPTHWISE = 1, OP_DENSE = 2, OP_MAXPOOL = 3, OP_AVGPOOL = 4, OP_ADD = 5, OP_REQUANTIZE = 6,
       OP_FLATTEN = 7, OP_ARGMAX = 8, OP_TABLE = 9, OP_BINARY = 10, OP_MOVE = 11, OP_GATHER = 12, OP_REDUCE = 13,
       OP_SOFTMAX = 14, OP_NORMALIZE = 15, OP_PRODUCT = 16, OP_CONSTANT = 17, OP_OUTPUT = 18, OP_EMBED = 19,
       OP_RECURRENT = 20 };

/* COUNTED: an average pool with a factor per number of positions inside the image; FILL: a move that fills its output first. */
enum { LAYER_RELU = 1, LAYER_LAST = 2, LAYER_COUNTED = 4, LAYER_FILL = 8 };

typedef struct {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint32_t total_bytes, crc;
    uint16_t layer_count, layer_record_bytes;
    uint32_t layer_table, arena_bytes, reserved0, scratch_bytes, input_offset, input_bytes, output_offset,
        output_count, build_id, model_hash;
    uint8_t reserved[36];
} image_header;

typedef struct {
    uint8_t op, activation_bits, weight_bits, out_bits, weight_layout, flags;
    int16_t pad_code;
    uint32_t input0, input1, output; /* arena offsets */
    uint16_t in_h, in_w, in_c, out_h, out_w, out_c, ks_h, ks_w, stride_h, stride_w, pad_top, pad_left;
    uint32_t weights, weights_bytes, bias, mult, shift; /* Image offsets */
    int32_t out_zero, in_zero0, in_zero1, mult1;
    uint32_t count, scratch_offset, scratch_bytes;
    uint16_t more_step_h, more_step_w; /* dilation less 1 */
} image_layer;

_Static_assert(sizeof(image_header) == 96, "header is 96 bytes");
_Static_assert(sizeof(image_layer) == 96, "layer record is 96 bytes");

/*
 * Looks at everything. `image` is 16-byte aligned; `available` bytes of RAM begin there, of which Image, arena and counters may
 * take no more. *needed (may be NULL) becomes what they take once the header is plausible.
 */
image_reason image_check(const uint8_t *image, size_t available, uint64_t *needed);
#ifdef BOARD_FLASH
/* The same for an Image of at most `available` bytes whose arena lies elsewhere, in `room` bytes; *needed is what arena and counters take. */
image_reason image_check_apart(const uint8_t *image, size_t available, size_t room, uint64_t *needed);
#endif

/* The layer's own checks; used by image_check, after the header's. */
image_reason image_check_layer(const image_header *header, const image_layer *layer);

static inline const image_header *image_head(const uint8_t *image) { return (const image_header *)(const void *)image; }
static inline const image_layer *image_layers(const uint8_t *image)
{
    return (const image_layer *)(const void *)(image + image_head(image)->layer_table);
}
/* The arena follows the Image at the next multiple of 16. */
static inline uint64_t image_arena_offset(const image_header *header) { return ((uint64_t)header->total_bytes + 15) & ~15ull; }
/* Where the layers' counters begin, from where the arena does; they end its part of RAM. */
static inline uint64_t image_counters_offset(const image_header *header) { return ((uint64_t)header->arena_bytes + 7) & ~7ull; }
static inline uint64_t image_work_bytes(const image_header *header)
{
    return image_counters_offset(header) + (uint64_t)header->layer_count * IMAGE_COUNTER_BYTES;
}
/* The layer's parameter words (docs/image.md "Parameters"). */
static inline const int32_t *image_words(const uint8_t *image, const image_layer *layer)
{
    return (const int32_t *)(const void *)(image + layer->weights);
}
/* Bytes of the layer's output: codes, or int32 on the last layer. */
uint64_t image_output_bytes(const image_layer *layer);

#endif
