/* hello and call, and how a command says what was wrong. */
#include "counters.h"
#include "monitor.h"
#include "runtime/image.h"
#include "runtime/kernelTable.h"

#define PROTOCOL_VERSION 1u
#ifdef BOARD_FLASH
#define WINDOW 1u /* its USART has no FIFO: a byte that comes while a load is copied would be lost */
#else
#define WINDOW 32u /* loads in flight: 0.36 s of a line at 921600 baud, so that a busy host need not answer sooner (uart.c) */
#endif

uint8_t command_hello(payload p)
{
    if (p.length != 4) return STATUS_BAD_LENGTH;
    reply_u16(PROTOCOL_VERSION);
    reply_u8(WINDOW);
    /* has_cycles also says what counts them, in bits 2 to 7 */
    reply_u8(board.has_cycles | (uint32_t)board.has_instructions << 1);
    reply_u32(board.clock_hz);
    reply_u32((uint32_t)board.ram_low);
    reply_u32((uint32_t)board.ram_high);
    reply_u32(board.build_id);
    reply_u32(get_u32(p.bytes));
    reply_u32(board.vendor);
    reply_u32(board.architecture);
    reply_u32(board.implementation);
    reply_u8(__riscv_xlen);
    reply_text(board.isa);
    reply_text(board.core);
    reply_text(build_text);
#ifdef BB_SUBSET
    uint32_t present = 0;
    for (uint32_t i = 0; i < kernel_table_count(); i++) present += (uint32_t)kernel_table_has(i);
    reply_u8(present);
#else
    reply_u8(kernel_table_count());
#endif
    for (uint32_t i = 0; i < kernel_table_count(); i++) {
        if (!kernel_table_has(i)) continue;
        kernel_table_entry entry = kernel_table_at(i);
        reply_bytes(&entry, sizeof entry);
    }
#ifdef BOARD_FLASH
    reply_u32((uint32_t)board.flash_low);
    reply_u32((uint32_t)board.flash_high);
#endif
    return STATUS_OK;
}

typedef struct {
    uintptr_t entry, a0, a1;
    uint64_t cycles, instructions;
} call_request;

static uintptr_t call_entry(uintptr_t argument)
{
    call_request *call = (call_request *)argument;
    uintptr_t (*entry)(uintptr_t, uintptr_t) = (uintptr_t (*)(uintptr_t, uintptr_t))call->entry;
    if (HAS_MACHINE_CSRS) __asm__ volatile("fence.i" ::: "memory"); /* the code was stored as data */
    uint64_t cycles = board.has_cycles ? cycles_now() : 0;
    uint64_t instructions = board.has_instructions ? read_instructions() : 0;
    uintptr_t result = entry(call->a0, call->a1);
    call->instructions = board.has_instructions ? read_instructions() - instructions : 0;
    call->cycles = board.has_cycles ? cycles_now() - cycles : 0;
    return result;
}

uint8_t command_call(payload p)
{
    if (p.length != 12) return STATUS_BAD_LENGTH;
    call_request call = { get_u32(p.bytes), get_u32(p.bytes + 4), get_u32(p.bytes + 8), 0, 0 };
    if (!ram_usable(call.entry, 4)) return fail_address();
    if (call.entry & 1) return STATUS_BAD_ARGUMENT;
    prepared_forget(); /* what runs here may write anywhere */
    reply_accepted(1);
    uintptr_t result;
    if (guard_call(call_entry, (uintptr_t)&call, &result)) return fail_trap();
    reply_u32((uint32_t)result);
    reply_u64(call.cycles);
    reply_u64(call.instructions);
    return STATUS_OK;
}

uint8_t fail_address(void)
{
    reply_u32((uint32_t)board.ram_low);
    reply_u32((uint32_t)board.ram_high);
    return STATUS_BAD_ADDRESS;
}

uint8_t fail_memory(uint64_t needed, uint64_t available)
{
    reply_u32(needed > UINT32_MAX ? UINT32_MAX : (uint32_t)needed);
    reply_u32(available > UINT32_MAX ? UINT32_MAX : (uint32_t)available);
    return STATUS_NO_MEMORY;
}

uint8_t fail_trap(void)
{
    reply_u32((uint32_t)guard_trap.cause);
    reply_u32((uint32_t)guard_trap.pc);
    reply_u32((uint32_t)guard_trap.value);
    return STATUS_TRAP;
}
