import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { covarianceOf, searchCodes, searchShifted, type FoundCodes } from '@core/quant/quantize/codeSearch'
import { groupShifts } from '@core/quant/quantize/groupScales'
import { blockOf } from '@core/quant/quantize/moments'
import { laneIndex, laneLength, multiplyTaps } from '@core/quant/quantize/tapFactor'
import { weightScale } from '@core/quant/quantize/weightQuantizer'
import type { Bits } from '@core/quant/scheme'

const channels = 6

/** A block of correlated taps, the weights wanted in its order, [channels][taps], and their products with its factor. */
function problem(taps: number, seed: number) {
  const random = createRandom(seed)
  const inputs = Array.from({ length: 40 }, () => {
    const common = random.normal()
    return Array.from({ length: taps }, () => common + random.normal())
  })
  const covariance = (i: number, j: number): number =>
    inputs.reduce((sum, row) => sum + row[i]! * row[j]!, 0) / inputs.length
  const block = blockOf(covariance, 0, taps)
  const factor = block.factor!
  const weights = Array.from({ length: channels }, () => Array.from({ length: taps }, () => random.normal()))
  const damped = (i: number, j: number): number =>
    covariance(block.order[i]!, block.order[j]!) + (i === j ? block.damping : 0)
  const values = new Float64Array(laneLength(taps, channels))
  for (const [c, own] of weights.entries())
    for (const [at, weight] of own.entries()) values[laneIndex(taps, c, at)] = weight
  const wanted = multiplyTaps(factor, values)
  const scales = (bits: Bits): Float64Array =>
    Float64Array.from(weights, (own) => weightScale(Float64Array.from(own), bits, null))
  return { factor, covariance: covarianceOf(factor), wanted, weights, damped, scales }
}

/** (s q - w)'C(s q - w) - w'Cw, by its definition. */
function errorOf(
  { damped }: Pick<ReturnType<typeof problem>, 'damped'>,
  weights: readonly number[],
  codes: ArrayLike<number>,
  scale: number
): number {
  let error = 0
  for (let i = 0; i < weights.length; i++)
    for (let j = 0; j < weights.length; j++) {
      const [a, b] = [scale * codes[i]! - weights[i]!, scale * codes[j]! - weights[j]!]
      error += damped(i, j) * (a * b - weights[i]! * weights[j]!)
    }
  return error
}

describe('search of codes', () => {
  it.each([1, 2, 4] as const)('says the error of what it found at %i bits', (bits) => {
    const given = problem(9, 3)
    const found = searchCodes({ ...given, scales: given.scales(bits), bits, scale: 'own' })
    expect(found).toHaveLength(channels)
    for (const [c, { codes, scale, error }] of found.entries()) {
      expect(error).toBeCloseTo(errorOf(given, given.weights[c]!, codes, scale), 8)
      const [low, high] = bits === 1 ? [-1, 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
      for (const code of codes) expect(code >= low! && code <= high!).toBe(true)
    }
  })

  it('finds the best of all codes of four taps for nearly all channels, and is never far from it', () => {
    let exact = 0
    for (let seed = 1; seed <= 20; seed++) {
      const given = problem(4, seed)
      const found = searchCodes({ ...given, scales: given.scales(2), bits: 2, scale: 'own' })
      for (const [c, { error }] of found.entries()) {
        const least = leastError(given, given.weights[c]!)
        expect(error).toBeGreaterThanOrEqual(least - 1e-9)
        expect(error).toBeLessThan(0.7 * least)
        if (error < least + 1e-9) exact++
      }
    }
    expect(exact).toBeGreaterThan(0.8 * 20 * channels)
  })

  it('no single code can be changed for the better, nor the scale where it is free', () => {
    const given = problem(12, 8)
    for (const [c, { codes, scale, error }] of searchCodes({
      ...given,
      scales: given.scales(2),
      bits: 2,
      scale: 'own'
    }).entries()) {
      for (const factor of [0.99, 1.01])
        expect(errorOf(given, given.weights[c]!, codes, factor * scale)).toBeGreaterThan(error)
      for (let at = 0; at < codes.length; at++)
        for (const step of [-1, 1]) {
          const other = Float64Array.from(codes)
          other[at] = other[at]! + step
          if (other[at]! < -2 || other[at]! > 1) continue
          expect(errorOf(given, given.weights[c]!, other, scale)).toBeGreaterThanOrEqual(error - 1e-9)
        }
    }
  })

  it('keeps scales that are fixed, and finds one for all where they are shared', () => {
    const given = problem(9, 5)
    const scales = given.scales(2)
    const scaleOf = ({ scale }: FoundCodes): number => scale
    expect(searchCodes({ ...given, scales, bits: 2, scale: 'fixed' }).map(scaleOf)).toEqual([...scales])
    const equal = new Float64Array(channels).fill(scales[0]!)
    const shared = searchCodes({ ...given, scales: equal, bits: 2, scale: 'shared' }).map(scaleOf)
    expect(new Set(shared).size).toBe(1)
  })
})

describe('scales of groups', () => {
  it('belong to the codes: divided by their doublings these are of the width, and the error is theirs', () => {
    const given = problem(9, 4)
    const shifts = Uint8Array.of(0, 1, 2, 0, 3, 1, 0, 0, 2)
    for (const [c, weights] of given.weights.entries()) {
      const start = given.scales(2)[c]!
      const found = searchShifted({ ...given, bits: 2 }, c, shifts, start)
      expect(found.error).toBeCloseTo(errorOf(given, weights, found.codes, found.scale), 8)
      for (const [at, code] of found.codes.entries())
        expect([-2, -1, 0, 1]).toContain(code / 2 ** shifts[at]!)
    }
  })

  it('without doublings are the scales of channels', () => {
    const given = problem(9, 6)
    const scales = given.scales(2)
    const plain = searchCodes({ ...given, scales, bits: 2, scale: 'own' })
    for (let c = 0; c < channels; c++) {
      const { error } = searchShifted({ ...given, bits: 2 }, c, new Uint8Array(9), scales[c]!)
      expect(error).toBeCloseTo(plain[c]!.error, 10)
    }
  })

  it('are powers of two of the smallest, at most three doublings', () => {
    // At one bit the best scale is the mean of |w|: 1, 4, 0.01 and 100 in groups of two taps.
    const weights = Float64Array.of(1, -1, 3, 5, 0.01, -0.01, 100, 100)
    const ones = new Float64Array(8).fill(1)
    expect([...groupShifts(weights.subarray(0, 4), ones.subarray(0, 4), 1, 2).shifts]).toEqual([0, 0, 2, 2])
    expect(groupShifts(weights.subarray(0, 4), ones.subarray(0, 4), 1, 2).scale).toBeCloseTo(1)
    // 100 / 8 is the smallest that counts.
    expect([...groupShifts(weights, ones, 1, 2).shifts]).toEqual([0, 0, 0, 0, 0, 0, 3, 3])
  })
})

/** Least error over all codes of two bits, each with its best scale. */
function leastError(given: ReturnType<typeof problem>, weights: readonly number[]): number {
  let least = Infinity
  const taps = weights.length
  for (let row = 0; row < 4 ** taps; row++) {
    const codes = Array.from({ length: taps }, (_, at) => ((row >> (2 * at)) & 3) - 2)
    let [along, square] = [0, 0]
    for (let i = 0; i < taps; i++)
      for (let j = 0; j < taps; j++) {
        along += codes[i]! * given.damped(i, j) * weights[j]!
        square += codes[i]! * given.damped(i, j) * codes[j]!
      }
    if (along > 0 && square > 0) least = Math.min(least, (-along * along) / square)
  }
  return least
}
