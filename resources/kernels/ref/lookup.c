/* Codes looked up in a table, or fetched from where a list says. */
#include "bb.h"

#include <string.h>

void bb_table_reference(const int8_t *in, uint32_t count, uint32_t channels, const int8_t *tables, int8_t *out) {
    if (channels == 1) {
        const int8_t *middle = tables + 128;
        for (uint32_t at = 0; at < count; at++) out[at] = middle[in[at]];
        return;
    }
    for (uint32_t at = 0; at < count; at += channels)
        for (uint32_t c = 0; c < channels; c++) out[at + c] = tables[c * 256 + (uint32_t)(in[at + c] + 128)];
}

void bb_gather_reference(const int32_t *sources, uint32_t count, int8_t fill, const int8_t *in, int8_t *out) {
    for (uint32_t at = 0; at < count; at++) out[at] = sources[at] < 0 ? fill : in[sources[at]];
}

void bb_embed(const bb_embed_shape *s, const int8_t *in, uint32_t count, int8_t *out) {
    for (uint32_t at = 0; at < count; at++, out += s->width) {
        int32_t row = in[at] + 128 + 256 * (in[count + at] + 128);
        if (row >= s->rows) row = s->rows - 1;
        memcpy(out, s->codes + (size_t)row * (size_t)s->width, (size_t)s->width);
    }
}
