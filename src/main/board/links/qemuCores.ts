import { shippedBoards } from '../../../core/board/description/shippedBoards'

/** The cores QEMU's virt board is offered with: just what `isa` says, so that a kernel which needs more would trap. */
export const qemuCores = {
  plain: {
    name: 'QEMU virt',
    note: 'The same firmware on QEMU',
    isa: shippedBoards.qemu.isa!,
    xlen: 32,
    cpu: 'rv32,zba=false,zbb=false,zbc=false,zbs=false'
  },
  zbb: {
    name: 'QEMU with Zbb',
    note: 'The kernels for bit manipulation on QEMU',
    isa: shippedBoards['qemu-zbb'].isa!,
    xlen: 32,
    cpu: 'rv32,zba=false,zbb=true,zbc=false,zbs=false'
  },
  rvv: {
    name: 'QEMU with vectors',
    note: 'The kernels for RISC-V vectors on a 64-bit QEMU',
    isa: shippedBoards['qemu-rvv'].isa!,
    xlen: 64,
    cpu: 'rv64,zba=false,zbb=false,zbc=false,zbs=false,v=true,vlen=128,vext_spec=v1.0'
  }
} as const

/** Name of a core of QEMU that a board can have. */
export type QemuCore = keyof typeof qemuCores
