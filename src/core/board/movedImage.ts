import { AppError } from '../../shared/errors'

/**
 * A copy of a firmware image for another address than it is linked for: `distance` is added to each word that holds an address
 * in the image. Its code is position independent.
 *
 * @param addresses offsets of those words in hex, one a line, as scripts/firmware.mjs writes them
 * @throws internal when the list does not belong to the image
 */
export function moveImage(image: Uint8Array, addresses: string, distance: number): Uint8Array {
  const moved = image.slice()
  const view = new DataView(moved.buffer)
  const offsets = addresses.split('\n').filter((line) => line !== '')
  for (const line of offsets) {
    const offset = /^[0-9a-f]+$/.test(line) ? parseInt(line, 16) : NaN
    if (!(offset % 4 === 0 && offset + 4 <= image.length)) throw damagedList()
    view.setUint32(offset, (view.getUint32(offset, true) + distance) >>> 0, true)
  }
  if (offsets.length === 0) throw damagedList()
  return moved
}

const damagedList = (): AppError =>
  new AppError(
    'internal',
    'The list of addresses in the monitor image does not fit it.',
    'Build the firmware again: npm run firmware.'
  )
