/*
 * NS16550A, polled (QEMU virt, virtual board, LiteX with the 16550 option). Its FIFO holds 16 bytes; so that the host may
 * send the next frame while this one is worked on, every touch of the UART also moves received bytes to a ring.
 */
#include "uart.h"

#ifndef UART_BASE
#define UART_BASE 0x10000000u
#endif
#ifndef UART_STRIDE
#define UART_STRIDE 1u /* bytes between registers */
#endif

enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { RECEIVED = 0x01, TRANSMIT_READY = 0x20, TRANSMIT_IDLE = 0x40 };

#define RING_BYTES 4096u
static uint8_t ring[RING_BYTES];
static uint32_t ring_in, ring_out;

static volatile uint8_t *uart_register(uint32_t index)
{
    return (volatile uint8_t *)(uintptr_t)(UART_BASE + index * UART_STRIDE);
}

void uart_start(void)
{
    *uart_register(INTERRUPTS) = 0;
    *uart_register(LINE_CONTROL) = 3; /* 8N1; the divisor stays as the loader or the reset left it */
    *uart_register(FIFO_CONTROL) = 1;
}

void uart_raise_interrupts(void) { *uart_register(INTERRUPTS) = 1; }

/* Returns the line status after the received bytes are safe. A full ring leaves them in the FIFO. */
static uint32_t uart_collect(void)
{
    uint32_t status = *uart_register(LINE_STATUS);
    while ((status & RECEIVED) && ring_in - ring_out < RING_BYTES) {
        ring[ring_in++ % RING_BYTES] = *uart_register(DATA);
        status = *uart_register(LINE_STATUS);
    }
    return status;
}

int uart_get(void)
{
    if (ring_in == ring_out) {
        uart_collect();
        if (ring_in == ring_out) return -1;
    }
    return ring[ring_out++ % RING_BYTES];
}

void uart_put(uint8_t byte)
{
    while (!(uart_collect() & TRANSMIT_READY)) {}
    *uart_register(DATA) = byte;
}

void uart_write(const void *bytes, uint32_t length)
{
    const uint8_t *b = bytes;
    for (uint32_t i = 0; i < length; i++) uart_put(b[i]);
}

void uart_drain(void)
{
    while (!(uart_collect() & TRANSMIT_IDLE)) {}
}

void uart_print(const char *text)
{
    while (*text) uart_put((uint8_t)*text++);
}

void uart_print_hex(uint32_t value)
{
    uart_print("0x");
    for (int shift = 28; shift >= 0; shift -= 4) uart_put((uint8_t)"0123456789abcdef"[value >> shift & 15]);
}

void uart_print_decimal(uint32_t value)
{
    char digits[10];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) uart_put((uint8_t)digits[--count]);
}
