/*
 * What counts on this board, and whether it has the CSRs of machine mode, filled in by the host before it loads the monitor (src/core/board/counterRecord.ts). As built: the
 * hart's own counters. The numbers of CSRs are in instructions: the host writes others into those that .debug_counter_sites lists.
 */
#ifndef COUNTER_RECORD_H
#define COUNTER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define COUNTER_WRITES 8

/* COUNTER_SBI: a counter that the SBI's PMU gives (supervisor mode alone). */
enum { COUNTER_NONE = 0, COUNTER_CSR = 1, COUNTER_TIMER = 2, COUNTER_SBI = 3 };

typedef struct {
    char magic[8];
    uint32_t kind;
    uint32_t said;         /* bits 2 to 7 of hello's countersAvailable (docs/protocol.md) */
    uint32_t instructions; /* 0: not even tried */
    uint32_t bits;         /* 32 or 64, of the counter */
    uint32_t down;         /* a timer that counts down */
    uint32_t numerator, denominator; /* cycles per tick of a timer */
    uint32_t setups;       /* CSRs written at the start; their numbers are in instructions */
    uint32_t setup[2];
    uint64_t low, high, latch; /* words of a timer; latch 0: it need not be sampled */
    uint32_t writes;
    uint32_t no_machine_csrs; /* 1 on PicoRV32: an access to one halts the core, and so does every trap */
    struct {
        uint64_t address;
        uint32_t value, unused;
    } write[COUNTER_WRITES]; /* words written before anything else */
} counter_record_type;
_Static_assert(offsetof(counter_record_type, no_machine_csrs) == 76, "start.S reads it there");

/* Defined in a file of its own, so that the compiler does not take what it sees there for what will be there. */
extern const counter_record_type counter_record;

/* Words that are written before anything else: watchdogs off, timers on. */
void counters_prepare(void);
/* Whether the counter is read by a function, whose time is taken off: a timer, or a CSR whose number comes from the SBI. */
extern uint8_t counter_is_called;
/* Starts the counter; what hello says of it, 0 where it does not move or traps. */
uint8_t counters_start(void);
/*
 * Cycles since some moment. A counter of 32 bits is extended from one read to the next; the host refuses spans in which it may
 * have overflowed more than once.
 */
uint64_t cycles_now(void);
/* Ticks of a timer, counted up. */
uint64_t timer_ticks(void);
/* Cycles since `timer_ticks` returned `before`, less what reading takes. */
uint32_t timer_cycles_since(uint64_t before);

#endif
