import type { MonitorForm } from '@shared/contract/board/boardDescription'

/** What is built of a monitor (scripts/firmware.mjs). */
export interface MonitorImage {
  /** File in resources/firmware/build, without extension; null: one of several by the core's ISA (`monitorFor`). */
  image: string | null
  /** Where it is linked. */
  base: number
  /** Whether it can be moved to where the board's RAM is. */
  isMovable: boolean
  /** UART it drives. */
  uart: 'ns16550' | 'litex'
  xlen: 32 | 64
}

/** The monitors by form: where they are linked, and what the host fills in. */
export const monitorImages = {
  /** For LiteX SoCs: UART, RAM and clock are filled in. */
  litex: { image: 'monitor-litex', base: 0x4000_0000, isMovable: true, uart: 'litex', xlen: 32 },
  /** For supervisor mode under an SBI firmware: UART, RAM, clock and name are filled in. */
  supervisor: { image: 'monitor-rv64s', base: 0x8080_0000, isMovable: true, uart: 'ns16550', xlen: 64 },
  /** For the virtual boards and QEMU's virt machine; nothing is filled in. */
  virt: { image: null, base: 0x8000_0000, isMovable: false, uart: 'ns16550', xlen: 32 },
  /** For a U-Boot in machine mode on a 64-bit virt machine; nothing is filled in. */
  virt64: { image: null, base: 0x8080_0000, isMovable: false, uart: 'ns16550', xlen: 64 }
} as const satisfies Record<MonitorForm, MonitorImage>
