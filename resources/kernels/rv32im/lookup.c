/* Look-ups and gathers, several codes a turn of the loop: the loop's own instructions are half of a single one. */
#include "../bb.h"

void bb_table(const int8_t *in, uint32_t count, uint32_t channels, const int8_t *tables, int8_t *out) {
    if (channels != 1) {
        bb_table_reference(in, count, channels, tables, out);
        return;
    }
    const int8_t *middle = tables + 128;
    for (const int8_t *end = in + (count & ~7u); in != end; in += 8, out += 8) {
        int32_t a = in[0], b = in[1], c = in[2], d = in[3];
        out[0] = middle[a];
        out[1] = middle[b];
        out[2] = middle[c];
        out[3] = middle[d];
        a = in[4], b = in[5], c = in[6], d = in[7];
        out[4] = middle[a];
        out[5] = middle[b];
        out[6] = middle[c];
        out[7] = middle[d];
    }
    for (uint32_t left = count & 7; left > 0; left--) *out++ = middle[*in++];
}

static inline int8_t fetched(int32_t source, int8_t fill, const int8_t *in) { return source < 0 ? fill : in[source]; }

void bb_gather(const int32_t *sources, uint32_t count, int8_t fill, const int8_t *in, int8_t *out) {
    for (const int32_t *end = sources + (count & ~3u); sources != end; sources += 4, out += 4) {
        out[0] = fetched(sources[0], fill, in);
        out[1] = fetched(sources[1], fill, in);
        out[2] = fetched(sources[2], fill, in);
        out[3] = fetched(sources[3], fill, in);
    }
    for (uint32_t left = count & 3; left > 0; left--) *out++ = fetched(*sources++, fill, in);
}
