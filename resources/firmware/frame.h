/*
 * Frames from bytes (docs/protocol.md "Frame"). Pure memory: compiles for the board and for the host, where it is
 * fuzzed under sanitizers.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>

#define FRAME_SYNC_0 0xB5
#define FRAME_SYNC_1 0x62
#define FRAME_HEADER_BYTES 7u
#define FRAME_PAYLOAD_BYTES 1040u
#define FRAME_BYTES (FRAME_HEADER_BYTES + FRAME_PAYLOAD_BYTES + 4u)

typedef struct {
    uint8_t sequence, command;
    uint16_t length;
    uint32_t crc;           /* as received; tells a repeat from a new request */
    const uint8_t *payload; /* inside the receiver, valid until the next frame_next */
} frame;

typedef struct {
    uint8_t bytes[FRAME_BYTES];
    uint16_t taken;     /* bytes [0, taken) belong to the frame being read */
    uint16_t next, end; /* bytes [next, end) wait to be read: left over when a damaged frame was given up */
    uint8_t complete;   /* [0, taken) is a frame that was handed out */
    uint16_t total;     /* bytes of the frame being read, 0 before its header is checked */
    uint32_t crc_state;
} frame_receiver;

/* All zero is the initial state. */
void frame_push(frame_receiver *receiver, uint8_t byte);
/* 1 and a frame when one is complete. Call until 0 before pushing again. */
int frame_next(frame_receiver *receiver, frame *out);
/* True when no part of a frame is held, so that a byte stands for itself. */
int frame_idle(const frame_receiver *receiver);

/* Writes header and trailer around `length` payload bytes that already lie at out + FRAME_HEADER_BYTES; returns all bytes. */
uint32_t frame_seal(uint8_t *out, uint8_t sequence, uint8_t command, uint16_t length);

#endif
