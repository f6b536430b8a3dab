/* The monitor: frames in, answers out, and a few words for a human at a terminal. */
#include "crc.h"
#include "frame.h"
#include "counters.h"
#include "monitor.h"
#include "reply.h"
#include "uart.h"
#ifdef BOARD_LITEX
#include "litexBoard.h"
#endif
#ifdef BOARD_DESCRIBED
#include "describedBoard.h"
#endif

#include <string.h>

guard_trap_info guard_trap;
uintptr_t guard_top; /* start.S: stack of the innermost guard, 0 outside */

static frame_receiver receiver;
static uint32_t last_nonce;
static uint8_t nonce_seen;

static void print_banner(void)
{
    uart_print("\r\nBitbench ");
    uart_print(build_text);
    uart_print(", ");
    uart_print(board.isa);
    uart_print(", RAM ");
    uart_print_hex((uint32_t)board.ram_low);
    uart_print("-");
    uart_print_hex((uint32_t)board.ram_high);
    uart_print(". '?' for help.\r\n");
}

static void print_help(void)
{
    print_banner();
    uart_print("core ");
    uart_print(board.core);
    uart_print(", build ");
    uart_print_hex(board.build_id);
    uart_print(", clock ");
    if (board.clock_hz) uart_print_decimal(board.clock_hz), uart_print(" Hz");
    else uart_print("unknown");
    uart_print(", counters");
#ifdef COUNTER_RECORD /* the host says which */
    if (board.has_cycles) uart_print(" cycles");
    if (board.has_instructions) uart_print(" instructions");
#else
    if (board.has_cycles) uart_print(" mcycle");
    if (board.has_instructions) uart_print(" minstret");
#endif
    if (!board.has_cycles && !board.has_instructions) uart_print(" none");
    uart_print(", usable ");
    uart_print_decimal((uint32_t)((board.ram_high - board.ram_low) >> 10));
    uart_print(" KiB\r\nThis monitor speaks a framed binary protocol: connect with Bitbench (bitbench board info).\r\n");
}

static uint8_t command_load(payload p)
{
    if (p.length < 5) return STATUS_BAD_LENGTH;
    uintptr_t address = get_u32(p.bytes);
    if (!ram_usable(address, p.length - 4)) return fail_address();
    prepared_touch(address, p.length - 4);
    memcpy((void *)address, p.bytes + 4, p.length - 4);
    return STATUS_OK;
}

static uint8_t command_read(payload p)
{
    if (p.length != 6) return STATUS_BAD_LENGTH;
    uintptr_t address = get_u32(p.bytes);
    uint32_t length = get_u16(p.bytes + 4);
    if (length == 0 || length > 1024) return STATUS_BAD_ARGUMENT;
    if (!readable(address, length)) return fail_address();
    reply_bytes((const void *)address, length);
    return STATUS_OK;
}

static uint8_t command_crc(payload p)
{
    if (p.length != 8) return STATUS_BAD_LENGTH;
    uintptr_t address = get_u32(p.bytes);
    uint32_t length = get_u32(p.bytes + 4);
    if (!readable(address, length)) return fail_address();
    reply_accepted(length);
    /* In pieces, so that a long range still tells that the board lives. */
    uint32_t state = CRC32_START;
    for (uint32_t done = 0; done < length;) {
        uint32_t piece = length - done < 65536 ? length - done : 65536;
        state = crc32_feed(state, (const void *)(address + done), piece);
        done += piece;
        reply_progress(done, length);
    }
    reply_u32(crc32_finish(state));
    return STATUS_OK;
}

static uint8_t command_echo(payload p)
{
    if (p.length > 1024) return STATUS_BAD_LENGTH;
    reply_bytes(p.bytes, p.length);
    return STATUS_OK;
}

static uint8_t dispatch(uint8_t command, payload p)
{
    switch (command) {
    case COMMAND_HELLO: return command_hello(p);
    case COMMAND_LOAD: return command_load(p);
    case COMMAND_READ: return command_read(p);
    case COMMAND_CRC: return command_crc(p);
    case COMMAND_PREPARE: return command_prepare(p);
    case COMMAND_RUN: return command_run(p);
    case COMMAND_BENCH: return command_bench(p);
    case COMMAND_ECHO: return command_echo(p);
    case COMMAND_RESET: return p.length ? STATUS_BAD_LENGTH : STATUS_OK;
    case COMMAND_CALL: return command_call(p);
    case COMMAND_COUNTERS: return command_counters(p);
    case COMMAND_TENSOR: return command_tensor(p);
    default: return STATUS_UNKNOWN_COMMAND;
    }
}

/* 1 when the monitor must restart. */
static int handle(const frame *request)
{
    payload p = { request->payload, request->length };
    if (request->command & 0x80 || request->command == COMMAND_EVENT) return 0; /* our own words, echoed by the line */
    /* A new host session begins with a nonce of its own; its numbers start anew and mean other requests. */
    if (request->command == COMMAND_HELLO && p.length == 4 && (!nonce_seen || get_u32(p.bytes) != last_nonce)) {
        reply_forget_all();
        last_nonce = get_u32(p.bytes);
        nonce_seen = 1;
    }
    if (!reply_again(request)) {
        reply_start(request->sequence, request->command);
        uint8_t status = dispatch(request->command, p);
        if (status != STATUS_OK) reply_set_status(status);
        reply_remember(request);
    }
    reply_send();
    return request->command == COMMAND_RESET && p.length == 0;
}

/* Returns to start.S, which restarts. */
void monitor_main(void)
{
#ifdef BOARD_LITEX
    /* The address of the UART was not filled in: no error can be printed, and a guess might write anywhere. */
    while (litex_board.uart_base == 0) {}
#endif
#ifdef BOARD_DESCRIBED
    while (described_board.uart_base == 0) {}
#endif
    uart_start();
    board_identify();
    sleep_start();
    print_banner();
    for (;;) {
        int byte = uart_get();
        if (byte < 0) {
            sleep_until_byte();
            continue;
        }
        if (byte == '?' && frame_idle(&receiver)) {
            print_help();
            continue;
        }
        frame_push(&receiver, (uint8_t)byte);
        frame request;
        while (frame_next(&receiver, &request)) {
            if (!handle(&request)) continue;
            uart_drain();
            return;
        }
    }
}
