/*
 * USART of GD32VF103 and CH32V (their manuals' chapters on it), which has the registers of that of STM32F1: a status word, a data word,
 * and no FIFO. The line's clock, pins and speed are set by the words that the host describes to be written first.
 */
#ifndef UART_USART_H
#define UART_USART_H

#include "describedBoard.h"

enum { USART_STATUS = 0x00, USART_DATA = 0x04 };
enum { USART_RECEIVED = 1u << 5, USART_SENT = 1u << 6, USART_CAN_SEND = 1u << 7 };

static inline volatile uint32_t *usart_word(uint32_t offset)
{
    return (volatile uint32_t *)((uintptr_t)described_board.uart_base + offset);
}

static inline void port_start(void) {}

static inline void port_raise_interrupts(void) {}

/* 1 and the next received byte, or 0. Reading status and then data also clears an overrun. */
static inline int port_take(uint8_t *byte)
{
    if (!(*usart_word(USART_STATUS) & USART_RECEIVED)) return 0;
    *byte = (uint8_t)*usart_word(USART_DATA);
    return 1;
}

static inline int port_ready(void) { return (int)(*usart_word(USART_STATUS) & USART_CAN_SEND); }

static inline void port_send(uint8_t byte) { *usart_word(USART_DATA) = byte; }

static inline int port_drained(void) { return (int)(*usart_word(USART_STATUS) & USART_SENT); }

#endif
