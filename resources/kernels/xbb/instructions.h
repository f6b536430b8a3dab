/* The instructions of the extension xbb (docs/isa.md), and for the host the same in C. Include it after dot.h. */
#ifndef BB_XBB_INSTRUCTIONS_H
#define BB_XBB_INSTRUCTIONS_H

#include <stdint.h>

/* The two-bit code of a width of 8, 4, 2 or 1 bits. */
#define XBB_SIZE(bits) ((bits) == 8 ? 3 : (bits) == 4 ? 2 : (bits) == 2 ? 1 : 0)

#ifdef __riscv
/* sum += signed codes of `wide` bits in a times those of `narrow` bits in w, the part-th group of these. All but sum, a, w are constants. */
#define XBB_DOT(sum, a, w, wide, narrow, part)                                                               \
    __asm__(".insn r 0x0b, 0, %3, %0, %1, %2"                                                                \
            : "+r"(sum)                                                                                      \
            : "r"(a), "r"(w), "i"((part) << 4 | XBB_SIZE(wide) << 2 | XBB_SIZE(narrow)))
/* word = word shifted right by 4 codes of `bits` bits, with those of four bytes on top. */
#define XBB_PACK(word, bytes, bits) \
    __asm__(".insn r 0x0b, 4, %2, %0, %1, %0" : "+r"(word) : "r"(bytes), "i"(XBB_SIZE(bits)))
#else
static inline int32_t xbb_code(uint32_t word, uint32_t bits, uint32_t at) {
    uint32_t field = word >> (at * bits);
    if (bits == 1) return field & 1 ? 1 : -1;
    return (int32_t)(field << (32 - bits)) >> (32 - bits);
}

static inline uint32_t xbb_dot(uint32_t sum, uint32_t a, uint32_t w, uint32_t wide, uint32_t narrow, uint32_t part) {
    for (uint32_t lane = 0; lane < 32 / wide; lane++)
        sum += (uint32_t)(xbb_code(a, wide, lane) * xbb_code(w, narrow, (narrow < wide ? part * (32 / wide) : 0) + lane));
    return sum;
}

static inline uint32_t xbb_pack(uint32_t word, uint32_t bytes, uint32_t bits) {
    for (uint32_t at = 0; at < 4; at++) {
        int8_t code = (int8_t)(bytes >> 8 * at);
        uint32_t field = bits == 1 ? code > 0 : (uint32_t)code & ((1u << bits) - 1);
        word = word >> bits | field << (32 - bits);
    }
    return word;
}

#define XBB_DOT(sum, a, w, wide, narrow, part) ((sum) = xbb_dot(sum, a, w, wide, narrow, part))
#define XBB_PACK(word, bytes, bits) ((word) = xbb_pack(word, bytes, bits))
#endif

#endif
