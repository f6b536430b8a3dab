import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import type { Part } from './receiver'
import type { Segment } from './sfl'

/** The flash of a chip: where it begins, and its bytes. */
export interface FlashRange {
  base: number
  sizeBytes: number
}

/** Calls to a ROM, each `replyMs` long, until one is replied to; null after `silentMs` without a reply. Says so after the first. */
export function* awaitRom<T>(call: () => Part<T | null>, silentMs: number, replyMs: number): Part<T | null> {
  for (let waitedMs = 0; waitedMs < silentMs; waitedMs += replyMs) {
    const reply = yield* call()
    if (reply !== null) return reply
    if (waitedMs === 0)
      yield { kind: 'progress', doneBytes: 0, totalBytes: 0, note: 'no reply of the ROM yet' }
  }
  return null
}

/**
 * Refuses segments outside of a flash.
 *
 * @throws board.addressRange with the bytes that are too many
 */
export function checkFlashSegments(flash: FlashRange, segments: readonly Segment[]): void {
  const end = flash.base + flash.sizeBytes
  for (const { address, bytes } of segments) {
    const last = address + bytes.length
    if (address >= flash.base && last <= end) continue
    throw new AppError(
      'board.addressRange',
      `The image wants ${formatHex(address)} to ${formatHex(last)}; flash is ${formatHex(flash.base)} to ${formatHex(end)}${last > end ? `: ${last - end} bytes too many` : ''}.`,
      'Nothing was sent. Link it into the flash of this chip, or leave kernels out (docs/firmware-sizes.md).',
      { details: { address, sizeBytes: bytes.length, tooManyBytes: Math.max(0, last - end) } }
    )
  }
}
