/*
 * Sums to codes (docs/arithmetic.md "Requantise"), fast on a 32-bit core.
 *
 * With t = floor(value / 2^(shift-1)), the rounded quotient is floor((t + 1) / 2). Multipliers have 21 bits; taken times
 * 2^10 they are still an int32, and from shift 23 on t is the high word of that product (one mulh) shifted right by
 * shift - 23. Smaller shifts (coarse codes make them: low bits in) take both words and first limit the sum to
 * +-2^(shift+8): beyond it the quotient is over 2^28 and saturates whatever the code.
 * Channels are the outer loop, so that a channel's bias, multiplier and shift stay in registers for all pixels.
 */
#include "../ref/requantize.h"

#include "../bb.h"

/* From here on no sum needs a limit. */
#define UNLIMITED_SHIFT 23

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Bits by which a multiplier is moved up so that t lies in the high word. */
#define SPARE_BITS 10

/* floor(value / 2^(shift - 1)) for shift 2..51; is_limited where the shift is below UNLIMITED_SHIFT. */
ALWAYS_INLINE int32_t halves(int32_t sum, int32_t mult, uint32_t shift, int is_limited) {
    if (!is_limited)
        return (int32_t)(((int64_t)sum * (mult * (1 << SPARE_BITS))) >> 32) >> (shift - UNLIMITED_SHIFT);
    int32_t limit = (int32_t)1 << (shift + 8);
    if (sum > limit) sum = limit;
    if (sum < -limit) sum = -limit;
    int64_t value = (int64_t)sum * mult;
    return (int32_t)(((uint32_t)(value >> 32) << (33 - shift)) | ((uint32_t)value >> (shift - 1)));
}

/* A branch to here is not taken for most codes: on small cores that is the cheaper way. */
#define SELDOM(condition) __builtin_expect(condition, 0)

/* floor((t + 1) / 2) - zero = floor((t + 1 - 2 zero) / 2) of a sum, which is `offset` = 1 - 2 zero, within the bounds. */
ALWAYS_INLINE int32_t limited(int32_t code, int32_t low, int32_t high) {
    if (SELDOM(code < low)) code = low;
    if (SELDOM(code > high)) code = high;
    return code;
}

ALWAYS_INLINE void codes(const int32_t *restrict acc, uint32_t pixels, uint32_t channels, int32_t bias, int32_t mult,
                         uint32_t shift, int is_limited, int32_t zero, int32_t low, int32_t high,
                         int8_t *restrict out) {
    const int32_t offset = 1 - 2 * zero;
    if (pixels & 1) {
        int32_t sum = (int32_t)((uint32_t)*acc + (uint32_t)bias);
        *out = (int8_t)limited((halves(sum, mult, shift, is_limited) + offset) >> 1, low, high);
        acc += channels;
        out += channels;
    }
    /* Two at a time: a core whose products come late works on the other meanwhile. */
    for (const int32_t *end = acc + (size_t)(pixels & ~1u) * channels; acc != end; acc += channels) {
        int32_t sum = (int32_t)((uint32_t)*acc + (uint32_t)bias);
        acc += channels;
        int32_t next = (int32_t)((uint32_t)*acc + (uint32_t)bias);
        int32_t code = halves(sum, mult, shift, is_limited), second = halves(next, mult, shift, is_limited);
        *out = (int8_t)limited((code + offset) >> 1, low, high);
        out += channels;
        *out = (int8_t)limited((second + offset) >> 1, low, high);
        out += channels;
    }
}

ALWAYS_INLINE void signs(const int32_t *restrict acc, uint32_t pixels, uint32_t channels, int32_t bias, int32_t mult,
                         uint32_t shift, int is_limited, int32_t threshold, int8_t *restrict out) {
    for (uint32_t pixel = 0; pixel < pixels; pixel++, acc += channels, out += channels) {
        int32_t sum = (int32_t)((uint32_t)*acc + (uint32_t)bias);
        int32_t rounded = (halves(sum, mult, shift, is_limited) + 1) >> 1;
        *out = rounded > threshold ? 1 : -1;
    }
}

static void channel_by_reference(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels, uint32_t c,
                                 int8_t *out) {
    bb_requant one = *q;
    one.bias = q->bias ? q->bias + c : 0;
    one.mult = q->mult + c;
    one.shift = q->shift + c;
    for (uint32_t pixel = 0; pixel < pixels; pixel++)
        bb_requantize_reference(&one, acc + (size_t)pixel * channels, 1, 1, out + (size_t)pixel * channels);
}

void bb_requantize(const bb_requant *q, const int32_t *acc, uint32_t pixels, uint32_t channels, int8_t *out) {
    int32_t zero = q->zero;
    int32_t low = -(1 << (q->bits - 1)), high = -low - 1;
    /* ReLU on the rounded value is a lower bound of -zero on the code. */
    if (q->relu && -zero > low) low = -zero < high ? -zero : high;
    /* Beyond this a zero offset would carry out of 32 bits; no quantizer writes one. */
    int is_plain = zero >= -65536 && zero <= 65536 && !(q->bits == 1 && q->relu && zero < 0);
    for (uint32_t c = 0; c < channels; c++) {
        int32_t bias = q->bias ? q->bias[c] : 0;
        int32_t mult = q->mult[c];
        uint32_t shift = q->shift[c];
        /* 0 is a channel that is always 0; a multiplier without its leading bit would not saturate as said above. */
        int fits = mult == 0 || (mult >= (1 << 20) && mult < (1 << 21));
        if (!is_plain || !fits || shift < 2 || shift > 51)
            channel_by_reference(q, acc + c, pixels, channels, c, out + c);
        else if (q->bits == 1 && shift >= UNLIMITED_SHIFT)
            signs(acc + c, pixels, channels, bias, mult, shift, 0, 256 * zero, out + c);
        else if (q->bits == 1)
            signs(acc + c, pixels, channels, bias, mult, shift, 1, 256 * zero, out + c);
        else if (shift >= UNLIMITED_SHIFT)
            codes(acc + c, pixels, channels, bias, mult, shift, 0, zero, low, high, out + c);
        else
            codes(acc + c, pixels, channels, bias, mult, shift, 1, zero, low, high, out + c);
    }
}
