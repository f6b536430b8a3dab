import { virtMap } from '../board/description/shippedBoards'

/** The virtual board's physical addresses: those of QEMU's `virt` machine, so that one firmware runs on both. */
export const { ram: ramBase, uart: uartBase, clint: clintBase, finisher: finisherBase } = virtMap
