/* An NS16550A (or Synopsys DW_apb_uart) at an address, with a distance of registers and a width that the host filled in. */
#ifndef UART_RECORD_H
#define UART_RECORD_H

#include "supervisorBoard.h"

enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { RECEIVED = 0x01, TRANSMIT_READY = 0x20, TRANSMIT_IDLE = 0x40 };

static inline uintptr_t port_address(uint32_t index)
{
    return (uintptr_t)supervisor_board.uart_base + index * supervisor_board.uart_stride;
}

static inline uint8_t port_read(uint32_t index)
{
    uintptr_t address = port_address(index);
    return supervisor_board.uart_width == 4 ? (uint8_t) * (volatile uint32_t *)address : *(volatile uint8_t *)address;
}

static inline void port_write(uint32_t index, uint8_t value)
{
    uintptr_t address = port_address(index);
    if (supervisor_board.uart_width == 4) *(volatile uint32_t *)address = value;
    else *(volatile uint8_t *)address = value;
}

static inline void port_start(void)
{
    port_write(INTERRUPTS, 0);
    port_write(LINE_CONTROL, 3); /* 8N1; the divisor stays as U-Boot left it */
    port_write(FIFO_CONTROL, 1);
}

static inline void port_raise_interrupts(void) {}

/* 1 and the next received byte, or 0. */
static inline int port_take(uint8_t *byte)
{
    if (!(port_read(LINE_STATUS) & RECEIVED)) return 0;
    *byte = port_read(DATA);
    return 1;
}

static inline int port_ready(void) { return port_read(LINE_STATUS) & TRANSMIT_READY; }
static inline void port_send(uint8_t byte) { port_write(DATA, byte); }
static inline int port_drained(void) { return port_read(LINE_STATUS) & TRANSMIT_IDLE; }

#endif
