/* Codes copied and widened. */
#include "bb.h"

#include <string.h>

/* The innermost count of a move. */
static void copy_run(const int8_t *in, int32_t step_in, int8_t *out, int32_t step_out, int32_t count) {
    if (step_in == 1 && step_out == 1) {
        memmove(out, in, (size_t)count); /* a hostile Image may let them overlap */
        return;
    }
    for (; count > 0; count--, in += step_in, out += step_out) *out = *in;
}

void bb_move(const bb_move_shape *s, const int8_t *in, int8_t *out) {
    int32_t at[BB_LOOPS] = { 0 };
    const int last = BB_LOOPS - 1;
    int32_t from = s->in_offset, to = s->out_offset;
    for (;;) {
        copy_run(in + from, s->in[last], out + to, s->out[last], s->count[last]);
        int depth = last - 1;
        for (; depth >= 0; depth--) {
            from += s->in[depth];
            to += s->out[depth];
            if (++at[depth] < s->count[depth]) break;
            from -= s->in[depth] * s->count[depth];
            to -= s->out[depth] * s->count[depth];
            at[depth] = 0;
        }
        if (depth < 0) return;
    }
}

void bb_output(const int8_t *in, uint32_t count, int32_t zero, int32_t *out) {
    for (uint32_t at = 0; at < count; at++) out[at] = in[at] + zero;
}
