#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-8, polynomial 0x07, initial 0, as it protects a frame's header. */
uint8_t crc8(const uint8_t *bytes, size_t length);

/* CRC-32 of IEEE 802.3 (reflected 0xEDB88320). Start from CRC32_START, feed, then finish. */
#define CRC32_START 0xFFFFFFFFu
uint32_t crc32_feed(uint32_t state, const void *bytes, size_t length);
uint32_t crc32_feed_byte(uint32_t state, uint8_t byte);
static inline uint32_t crc32_finish(uint32_t state) { return state ^ 0xFFFFFFFFu; }
static inline uint32_t crc32(const void *bytes, size_t length) { return crc32_finish(crc32_feed(CRC32_START, bytes, length)); }

#endif
