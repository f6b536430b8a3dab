/* NS16550A, byte registers. */
#ifndef UART_16550_H
#define UART_16550_H

#ifndef UART_BASE
#define UART_BASE 0x10000000u
#endif
#ifndef UART_STRIDE
#define UART_STRIDE 1u /* bytes between registers */
#endif

enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { RECEIVED = 0x01, TRANSMIT_READY = 0x20, TRANSMIT_IDLE = 0x40 };

static inline volatile uint8_t *port_register(uint32_t index)
{
    return (volatile uint8_t *)(uintptr_t)(UART_BASE + index * UART_STRIDE);
}

static inline void port_start(void)
{
    *port_register(INTERRUPTS) = 0;
    *port_register(LINE_CONTROL) = 3; /* 8N1; the divisor stays as the loader or the reset left it */
    *port_register(FIFO_CONTROL) = 1;
}

/* The received-data interrupt line follows the FIFO. */
static inline void port_raise_interrupts(void) { *port_register(INTERRUPTS) = 1; }

/* 1 and the next received byte, or 0. */
static inline int port_take(uint8_t *byte)
{
    if (!(*port_register(LINE_STATUS) & RECEIVED)) return 0;
    *byte = *port_register(DATA);
    return 1;
}

static inline int port_ready(void) { return *port_register(LINE_STATUS) & TRANSMIT_READY; }
static inline void port_send(uint8_t byte) { *port_register(DATA) = byte; }
static inline int port_drained(void) { return *port_register(LINE_STATUS) & TRANSMIT_IDLE; }

#endif
