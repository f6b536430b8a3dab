/*
 * What differs from one LiteX SoC to the next. The host finds the record by its magic in the image and fills it in from the
 * SoC's csr.csv or csr.json before it loads the monitor (src/core/board/litexMonitor.ts); an image that was not filled in
 * stops at once.
 */
#ifndef LITEX_BOARD_H
#define LITEX_BOARD_H

#include <stdint.h>

typedef struct {
    char magic[8];
    uint32_t uart_base; /* of the CSRs; 0 in an image that was not filled in */
    uint32_t ram_bytes; /* of main RAM, which begins at MONITOR_BASE */
    uint32_t clock_hz;  /* 0 unknown */
} litex_board_record;

/* Defined in a file of its own, so that the compiler does not take what it sees there for what will be there. */
extern const litex_board_record litex_board;

#endif
