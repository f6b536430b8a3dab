# The golden cases, linked in: the same program runs on the host and on a board without files.
  .section .rodata
  .globl kernel_vectors
  .balign 8
kernel_vectors:
  .incbin "kernels.bin"
#ifdef __linux__
  .section .note.GNU-stack, "", %progbits
#endif
