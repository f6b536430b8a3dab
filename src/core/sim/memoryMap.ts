/** The virtual board's physical addresses: those of QEMU's `virt` machine, so that one firmware runs on both. */
export const ramBase = 0x80000000
export const uartBase = 0x10000000
export const clintBase = 0x02000000
export const finisherBase = 0x00100000
