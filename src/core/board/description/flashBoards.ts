import type { BoardDescription } from '@shared/contract/board/boardDescription'

/** Name of a microcontroller whose monitor executes in place from flash. */
export type FlashChipName = 'gd32vf103' | 'ch32v307'

/** What is the same on both chips: flash and RAM, USART0 (GD32) or USART1 (CH32V), clocks and pins beside it. */
const common = {
  flash: 0x0800_0000,
  ram: 0x2000_0000,
  usart: 0x4001_3800,
  /** Clock control: configuration, and what is clocked on the second peripheral bus. */
  clockConfig: 0x4002_1004,
  clockEnable: 0x4002_1018,
  /** Modes of pins 8 to 15 of port A. */
  pins: 0x4001_0804
} as const

/**
 * GD32VF103xB (user manual, "Memory map", "RCU", "USART"; Bumblebee core of Nuclei: RV32IMAC) and CH32V307xC (reference manual, the
 * same chapters; QingKe V4F core: RV32IMAC with F, which no kernel uses).
 */
export const flashChips = {
  gd32vf103: { name: 'GD32VF103', flashBytes: 128 << 10, ramBytes: 32 << 10, sysTick: null, loader: 'stm' },
  /** Of the flash, what is read without waiting while RAM has 64 KiB. */
  ch32v307: {
    name: 'CH32V307',
    flashBytes: 256 << 10,
    ramBytes: 64 << 10,
    sysTick: 0xe000_f000,
    loader: 'wch'
  }
} as const

/** The chip that each loader in ROM which writes flash was made for. */
export const chipOfLoader = { stm: 'gd32vf103', wch: 'ch32v307' } as const satisfies {
  [Chip in FlashChipName as (typeof flashChips)[Chip]['loader']]: Chip
}

/** A loader in ROM that writes flash. */
export type FlashLoader = keyof typeof chipOfLoader

/** Whether a loader of a description or of a request writes flash. */
export const isFlashLoader = (loader: string | undefined): loader is FlashLoader =>
  loader !== undefined && Object.hasOwn(chipOfLoader, loader)

/** The flash of a chip. */
export function flashOf(chip: FlashChipName): { base: number; sizeBytes: number } {
  return { base: common.flash, sizeBytes: flashChips[chip].flashBytes }
}

/** Both run from their internal oscillator of 8 MHz after a reset. */
const clockHz = 8_000_000
const baudRate = 115_200

/**
 * Words that bring the line up, as on STM32F1: core from the internal oscillator (a boot loader may leave another clock), port A,
 * its alternate functions and the USART clocked, PA9 sends (alternate function, push-pull), PA10 receives, speed, and on with both ways.
 */
const startWrites = [
  { address: common.clockConfig, value: 0 },
  { address: common.clockEnable, value: (1 << 14) | (1 << 2) | 1 },
  { address: common.pins, value: 0x4444_44b4 },
  { address: common.usart + 0x08, value: Math.round(clockHz / baudRate) },
  { address: common.usart + 0x0c, value: (1 << 13) | (1 << 3) | (1 << 2) }
] as const

/** A microcontroller with the monitor in its flash, with all kernels or those of few pairs. */
export function describeFlashBoard(chip: FlashChipName, isSmall: boolean): BoardDescription {
  const { name, flashBytes, ramBytes, sysTick, loader } = flashChips[chip]
  return {
    name,
    isa: 'rv32imac',
    clockHz,
    uart: { kind: 'usart', base: common.usart, stride: 4, widthBytes: 4 },
    ram: { base: common.ram, sizeBytes: ramBytes },
    flash: { base: common.flash, sizeBytes: flashBytes },
    // QingKe V4 has no mcycle; its SysTick counts the core's clock.
    counter:
      sysTick === null
        ? { kind: 'mcycle' }
        : {
            kind: 'timer',
            address: sysTick + 0x08,
            highAddress: sysTick + 0x0c,
            counts: 'up',
            latchAddress: null,
            frequencyHz: clockHz
          },
    instructions: sysTick === null ? 'minstret' : 'none',
    machineCsrs: true,
    startWrites: [...startWrites, ...(sysTick === null ? [] : [{ address: sysTick, value: 5 }])],
    loader,
    resetLines: 'none',
    monitor: isSmall ? 'flashSmall' : 'flash'
  }
}

/** The map of a chip, for its simulator. */
export const flashMap = common
