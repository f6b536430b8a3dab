import type { BoardDescription, MonitorForm } from '@shared/contract/board/boardDescription'

/** Counters of the mode that a monitor runs in. */
export type UsualCounters =
  | { readonly cycles: 'mcycle'; readonly instructions: 'minstret' }
  | { readonly cycles: 'cycle'; readonly instructions: 'instret' }

const machineCounters = { cycles: 'mcycle', instructions: 'minstret' } as const
const userCounters = { cycles: 'cycle', instructions: 'instret' } as const

/** What is built of a monitor (scripts/firmware.mjs). */
export interface MonitorImage {
  /** Where it is linked. */
  base: number
  /** Whether it can be moved to where the board's RAM is. */
  isMovable: boolean
  /** UARTs it drives. */
  uarts: readonly BoardDescription['uart']['kind'][]
  /** null: one for each width. */
  xlen: 32 | 64 | null
  /** What it counts by unless a description says otherwise. */
  counts: UsualCounters
}

/** The monitors by form: where they are linked, and what the host fills in. */
export const monitorImages = {
  /** For LiteX SoCs: UART, RAM, clock and counters are filled in. */
  litex: { base: 0x4000_0000, isMovable: true, uarts: ['litex'], xlen: 32, counts: machineCounters },
  /** For supervisor mode under an SBI firmware: UART, RAM, clock, name and counters are filled in. */
  supervisor: {
    base: 0x8080_0000,
    isMovable: true,
    uarts: ['ns16550', 'sifive'],
    xlen: 64,
    counts: userCounters
  },
  /** The same for machine mode. */
  machine: {
    base: 0x8080_0000,
    isMovable: true,
    uarts: ['ns16550', 'sifive'],
    xlen: null,
    counts: machineCounters
  },
  /** For the virtual boards and QEMU's virt machine; nothing is filled in. */
  virt: { base: 0x8000_0000, isMovable: false, uarts: ['ns16550'], xlen: 32, counts: machineCounters },
  /** For a U-Boot in machine mode on a 64-bit virt machine; nothing is filled in. */
  virt64: { base: 0x8080_0000, isMovable: false, uarts: ['ns16550'], xlen: 64, counts: machineCounters }
} as const satisfies Record<MonitorForm, MonitorImage>
