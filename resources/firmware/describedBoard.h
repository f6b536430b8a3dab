/*
 * What differs from one described board to the next. The host finds the record by its magic in the image and fills it in from the
 * board's description before it loads the monitor (src/core/board/describedMonitor.ts); an image that was not filled in stops at
 * once.
 */
#ifndef DESCRIBED_BOARD_H
#define DESCRIBED_BOARD_H

#include <stdint.h>

enum { UART_NS16550 = 0, UART_SIFIVE = 1, UART_ESP = 2, UART_ESP_USB = 3, UART_USART = 4 };

typedef struct {
    char magic[8];
    uint64_t uart_base;   /* of its first register; 0 in an image that was not filled in */
    uint32_t uart_stride; /* bytes between registers of an NS16550A */
    uint32_t uart_width;  /* bytes of an access to one: 1 or 4 */
    uint32_t ram_end;     /* the first address that is not the monitor's to use: RAM ends there, or other firmware begins */
    uint32_t clock_hz;    /* 0 unknown */
    uint32_t uart_kind;
    uint32_t flash_end;   /* of a monitor that executes in place: the first address behind the flash; else unused */
    char core[40];        /* name of the board; empty: unknown */
} described_board_record;

/* Defined in a file of its own, so that the compiler does not take what it sees there for what will be there. */
extern const described_board_record described_board;

#endif
