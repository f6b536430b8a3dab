#include "frame.h"

#include "crc.h"

static uint32_t header_length(const uint8_t *b) { return (uint32_t)b[4] | (uint32_t)b[5] << 8; }

/* Gives up the frame that starts at bytes[0]: its other bytes are read again, for a frame may begin among them. */
static void give_up(frame_receiver *r)
{
    /* taken <= next always, so the bytes move towards the end and nothing is overwritten that is still to be read */
    for (uint32_t i = r->taken; i > 1; i--) r->bytes[--r->next] = r->bytes[i - 1];
    r->taken = 0;
    r->total = 0;
}

void frame_push(frame_receiver *r, uint8_t byte)
{
    if (r->next == r->end) r->next = r->end = r->taken;
    r->bytes[r->end++] = byte;
}

/* Takes one waiting byte into the frame being read; 1 when that completes it. */
static int take(frame_receiver *r)
{
    uint8_t byte = r->bytes[r->next++];
    uint32_t at = r->taken;
    r->bytes[r->taken++] = byte;
    if (at < FRAME_HEADER_BYTES) {
        if (at == 0 && byte != FRAME_SYNC_0) { give_up(r); return 0; }
        if (at == 1 && byte != FRAME_SYNC_1) { give_up(r); return 0; }
        if (at == 1) r->crc_state = CRC32_START;
        if (at >= 2 && at < 6) r->crc_state = crc32_feed_byte(r->crc_state, byte);
        if (at == 6) {
            uint32_t length = header_length(r->bytes);
            if (crc8(r->bytes + 2, 4) != byte || length > FRAME_PAYLOAD_BYTES) { give_up(r); return 0; }
            r->total = (uint16_t)(FRAME_HEADER_BYTES + length + 4);
        }
        return 0;
    }
    if (at < (uint32_t)r->total - 4) {
        r->crc_state = crc32_feed_byte(r->crc_state, byte);
        return 0;
    }
    if (r->taken < r->total) return 0;
    const uint8_t *t = r->bytes + r->total - 4;
    uint32_t received = (uint32_t)t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
    if (received != crc32_finish(r->crc_state)) { give_up(r); return 0; }
    return 1;
}

int frame_next(frame_receiver *r, frame *out)
{
    if (r->complete) {
        r->complete = 0;
        r->taken = 0;
        r->total = 0;
    }
    while (r->next < r->end) {
        if (!take(r)) continue;
        const uint8_t *t = r->bytes + r->total - 4;
        out->sequence = r->bytes[2];
        out->command = r->bytes[3];
        out->length = (uint16_t)header_length(r->bytes);
        out->crc = (uint32_t)t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
        out->payload = r->bytes + FRAME_HEADER_BYTES;
        r->complete = 1;
        return 1;
    }
    return 0;
}

int frame_idle(const frame_receiver *r) { return r->complete || r->taken == 0; }

uint32_t frame_seal(uint8_t *out, uint8_t sequence, uint8_t command, uint16_t length)
{
    out[0] = FRAME_SYNC_0;
    out[1] = FRAME_SYNC_1;
    out[2] = sequence;
    out[3] = command;
    out[4] = (uint8_t)length;
    out[5] = (uint8_t)(length >> 8);
    out[6] = crc8(out + 2, 4);
    uint32_t state = crc32_feed(CRC32_START, out + 2, 4);
    uint32_t crc = crc32_finish(crc32_feed(state, out + FRAME_HEADER_BYTES, length));
    for (int i = 0; i < 4; i++) out[FRAME_HEADER_BYTES + length + i] = (uint8_t)(crc >> (8 * i));
    return FRAME_HEADER_BYTES + length + 4u;
}
