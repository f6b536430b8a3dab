# Start of a bare program on QEMU's virt machine and on the virtual board: stack, zeroed data, main, power-off.
  .section .text.start, "ax"
  .globl _start
_start:
  la sp, _stack_top
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
