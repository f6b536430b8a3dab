# Start of a bare program on QEMU's virt machine and on the virtual board: stack, zeroed data, main, power-off.
  .section .text.start, "ax"
  .globl _start
_start:
  la sp, _stack_top
  # Vector registers on, where misa says there are any: mstatus.VS = initial.
  csrr t0, misa
  slli t0, t0, __riscv_xlen - 1 - ('V' - 'A')
  bgez t0, 0f
  li t0, 1 << 9
  csrs mstatus, t0
0:
  la t0, _bss_start
  la t1, _bss_end
1:
  bgeu t0, t1, 2f
  sb zero, 0(t0)
  addi t0, t0, 1
  j 1b
2:
  call main
  # SiFive test finisher: 0x5555 powers off.
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
3:
  j 3b
