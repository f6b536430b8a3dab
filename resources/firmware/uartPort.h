/*
 * Registers of the UART: an NS16550A (QEMU virt, virtual boards), LiteX's own, built with -DBOARD_LITEX, one that the host
 * describes, built with -DBOARD_DESCRIBED, those of ESP32-C3 and C6, built with -DBOARD_ESP as well, or the USART of GD32VF103 and
 * CH32V, built with -DBOARD_FLASH as well.
 */
#ifndef UART_PORT_H
#define UART_PORT_H

#include <stdint.h>

#ifdef BOARD_LITEX
#include "uartLitex.h"
#elif defined(BOARD_ESP)
#include "uartEsp.h"
#elif defined(BOARD_FLASH)
#include "uartUsart.h"
#elif defined(BOARD_DESCRIBED)
#include "uartRecord.h"
#else
#include "uart16550.h"
#endif

#endif
