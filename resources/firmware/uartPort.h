/* Registers of the UART: an NS16550A (QEMU virt, virtual boards), or LiteX's own, built with -DBOARD_LITEX. */
#ifndef UART_PORT_H
#define UART_PORT_H

#include <stdint.h>

#ifdef BOARD_LITEX
#include "uartLitex.h"
#else
#include "uart16550.h"
#endif

#endif
