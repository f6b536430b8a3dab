#include "crc.h"

/* One entry per nibble: 64 bytes instead of 1 KiB, two steps a byte. The line is slower than either. */
static const uint32_t nibble_table[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C
};

uint8_t crc8(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1 ^ 0x07) & 0xFF : crc << 1;
    }
    return (uint8_t)crc;
}

uint32_t crc32_feed_byte(uint32_t state, uint8_t byte)
{
    state ^= byte;
    state = state >> 4 ^ nibble_table[state & 15];
    return state >> 4 ^ nibble_table[state & 15];
}

uint32_t crc32_feed(uint32_t state, const void *bytes, size_t length)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < length; i++) {
        state ^= b[i];
        state = state >> 4 ^ nibble_table[state & 15];
        state = state >> 4 ^ nibble_table[state & 15];
    }
    return state;
}
