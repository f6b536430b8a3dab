/* What the parts of the monitor share. The wire protocol is docs/protocol.md. */
#ifndef MONITOR_H
#define MONITOR_H

#include <stddef.h>
#include <stdint.h>

/* ---- status of a response (docs/protocol.md "Responses") */
enum { STATUS_OK = 0, STATUS_UNKNOWN_COMMAND = 1, STATUS_BAD_LENGTH = 2, STATUS_BAD_ADDRESS = 3,
       STATUS_BAD_ARGUMENT = 4, STATUS_UNSUPPORTED = 5, STATUS_NO_MEMORY = 6, STATUS_BAD_IMAGE = 7,
       STATUS_TRAP = 8, STATUS_BUSY = 9 };

enum { COMMAND_HELLO = 0x01, COMMAND_LOAD = 0x02, COMMAND_READ = 0x03, COMMAND_CRC = 0x04, COMMAND_PREPARE = 0x05,
       COMMAND_RUN = 0x06, COMMAND_BENCH = 0x07, COMMAND_ECHO = 0x08, COMMAND_RESET = 0x09, COMMAND_CALL = 0x0A,
       COMMAND_COUNTERS = 0x0B, COMMAND_TENSOR = 0x0C, COMMAND_EVENT = 0x7F };

enum { EVENT_PROGRESS = 1, EVENT_TRAP = 2 };

/* ---- traps (start.S) */
typedef struct {
    uintptr_t cause, pc, value;
} guard_trap_info;
extern guard_trap_info guard_trap;
int guard_call(uintptr_t (*function)(uintptr_t), uintptr_t argument, uintptr_t *result);

/* ---- what the board is (identify.c); filled once at start */
typedef struct {
    uint32_t clock_hz;          /* 0 unknown */
    uintptr_t ram_low, ram_high; /* usable, high exclusive */
#ifdef BOARD_FLASH
    uintptr_t flash_low, flash_high; /* behind the monitor, for an Image; high exclusive */
#endif
    uint32_t build_id;
    uint32_t vendor, architecture, implementation;
    uint8_t has_cycles, has_instructions; /* has_cycles: bit 0, and bits 2 to 7 as in hello's countersAvailable */
    char isa[40];
    char core[40];
} board_identity;
extern board_identity board;
void board_identify(void);
extern const char build_text[];

/* [low, high) of RAM, found by writing and looking (ram.c). */
uintptr_t ram_find_end(uintptr_t monitor_base, uintptr_t monitor_bytes, uintptr_t most_bytes);

/* True when [address, address + length) lies in usable RAM; an empty range does not. */
int ram_usable(uintptr_t address, uint32_t length);
/* The same for what is only read: where the monitor executes in place, also flash behind it. */
#ifdef BOARD_FLASH
int readable(uintptr_t address, uint32_t length);
#else
#define readable ram_usable
#endif

/* ---- doing nothing (sleep.c) */
void sleep_start(void);
/* Nothing came: sleeps until the UART has a byte where the board's interrupt wiring is known, else returns at once. */
void sleep_until_byte(void);

/* ---- counters (counters.h has the inline readers) */
typedef struct {
    uint64_t cycles, instructions;
} counter_pair;

/* ---- the answer under construction (reply.c) */
void reply_start(uint8_t sequence, uint8_t command);
void reply_u8(uint32_t value);
void reply_u16(uint32_t value);
void reply_u32(uint32_t value);
void reply_u64(uint64_t value);
void reply_bytes(const void *bytes, uint32_t length);
void reply_text(const char *text);
void reply_send(void);
/* Progress 0 of `total`, at once: the request came through and its work begins, which may take long. */
void reply_accepted(uint32_t total);
/* Progress event of the request being answered, rate-limited; free when nothing is due. */
void reply_progress(uint32_t done, uint32_t total);

/* ---- commands: each reads its payload, fills the reply and returns a status */
typedef struct {
    const uint8_t *bytes;
    uint32_t length;
} payload;
uint8_t command_hello(payload p);
uint8_t command_bench(payload p);
uint8_t command_prepare(payload p);
uint8_t command_run(payload p);
uint8_t command_counters(payload p);
uint8_t command_tensor(payload p);
uint8_t command_call(payload p);
/* The prepared Image is forgotten when [address, address + length) touches it. */
void prepared_touch(uintptr_t address, uint32_t length);
void prepared_forget(void);
uint8_t fail_address(void);
uint8_t fail_memory(uint64_t needed, uint64_t available);
uint8_t fail_trap(void);

static inline uint32_t get_u16(const uint8_t *b) { return (uint32_t)b[0] | (uint32_t)b[1] << 8; }
static inline uint32_t get_u32(const uint8_t *b) { return get_u16(b) | get_u16(b + 2) << 16; }

#endif
