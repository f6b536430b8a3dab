/* The answer under construction, the answers already given, and events in between. */
#include "counters.h"
#include "frame.h"
#include "monitor.h"
#include "reply.h"
#include "uart.h"

#include <string.h>

#define REMEMBERED 8u
#define REMEMBERED_BYTES 64u
#define PROGRESS_CYCLES (1u << 22)

typedef struct {
    uint8_t used, sequence, command, length;
    uint32_t crc;
    uint8_t payload[REMEMBERED_BYTES];
} remembered_answer;

static remembered_answer answers[REMEMBERED];
static uint32_t answers_next;
static uint8_t out[FRAME_BYTES];
static uint32_t out_length; /* payload bytes */
static uint8_t out_sequence, out_command;
static uint32_t last_sent_cycles;
static struct {
    uint8_t used, sequence, command;
    uint32_t crc;
} last; /* the request that `out` still answers, whatever the answer's length */

static uint8_t *out_payload(void) { return out + FRAME_HEADER_BYTES; }

void reply_start(uint8_t sequence, uint8_t command)
{
    out_sequence = sequence;
    out_command = command;
    out_length = 1;
    out_payload()[0] = STATUS_OK;
    last_sent_cycles = board.has_cycles ? cycles_now_low() : 0;
}

void reply_bytes(const void *bytes, uint32_t length)
{
    if (length > FRAME_PAYLOAD_BYTES - out_length) length = FRAME_PAYLOAD_BYTES - out_length;
    memcpy(out_payload() + out_length, bytes, length);
    out_length += length;
}

void reply_u8(uint32_t value)
{
    uint8_t byte = (uint8_t)value;
    reply_bytes(&byte, 1);
}

void reply_u16(uint32_t value)
{
    reply_u8(value);
    reply_u8(value >> 8);
}

void reply_u32(uint32_t value)
{
    reply_u16(value);
    reply_u16(value >> 16);
}

void reply_u64(uint64_t value)
{
    reply_u32((uint32_t)value);
    reply_u32((uint32_t)(value >> 32));
}

void reply_text(const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    if (length > 255) length = 255;
    reply_u8(length);
    reply_bytes(text, length);
}

void reply_set_status(uint8_t status) { out_payload()[0] = status; }

void reply_send(void)
{
    uart_write(out, frame_seal(out, out_sequence, out_command | 0x80, (uint16_t)out_length));
}

static void send_progress(uint32_t done, uint32_t total)
{
    uint8_t event[FRAME_HEADER_BYTES + 9 + 4], *p = event + FRAME_HEADER_BYTES;
    p[0] = EVENT_PROGRESS;
    for (int i = 0; i < 4; i++) {
        p[1 + i] = (uint8_t)(done >> (8 * i));
        p[5 + i] = (uint8_t)(total >> (8 * i));
    }
    uart_write(event, frame_seal(event, out_sequence, COMMAND_EVENT, 9));
    if (board.has_cycles) last_sent_cycles = cycles_now_low();
}

void reply_accepted(uint32_t total) { send_progress(0, total); }

void reply_progress(uint32_t done, uint32_t total)
{
    if (board.has_cycles && cycles_now_low() - last_sent_cycles >= PROGRESS_CYCLES) send_progress(done, total);
}

int reply_again(const frame *request)
{
    if (last.used && last.sequence == request->sequence && last.command == request->command && last.crc == request->crc) return 1;
    for (uint32_t i = 0; i < REMEMBERED; i++) {
        const remembered_answer *a = &answers[i];
        if (!a->used || a->sequence != request->sequence || a->command != request->command || a->crc != request->crc) continue;
        reply_start(a->sequence, a->command);
        last.used = 0; /* `out` changes hands */
        memcpy(out_payload(), a->payload, a->length);
        out_length = a->length;
        return 1;
    }
    return 0;
}

void reply_remember(const frame *request)
{
    last.used = 1;
    last.sequence = request->sequence;
    last.command = request->command;
    last.crc = request->crc;
    if (out_length > REMEMBERED_BYTES) return;
    remembered_answer *a = &answers[answers_next++ % REMEMBERED];
    a->used = 1;
    a->sequence = request->sequence;
    a->command = request->command;
    a->crc = request->crc;
    a->length = (uint8_t)out_length;
    memcpy(a->payload, out_payload(), out_length);
}

void reply_forget_all(void)
{
    memset(answers, 0, sizeof answers);
    last.used = 0;
}
