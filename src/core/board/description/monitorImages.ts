import type { BoardDescription, MonitorForm } from '@shared/contract/board/boardDescription'
import { espMaps } from './espBoards'
import { flashMap } from './flashBoards'

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
  /** Whether the host fills in what differs from board to board. */
  isFilledIn: boolean
  /** Whether it can be moved to where the board's RAM is. */
  isMovable: boolean
  /** How far above its data it starts, where one RAM has two addresses. */
  codeDistance?: number
  /** Where its RAM begins, if it executes in place: `base` is then in flash. */
  ramBase?: number
  /** UARTs it drives. */
  uarts: readonly BoardDescription['uart']['kind'][]
  /** null: one for each width. */
  xlen: 32 | 64 | null
  /** What it counts by unless a description says otherwise. */
  counts: UsualCounters
}

const inPlace = {
  base: flashMap.flash,
  isFilledIn: true,
  isMovable: false,
  ramBase: flashMap.ram,
  uarts: ['usart'],
  xlen: 32,
  counts: machineCounters
} as const

const asBuilt = {
  base: 0x8000_0000,
  isFilledIn: false,
  isMovable: false,
  uarts: ['ns16550'],
  xlen: 32,
  counts: machineCounters
} as const

/** The monitors by form: where they are linked, and what the host fills in. */
export const monitorImages = {
  /** For LiteX SoCs: UART, RAM, clock and counters are filled in. */
  litex: {
    base: 0x4000_0000,
    isFilledIn: true,
    isMovable: true,
    uarts: ['litex'],
    xlen: null,
    counts: machineCounters
  },
  /** For supervisor mode under an SBI firmware: UART, RAM, clock, name and counters are filled in. */
  supervisor: {
    base: 0x8080_0000,
    isFilledIn: true,
    isMovable: true,
    uarts: ['ns16550', 'sifive'],
    xlen: 64,
    counts: userCounters
  },
  /** The same for machine mode. */
  machine: {
    base: 0x8080_0000,
    isFilledIn: true,
    isMovable: true,
    uarts: ['ns16550', 'sifive'],
    xlen: null,
    counts: machineCounters
  },
  /** For the RAM of an ESP32-C3, where instructions are fetched 7 MiB above the data; UART, clock, name and counters are filled in. */
  esp32c3: {
    base: espMaps.c3.ram.base,
    isFilledIn: true,
    isMovable: false,
    codeDistance: 0x70_0000,
    uarts: ['esp', 'espUsb'],
    xlen: 32,
    counts: machineCounters
  },
  /** The same for an ESP32-C6. */
  esp32c6: {
    base: espMaps.c6.ram.base,
    isFilledIn: true,
    isMovable: false,
    codeDistance: 0,
    uarts: ['esp', 'espUsb'],
    xlen: 32,
    counts: machineCounters
  },
  /** For microcontrollers that execute in place from flash; UART, RAM, flash, clock, name and counters are filled in. */
  flash: inPlace,
  /** The same with few pairs of widths and without the operators of language models, for more weights beside it. */
  flashSmall: inPlace,
  /** For the core of resources/rtl with its unit in the 128 KiB of a UP5K, with few pairs of widths; nothing is filled in. */
  icebreaker: asBuilt,
  /** For the virtual boards and QEMU's virt machine; nothing is filled in. */
  virt: asBuilt,
  /** For a U-Boot in machine mode on a 64-bit virt machine; nothing is filled in. */
  virt64: {
    base: 0x8080_0000,
    isFilledIn: false,
    isMovable: false,
    uarts: ['ns16550'],
    xlen: 64,
    counts: machineCounters
  }
} as const satisfies Record<MonitorForm, MonitorImage>

/** Whether a monitor executes in place, from flash. */
export const executesInPlace = (monitor: MonitorForm): boolean => 'ramBase' in monitorImages[monitor]
