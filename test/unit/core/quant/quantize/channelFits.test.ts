import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { channelFit, fitChannels, roundChannels } from '@core/quant/quantize/channelFits'
import { runPlain } from '@core/quant/quantize/fitEngine'
import { targetsByChannel } from '@core/quant/quantize/moments'
import { allSteps, reconstruct, refitWeights } from '@core/quant/quantize/reconstruct'
import type { Bits } from '@core/quant/scheme'

const [rows, scale, zero] = [40, 1 / 64, 28]

/** Drawn inputs [taps][rows][channels], targets [rows][channels] and weights [taps][channels]. */
function drawn(channels: number, taps: number) {
  const random = createRandom(10 * channels + taps)
  const bytes = Uint8Array.from({ length: taps * rows * channels }, () => random.integer(256))
  const targets = Float32Array.from({ length: rows * channels }, () => random.normal())
  const weights = Float32Array.from({ length: taps * channels }, () => random.normal())
  const centred = targetsByChannel(targets.slice(), channels)
  return { bytes, targets, weights, centred, inputs: { bytes, rows, scale, zero } }
}

describe('moments of a depthwise layer', () => {
  it.each([
    [1, 1],
    [3, 4],
    [8, 9],
    [11, 5]
  ])('are means and covariances of %i channels of %i taps', (channels, taps) => {
    const { bytes, targets, weights, centred, inputs } = drawn(channels, taps)
    const fits = runPlain(fitChannels(inputs, centred, weights, allSteps))
    const all = Array.from({ length: channels }, (_, c) => channelFit(fits, c).moments)
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

describe('channels of a depthwise layer in compiled loops', () => {
  it.each([
    [1, 9],
    [5, 4],
    [7, 1],
    [3, 25]
  ])('have the weights and codes of %i layers of %i taps, bit for bit', (channels, taps) => {
    const { weights, centred, inputs } = drawn(channels, taps)
    for (const refit of [true, false]) {
      const steps = { ...allSteps, refit }
      const fits = runPlain(fitChannels(inputs, centred, weights, steps))
      for (let c = 0; c < channels; c++) {
        const { moments, refit: found } = channelFit(fits, c)
        const own = Float32Array.from({ length: taps }, (_, tap) => weights[tap * channels + c]!)
        const wanted = refitWeights(moments, own, refit)
        expect(Array.from(found.weights)).toEqual(Array.from(wanted.weights))
        const firstLane = (values: Float64Array): number[] =>
          Array.from(values).filter((_, at) => at % 4 === 0)
        expect(firstLane(found.wanted[0]!)).toEqual(firstLane(wanted.wanted[0]!))
      }
      expectRounded(fits, [1, 2, 3, 4, 8])
    }
  })

  it('round every weight to its nearest code where a covariance has no factor', () => {
    const { weights, centred, inputs } = drawn(4, 9)
    const { values, ...rest } = runPlain(fitChannels(inputs, centred, weights, allSteps))
    const length = values.length / 4
    const without = values.slice()
    // Of the second and the last channel; the factor lies behind two numbers and six arrays.
    for (const channel of [1, 3]) without[channel * length + 2 + 6 * 9] = 0
    expect(channelFit({ ...rest, values: without }, 1).moments.blocks[0]!.factor).toBeNull()
    expectRounded({ ...rest, values: without }, [1, 2, 4, 8])
  })

  it('keep scales where their refit is left out', () => {
    const { weights, centred, inputs } = drawn(3, 9)
    const fits = runPlain(fitChannels(inputs, centred, weights, allSteps))
    const kept = roundChannels(fits, 2, { scale: false })
    expect(kept.scales).not.toEqual(roundChannels(fits, 2, { scale: true }).scales)
    expectRounded(fits, [2], false)
  })
})

/** Codes, scales and biases of channels that are fitted as layers of their own. */
function expectRounded(
  fits: Parameters<typeof roundChannels>[0],
  widths: readonly Bits[],
  isScaled = true
): void {
  const { channels, taps } = fits
  const steps = { ...allSteps, scale: isScaled }
  for (const bits of widths) {
    const { codes, scales, bias } = roundChannels(fits, bits, steps)
    for (let c = 0; c < channels; c++) {
      const own = runPlain(reconstruct({ ...channelFit(fits, c), bits, perTensor: false, steps }))
      expect(Array.from({ length: taps }, (_, tap) => codes[tap * channels + c])).toEqual(
        Array.from(own.codes)
      )
      expect([scales[c], bias[c]]).toEqual([own.scales[0], own.bias[0]])
    }
  }
}
