/* The instructions of the extension xbb (docs/isa.md), and for the host the same in C. Include it after dot.h. */
#ifndef BB_XBB_INSTRUCTIONS_H
#define BB_XBB_INSTRUCTIONS_H

#include "../bb.h"

#include <stdint.h>

/* The two-bit code of a width of 8, 4, 2 or 1 bits. */
#define XBB_SIZE(bits) ((bits) == 8 ? 3 : (bits) == 4 ? 2 : (bits) == 2 ? 1 : 0)

/*
 * XBB_CFU: the unit is on a function unit bus that does not carry rd (docs/rtl.md), so the program adds. tp is free for that: nothing
 * here has threads.
 */
#ifdef XBB_CFU
/* Instructions, their bytes, of one product that is added. */
#define XBB_ASM_DOT(code, sum, a, w) ".insn r 0x0b, 0, " code ", tp, " a ", " w "\n\tadd " sum ", " sum ", tp\n\t"
#define XBB_ASM_QUANT(word, sum, format) \
    ".insn r 0x0b, 5, 0, tp, " sum ", " format "\n\tsrli " word ", " word ", 8\n\tor " word ", " word ", tp\n\t"
#define XBB_DOT_BYTES 8
#else
#define XBB_ASM_DOT(code, sum, a, w) ".insn r 0x0b, 0, " code ", " sum ", " a ", " w "\n\t"
#define XBB_ASM_QUANT(word, sum, format) ".insn r 0x0b, 5, 0, " word ", " sum ", " format "\n\t"
#define XBB_DOT_BYTES 4
#endif

#ifdef __riscv
/* sum += signed codes of `wide` bits in a times those of `narrow` bits in w, the part-th group of these. All but sum, a, w are constants. */
#define XBB_DOT(sum, a, w, wide, narrow, part)                                                               \
    __asm__(XBB_ASM_DOT("%3", "%0", "%1", "%2")                                                              \
            : "+r"(sum)                                                                                      \
            : "r"(a), "r"(w), "i"((part) << 4 | XBB_SIZE(wide) << 2 | XBB_SIZE(narrow)))
/* word = word shifted right by 4 codes of `bits` bits, with those of four bytes on top. */
#define XBB_PACK(word, bytes, bits) \
    __asm__(".insn r 0x0b, 4, %2, %0, %1, %0" : "+r"(word) : "r"(bytes), "i"(XBB_SIZE(bits)))
/* word = word shifted right by a byte with the code of a sum on top; format: xbb_format. */
#define XBB_QUANT(word, sum, format) __asm__(XBB_ASM_QUANT("%0", "%1", "%2") : "+r"(word) : "r"(sum), "r"(format))
/* word = the greater of its signed bytes and those of other. */
#define XBB_MAX(word, other) __asm__(".insn r 0x0b, 6, 0, %0, %0, %1" : "+r"(word) : "r"(other))
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

static inline uint32_t xbb_quant(uint32_t word, uint32_t sum, uint32_t format) {
    uint32_t distance = ((format >> 21) - 1) & 63, bits = 1u << (format >> 27 & 3);
    int64_t rounded = (((int64_t)(int32_t)sum * (int32_t)(format & 0x1FFFFF) >> distance) + 1) >> 1;
    int is_unsigned = format >> 29 & 1, is_relu = format >> 30 & 1;
    int64_t code = rounded > (is_unsigned ? 256 : 0) ? 1 : -1;
    if (bits > 1) {
        int64_t middle = 1 << (bits - 1), low = is_unsigned || is_relu ? 0 : -middle, high = (is_unsigned ? 2 * middle : middle) - 1;
        code = (rounded < low ? low : rounded > high ? high : rounded) - (is_unsigned ? middle : 0);
    }
    return word >> 8 | (uint32_t)code << 24;
}

static inline uint32_t xbb_max(uint32_t word, uint32_t other) {
    uint32_t greater = 0;
    for (uint32_t at = 0; at < 32; at += 8) {
        int8_t a = (int8_t)(word >> at), b = (int8_t)(other >> at);
        greater |= (uint32_t)(uint8_t)(a > b ? a : b) << at;
    }
    return greater;
}

#define XBB_QUANT(word, sum, format) ((word) = xbb_quant(word, (uint32_t)(sum), format))
#define XBB_MAX(word, other) ((word) = xbb_max(word, other))
#define XBB_DOT(sum, a, w, wide, narrow, part) ((sum) = xbb_dot(sum, a, w, wide, narrow, part))
#define XBB_PACK(word, bytes, bits) ((word) = xbb_pack(word, bytes, bits))
#endif

/* Whether quant makes these codes: its zero offsets are those that Bitbench's quantizers write. */
static inline int xbb_quantizes(const bb_requant *q, uint32_t channels) {
    int fits = q->zero == 0 || q->zero == (q->bits == 1 ? 1 : 1 << (q->bits - 1));
    for (uint32_t c = 0; c < channels; c++) fits &= (uint32_t)q->mult[c] < 1u << 21 && q->shift[c] - 1u < 64;
    return fits;
}

/* What quant needs beside a sum: mult below 2^21, shift 1 to 64. is_unsigned: codes begin at real zero. */
static inline uint32_t xbb_format(int32_t mult, uint32_t shift, uint32_t bits, int is_unsigned, int is_relu) {
    return (uint32_t)mult | (shift & 63) << 21 | (uint32_t)XBB_SIZE(bits) << 27 | (uint32_t)is_unsigned << 29 | (uint32_t)is_relu << 30;
}

#endif
