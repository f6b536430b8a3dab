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
    uint32_t slot_bytes, pixel_bytes, segment_bytes; /* of a line, a pixel, and the taps of a window's line */
    uint32_t columns;      /* in a slot; lines and columns count from the padding's */
    uint32_t first_column; /* in the ring now */
    uint32_t lead;         /* bytes before it in a slot, so that the codes of the image begin at a word */
    uint32_t made;         /* lines below it have been packed */
    uint32_t slot;         /* of the next line */
    uint8_t pad;           /* four or more codes of padding */
    uint8_t *row;          /* a pixel's taps, where they are not whole words line by line; else NULL */
    uint32_t row_words;    /* that hold them */
} line_ring;

static uint8_t pad_byte(int32_t code, uint32_t wide) {
    if (wide == 8) return (uint8_t)code;
    if (wide == 4) return (uint8_t)((code & 15) * 0x11);
    if (wide == 2) return (uint8_t)((code & 3) * 0x55);
    return code > 0 ? 0xFF : 0;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Zero when the ring cannot hold the shape. */
static int set_up(line_ring *r, const bb_conv_room *room) {
    const bb_conv_shape *s = r->s;
    const uint32_t bits = (uint32_t)s->c * r->pair->wide, width = (uint32_t)(s->out_w - 1) * s->stride_w + s->ks_w;
    if ((bits & 7) || s->step_h > 1 || s->step_w > 1) return 0;
    r->pixel_bytes = bits / 8;
    r->segment_bytes = r->pixel_bytes * s->ks_w;
    r->row_words = (r->segment_bytes * s->ks_h + 3) / 4;
    const int whole = (r->pixel_bytes & 3) == 0;
    const uint32_t row_bytes = whole ? 0 : r->row_words * 4, slack = whole ? 0 : 3;
    if (room->codes_bytes < row_bytes + 4u * s->ks_h) return 0;
    r->slot_bytes = ((uint32_t)room->codes_bytes - row_bytes) / s->ks_h & ~3u;
    r->columns = (r->slot_bytes - slack) / r->pixel_bytes;
    if (r->columns < least(width, s->ks_w + 3u * s->stride_w)) return 0;
    r->columns = least(r->columns, width);
    r->slot_bytes = (slack + r->columns * r->pixel_bytes + 3) & ~3u;
    r->ring = room->codes;
    r->row = whole ? NULL : r->ring + r->slot_bytes * s->ks_h;
    if (r->row) memset(r->row + row_bytes - 4, 0, 4);
    r->first_column = r->columns + 1; /* of no window: the first one fills the ring */
    r->pad = pad_byte(s->pad_code, r->pair->wide);
    return 1;
}

/* The ring's columns of the next line. */
static void pack_line(line_ring *r) {
    const bb_conv_shape *s = r->s;
    uint8_t *to = r->ring + r->slot * r->slot_bytes, *end = to + r->slot_bytes;
    const uint32_t y = r->made++ - s->pad_top; /* above the image it is beyond any line */
    if (++r->slot == s->ks_h) r->slot = 0;
    const uint32_t left = s->pad_left > r->first_column ? s->pad_left - r->first_column : 0;
    const uint32_t x = r->first_column + left - s->pad_left;
    if (y >= s->h || x >= s->w || left >= r->columns) {
        memset(to, r->pad, r->slot_bytes);
        return;
    }
    const uint32_t pixels = least(r->columns - left, s->w - x), bytes = pixels * r->pixel_bytes;
    uint8_t *codes = to + r->lead + left * r->pixel_bytes;
    r->pair->pack_row(r->input + ((size_t)y * s->w + x) * s->c, pixels * s->c, (bytes + 3) / 4, (uint32_t *)(void *)codes, 1);
    memset(to, r->pad, (size_t)(codes - to));
    memset(codes + bytes, r->pad, (size_t)(end - codes - bytes));
}

/* Packs what windows whose first taps are at (line, column) still miss; together they are `columns` wide. */
static void reach(line_ring *r, uint32_t line, uint32_t column, uint32_t columns) {
    const bb_conv_shape *s = r->s;
    if (column < r->first_column || column + columns > r->first_column + r->columns) {
        r->first_column = column;
        const uint32_t left = s->pad_left > column ? s->pad_left - column : 0;
        r->lead = (0 - left * r->pixel_bytes) & 3;
        r->made = line;
        r->slot = line % s->ks_h;
    }
    while (r->made < line + s->ks_h) pack_line(r);
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

BB_INLINE void copy_halves(const uint8_t *from, uint32_t bytes, uint8_t *to) {
    if (((uintptr_t)from | bytes) & 1) {
        for (; bytes > 0; bytes--) *to++ = *from++;
        return;
    }
    const uint16_t *source = (const uint16_t *)(const void *)from;
    uint16_t *halves = (uint16_t *)(void *)to;
    for (; bytes >= 6; bytes -= 6, source += 3, halves += 3) {
        uint16_t h0 = source[0], h1 = source[1], h2 = source[2];
        halves[0] = h0;
        halves[1] = h1;
        halves[2] = h2;
    }
    for (; bytes > 0; bytes -= 2) *halves++ = *source++;
}

/* The taps of the window as words of one of ROWS rows. */
static void gather(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    const bb_conv_shape *s = r->s;
    reach(r, line, column, s->ks_w);
    const uint32_t offset = r->lead + (column - r->first_column) * r->pixel_bytes;
    const uint8_t *end = r->ring + s->ks_h * r->slot_bytes + offset;
    const uint8_t *from = r->ring + r->slot * r->slot_bytes + offset; /* the oldest line is the window's first */
    uint8_t *row = r->row;
    for (uint32_t ky = s->ks_h; ky > 0; ky--) {
        if (row) copy_halves(from, r->segment_bytes, row), row += r->segment_bytes;
        else to = copy_words((const uint32_t *)(const void *)from, r->segment_bytes / 4, to);
        from += r->slot_bytes;
        if (from == end) from = r->ring + offset;
    }
    if (row) copy_words((const uint32_t *)(const void *)r->row, r->row_words, to);
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

/* The taps of ROWS windows beside each other on a line; pixels fill whole halves of words. */
static void gather_rows(line_ring *r, uint32_t line, uint32_t column, uint32_t *to) {
    const bb_conv_shape *s = r->s;
    reach(r, line, column, (ROWS - 1u) * s->stride_w + s->ks_w);
    const uint32_t offset = r->lead + (column - r->first_column) * r->pixel_bytes, apart = r->pixel_bytes * s->stride_w;
    const uint8_t *end = r->ring + s->ks_h * r->slot_bytes + offset;
    const uint8_t *from = r->ring + r->slot * r->slot_bytes + offset;
    uint16_t *half = (uint16_t *)(void *)to;
    uint32_t odd = 0;
    for (uint32_t ky = s->ks_h; ky > 0; ky--) {
        const four_places places = {from, from + apart, from + 2 * apart, from + 3 * apart};
        if (!r->row) to = copy_four_words(places, r->segment_bytes, to);
        else half = copy_four_halves(places, r->segment_bytes, half, odd), odd ^= r->segment_bytes >> 1 & 1;
        from += r->slot_bytes;
        if (from == end) from = r->ring + offset;
    }
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

int bb_xbb_conv2d(const pair_code *pair, const bb_conv_shape *s, const int8_t *input, const void *weights, bb_tile_done done,
                  void *context, const bb_conv_room *room) {
    enum { TILE = 8 }; /* rows_max of the pairs */
    line_ring r = {.pair = pair, .s = s, .input = input};
    if (!set_up(&r, room)) return 0;
    const row_words row = words_of_row(pair, (uint32_t)s->ks_h * s->ks_w * s->c);
    uint32_t *block = room->own;
    rows_product product = rows_product_of(pair, block, weights, s->k, row);
    place at = {0, 0, s->out_w};
    memset(block, 0, (size_t)row.words * ROWS * 4); /* words behind a row's codes stay zero */
    const uint32_t pixels = (uint32_t)s->out_h * s->out_w;
    for (uint32_t pixel = 0; pixel < pixels; pixel += TILE) {
        const uint32_t rows = least(pixels - pixel, TILE);
        for (uint32_t i = 0; i < rows; i += ROWS) {
            if (at.left >= ROWS && rows - i >= ROWS && (r.pixel_bytes & 1) == 0) {
                gather_rows(&r, at.line, at.column, block);
                step(&at, ROWS, s);
            } else {
                for (uint32_t j = 0; j < ROWS && i + j < rows; j++, step(&at, 1, s)) gather(&r, at.line, at.column, block + j);
            }
            /* Rows that are not there hold those of before; their sums are not given on. */
            multiply_rows(&product, room->acc + i * s->k);
        }
        done(context, pixel, rows, room->acc);
    }
    return 1;
}
