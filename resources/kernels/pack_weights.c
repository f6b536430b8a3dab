/* Weight layouts (layouts.md), written byte for byte as src/core/quant/packing.ts writes them. */
#include "bb.h"

#include <string.h>

/* The b bits that stand for a code: two's complement, or 1 for +1 at one bit. */
static uint32_t field_of(int8_t code, uint32_t bits) {
    return bits == 1 ? (code > 0 ? 1u : 0u) : (uint32_t)(uint8_t)code & ((1u << bits) - 1);
}

/* Rows of b-bit fields, little-endian within a word, padded with zero bits to whole words. */
static size_t packed(uint32_t bits, const int8_t *codes, uint32_t rows, uint32_t k, uint32_t *dst) {
    uint32_t row_words = (k * bits + 31) / 32;
    size_t bytes = (size_t)rows * row_words * 4;
    if (!dst) return bytes;
    memset(dst, 0, bytes);
    for (uint32_t row = 0; row < rows; row++, dst += row_words)
        for (uint32_t at = 0; at < k; at++)
            dst[at * bits / 32] |= field_of(codes[(size_t)row * k + at], bits) << (at * bits % 32);
    return bytes;
}

/* Per row and per 32 codes one word for each bit of the code, bit 0 first; bit i of a word belongs to code i. */
static size_t planes(uint32_t bits, const int8_t *codes, uint32_t rows, uint32_t k, uint32_t *dst) {
    uint32_t row_words = (k + 31) / 32 * bits;
    size_t bytes = (size_t)rows * row_words * 4;
    if (!dst) return bytes;
    memset(dst, 0, bytes);
    for (uint32_t row = 0; row < rows; row++, dst += row_words)
        for (uint32_t at = 0; at < k; at++) {
            uint32_t field = field_of(codes[(size_t)row * k + at], bits);
            for (uint32_t plane = 0; plane < bits; plane++)
                dst[at / 32 * bits + plane] |= ((field >> plane) & 1) << (at % 32);
        }
    return bytes;
}

/* Four rows side by side, [rows / 4][k][4] bytes; missing rows of the last four are zero. */
static size_t quads(const int8_t *codes, uint32_t rows, uint32_t k, int8_t *dst) {
    size_t bytes = (size_t)((rows + 3) / 4) * k * 4;
    if (!dst) return bytes;
    memset(dst, 0, bytes);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t at = 0; at < k; at++)
            dst[((size_t)(row / 4) * k + at) * 4 + row % 4] = codes[(size_t)row * k + at];
    return bytes;
}

/* Eight rows of 4-bit codes side by side, [rows / 8][k] words: bits 4r .. 4r + 3 hold row r's code + 8; missing rows are zero. */
static size_t octets(const int8_t *codes, uint32_t rows, uint32_t k, uint32_t *dst) {
    size_t bytes = (size_t)((rows + 7) / 8) * k * 4;
    if (!dst) return bytes;
    memset(dst, 0, bytes);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t at = 0; at < k; at++)
            dst[(size_t)(row / 8) * k + at] |= (uint32_t)(codes[(size_t)row * k + at] + 8) << row % 8 * 4;
    return bytes;
}

size_t bb_pack_weights(uint32_t layout, uint32_t bits, const int8_t *codes, uint32_t rows, uint32_t k, void *dst) {
    int known = bits == 8 || bits == 4 || bits == 2 || bits == 1;
    if (layout == BB_LAYOUT_PACKED && known) return packed(bits, codes, rows, k, dst);
    if (layout == BB_LAYOUT_PLANES && known && bits != 8) return planes(bits, codes, rows, k, dst);
    if (layout == BB_LAYOUT_QUADS && bits == 8) return quads(codes, rows, k, dst);
    if (layout == BB_LAYOUT_OCTETS && bits == 4) return octets(codes, rows, k, dst);
    return 0;
}
