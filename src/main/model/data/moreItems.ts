import type { LabelledImages } from '../../../core/model/dataSet'
import type { ImageLibrary } from './imageLibrary'

/** Most tuning items that a reconstruction takes, and most bytes of all its items: layers' outputs over them lie in memory. */
const maxTuning = 2000
const maxItemBytes = 16 * 2 ** 20

/** Items of a reconstruction: the calibration items and, behind them, tuning items. No label of them is looked at. */
export async function moreItems(
  library: Pick<ImageLibrary, 'load'>
): Promise<Pick<LabelledImages, 'count' | 'pixels'>> {
  const own = await library.load('calibration')
  const size = own.pixels.length / own.count
  const room = Math.max(0, Math.floor(maxItemBytes / size) - own.count)
  if (room === 0) return own
  const tuning = await library.load('tune')
  const taken = tuning.pixels.subarray(0, size * Math.min(tuning.count, maxTuning, room))
  const pixels = new Uint8Array(own.pixels.length + taken.length)
  pixels.set(own.pixels)
  pixels.set(taken, own.pixels.length)
  return { count: pixels.length / size, pixels }
}
