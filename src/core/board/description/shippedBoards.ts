import { type BoardDescription, boardDescriptionSchema } from '@shared/contract/board/boardDescription'
import { describeEsp } from './espBoards'
import { describeFlashBoard } from './flashBoards'

/** Devices of QEMU's `virt` machine, and of the virtual boards, on which the same firmware runs. */
export const virtMap = {
  ram: 0x8000_0000,
  uart: 0x1000_0000,
  clint: 0x0200_0000,
  finisher: 0x0010_0000
} as const

/** Where LiteX puts main RAM and, on the virtual SoC, the UART. */
export const litexMap = { ramBase: 0x4000_0000, uartBase: 0xf000_1000 } as const

const describe = (input: Parameters<typeof boardDescriptionSchema.parse>[0]): BoardDescription =>
  boardDescriptionSchema.parse(input)

const virt = {
  uart: { kind: 'ns16550', base: virtMap.uart },
  ram: { base: virtMap.ram, sizeBytes: 128 << 20 },
  flash: { base: 0x2000_0000, sizeBytes: 32 << 20 },
  loader: 'none',
  monitor: 'virt'
} as const

/** RAM of the board of resources/rtl/icebreaker: the single-port RAM of a UP5K. */
export const icebreakerRamBytes = 128 << 10

/** Boards whose description is shipped, by name. */
export const shippedBoards = {
  /** QEMU's virt machine with a plain 32-bit core. */
  qemu: describe({ ...virt, name: 'qemu-virt', isa: 'rv32imac' }),
  'qemu-zbb': describe({ ...virt, name: 'qemu-virt', isa: 'rv32imac_zbb' }),
  'qemu-rvv': describe({ ...virt, name: 'qemu-virt', isa: 'rv64imac_v', monitor: 'virt64' }),
  /** The same machine with a 64-bit core and U-Boot in machine mode. */
  'qemu-uboot': describe({ ...virt, name: 'qemu-virt', isa: 'rv64imac', loader: 'uboot', monitor: 'virt64' }),
  /** The core of resources/rtl with its unit on an iCEBreaker; its boot loader takes what LiteX's does. */
  icebreaker: describe({
    name: 'iCEBreaker',
    isa: 'rv32im_zicsr_xbb',
    clockHz: 12_000_000,
    uart: virt.uart,
    ram: { base: virtMap.ram, sizeBytes: icebreakerRamBytes },
    loader: 'sfl',
    monitor: 'icebreaker'
  }),
  'esp32-c3': describe(describeEsp('c3', false)),
  'esp32-c3-usb': describe(describeEsp('c3', true)),
  'esp32-c6': describe(describeEsp('c6', false)),
  'esp32-c6-usb': describe(describeEsp('c6', true)),
  gd32vf103: describe(describeFlashBoard('gd32vf103', true)),
  'gd32vf103-all': describe(describeFlashBoard('gd32vf103', false)),
  ch32v307: describe(describeFlashBoard('ch32v307', false)),
  'ch32v307-small': describe(describeFlashBoard('ch32v307', true))
} as const satisfies Record<string, BoardDescription>

/** Name of a board whose description is shipped. */
export type ShippedBoardName = keyof typeof shippedBoards
