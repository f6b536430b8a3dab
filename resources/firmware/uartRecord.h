/*
 * The UART that the host described: an NS16550A (or Synopsys DW_apb_uart) with a distance of registers and a width of accesses, or
 * SiFive's (FU540-C000 manual, chapter 13: words, with the flags of a full and an empty FIFO in bit 31 of the data).
 */
#ifndef UART_RECORD_H
#define UART_RECORD_H

#include "describedBoard.h"

enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { RECEIVED = 0x01, TRANSMIT_READY = 0x20, TRANSMIT_IDLE = 0x40 };
enum { SIFIVE_TXDATA = 0x00, SIFIVE_RXDATA = 0x04, SIFIVE_TXCTRL = 0x08, SIFIVE_RXCTRL = 0x0C, SIFIVE_IE = 0x10, SIFIVE_IP = 0x14 };
#define SIFIVE_FLAG 0x80000000u

static inline int port_is_sifive(void) { return described_board.uart_kind == UART_SIFIVE; }

static inline volatile uint32_t *sifive_word(uint32_t offset)
{
    return (volatile uint32_t *)((uintptr_t)described_board.uart_base + offset);
}

static inline uintptr_t port_address(uint32_t index)
{
    return (uintptr_t)described_board.uart_base + index * described_board.uart_stride;
}

static inline uint8_t port_read(uint32_t index)
{
    uintptr_t address = port_address(index);
    return described_board.uart_width == 4 ? (uint8_t) * (volatile uint32_t *)address : *(volatile uint8_t *)address;
}

static inline void port_write(uint32_t index, uint8_t value)
{
    uintptr_t address = port_address(index);
    if (described_board.uart_width == 4) *(volatile uint32_t *)address = value;
    else *(volatile uint8_t *)address = value;
}

/* 8N1; the divisor stays as the boot loader left it. */
static inline void port_start(void)
{
    if (port_is_sifive()) {
        *sifive_word(SIFIVE_IE) = 0;
        *sifive_word(SIFIVE_TXCTRL) = 1 | 1u << 16; /* on; its event bit shows an empty FIFO */
        *sifive_word(SIFIVE_RXCTRL) = 1;
        return;
    }
    port_write(INTERRUPTS, 0);
    port_write(LINE_CONTROL, 3);
    port_write(FIFO_CONTROL, 1);
}

static inline void port_raise_interrupts(void) {}

/* 1 and the next received byte, or 0. */
static inline int port_take(uint8_t *byte)
{
    if (port_is_sifive()) {
        uint32_t word = *sifive_word(SIFIVE_RXDATA);
        *byte = (uint8_t)word;
        return !(word & SIFIVE_FLAG);
    }
    if (!(port_read(LINE_STATUS) & RECEIVED)) return 0;
    *byte = port_read(DATA);
    return 1;
}

static inline int port_ready(void)
{
    if (port_is_sifive()) return !(*sifive_word(SIFIVE_TXDATA) & SIFIVE_FLAG);
    return port_read(LINE_STATUS) & TRANSMIT_READY;
}

static inline void port_send(uint8_t byte)
{
    if (port_is_sifive()) *sifive_word(SIFIVE_TXDATA) = byte;
    else port_write(DATA, byte);
}

/* A restart of the monitor loses nothing that waits in a FIFO, and SiFive's UART does not show its shift register. */
static inline int port_drained(void)
{
    if (port_is_sifive()) return (int)(*sifive_word(SIFIVE_IP) & 1);
    return port_read(LINE_STATUS) & TRANSMIT_IDLE;
}

#endif
