/*
 * The monitor's line, polled. A UART's FIFO holds 16 bytes or so; so that the host may send the next frames while one is
 * worked on, every touch of the UART also moves received bytes to a ring. Which UART it is, uartPort.h knows.
 */
#include "uart.h"

#include "uartPort.h"

/*
 * Holds what arrives while one request is worked on. Only loads are sent ahead of their answers (monitorUpload.ts), and
 * copying 1 KiB takes less than the line needs for 100 bytes, so the host's window may exceed the ring.
 */
#ifdef BOARD_FLASH /* RAM is short there, and one request comes at a time (session.c) */
#define RING_BYTES 1024u
#else
#define RING_BYTES 4096u
#endif
static uint8_t ring[RING_BYTES];
static uint32_t ring_in, ring_out;

void uart_start(void) { port_start(); }

void uart_raise_interrupts(void) { port_raise_interrupts(); }

/* Makes received bytes safe. A full ring leaves them in the FIFO. */
static void uart_collect(void)
{
    uint8_t byte;
    while (ring_in - ring_out < RING_BYTES && port_take(&byte)) ring[ring_in++ % RING_BYTES] = byte;
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
    do uart_collect();
    while (!port_ready());
    port_send(byte);
}

void uart_write(const void *bytes, uint32_t length)
{
    const uint8_t *b = bytes;
    for (uint32_t i = 0; i < length; i++) uart_put(b[i]);
}

void uart_drain(void)
{
    do uart_collect();
    while (!port_drained());
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
