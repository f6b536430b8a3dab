import type { BoardDescription } from '@shared/contract/board/boardDescription'

/** Name of a chip whose ROM loads a monitor. */
export type EspChipName = 'c3' | 'c6'

/**
 * Addresses of ESP32-C3 and ESP32-C6 (technical reference manuals: "System and Memory", "UART Controller", "USB Serial/JTAG
 * Controller", "Watchdog Timers"). A watchdog takes another configuration while its key stands in the word that protects it.
 */
export const espMaps = {
  c3: {
    name: 'ESP32-C3',
    isa: 'rv32imc',
    ram: { base: 0x3fc8_0000, sizeBytes: 384 << 10 },
    uart: 0x6000_0000,
    usb: 0x6004_3000,
    watchdogs: [
      // Of the real-time clock, then the one that guards the others (fed by itself from here on), then those of both timer groups.
      { protect: 0x6000_80a8, key: 0x50d8_3aa1, config: 0x6000_8090, off: 0 },
      { protect: 0x6000_80b0, key: 0x8f1d_312a, config: 0x6000_80ac, off: 0x84b0_0000 },
      { protect: 0x6001_f064, key: 0x50d8_3aa1, config: 0x6001_f048, off: 0 },
      { protect: 0x6002_0064, key: 0x50d8_3aa1, config: 0x6002_0048, off: 0 }
    ]
  },
  c6: {
    name: 'ESP32-C6',
    isa: 'rv32imac',
    ram: { base: 0x4080_0000, sizeBytes: 512 << 10 },
    uart: 0x6000_0000,
    usb: 0x6000_f000,
    watchdogs: [
      { protect: 0x600b_1c18, key: 0x50d8_3aa1, config: 0x600b_1c00, off: 0 },
      { protect: 0x600b_1c20, key: 0x50d8_3aa1, config: 0x600b_1c1c, off: 0x12c4_0000 },
      { protect: 0x6000_8064, key: 0x50d8_3aa1, config: 0x6000_8048, off: 0 },
      { protect: 0x6000_9064, key: 0x50d8_3aa1, config: 0x6000_9048, off: 0 }
    ]
  }
} as const

/** The writes, in their order, that stop all watchdogs of a chip. */
export function espWatchdogStops(chip: EspChipName): { address: number; value: number }[] {
  return espMaps[chip].watchdogs.flatMap(({ protect, key, config, off }) => [
    { address: protect, value: key },
    { address: config, value: off }
  ])
}

/**
 * A chip of Espressif's with a monitor in its RAM, its line on UART0 or on USB-Serial-JTAG. Its clock is not known: the ROM leaves it
 * as it was for the line. Cycles are counted by its own CSR 0x7E2, instructions not at all.
 */
export function describeEsp(chip: EspChipName, isUsb: boolean): Omit<BoardDescription, 'flash'> {
  const { name, isa, ram, uart, usb } = espMaps[chip]
  return {
    name,
    isa,
    clockHz: null,
    uart: { kind: isUsb ? 'espUsb' : 'esp', base: isUsb ? usb : uart, stride: 4, widthBytes: 4 },
    ram,
    counter: {
      kind: 'csr',
      number: 0x7e2,
      setup: [
        { csr: 0x7e0, value: 1 },
        { csr: 0x7e1, value: 1 }
      ]
    },
    instructions: 'none',
    machineCsrs: true,
    startWrites: espWatchdogStops(chip),
    loader: 'esp',
    resetLines: 'none',
    monitor: chip === 'c3' ? 'esp32c3' : 'esp32c6'
  }
}
