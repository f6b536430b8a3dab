import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { pacedInLineTime } from '../../../../../bench/uploadPaced'

/** In line time, where nothing depends on how busy this computer is: the very measurement that bench:upload prints. */
describe('an upload over a line of a given speed', () => {
  it.each([
    [9_600, 8_192],
    [115_200, 24_576],
    [921_600, 131_072]
  ])('fills the line at %i baud and repeats nothing', async (baudRate, length) => {
    const random = createRandom(length)
    const bytes = Uint8Array.from({ length }, () => random.integer(256))
    const row = await pacedInLineTime(baudRate, bytes)
    expect(row.retransmits).toBe(0)
    expect(row.shareOfLineRate).toBeGreaterThan(0.95)
    // Faster than the line would mean that the pacing is broken.
    expect(row.shareOfLineRate).toBeLessThan(1)
  })
})
