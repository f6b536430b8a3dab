/*
 * Waiting for the next byte without burning the host's processor: on QEMU's virt machine the UART is source 10 of a PLIC, and
 * wfi wakes on its pending line although interrupts stay disabled. Other boards poll.
 */
#include "monitor.h"
#include "uart.h"

#include <string.h>

#define PLIC 0x0C000000u
#define UART_SOURCE 10u
#define EXTERNAL_INTERRUPT (1u << 11) /* mie.MEIE */

static volatile uint32_t *plic_word(uint32_t offset) { return (volatile uint32_t *)(uintptr_t)(PLIC + offset); }

static int sleeps;

static uintptr_t route_uart(uintptr_t unused)
{
    (void)unused;
    *plic_word(4 * UART_SOURCE) = 1;         /* priority */
    *plic_word(0x2000) = 1u << UART_SOURCE;  /* enabled for hart 0 in M-mode */
    *plic_word(0x200000) = 0;                /* threshold */
    return 0;
}

void sleep_start(void)
{
#ifndef BOARD_DESCRIBED /* its PLIC is not described */
    sleeps = strcmp(board.core, "qemu-virt") == 0 && guard_call(route_uart, 0, NULL) == 0;
    if (sleeps) uart_raise_interrupts();
#else
    (void)route_uart;
#endif
}

void sleep_until_byte(void)
{
    if (!sleeps) return;
    __asm__ volatile("csrs mie, %0\n\twfi\n\tcsrc mie, %0" ::"r"(EXTERNAL_INTERRUPT) : "memory");
    uint32_t source = *plic_word(0x200004); /* claim, */
    if (source) *plic_word(0x200004) = source; /* complete: the line rises again with the next byte */
}
