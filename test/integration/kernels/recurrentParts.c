/* The parts of a gate's argument in 32 bits beside their definition in 64 (docs/arithmetic.md "Recurrence"): P(v, m, s). */
#include <stdio.h>
#include <stdlib.h>

#include "rv32im/recurrent_part.h"

int32_t bb_recurrent_rows(const bb_recurrent_shape *s) { return s->hidden; }

static int64_t defined(int64_t v, int32_t m, int32_t s) { return (v * m + ((int64_t)1 << (s - 1))) >> s; }

/* Where the table of a function ends. */
static int64_t to_table(int64_t a) { return a < -32768 ? -32768 : a > 32767 ? 32767 : a; }

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static long checked, failed;

static void expect(int holds, const char *what, int32_t value, int32_t mult, int32_t shift) {
    checked++;
    if (!holds && failed++ < 10) printf("failed %s: %d %d %d\n", what, value, mult, shift);
}

/* Every code with every zero offset, at every shift; the factor's 21 bits in steps, both ends among them. */
static void own_parts(void) {
    for (int32_t shift = LEAST_OWN_SHIFT; shift <= 51; shift++)
        for (int32_t code = -256; code <= 255; code++)
            for (int32_t step = 0; step < 130; step++) {
                int32_t mult = step == 0 ? 0 : step == 129 ? (1 << 21) - 1 : (int32_t)(next() & ((1 << 21) - 1));
                expect(own_of_code(code, mult, shift) == defined(code, mult, shift), "own", code, mult, shift);
            }
}

static int32_t some_sum(int32_t shift, int at) {
    int64_t edge = ((int64_t)1 << (shift + 8)) + (int64_t)(next() % 5) - 2;
    if (at % 1000 == 0) return at % 2000 ? INT32_MIN : INT32_MAX;
    if (at % 7 == 0 && edge <= INT32_MAX) return next() & 1 ? (int32_t)edge : (int32_t)-edge;
    return (int32_t)(next() >> 32) >> (next() % 32);
}

static void sum_parts(void) {
    for (int32_t shift = 2; shift <= 51; shift++)
        for (int at = 0; at < 200000; at++) {
            int32_t sum = some_sum(shift, at), mult = (1 << 20) | (int32_t)(next() & ((1 << 20) - 1));
            if (at % 50 == 0) mult = 0;
            if (at % 51 == 0) mult = 1 << 20;
            if (at % 53 == 0) mult = (1 << 21) - 1;
            int64_t wide = defined(sum, mult, shift);
            int32_t narrow = part_of_sum(sum, mult, shift), own = (int32_t)(next() % ((1 << 22) + 1)) - (1 << 21);
            int is_limited = shift < UNLIMITED_PART_SHIFT && llabs((long long)sum) > 1ll << (shift + 8);
            expect(is_limited || wide == narrow, "part", sum, mult, shift);
            expect(to_table(own + wide) == to_table((int64_t)own + narrow), "argument", sum, mult, shift);
            expect(bb_reset_limited(wide) == bb_reset_limited(narrow), "limited", sum, mult, shift);
        }
}

int main(void) {
    own_parts();
    sum_parts();
    printf("checked %ld failed %ld\n", checked, failed);
    return failed != 0;
}
