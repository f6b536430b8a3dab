import { AppError } from '../../shared/errors'
import { findImageRecord } from './imageRecord'
import type { LitexSoc } from './litexSoc'
import { moveImage } from './movedImage'

/** Where resources/firmware/build/monitor-litex.bin is linked (scripts/firmware.mjs). */
export const litexMonitorBase = 0x4000_0000

/** The record of resources/firmware/litexBoard.h: this text, then UART base, RAM bytes, clock in Hz as u32. */
const magic = 'BBLITEX1'
const recordBytes = magic.length + 3 * 4
/** A multiple of what the linker script aligns to. */
const ramAlignment = 0x1000
/** Image, stack and zeroed data of the monitor, and some space for operands. */
const minRamBytes = 192 * 1024

/**
 * The LiteX monitor for one SoC: a copy of the image with the SoC's UART, RAM and clock filled in, moved to where its main RAM
 * begins.
 *
 * @param addresses list of monitor-litex.addresses; only needed where RAM does not begin at `litexMonitorBase`
 * @throws input.invalid when main RAM is too small or begins at an unaligned address; internal for an image without the record, or
 *   RAM elsewhere without the list
 */
export function fillInLitexMonitor(
  image: Uint8Array,
  soc: Pick<LitexSoc, 'uartBase' | 'ramBase' | 'ramBytes' | 'clockHz'>,
  addresses = ''
): Uint8Array {
  if (soc.ramBase % ramAlignment !== 0) {
    throw new AppError(
      'input.invalid',
      `Main RAM of this SoC begins at 0x${soc.ramBase.toString(16)}, which is no multiple of ${ramAlignment}.`,
      'Check the line memory_region,main_ram of the description.'
    )
  }
  if (soc.ramBytes < minRamBytes) {
    throw new AppError(
      'input.invalid',
      `Main RAM of this SoC has ${soc.ramBytes} bytes; the monitor needs ${minRamBytes}.`,
      'Build the SoC with more main RAM.'
    )
  }
  const at = findImageRecord(image, magic, recordBytes)
  const distance = soc.ramBase - litexMonitorBase
  const filled = distance === 0 ? image.slice() : moveImage(image, addresses, distance)
  const view = new DataView(filled.buffer)
  view.setUint32(at + magic.length, soc.uartBase, true)
  // The end of RAM is a 32-bit number: where it would be 2^32, the last page is left alone.
  const ramBytes = soc.ramBase + soc.ramBytes === 2 ** 32 ? soc.ramBytes - ramAlignment : soc.ramBytes
  view.setUint32(at + magic.length + 4, ramBytes, true)
  view.setUint32(at + magic.length + 8, soc.clockHz ?? 0, true)
  return filled
}
