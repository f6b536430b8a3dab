/*
 * LiteX's UART (litex/soc/cores/uart.py): 32-bit CSRs, at an address that differs from SoC to SoC. The receive FIFO's head
 * stands in rxtx until the RX event is cleared. A restart loses nothing that still waits to be sent, so `drained` need not wait
 * for the shift register, which this UART cannot show in all versions.
 */
#ifndef UART_LITEX_H
#define UART_LITEX_H

#include "litexBoard.h"

enum { RXTX = 0x00, TXFULL = 0x04, RXEMPTY = 0x08, EVENT_PENDING = 0x10, EVENT_ENABLE = 0x14 };
enum { TX_EVENT = 1, RX_EVENT = 2 };

static inline volatile uint32_t *port_register(uint32_t offset)
{
    return (volatile uint32_t *)(uintptr_t)(litex_board.uart_base + offset);
}

static inline void port_start(void) { *port_register(EVENT_ENABLE) = 0; }
static inline void port_raise_interrupts(void) {}

/* 1 and the next received byte, or 0. */
static inline int port_take(uint8_t *byte)
{
    if (*port_register(RXEMPTY) & 1) return 0;
    *byte = (uint8_t)*port_register(RXTX);
    *port_register(EVENT_PENDING) = RX_EVENT;
    return 1;
}

static inline int port_ready(void) { return !(*port_register(TXFULL) & 1); }

static inline void port_send(uint8_t byte)
{
    *port_register(RXTX) = byte;
    *port_register(EVENT_PENDING) = TX_EVENT;
}

static inline int port_drained(void) { return port_ready(); }

#endif
