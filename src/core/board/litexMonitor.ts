import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { checkMonitorRam, ramEnd } from './description/checkDescription'
import { monitorImages } from './description/monitorImages'
import { type DescribedCounters, fillInCounters, type MonitorLists } from './counterRecord'
import { findImageRecord } from './imageRecord'
import { moveImage } from './movedImage'

/** The record of resources/firmware/litexBoard.h: this text, then UART base, RAM bytes, clock in Hz as u32. */
const magic = 'BBLITEX1'
const recordBytes = magic.length + 3 * 4

/**
 * The LiteX monitor for one SoC: a copy of the image with the SoC's UART, RAM and clock filled in, moved to where its main RAM
 * begins.
 *
 * @param lists only needed where RAM does not begin where the image is linked, or something else counts than mcycle
 * @throws input.invalid when main RAM is too small or begins at an unaligned address; internal for an image without the record, or
 *   RAM elsewhere without the list
 */
export function fillInLitexMonitor(
  image: Uint8Array,
  board: Pick<BoardDescription, 'uart' | 'ram'> & DescribedCounters,
  { addresses = '', counters = '' }: MonitorLists = {}
): Uint8Array {
  const { uart, ram, clockHz } = board
  checkMonitorRam(ram)
  const at = findImageRecord(image, magic, recordBytes)
  const distance = ram.base - monitorImages.litex.base
  const filled = distance === 0 ? image.slice() : moveImage(image, addresses, distance)
  const view = new DataView(filled.buffer)
  view.setUint32(at + magic.length, uart.base, true)
  view.setUint32(at + magic.length + 4, ramEnd(ram) - ram.base, true)
  view.setUint32(at + magic.length + 8, clockHz ?? 0, true)
  fillInCounters(filled, counters, board, monitorImages.litex.counts)
  return filled
}
