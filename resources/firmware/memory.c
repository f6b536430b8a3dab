/* memcpy and friends: all that the compiler may ask of a libc here. Words where both ends are aligned. */
#include <stddef.h>
#include <stdint.h>

static void copy_upwards(uint8_t *d, const uint8_t *s, size_t length)
{
    if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0) {
        for (; length >= 4; length -= 4, d += 4, s += 4) *(uint32_t *)(void *)d = *(const uint32_t *)(const void *)s;
    }
    while (length--) *d++ = *s++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    copy_upwards(to, from, length);
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s || d >= s + length) copy_upwards(d, s, length);
    else while (length--) d[length] = s[length];
    return to;
}

void *memset(void *to, int value, size_t length)
{
    uint8_t *d = to;
    while (((uintptr_t)d & 3) && length) *d++ = (uint8_t)value, length--;
    uint32_t word = (uint8_t)value * 0x01010101u;
    for (; length >= 4; length -= 4, d += 4) *(uint32_t *)(void *)d = word;
    while (length--) *d++ = (uint8_t)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t length)
{
    const uint8_t *a = left, *b = right;
    for (; length--; a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

int strcmp(const char *left, const char *right)
{
    while (*left && *left == *right) left++, right++;
    return (unsigned char)*left - (unsigned char)*right;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length]) length++;
    return length;
}
