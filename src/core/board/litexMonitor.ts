import { AppError } from '../../shared/errors'
import type { LitexSoc } from './litexSoc'

/** Where resources/firmware/build/monitor-litex.bin is linked (scripts/firmware.mjs). */
export const litexMonitorBase = 0x4000_0000

/** The record of resources/firmware/litexBoard.h: this text, then UART base, RAM bytes, clock in Hz as u32. */
const magic = 'BBLITEX1'
/** Stack and zeroed data of the monitor lie behind the image; then a little is left to work in. */
const minRamBytes = 192 * 1024

/**
 * The LiteX monitor for one SoC: a copy of the image with the SoC's UART, RAM and clock filled in.
 *
 * @throws input.invalid when main RAM does not lie where the image is linked, or is too small; internal for an image without the record
 */
export function fillInLitexMonitor(image: Uint8Array, soc: LitexSoc): Uint8Array {
  if (soc.ramBase !== litexMonitorBase) {
    throw new AppError(
      'input.invalid',
      `Main RAM of this SoC begins at 0x${soc.ramBase.toString(16)}; the monitor is linked for 0x${litexMonitorBase.toString(16)}.`,
      'Build the SoC with LiteX’s usual memory map, or the monitor for this address (docs/firmware.md).'
    )
  }
  if (soc.ramBytes < minRamBytes) {
    throw new AppError(
      'input.invalid',
      `Main RAM of this SoC has ${soc.ramBytes} bytes; the monitor needs ${minRamBytes}.`,
      'Build the SoC with more main RAM.'
    )
  }
  const at = findMagic(image)
  const filled = image.slice()
  const view = new DataView(filled.buffer)
  view.setUint32(at + magic.length, soc.uartBase, true)
  view.setUint32(at + magic.length + 4, soc.ramBytes, true)
  view.setUint32(at + magic.length + 8, soc.clockHz ?? 0, true)
  return filled
}

function findMagic(image: Uint8Array): number {
  const isAt = (at: number): boolean => {
    for (let i = 0; i < magic.length; i++) if (image[at + i] !== magic.charCodeAt(i)) return false
    return true
  }
  for (let at = 0; at + magic.length + 12 <= image.length; at += 4) if (isAt(at)) return at
  throw new AppError(
    'internal',
    'The LiteX monitor image has no record to fill in.',
    'Build the firmware again: npm run firmware.'
  )
}
