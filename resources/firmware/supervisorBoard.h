/*
 * What differs from one board with a U-Boot in supervisor mode to the next. The host finds the record by its magic in the image
 * and fills it in from U-Boot's device tree before it loads the monitor (src/core/board/supervisorMonitor.ts); an image that was
 * not filled in stops at once.
 */
#ifndef SUPERVISOR_BOARD_H
#define SUPERVISOR_BOARD_H

#include <stdint.h>

typedef struct {
    char magic[8];
    uint64_t uart_base;   /* of the NS16550A; 0 in an image that was not filled in */
    uint32_t uart_stride; /* bytes between registers */
    uint32_t uart_width;  /* bytes of an access: 1 or 4 */
    uint32_t ram_end;     /* the first address that is not the monitor's to use: U-Boot's RAM bank ends there, or other firmware begins */
    uint32_t clock_hz;    /* 0 unknown */
    char core[40];        /* name of the board; empty: unknown */
} supervisor_board_record;

/* Defined in a file of its own, so that the compiler does not take what it sees there for what will be there. */
extern const supervisor_board_record supervisor_board;

#endif
