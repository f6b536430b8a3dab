#ifndef UART_H
#define UART_H

#include <stdint.h>

void uart_start(void);
/* The UART's received-data interrupt line follows its FIFO. */
void uart_raise_interrupts(void);
/* Next received byte, or -1. */
int uart_get(void);
void uart_put(uint8_t byte);
void uart_write(const void *bytes, uint32_t length);
void uart_print(const char *text);
void uart_print_hex(uint32_t value);
void uart_print_decimal(uint32_t value);
/* Waits until the last byte has left the shift register. */
void uart_drain(void);

#endif
