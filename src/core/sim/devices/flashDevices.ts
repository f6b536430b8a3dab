import type { MachineConfig } from '../boards/presets'
import type { Bus } from './bus'
import { Sram } from './sram'
import { SysTick, sysTickBytes } from './sysTick'
import type { Uart16550 } from './uart16550'
import { usartBytes, UartUsart } from './uartUsart'

/** All peripherals of the second bus and of the one that holds clocks and the flash's controller. */
const peripherals = { base: 0x4000_0000, sizeBytes: 0x4_0000 } as const

/** What lies beside the flash of a microcontroller. */
export interface FlashDevices {
  /** Devices as after a reset; RAM keeps its bytes. */
  reset(): void
  /** Bytes of RAM; null for addresses outside. */
  readRam(address: number, length: number): Uint8Array | null
}

/** Maps RAM, USART and SysTick of a microcontroller, and words that only take what is written for its other peripherals. */
export function mapFlashDevices(
  bus: Bus,
  line: Uart16550,
  cycles: () => number,
  flash: NonNullable<MachineConfig['flash']>
): FlashDevices {
  const ram = new Sram(flash.ramBytes)
  const usart = new UartUsart(line)
  const sysTick = new SysTick(cycles)
  // RAM first: it is looked for most often.
  bus.map(flash.ramBase, flash.ramBytes, ram)
  bus.map(flash.usartBase, usartBytes, usart)
  if (flash.sysTickBase !== null) bus.map(flash.sysTickBase, sysTickBytes, sysTick)
  bus.map(peripherals.base, peripherals.sizeBytes, {
    read: () => 0,
    write: (offset, value) => flash.onWrite?.(peripherals.base + offset, value >>> 0)
  })
  return {
    reset() {
      usart.reset()
      sysTick.reset()
    },
    readRam(address, length) {
      const offset = address - flash.ramBase
      return offset < 0 || offset + length > flash.ramBytes ? null : ram.bytes.slice(offset, offset + length)
    }
  }
}
