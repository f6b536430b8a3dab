/*
 * Fuzz target of the frame parser (libFuzzer, or the plain driver in replay.c): any bytes, pushed as the monitor pushes them. What
 * comes out must be a frame that seals back to the same bytes; the parser's own bookkeeping must hold after every byte.
 */
#include "../frame.h"

#include <stdlib.h>
#include <string.h>

static void require(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static frame_receiver receiver;
    static uint8_t sealed[FRAME_BYTES];
    memset(&receiver, 0, sizeof receiver);
    for (size_t i = 0; i < size; i++) {
        frame_push(&receiver, data[i]);
        frame found;
        while (frame_next(&receiver, &found)) {
            require(found.length <= FRAME_PAYLOAD_BYTES);
            memcpy(sealed + FRAME_HEADER_BYTES, found.payload, found.length);
            uint32_t bytes = frame_seal(sealed, found.sequence, found.command, found.length);
            require(bytes == FRAME_HEADER_BYTES + found.length + 4u);
            require(memcmp(sealed, found.payload - FRAME_HEADER_BYTES, bytes) == 0);
        }
        require(receiver.taken <= receiver.next && receiver.next == receiver.end && receiver.end <= FRAME_BYTES);
    }
    return 0;
}
