# Reset entry and recoverable traps. Nothing here needs a stack before _start has set one.

#if __riscv_xlen == 64
# define LREG ld
# define SREG sd
# define XB 8
#else
# define LREG lw
# define SREG sw
# define XB 4
#endif

# ESP32-C3 has no mie (interrupts are off in mstatus alone), and its mtvec holds multiples of 256; Bumblebee's holds multiples of 64
# and a mode below, and QingKe V4 knows neither mie nor mhartid.
#if defined(BOARD_ESP) || defined(BOARD_FLASH)
# define NO_MIE
# define TRAP_ALIGN 8
#else
# define TRAP_ALIGN 2
#endif

# The control registers of the mode this image runs in. In supervisor mode an SBI firmware lies below: it has chosen the hart.
#ifdef BOARD_SUPERVISOR
# define XIE sie
# define XSTATUS sstatus
# define XTVEC stvec
# define XCAUSE scause
# define XEPC sepc
# define XTVAL stval
# define INTERRUPTS_ON 2
#else
# define XIE mie
# define XSTATUS mstatus
# define XTVEC mtvec
# define XCAUSE mcause
# define XEPC mepc
# define XTVAL mtval
# define INTERRUPTS_ON 8
#endif

/*
 * A core without machine mode (PicoRV32) has none of these registers and halts on the first access: the host notes that in
 * counter_record (counterRecord.h). Jumps to `past` there; changes t0.
 */
#if __riscv_xlen == 32 && (defined(BOARD_LITEX) || defined(BOARD_DESCRIBED)) && !defined(NO_MIE)
# define NO_MACHINE_CSRS 76
  .macro without_machine_csrs past
  .option push
  .option norelax              # gp is not set yet where this runs first
  la t0, counter_record
  .option pop
  lw t0, NO_MACHINE_CSRS(t0)
  bnez t0, \past
  .endm
#else
  .macro without_machine_csrs past
  .endm
#endif

  .section .text.start, "ax"
  .globl _start
_start:
#ifdef BOARD_FLASH
  lui t0, %hi(1f)              # out of reset the flash is executed at its alias at 0; what is relative to pc needs the real address
  jalr zero, %lo(1f)(t0)
1:
#endif
  without_machine_csrs 3f
#ifndef NO_MIE
  csrw XIE, zero
#endif
  csrci XSTATUS, INTERRUPTS_ON
#ifdef BOARD_SUPERVISOR
  fence.i                      # the loader wrote this as data
#elif !defined(BOARD_FLASH)
  csrr t0, mhartid
  bnez t0, park
#endif
3:
  .option push
  .option norelax              # gp is not set yet, so its own load must not be relaxed against it
  la gp, __global_pointer$
  .option pop
  la sp, _stack_top
  la t0, _bss_start
  la t1, _bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  without_machine_csrs 4f
  la t0, trap_entry
  csrw XTVEC, t0
4:
  call monitor_main
  j _start

park:                          # other harts have nothing to do
  wfi
  j park

# int guard_call(uintptr_t (*function)(uintptr_t), uintptr_t argument, uintptr_t *result)
# 0: returned, *result set. 1: it trapped and guard_trap holds mcause, mepc, mtval. Nests.
  .text
  .globl guard_call
guard_call:
  addi sp, sp, -20*XB
  SREG ra, 0*XB(sp)
  SREG s0, 1*XB(sp)
  SREG s1, 2*XB(sp)
  SREG s2, 3*XB(sp)
  SREG s3, 4*XB(sp)
  SREG s4, 5*XB(sp)
  SREG s5, 6*XB(sp)
  SREG s6, 7*XB(sp)
  SREG s7, 8*XB(sp)
  SREG s8, 9*XB(sp)
  SREG s9, 10*XB(sp)
  SREG s10, 11*XB(sp)
  SREG s11, 12*XB(sp)
  SREG tp, 13*XB(sp)
  SREG a2, 14*XB(sp)
  la t0, guard_top
  LREG t1, 0(t0)
  SREG t1, 15*XB(sp)           # the guard around this one
  SREG sp, 0(t0)
  mv t0, a0
  mv a0, a1
  jalr t0
  mv a1, a0
  li a0, 0
  # Falls through with a0 = status, a1 = result. The called code may have changed gp, mtvec or the interrupt bits.
guard_return:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  without_machine_csrs 2f
#ifndef NO_MIE
  csrw XIE, zero
#endif
  csrci XSTATUS, INTERRUPTS_ON
  la t0, trap_entry
  csrw XTVEC, t0
2:
  la t0, guard_top
  LREG sp, 0(t0)
  LREG t1, 15*XB(sp)
  SREG t1, 0(t0)
  LREG a2, 14*XB(sp)
  beqz a2, 1f
  SREG a1, 0(a2)
1:
  LREG ra, 0*XB(sp)
  LREG s0, 1*XB(sp)
  LREG s1, 2*XB(sp)
  LREG s2, 3*XB(sp)
  LREG s3, 4*XB(sp)
  LREG s4, 5*XB(sp)
  LREG s5, 6*XB(sp)
  LREG s6, 7*XB(sp)
  LREG s7, 8*XB(sp)
  LREG s8, 9*XB(sp)
  LREG s9, 10*XB(sp)
  LREG s10, 11*XB(sp)
  LREG s11, 12*XB(sp)
  LREG tp, 13*XB(sp)
  addi sp, sp, 20*XB
  ret

# Every trap ends the guarded code, so no register has to be kept. Outside a guard the monitor itself is at fault: restart.
  .align TRAP_ALIGN
trap_entry:
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la t0, guard_top
  LREG t1, 0(t0)
  beqz t1, _start_far
  la t0, guard_trap
  csrr t1, XCAUSE
  SREG t1, 0*XB(t0)
  csrr t1, XEPC
  SREG t1, 1*XB(t0)
  csrr t1, XTVAL
  SREG t1, 2*XB(t0)
  li a0, 1
  li a1, 0
  j guard_return
_start_far:
  tail _start
