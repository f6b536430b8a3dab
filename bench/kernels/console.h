/* Text from a bare program (NS16550A at 0x10000000) or from a host build of the same program. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

#ifdef __riscv
static inline void put_char(char c) {
    volatile uint8_t *uart = (volatile uint8_t *)0x10000000;
    while (!(uart[5] & 0x20)) {
    }
    uart[0] = (uint8_t)c;
}
#else
#include <stdio.h>
static inline void put_char(char c) { putchar(c); }
#endif

static inline void put_text(const char *text) {
    while (*text) put_char(*text++);
}

static inline void put_number(uint32_t value) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) put_char(digits[--count]);
}

#endif
