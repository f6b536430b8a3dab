/*
 * Convolution by packed dot products. An input line is packed once, with its padding, into a ring of as many lines as the window is
 * high; the taps of an output pixel are then copied as words, four pixels side by side. Where whole lines do not fit, the ring
 * holds a range of columns, and is filled from there on when a window leaves it.
 */
#include "pair.h"

#include <string.h>

typedef struct {
    const pair_code *pair;
    const bb_conv_shape *s;
    const int8_t *input;
    uint8_t *ring;
    uint32_t pixel_bits, segment_bits; /* of a pixel, and the taps of a window's line */
    uint32_t slot_bytes;   /* of a line */
    uint32_t columns;      /* in a slot; lines and columns count from the padding's */
    uint32_t first_column; /* in the ring now */
    uint32_t lead;         /* bits before it in a slot, so that the codes of the image begin at a word */
    uint32_t made;         /* lines below it have been packed */
    uint32_t slot;         /* of the next line */
    uint32_t pad;          /* a word of padding */
    /* Of gather_rows: */
    uint32_t pixel_bytes, segment_bytes;
    uint32_t apart;        /* bytes from a window to the next */
    uint32_t four_columns; /* of four windows beside each other */
    uint32_t three;        /* windows are three columns wide and a column apart */
} line_ring;

static uint32_t pad_word(int32_t code, uint32_t wide) {
    if (wide == 8) return ((uint32_t)code & 255) * 0x01010101u;
    if (wide == 4) return ((uint32_t)code & 15) * 0x11111111u;
    if (wide == 2) return ((uint32_t)code & 3) * 0x55555555u;
    return code > 0 ? 0xFFFFFFFFu : 0;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Zero when the ring cannot hold the shape. */
static int set_up(line_ring *r, const bb_conv_room *room) {
    const bb_conv_shape *s = r->s;
    const uint32_t width = (uint32_t)(s->out_w - 1) * s->stride_w + s->ks_w;
    if (s->step_h > 1 || s->step_w > 1) return 0;
    r->pixel_bits = (uint32_t)s->c * r->pair->wide;
    r->segment_bits = r->pixel_bits * s->ks_w;
    /* Where pixels are no whole words: what the lead takes, and a word that is read but not used. */
    const uint32_t slack = r->pixel_bits & 31 ? 8 : 0;
    r->slot_bytes = (uint32_t)room->codes_bytes / s->ks_h & ~3u;
    if (r->slot_bytes <= slack) return 0;
    r->columns = (r->slot_bytes - slack) * 8 / r->pixel_bits;
    if (r->columns < least(width, s->ks_w + 3u * s->stride_w)) return 0;
    r->columns = least(r->columns, width);
    r->slot_bytes = slack + ((r->columns * r->pixel_bits + 31) >> 5) * 4;
    r->ring = room->codes;
    r->first_column = r->columns + 1; /* of no window: the first one fills the ring */
    r->pad = pad_word(s->pad_code, r->pair->wide);
    r->pixel_bytes = r->pixel_bits / 8;
    r->segment_bytes = r->segment_bits / 8;
    r->apart = r->pixel_bytes * s->stride_w;
    r->four_columns = (ROWS - 1u) * s->stride_w + s->ks_w;
    r->three = s->ks_w == 3 && s->stride_w == 1;
    return 1;
}

BB_INLINE void fill_words(uint32_t *to, const uint32_t *end, uint32_t word) {
    while (to < end) *to++ = word;
}

/* The ring's columns of the next line. */
static void pack_line(line_ring *r) {
    const bb_conv_shape *s = r->s;
    uint32_t *to = (uint32_t *)(void *)(r->ring + r->slot * r->slot_bytes), *end = to + r->slot_bytes / 4;
    const uint32_t y = r->made++ - s->pad_top; /* above the image it is beyond any line */
    if (++r->slot == s->ks_h) r->slot = 0;
    const uint32_t left = s->pad_left > r->first_column ? s->pad_left - r->first_column : 0;
    const uint32_t x = r->first_column + left - s->pad_left;
    if (y >= s->h || x >= s->w || left >= r->columns) {
        fill_words(to, end, r->pad);
        return;
    }
    const uint32_t pixels = least(r->columns - left, s->w - x), bits = pixels * r->pixel_bits, words = (bits + 31) >> 5;
    uint32_t *codes = to + ((r->lead + left * r->pixel_bits) >> 5);
    r->pair->pack_row(r->input + ((size_t)y * s->w + x) * s->c, pixels * s->c, words, codes, 1);
    if (bits & 31) {
        const uint32_t used = (1u << (bits & 31)) - 1;
        codes[words - 1] = (codes[words - 1] & used) | (r->pad & ~used);
    }
    fill_words(to, codes, r->pad);
    fill_words(codes + words, end, r->pad);
}

static void pack_missing(line_ring *r, uint32_t line, uint32_t column, uint32_t columns) {
    const bb_conv_shape *s = r->s;
    if (column < r->first_column || column + columns > r->first_column + r->columns) {
        r->first_column = column;
        const uint32_t left = s->pad_left > column ? s->pad_left - column : 0;
        r->lead = (0 - left * r->pixel_bits) & 31;
        r->made = line;
        r->slot = line % s->ks_h;
    }
    while (r->made < line + s->ks_h) pack_line(r);
}

/* Packs what windows whose first taps are at (line, column) still miss; together they are `columns` wide. */
BB_INLINE void reach(line_ring *r, uint32_t line, uint32_t column, uint32_t columns) {
    if (r->made < line + r->s->ks_h || column < r->first_column || column + columns > r->first_column + r->columns)
        pack_missing(r, line, column, columns);
}

BB_INLINE uint32_t *copy_words(const uint32_t *from, uint32_t count, uint32_t *to) {
    for (; count >= 4; count -= 4, from += 4, to += 4 * ROWS) {
        uint32_t w0 = from[0], w1 = from[1], w2 = from[2], w3 = from[3];
        to[0] = w0;
        to[ROWS] = w1;
        to[2 * ROWS] = w2;
        to[3 * ROWS] = w3;
    }
    for (; count > 0; count--, to += ROWS) *to = *from++;
    return to;
}

/* Where the taps of windows from (line, column) on lie: the oldest line is a window's first; behind the last slot comes slot 0. */
typedef struct {
    const uint8_t *from, *end, *begin;
} window_lines;

BB_INLINE window_lines lines_from(const line_ring *r, uint32_t offset) {
    return (window_lines){r->ring + r->slot * r->slot_bytes + offset, r->ring + r->s->ks_h * r->slot_bytes + offset, r->ring + offset};
}

BB_INLINE void next_line(window_lines *at, uint32_t slot_bytes) {
    at->from += slot_bytes;
    if (at->from == at->end) at->from = at->begin;
}

/* Bits that do not fill a word yet. */
typedef struct {
    uint32_t word, fill;
    uint32_t *to;
} bit_writer;

BB_INLINE void write_word(bit_writer *w, uint32_t bits) {
    *w->to = w->word | bits << w->fill;
    w->to += ROWS;
    w->word = bits >> 1 >> (31 - w->fill);
}

/* count: 1 to 31; the bits above are zero */
BB_INLINE void write_bits(bit_writer *w, uint32_t bits, uint32_t count) {
    const uint32_t fill = w->fill + count;
    w->word |= bits << w->fill;
    if (fill >= 32) {
        *w->to = w->word;
        w->to += ROWS;
        w->word = bits >> 1 >> (31 - w->fill);
    }
    w->fill = fill & 31;
}

/* The taps of the window as words of one of ROWS rows, whatever bit they begin at. */
static void gather_bits(const line_ring *r, uint32_t bit, uint32_t *to) {
    window_lines at = lines_from(r, bit >> 5 << 2);
    bit_writer w = {0, 0, to};
    const uint32_t down = bit & 31, up = 31 - down, rest = r->segment_bits & 31, used = (1u << rest) - 1;
    for (uint32_t ky = r->s->ks_h; ky > 0; ky--, next_line(&at, r->slot_bytes)) {
        const uint32_t *from = (const uint32_t *)(const void *)at.from, *end = from + (r->segment_bits >> 5);
        uint32_t low = *from++;
        for (; from <= end;) {
            const uint32_t high = *from++;
            write_word(&w, low >> down | high << 1 << up);
            low = high;
        }
        if (rest != 0) write_bits(&w, (low >> down | *from << 1 << up) & used, rest);
    }
    if (w.fill != 0) *w.to = w.word;
}

/* The taps of the window as words of one of ROWS rows. */
static void gather(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    const bb_conv_shape *s = r->s;
    reach(r, line, column, s->ks_w);
    const uint32_t bit = r->lead + (column - r->first_column) * r->pixel_bits;
    if (r->pixel_bits & 31) {
        gather_bits(r, bit, to);
        return;
    }
    window_lines at = lines_from(r, bit / 8);
    for (uint32_t ky = s->ks_h; ky > 0; ky--, next_line(&at, r->slot_bytes))
        to = copy_words((const uint32_t *)(const void *)at.from, r->segment_bits / 32, to);
}

/* Where the taps of four windows come from. */
typedef struct {
    const uint8_t *f0, *f1, *f2, *f3;
} four_places;

BB_INLINE void four_words(const four_places *from, uint32_t index, uint32_t *to) {
    uint32_t w0 = ((const uint32_t *)(const void *)from->f0)[index], w1 = ((const uint32_t *)(const void *)from->f1)[index];
    uint32_t w2 = ((const uint32_t *)(const void *)from->f2)[index], w3 = ((const uint32_t *)(const void *)from->f3)[index];
    to[index * ROWS] = w0;
    to[index * ROWS + 1] = w1;
    to[index * ROWS + 2] = w2;
    to[index * ROWS + 3] = w3;
}

BB_INLINE void four_halves(const four_places *from, uint32_t index, uint16_t *to) {
    uint16_t h0 = ((const uint16_t *)(const void *)from->f0)[index], h1 = ((const uint16_t *)(const void *)from->f1)[index];
    uint16_t h2 = ((const uint16_t *)(const void *)from->f2)[index], h3 = ((const uint16_t *)(const void *)from->f3)[index];
    to[0] = h0;
    to[2] = h1;
    to[4] = h2;
    to[6] = h3;
}

BB_INLINE void advance(four_places *from, uint32_t bytes) {
    from->f0 += bytes;
    from->f1 += bytes;
    from->f2 += bytes;
    from->f3 += bytes;
}

/* `bytes` from each place side by side; returns where the next words go. */
BB_INLINE uint32_t *copy_four_words(four_places from, uint32_t bytes, uint32_t *to) {
    const uint8_t *end = from.f0 + bytes;
    for (; end - from.f0 >= 12; advance(&from, 12), to += 3 * ROWS) {
        four_words(&from, 0, to);
        four_words(&from, 1, to);
        four_words(&from, 2, to);
    }
    for (; from.f0 != end; advance(&from, 4), to += ROWS) four_words(&from, 0, to);
    return to;
}

/* The same of halves; odd: `to` is the upper half of a word. */
BB_INLINE uint16_t *copy_four_halves(four_places from, uint32_t bytes, uint16_t *to, uint32_t odd) {
    const uint8_t *end = from.f0 + bytes;
    if (odd) {
        four_halves(&from, 0, to);
        advance(&from, 2);
        to += 2 * ROWS - 1;
    }
    for (; end - from.f0 >= 4; advance(&from, 4), to += 2 * ROWS) {
        four_halves(&from, 0, to);
        four_halves(&from, 1, to + 1);
    }
    if (from.f0 != end) four_halves(&from, 0, to++);
    return to;
}

/*
 * Three columns a window, a column apart: six columns hold the taps of all four, so each is read once. A column's `codes` go to
 * tap 0 of its own window and to taps 1 and 2 of the two before it.
 */
#define THREE_COLUMNS(type, from, pixel, t0, t1, t2, step)                            \
    do {                                                                              \
        type c_ = *(const type *)(const void *)(from);                                \
        (t0)[0] = c_;                                                                 \
        c_ = *(const type *)(const void *)((from) + (pixel));                         \
        (t1)[0] = c_;                                                                 \
        (t0)[step] = c_;                                                              \
        c_ = *(const type *)(const void *)((from) + 2 * (pixel));                     \
        (t2)[0] = c_;                                                                 \
        (t1)[step] = c_;                                                              \
        (t0)[2 * (step)] = c_;                                                        \
        c_ = *(const type *)(const void *)((from) + 3 * (pixel));                     \
        (t2)[step] = c_;                                                              \
        (t1)[2 * (step)] = c_;                                                        \
        (t0)[3 * (step)] = c_;                                                        \
        c_ = *(const type *)(const void *)((from) + 4 * (pixel));                     \
        (t2)[2 * (step)] = c_;                                                        \
        (t1)[3 * (step)] = c_;                                                        \
        c_ = *(const type *)(const void *)((from) + 5 * (pixel));                     \
        (t2)[3 * (step)] = c_;                                                        \
    } while (0)

/* Pixels of whole words. */
BB_INLINE void copy_three_words(window_lines at, uint32_t lines, uint32_t slot_bytes, uint32_t pixel_bytes, uint32_t *to) {
    if (pixel_bytes == 4) {
        for (; lines > 0; lines--, next_line(&at, slot_bytes), to += 3 * ROWS)
            THREE_COLUMNS(uint32_t, at.from, 4, to, to + ROWS, to + 2 * ROWS, 1);
        return;
    }
    const uint32_t tap = pixel_bytes / 4 * ROWS;
    for (; lines > 0; lines--, next_line(&at, slot_bytes), to += 2 * tap) {
        const uint8_t *from = at.from;
        uint32_t *t1 = to + tap, *t2 = t1 + tap;
        for (const uint8_t *end = from + pixel_bytes; from != end; from += 4, to += ROWS, t1 += ROWS, t2 += ROWS)
            THREE_COLUMNS(uint32_t, from, pixel_bytes, to, t1, t2, 1);
    }
}

/* Pixels of half a word: lines begin at the lower and the upper half in turn. */
BB_INLINE void copy_three_halves(window_lines at, uint32_t lines, uint32_t slot_bytes, uint16_t *to) {
    for (;; to += 4 * ROWS) {
        THREE_COLUMNS(uint16_t, at.from, 2, to, to + 1, to + 2 * ROWS, 2);
        if (--lines == 0) return;
        next_line(&at, slot_bytes);
        to += 2 * ROWS;
        THREE_COLUMNS(uint16_t, at.from, 2, to + 1, to + 2 * ROWS, to + 2 * ROWS + 1, 2);
        if (--lines == 0) return;
        next_line(&at, slot_bytes);
    }
}

/* Eight halves from `from` on as words of a row. odd: `from` is the upper half of a word. */
#define EIGHT_HALVES(from, to, odd)                                                            \
    do {                                                                                       \
        const uint8_t *f_ = (from);                                                            \
        if (odd) {                                                                             \
            const uint32_t *w_ = (const uint32_t *)(const void *)(f_ + 2);                     \
            uint32_t first_ = *(const uint16_t *)(const void *)f_, w0_ = w_[0], w1_ = w_[1], w2_ = w_[2]; \
            (to)[0] = first_ | w0_ << 16;                                                      \
            (to)[ROWS] = w0_ >> 16 | w1_ << 16;                                                \
            (to)[2 * ROWS] = w1_ >> 16 | w2_ << 16;                                            \
            (to)[3 * ROWS] = w2_ >> 16 | (uint32_t) * (const uint16_t *)(const void *)(f_ + 14) << 16; \
        } else {                                                                               \
            const uint32_t *w_ = (const uint32_t *)(const void *)f_;                           \
            uint32_t w0_ = w_[0], w1_ = w_[1], w2_ = w_[2], w3_ = w_[3];                       \
            (to)[0] = w0_;                                                                     \
            (to)[ROWS] = w1_;                                                                  \
            (to)[2 * ROWS] = w2_;                                                              \
            (to)[3 * ROWS] = w3_;                                                              \
        }                                                                                      \
    } while (0)

/* A line of three columns is nine halves: the last of a line and the first of the next share a word. */
#define NINE_HALVES_DOWN(from, left, to, odd)                                    \
    do {                                                                         \
        EIGHT_HALVES(from, to, odd);                                             \
        (left) = *(const uint16_t *)(const void *)((from) + 16);                 \
    } while (0)
#define NINE_HALVES_UP(from, left, to, odd)                                      \
    do {                                                                         \
        (to)[0] = (left) | (uint32_t) * (const uint16_t *)(const void *)(from) << 16; \
        EIGHT_HALVES((from) + 2, (to) + ROWS, !(odd));                           \
    } while (0)

/* Pixels of three halves: windows beside each other begin at the lower and the upper half in turn. */
BB_INLINE void copy_three_of_six_bytes(window_lines at, uint32_t lines, uint32_t slot_bytes, uint32_t *to, int odd) {
    for (;; to += 5 * ROWS) {
        uint32_t l0, l1, l2, l3;
        NINE_HALVES_DOWN(at.from, l0, to, odd);
        NINE_HALVES_DOWN(at.from + 6, l1, to + 1, !odd);
        NINE_HALVES_DOWN(at.from + 12, l2, to + 2, odd);
        NINE_HALVES_DOWN(at.from + 18, l3, to + 3, !odd);
        to += 4 * ROWS;
        if (--lines == 0) {
            to[0] = l0;
            to[1] = l1;
            to[2] = l2;
            to[3] = l3;
            return;
        }
        next_line(&at, slot_bytes);
        NINE_HALVES_UP(at.from, l0, to, odd);
        NINE_HALVES_UP(at.from + 6, l1, to + 1, !odd);
        NINE_HALVES_UP(at.from + 12, l2, to + 2, odd);
        NINE_HALVES_UP(at.from + 18, l3, to + 3, !odd);
        if (--lines == 0) return;
        next_line(&at, slot_bytes);
    }
}

static __attribute__((noinline)) void copy_six_bytes(window_lines at, uint32_t lines, uint32_t slot_bytes, uint32_t *to) {
    if ((uintptr_t)at.from & 2) copy_three_of_six_bytes(at, lines, slot_bytes, to, 1);
    else copy_three_of_six_bytes(at, lines, slot_bytes, to, 0);
}

/* Any windows whose pixels fill whole halves of words. Not inlined: its registers would be missing in those that are. */
static __attribute__((noinline)) void copy_rows(const line_ring *r, window_lines at, uint32_t *to) {
    const uint32_t segment_bytes = r->segment_bytes, apart = r->apart;
    uint16_t *half = (uint16_t *)(void *)to;
    uint32_t odd = 0;
    for (uint32_t ky = r->s->ks_h; ky > 0; ky--, next_line(&at, r->slot_bytes)) {
        const four_places places = {at.from, at.from + apart, at.from + 2 * apart, at.from + 3 * apart};
        if ((r->pixel_bytes & 3) == 0) to = copy_four_words(places, segment_bytes, to);
        else half = copy_four_halves(places, segment_bytes, half, odd), odd ^= segment_bytes >> 1 & 1;
    }
}

/* The taps of ROWS windows beside each other on a line; pixels fill whole halves of words. */
static void gather_rows(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    reach(r, line, column, r->four_columns);
    const uint32_t pixel_bytes = r->pixel_bytes;
    window_lines at = lines_from(r, r->lead / 8 + (column - r->first_column) * pixel_bytes);
    if (r->three && (pixel_bytes & 3) == 0) copy_three_words(at, r->s->ks_h, r->slot_bytes, pixel_bytes, to);
    else if (r->three && pixel_bytes == 6) copy_six_bytes(at, r->s->ks_h, r->slot_bytes, to);
    else if (r->three && pixel_bytes == 2) copy_three_halves(at, r->s->ks_h, r->slot_bytes, (uint16_t *)(void *)to);
    else copy_rows(r, at, to);
}

/* Words of ROWS rows that are not full yet, all by as many bits. */
typedef struct {
    quad words;
    uint32_t fill;
    uint32_t *to;
} row_writer;

/* A window's next 32 bits: its line goes on at `from`, from the bit `down` of that word on. */
BB_INLINE uint32_t bits_from(const uint8_t *from, uint32_t index, uint32_t down) {
    const uint32_t *words = (const uint32_t *)(const void *)from + index;
    return words[0] >> down | words[1] << 1 << (~down & 31);
}

BB_INLINE quad four_bits(const four_places *from, uint32_t index, quad down) {
    return (quad){bits_from(from->f0, index, down.w0), bits_from(from->f1, index, down.w1), bits_from(from->f2, index, down.w2),
                  bits_from(from->f3, index, down.w3)};
}

/* Full words out, the bits that are left in. */
BB_INLINE void put_words(row_writer *w, quad bits) {
    const uint32_t fill = w->fill, over = ~fill & 31;
    w->to[0] = w->words.w0 | bits.w0 << fill;
    w->to[1] = w->words.w1 | bits.w1 << fill;
    w->to[2] = w->words.w2 | bits.w2 << fill;
    w->to[3] = w->words.w3 | bits.w3 << fill;
    w->to += ROWS;
    w->words = (quad){bits.w0 >> 1 >> over, bits.w1 >> 1 >> over, bits.w2 >> 1 >> over, bits.w3 >> 1 >> over};
}

BB_INLINE void add_bits(row_writer *w, quad bits) {
    w->words.w0 |= bits.w0 << w->fill;
    w->words.w1 |= bits.w1 << w->fill;
    w->words.w2 |= bits.w2 << w->fill;
    w->words.w3 |= bits.w3 << w->fill;
}

/* As gather_rows for pixels of any number of bits. */
static void gather_rows_of_bits(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    const bb_conv_shape *s = r->s;
    reach(r, line, column, (ROWS - 1u) * s->stride_w + s->ks_w);
    const uint32_t apart = r->pixel_bits * s->stride_w, rest = r->segment_bits & 31, used = (1u << rest) - 1;
    const uint32_t b0 = r->lead + (column - r->first_column) * r->pixel_bits, b1 = b0 + apart, b2 = b1 + apart, b3 = b2 + apart;
    const quad down = {b0 & 31, b1 & 31, b2 & 31, b3 & 31};
    row_writer w = {{0, 0, 0, 0}, 0, to};
    window_lines at = lines_from(r, 0);
    for (uint32_t ky = s->ks_h; ky > 0; ky--, next_line(&at, r->slot_bytes)) {
        four_places from = {at.from + (b0 >> 5 << 2), at.from + (b1 >> 5 << 2), at.from + (b2 >> 5 << 2), at.from + (b3 >> 5 << 2)};
        for (const uint8_t *end = from.f0 + (r->segment_bits >> 5 << 2); from.f0 != end; advance(&from, 4))
            put_words(&w, four_bits(&from, 0, down));
        if (rest == 0) continue;
        quad bits = four_bits(&from, 0, down);
        bits = (quad){bits.w0 & used, bits.w1 & used, bits.w2 & used, bits.w3 & used};
        if (w.fill + rest < 32) add_bits(&w, bits);
        else put_words(&w, bits);
        w.fill = (w.fill + rest) & 31;
    }
    if (w.fill != 0) {
        w.to[0] = w.words.w0;
        w.to[1] = w.words.w1;
        w.to[2] = w.words.w2;
        w.to[3] = w.words.w3;
    }
}

/* A column of three bytes, in the upper ones of a word, behind `fill` bits of a row. */
#define THREE_BYTES(row, left, column, fill)                             \
    do {                                                                 \
        if ((fill) == 0) (left) = (column) >> 8;                         \
        if ((fill) == 8) (row) = (left) | (column);                      \
        if ((fill) == 16) (row) = (left) | (column) << 8, (left) = (column) >> 24;  \
        if ((fill) == 24) (row) = (left) | (column) << 16, (left) = (column) >> 16; \
    } while (0)
#define TAP_OF_FOUR(c0, c1, c2, c3, fill)          \
    do {                                           \
        THREE_BYTES(to[0], left.w0, c0, fill);     \
        THREE_BYTES(to[1], left.w1, c1, fill);     \
        THREE_BYTES(to[2], left.w2, c2, fill);     \
        THREE_BYTES(to[3], left.w3, c3, fill);     \
        if ((fill) != 0) to += ROWS;               \
    } while (0)
/* A line of four windows: six columns, each behind what the line before left. */
#define LINE_OF_FOUR(fill)                                                              \
    do {                                                                                \
        const uint8_t *from_ = at.from;                                                 \
        const uint32_t a0 = bits_from(from_, 0, down), a1 = bits_from(from_, 1, down), a2 = bits_from(from_, 2, down); \
        const uint32_t a3 = bits_from(from_, 3, down), a4 = bits_from(from_, 4, down);  \
        const uint32_t c0 = a0 << 8, c1 = a1 << 16 | a0 >> 24 << 8, c2 = a2 << 24 | a1 >> 16 << 8; \
        const uint32_t c3 = a2 & ~255u, c4 = a3 << 8, c5 = a4 << 16 | a3 >> 24 << 8;    \
        TAP_OF_FOUR(c0, c1, c2, c3, fill);                                              \
        TAP_OF_FOUR(c1, c2, c3, c4, ((fill) + 24) & 31);                                \
        TAP_OF_FOUR(c2, c3, c4, c5, ((fill) + 48) & 31);                                \
    } while (0)

/* As gather_rows for windows of three columns of three bytes, a column apart: colour images. */
static void gather_rows_of_colours(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    reach(r, line, column, r->four_columns);
    const uint32_t slot_bytes = r->slot_bytes, bit = r->lead + (column - r->first_column) * 24, down = bit & 31;
    window_lines at = lines_from(r, bit >> 5 << 2);
    quad left = {0, 0, 0, 0};
    for (uint32_t lines = r->s->ks_h;;) {
        LINE_OF_FOUR(0);
        if (--lines == 0) break;
        next_line(&at, slot_bytes);
        LINE_OF_FOUR(8);
        if (--lines == 0) break;
        next_line(&at, slot_bytes);
        LINE_OF_FOUR(16);
        if (--lines == 0) break;
        next_line(&at, slot_bytes);
        LINE_OF_FOUR(24);
        if (--lines == 0) return;
        next_line(&at, slot_bytes);
    }
    to[0] = left.w0;
    to[1] = left.w1;
    to[2] = left.w2;
    to[3] = left.w3;
}

/* The first tap of an output pixel's window, and the pixels from there to the end of the output's line. */
typedef struct {
    uint32_t line, column, left;
} place;

BB_INLINE void step(place *at, uint32_t pixels, const bb_conv_shape *s) {
    at->column += pixels * s->stride_w;
    at->left -= pixels;
    if (at->left == 0) *at = (place){at->line + s->stride_h, 0, s->out_w};
}

/* Four windows from `at` on as rows of the block; of fewer, those that are left. */
BB_INLINE void gather_four(line_ring *r, place *at, uint32_t rows, uint32_t *block) {
    const bb_conv_shape *s = r->s;
    if (at->left >= ROWS && rows >= ROWS) {
        if (r->pixel_bits == 24 && r->three) gather_rows_of_colours(r, at->line, at->column, block);
        else if (r->pixel_bits & 15) gather_rows_of_bits(r, at->line, at->column, block);
        else gather_rows(r, at->line, at->column, block);
        step(at, ROWS, s);
    } else {
        /* Rows that are not there hold those of before; their sums are not given on. */
        for (uint32_t j = 0; j < ROWS && j < rows; j++, step(at, 1, s)) gather(r, at->line, at->column, block + j);
    }
}

int bb_xbb_conv2d(const pair_code *pair, const bb_conv_shape *s, const int8_t *input, const void *weights, bb_tile_done done,
                  void *context, const bb_conv_room *room) {
    enum { TILE = 16 }; /* rows_max of the pairs */
    line_ring r = {.pair = pair, .s = s, .input = input};
    if (!set_up(&r, room)) return 0;
    const row_words row = words_of_row(pair, (uint32_t)s->ks_h * s->ks_w * s->c);
    uint32_t *block = room->own;
    rows_product product = rows_product_of(pair, block, weights, s->k, row);
    place at = {0, 0, s->out_w};
    memset(block, 0, (size_t)row.words * ROWS * 4); /* words behind a row's codes stay zero */
    const uint32_t pixels = (uint32_t)s->out_h * s->out_w;
    /* Sums of four windows become codes where they are: no tile of sums is kept then, and its room holds how. */
    block_codes *codes = NULL;
    if (room->requant && ((s->k | (uintptr_t)room->out) & 3) == 0 && xbb_quantizes(room->requant, s->k)) {
        codes = (block_codes *)(void *)room->acc;
        make_codes(&product, room->requant, codes);
    }
    uint32_t kept = 0; /* pixels whose sums are in the tile */
    for (uint32_t pixel = 0; pixel < pixels;) {
        const uint32_t rows = least(pixels - pixel, ROWS);
        gather_four(&r, &at, rows, block);
        if (codes && rows == ROWS) {
            multiply_rows_to_codes(&product, codes, room->out + (size_t)pixel * s->k);
            pixel += ROWS;
            continue;
        }
        multiply_rows(&product, room->acc + kept * s->k);
        pixel += rows;
        kept += rows;
        if (kept < TILE && pixel < pixels) continue;
        done(context, pixel - kept, kept, room->acc);
        kept = 0;
    }
    return 1;
}
