/* prepare, run, counters, tensor: an Image on this board. Only what passed image_check is ever run. */
#include "counters.h"
#include "monitor.h"
#include "runtime/runtime.h"

#include <string.h>

typedef struct {
    counter_pair spent;
    uint32_t runs;
} layer_counters;

static uint8_t *prepared; /* NULL: nothing is prepared */
#ifdef BOARD_FLASH
static uint8_t *arena_apart; /* of an Image in flash; NULL: the arena follows the Image */
#endif
_Static_assert(sizeof(layer_counters) == IMAGE_COUNTER_BYTES, "counters of a layer");

static uint8_t *prepared_arena(void)
{
#ifdef BOARD_FLASH
    if (arena_apart) return arena_apart;
#endif
    return prepared + image_arena_offset(image_head(prepared));
}
static uintptr_t prepared_end(void) { return (uintptr_t)prepared_arena() + (uintptr_t)image_work_bytes(image_head(prepared)); }
/* One entry per layer, behind the arena. */
static layer_counters *prepared_counters(void)
{
    return (layer_counters *)(void *)(prepared_arena() + image_counters_offset(image_head(prepared)));
}
static void counters_clear(void)
{
    memset(prepared_counters(), 0, image_head(prepared)->layer_count * sizeof(layer_counters));
}

void prepared_forget(void) { prepared = NULL; }

void prepared_touch(uintptr_t address, uint32_t length)
{
    if (!prepared) return;
    uintptr_t low = (uintptr_t)prepared, high = low + image_head(prepared)->total_bytes;
    if (address < high && address + length > low) prepared_forget();
}

static uint8_t fail_image(image_reason reason)
{
    reply_u8(reason);
    return STATUS_BAD_IMAGE;
}

typedef struct {
    const uint8_t *image;
    size_t available;
    uint64_t needed;
} check_request;

static uintptr_t check_guarded(uintptr_t argument)
{
    check_request *check = (check_request *)argument;
#ifdef BOARD_FLASH
    if (arena_apart)
        return image_check_apart(check->image, check->available, board.ram_high - (uintptr_t)arena_apart, &check->needed);
#endif
    return image_check(check->image, check->available, &check->needed);
}

uint8_t command_prepare(payload p)
{
#ifdef BOARD_FLASH
    if (p.length != 4 && p.length != 8) return STATUS_BAD_LENGTH;
    uintptr_t address = get_u32(p.bytes), reason;
    prepared_forget();
    uintptr_t apart = p.length == 8 ? get_u32(p.bytes + 4) : 0;
    if (!readable(address, sizeof(image_header)) || (apart && !ram_usable(apart, 1))) return fail_address();
    if (address & 15 || apart & 15) return STATUS_BAD_ARGUMENT;
    int in_ram = ram_usable(address, 1);
    if (in_ram == (apart != 0)) return STATUS_BAD_ARGUMENT; /* an arena of its own is for an Image in flash, which needs one */
    arena_apart = (uint8_t *)apart;
    reply_accepted(1);
    check_request check = { (const uint8_t *)address, (in_ram ? board.ram_high : board.flash_high) - address, 0 };
#else
    if (p.length != 4) return STATUS_BAD_LENGTH;
    uintptr_t address = get_u32(p.bytes), reason;
    prepared_forget();
    if (!ram_usable(address, sizeof(image_header))) return fail_address();
    if (address & 15) return STATUS_BAD_ARGUMENT;
    reply_accepted(1);
    check_request check = { (const uint8_t *)address, board.ram_high - address, 0 };
#endif
    if (guard_call(check_guarded, (uintptr_t)&check, &reason)) return fail_trap();
    if (reason != IMAGE_OK) {
        fail_image((image_reason)reason);
#ifdef BOARD_FLASH
        if (arena_apart) check.available = board.ram_high - (uintptr_t)arena_apart;
#endif
        if (reason == IMAGE_NO_RAM) fail_memory(check.needed, check.available);
        return STATUS_BAD_IMAGE;
    }
    prepared = (uint8_t *)address;
    counters_clear();
    const image_header *h = image_head(prepared);
    uint32_t arena = (uint32_t)(uintptr_t)prepared_arena();
    reply_u32(h->total_bytes);
    reply_u32(arena);
    reply_u32(h->arena_bytes);
    reply_u32(arena + h->input_offset);
    reply_u32(h->input_bytes);
    reply_u32(arena + h->output_offset);
    reply_u32(h->output_count);
    reply_u16(h->layer_count);
    return STATUS_OK;
}

typedef struct {
    const uint8_t *input;
    int32_t *output;
    uint32_t count;
    int per_layer;
    counter_pair spent;
} run_request;

static counter_pair counters_now(void)
{
    return (counter_pair){ board.has_cycles ? cycles_now() : 0, board.has_instructions ? read_instructions() : 0 };
}

static void counters_add(counter_pair *sum, counter_pair from)
{
    counter_pair now = counters_now();
    sum->cycles += now.cycles - from.cycles;
    sum->instructions += now.instructions - from.instructions;
}

/* One inference over the arena; the kernel's status. */
static bb_status infer(run_request *run)
{
    const image_header *h = image_head(prepared);
    uint8_t *arena = prepared_arena();
    layer_counters *counters = prepared_counters();
    for (uint32_t i = 0; i < h->layer_count; i++) {
        counter_pair from = run->per_layer ? counters_now() : (counter_pair){ 0, 0 };
        bb_status status = runtime_layer(prepared, arena, i);
        if (status != BB_OK) return status;
        if (run->per_layer) {
            counters_add(&counters[i].spent, from);
            counters[i].runs++;
        }
    }
    return BB_OK;
}

static uintptr_t run_guarded(uintptr_t argument)
{
    run_request *run = (run_request *)argument;
    const image_header *h = image_head(prepared);
    uint8_t *arena = prepared_arena();
    int32_t *logits = (int32_t *)(void *)(arena + h->output_offset);
    for (uint32_t n = 0; n < run->count; n++) {
        memcpy(arena + h->input_offset, run->input + (size_t)n * h->input_bytes, h->input_bytes);
        counter_pair from = counters_now();
        bb_status status = infer(run);
        if (status != BB_OK) return status;
        counters_add(&run->spent, from);
        int32_t *out = run->output + (size_t)n * (h->output_count + 1);
        memcpy(out, logits, (size_t)h->output_count * 4);
        out[h->output_count] = (int32_t)bb_argmax(logits, h->output_count);
        reply_progress(n + 1, run->count);
    }
    return BB_OK;
}

/* A block of `count` items of `bytes` in usable RAM and clear of Image and arena. */
static int block_usable(uintptr_t address, uint32_t count, uint64_t bytes)
{
    uint64_t length = count * bytes;
    if (length > UINT32_MAX || !ram_usable(address, (uint32_t)length)) return 0;
#ifdef BOARD_FLASH
    if (arena_apart) return address >= prepared_end() || address + length <= (uintptr_t)arena_apart;
#endif
    return address >= prepared_end() || address + length <= (uintptr_t)prepared;
}

uint8_t command_run(payload p)
{
    if (p.length != 11) return STATUS_BAD_LENGTH;
    if (!prepared) return fail_image(IMAGE_NOT_PREPARED);
    const image_header *h = image_head(prepared);
    uintptr_t input = get_u32(p.bytes), output = get_u32(p.bytes + 4), status;
    uint32_t count = get_u16(p.bytes + 8), flags = p.bytes[10];
    if (count == 0 || output & 3) return STATUS_BAD_ARGUMENT;
    if (!block_usable(input, count, h->input_bytes) || !block_usable(output, count, ((uint64_t)h->output_count + 1) * 4)) {
        return fail_address();
    }
    if (flags & 2) counters_clear();
    reply_accepted(count);
    run_request run = { (const uint8_t *)input, (int32_t *)output, count, flags & 1, { 0, 0 } };
    if (guard_call(run_guarded, (uintptr_t)&run, &status)) {
        prepared_forget();
        return fail_trap();
    }
    if (status != BB_OK) {
        prepared_forget();
        return (uint8_t)status;
    }
    reply_u64(run.spent.cycles);
    reply_u64(run.spent.instructions);
    return STATUS_OK;
}

uint8_t command_counters(payload p)
{
    if (p.length != 4) return STATUS_BAD_LENGTH;
    if (!prepared) return fail_image(IMAGE_NOT_PREPARED);
    uint32_t first = get_u16(p.bytes), count = get_u16(p.bytes + 2);
    /* 20 bytes a layer: 51 layers fill a response */
    if (count == 0 || count > 51 || first + count > image_head(prepared)->layer_count) return STATUS_BAD_ARGUMENT;
    const layer_counters *counters = prepared_counters();
    for (uint32_t i = first; i < first + count; i++) {
        reply_u64(counters[i].spent.cycles);
        reply_u64(counters[i].spent.instructions);
        reply_u32(counters[i].runs);
    }
    return STATUS_OK;
}

uint8_t command_tensor(payload p)
{
    if (p.length != 2) return STATUS_BAD_LENGTH;
    if (!prepared) return fail_image(IMAGE_NOT_PREPARED);
    uint32_t index = get_u16(p.bytes);
    if (index >= image_head(prepared)->layer_count) return STATUS_BAD_ARGUMENT;
    const image_layer *layer = image_layers(prepared) + index;
    reply_u32((uint32_t)(uintptr_t)prepared_arena() + layer->output);
    reply_u32((uint32_t)image_output_bytes(layer));
    return STATUS_OK;
}
