import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { depthwiseMoments } from '@core/quant/quantize/depthwiseMoments'
import { runPlain } from '@core/quant/quantize/fitEngine'
import { targetsByChannel } from '@core/quant/quantize/moments'

describe('moments of a depthwise layer', () => {
  it.each([
    [1, 1],
    [3, 4],
    [8, 9],
    [11, 5]
  ])('are means and covariances of %i channels of %i taps', (channels, taps) => {
    const random = createRandom(10 * channels + taps)
    const [rows, scale, zero] = [40, 1 / 64, 28]
    const bytes = Uint8Array.from({ length: taps * rows * channels }, () => random.integer(256))
    const targets = Float32Array.from({ length: rows * channels }, () => random.normal())
    const centred = targetsByChannel(targets.slice(), channels)
    const all = runPlain(depthwiseMoments({ bytes, rows, scale, zero }, centred))
    expect(all).toHaveLength(channels)
    const meanOf = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
    for (const [c, moments] of all.entries()) {
      const column = (tap: number): number[] =>
        Array.from({ length: rows }, (_, row) => (bytes[(tap * rows + row) * channels + c]! - 100) / 64)
      const target = Array.from({ length: rows }, (_, row) => targets[row * channels + c]!)
      const covariance = (a: number[], b: number[]): number =>
        meanOf(a.map((value, at) => (value - meanOf(a)) * (b[at]! - meanOf(b))))
      expect(moments.targetMean[0]).toBeCloseTo(meanOf(target), 6)
      for (let i = 0; i < taps; i++) {
        expect(moments.inputMean[i]).toBeCloseTo(meanOf(column(i)), 6)
        expect(moments.importance[i]).toBeCloseTo(covariance(column(i), column(i)), 5)
        expect(moments.cross[i]).toBeCloseTo(covariance(column(i), target), 5)
      }
      // The factor multiplies back to the damped covariance in the block's order.
      const { factor, order, damping } = moments.blocks[0]!
      for (let i = 0; i < taps; i++)
        for (let j = 0; j < taps; j++) {
          let sum = 0
          for (let k = 0; k < taps; k++) sum += factor!.rows[k * taps + i]! * factor!.rows[k * taps + j]!
          const wanted = covariance(column(order[i]!), column(order[j]!)) + (i === j ? damping : 0)
          expect(sum).toBeCloseTo(wanted, 5)
        }
    }
  })
})
