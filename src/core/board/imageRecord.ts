import { AppError } from '../../shared/errors'
import { asciiBytes } from '../binary/bytes'

/**
 * Offset of the record that the host fills in before it loads a monitor: the first one that begins with `magic` at a multiple of
 * four bytes and has room for `recordBytes`, the magic included.
 *
 * @throws internal for an image without the record
 */
export function findImageRecord(image: Uint8Array, magic: string, recordBytes: number): number {
  const wanted = asciiBytes(magic)
  for (let at = 0; at + recordBytes <= image.length; at += 4)
    if (wanted.every((byte, index) => image[at + index] === byte)) return at
  throw new AppError(
    'internal',
    `The monitor image has no record ${magic} to fill in.`,
    'Build the firmware again: npm run firmware.'
  )
}
