import { schemeWidths } from '@core/quant/scheme'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { bestFormat, histogramOf } from '@core/quant/quantize/activationRange'
import { runPlain } from '@core/quant/quantize/fitEngine'
import { centredTargets, momentsOf } from '@core/quant/quantize/moments'
import { createScratch } from '@core/quant/quantize/scratch'
import { reconstruct, refitWeights, type FitSteps } from '@core/quant/quantize/reconstruct'
import { weightCode, weightScale } from '@core/quant/quantize/weightQuantizer'
import { codeRange } from '@core/quant/quantizedNetwork'
import type { Bits } from '@core/quant/scheme'

const normals = (count: number, seed: number): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: count }, () => random.normal())
}
const errorAt = (values: Float32Array, scale: number, bits: Bits): number =>
  values.reduce((sum, value) => sum + (value - scale * weightCode(value, scale, bits)) ** 2, 0)

describe('weight quantizer', () => {
  it('has the levels of docs/arithmetic.md', () => {
    expect([-9, -1, -0.5, 0.49, 0.5, 9].map((value) => weightCode(value, 1, 2))).toEqual([-2, -1, 0, 0, 1, 1])
    expect([-0.1, 0, 0.1].map((value) => weightCode(value, 1, 1))).toEqual([-1, -1, 1])
  })

  it.each([8, 4, 2] as const)('finds a scale no worse than absmax and its neighbours at %i bits', (bits) => {
    const values = normals(500, 9)
    const scale = weightScale(values, bits, null)
    const absmax = Math.max(...values.map(Math.abs)) / 2 ** (bits - 1)
    const own = errorAt(values, scale, bits)
    for (const other of [absmax, scale * 1.1, scale * 0.9]) {
      expect(own).toBeLessThanOrEqual(errorAt(values, other, bits) * 1.001)
    }
  })

  it.each([8, 4, 2] as const)('misses no clipping limit of sixty at %i bits', (bits) => {
    const values = normals(300, 7)
    const [low, high] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
    const levels = (scale: number): number[] =>
      Array.from(values, (value) => Math.max(low, Math.min(high, Math.floor(value / scale + 0.5))))
    const top = bits === 2 ? 1 : 2 ** (bits - 1) - 0.5
    const largest = Math.max(...values.map(Math.abs))
    const tried = Array.from({ length: 60 }, (_, at) => ((largest / top) * (at + 1)) / 60)
    const missOf = (scale: number): number =>
      levels(scale).reduce((sum, level, at) => sum + (values[at]! - scale * level) ** 2, 0)
    const best = tried.reduce((a, b) => (missOf(b) < missOf(a) ? b : a))
    // Then the least-squares scale for the levels found.
    const found = levels(best)
    const product = found.reduce((sum, level, at) => sum + level * values[at]!, 0)
    const square = found.reduce((sum, level) => sum + level * level, 0)
    expect(weightScale(values, bits, null)).toBeCloseTo(product / square, 10)
  })

  it('takes mean |w| at one bit', () => {
    expect(weightScale(Float32Array.of(1, -2, 3), 1, null)).toBeCloseTo(2)
    expect(weightScale(Float32Array.of(1, -2, 3), 1, Float64Array.of(1, 0, 0))).toBeCloseTo(1)
  })

  it('survives weights that are all zero', () => {
    for (const bits of schemeWidths)
      for (const count of [4, 0]) expect(weightScale(new Float32Array(count), bits, null)).toBeGreaterThan(0)
  })
})

describe('activation ranges', () => {
  it('uses all codes for tensors that are never negative and none for the sign', () => {
    const positive = histogramOf(normals(4000, 1).map(Math.abs))
    const signed = histogramOf(normals(4000, 1))
    expect(bestFormat(positive, 4).zero).toBe(8)
    expect(bestFormat(positive, 1).zero).toBe(1)
    expect(bestFormat(signed, 4).zero).toBe(0)
  })

  it('clips outliers the more the fewer bits there are', () => {
    const values = normals(20_000, 2).map(Math.abs)
    const histogram = histogramOf(values)
    const limits = ([8, 4, 2] as const).map((bits) => bestFormat(histogram, bits).scale * (2 ** bits - 1))
    expect(limits[0]!).toBeGreaterThan(limits[1]!)
    expect(limits[1]!).toBeGreaterThan(limits[2]!)
  })

  it.each([8, 4, 3, 2, 1] as const)(
    'takes the limit that all of a hundred are judged worse than, at %i bits',
    (bits) => {
      const drawn = normals(5000, bits)
      // Few values, each exact at several limits, make equal errors.
      for (const values of [
        drawn,
        drawn.map(Math.abs),
        Float32Array.of(0.5, 1, 2, 4),
        Float32Array.of(-3, 1)
      ]) {
        const histogram = histogramOf(values)
        const found = bestFormat(histogram, bits)
        const { low, high } = codeRange(bits)
        const top = high + found.zero
        const errors = Array.from({ length: 100 }, (_, at) => {
          const scale = (histogram.largest * ((at + 1) / 100)) / top
          return histogram.counts.reduce((sum, count, bin) => {
            const value = (bin + 0.5) * histogram.width
            const oneBit = low + found.zero < 0 ? 1 : value / scale > 1 ? 2 : 0
            const level = bits === 1 ? oneBit : Math.min(top, Math.floor(value / scale + 0.5))
            return sum + count * (value - level * scale) * (value - level * scale)
          }, 0)
        })
        const best = errors.indexOf(Math.min(...errors))
        expect(found.scale).toBe((histogram.largest * ((best + 1) / 100)) / top)
      }
    }
  )

  it('gives a usable scale to a tensor that is all zero', () => {
    expect(bestFormat(histogramOf(new Float32Array(10)), 4)).toEqual({ bits: 4, scale: 1, zero: 8 })
  })
})

describe('reconstruction', () => {
  const taps = 12
  const channels = 5
  const rows = 400
  const reals = normals(rows * taps, 11)
  // Correlated taps: what one gets wrong another can make up for.
  for (let row = 0; row < rows; row++) {
    for (let tap = 1; tap < taps; tap++)
      reals[row * taps + tap] = 0.7 * reals[row * taps + tap - 1]! + 0.3 * reals[row * taps + tap]!
  }
  // As layers see them: bytes, and what these stand for.
  const scale = 1 / 32
  const bytesOf = (values: Float32Array): Uint8Array =>
    Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round(value / scale) + 128)))
  const inputs = Float32Array.from(bytesOf(reals), (byte) => (byte - 128) * scale)
  const weights = normals(channels * taps, 12)
  const targets = new Float32Array(rows * channels)
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++) {
      let sum = c
      for (let tap = 0; tap < taps; tap++) sum += inputs[row * taps + tap]! * weights[c * taps + tap]!
      targets[row * channels + c] = sum
    }
  }
  const fit = (from: Float32Array, bits: Bits, perTensor: boolean) => {
    const sampled = { bytes: bytesOf(from), rows, scale, zero: 0 }
    const moments = runPlain(momentsOf(sampled, centredTargets(targets.slice(), channels), createScratch()))
    return runPlain(reconstruct({ moments, refit: refitWeights(moments, weights), bits, perTensor }))
  }
  const missOf = (codes: Int8Array, scales: Float64Array, bias: Float64Array): number => {
    let miss = 0
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < channels; c++) {
        let sum = bias[c]!
        for (let tap = 0; tap < taps; tap++)
          sum += scales[c]! * codes[c * taps + tap]! * inputs[row * taps + tap]!
        miss += (sum - targets[row * channels + c]!) ** 2
      }
    }
    return miss
  }

  it.each([4, 2, 1] as const)('beats rounding to nearest at %i bits', (bits) => {
    const found = fit(inputs, bits, false)
    const scales = Float64Array.from({ length: channels }, (_, c) =>
      weightScale(weights.subarray(c * taps, (c + 1) * taps), bits, null)
    )
    const nearest = Int8Array.from(weights, (value, at) =>
      weightCode(value, scales[Math.floor(at / taps)]!, bits)
    )
    const bias = Float64Array.from({ length: channels }, (_, c) => c)
    expect(missOf(found.codes, found.scales, found.bias)).toBeLessThan(missOf(nearest, scales, bias))
  })

  it.each([4, 2, 1] as const)('loses less with every step that is added, at %i bits', (bits) => {
    const nothing: FitSteps = { refit: false, spread: false, search: false, scale: false, bias: false }
    const ownBias = Float32Array.from({ length: channels }, () => 0.3)
    const misses = [
      nothing,
      { ...nothing, bias: true },
      { ...nothing, bias: true, scale: true },
      { ...nothing, bias: true, scale: true, spread: true }
    ].map((steps) => {
      const sampled = { bytes: bytesOf(inputs), rows, scale, zero: 0 }
      const moments = runPlain(momentsOf(sampled, centredTargets(targets.slice(), channels), createScratch()))
      const refit = refitWeights(moments, weights, steps.refit)
      const found = runPlain(reconstruct({ moments, refit, bits, perTensor: false, steps, ownBias }))
      if (!steps.bias) expect([...found.bias]).toEqual([...ownBias])
      return missOf(found.codes, found.scales, found.bias)
    })
    for (const [step, miss] of misses.slice(1).entries()) expect(miss).toBeLessThan(misses[step]!)
  })

  it('gives one scale to all channels when asked', () => {
    const { scales } = fit(inputs, 4, true)
    expect(new Set(scales).size).toBe(1)
  })

  it('answers usable numbers for inputs that never change', () => {
    const still = new Float32Array(rows * taps).fill(0.5)
    const found = fit(still, 2, false)
    expect([...found.scales, ...found.bias].every(Number.isFinite)).toBe(true)
    expect(found.scales.every((scale) => scale > 0)).toBe(true)
  })
})
