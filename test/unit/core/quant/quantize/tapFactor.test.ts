import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createHistogram } from '@core/quant/quantize/activationRange'
import { runPlain } from '@core/quant/quantize/fitEngine'
import { centredTargets, momentsOf } from '@core/quant/quantize/moments'
import { createScratch } from '@core/quant/quantize/scratch'
import { reconstruct, refitWeights } from '@core/quant/quantize/reconstruct'
import { factoriseTaps, lanes, multiplyTaps, roundTaps, solveTaps } from '@core/quant/quantize/tapFactor'

describe('the factor of a covariance of taps', () => {
  it('multiplies back to the covariance, and solves it', () => {
    const matrix = Float64Array.of(4, 2, 1, 2, 5, 3, 1, 3, 6)
    const factor = factoriseTaps(3, (rows) => rows.set(matrix))!
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        let sum = 0
        for (let k = 0; k < 3; k++) sum += factor.rows[k * 3 + i]! * factor.rows[k * 3 + j]!
        expect(sum).toBeCloseTo(matrix[i * 3 + j]!, 12)
        if (j > i) expect(factor.rows[i * 3 + j]).toBe(0)
      }
    }
    const right = new Float64Array(3 * lanes)
    // x = (1, -2, 3) in lane 1: b = matrix x.
    for (const [row, value] of [4 - 4 + 3, 2 - 10 + 9, 1 - 6 + 18].entries()) right[row * lanes + 1] = value
    solveTaps(factor, right)
    for (const [row, value] of [1, -2, 3].entries()) expect(right[row * lanes + 1]).toBeCloseTo(value, 12)
  })

  it.each([1, 2, 5, 8])('solves and multiplies %i taps of every lane', (size) => {
    const random = createRandom(size)
    const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal())
    const root = draw(size * size)
    const at = (i: number, j: number): number => {
      let sum = i === j ? 1 : 0
      for (let k = 0; k < size; k++) sum += root[i * size + k]! * root[j * size + k]!
      return sum
    }
    const matrix = Float64Array.from({ length: size * size }, (_, n) => at(Math.floor(n / size), n % size))
    const factor = factoriseTaps(size, (rows) => rows.set(matrix))!
    const x = draw(size * lanes)
    const times = (rows: Float64Array): Float64Array =>
      Float64Array.from({ length: size * lanes }, (_, n) => {
        let sum = 0
        for (let k = 0; k < size; k++)
          sum += rows[Math.floor(n / lanes) * size + k]! * x[k * lanes + (n % lanes)]!
        return sum
      })
    const product = multiplyTaps(factor, x)
    for (const [n, value] of times(factor.rows).entries()) expect(product[n]).toBeCloseTo(value, 10)
    const right = times(matrix)
    solveTaps(factor, right)
    for (const [n, value] of x.entries()) expect(right[n]).toBeCloseTo(value, 8)
  })

  it('is null where the matrix is not positive definite', () => {
    expect(factoriseTaps(2, (rows) => rows.set(Float64Array.of(1, 2, 2, 1)))).toBeNull()
  })

  it('rounds two correlated taps so that the second makes up for the first', () => {
    // Almost equal inputs: only the sum of both weights matters. 0.6 + 0.6 is rounded to 1 + 0, not to 1 + 1.
    const factor = factoriseTaps(2, (rows) => rows.set(Float64Array.of(1, 0.99, 0.99, 1)))!
    const weights = new Float64Array(2 * lanes).fill(0.6)
    const wanted = multiplyTaps(factor, weights)
    const { codes, squares } = roundTaps(factor, wanted, new Float64Array(lanes).fill(1), 4)
    expect([codes[0], codes[lanes]]).toEqual([1, 0])
    expect(squares[0]).toBeCloseTo(1, 12)
  })
})

it('fits layers with more taps than are rounded at once', () => {
  const random = createRandom(4)
  const [rows, taps, channels] = [300, 700, 3]
  const bytes = Uint8Array.from({ length: rows * taps }, () => random.integer(256))
  const sampled = { bytes, rows, scale: 1 / 32, zero: -20 }
  const inputs = Float32Array.from(bytes, (byte) => (byte - 148) / 32)
  const weights = Float32Array.from({ length: channels * taps }, () => random.normal() / taps)
  const targets = new Float32Array(rows * channels)
  for (let at = 0; at < targets.length; at++) {
    const [row, c] = [Math.floor(at / channels), at % channels]
    for (let tap = 0; tap < taps; tap++)
      targets[at] = targets[at]! + inputs[row * taps + tap]! * weights[c * taps + tap]!
  }
  const moments = runPlain(momentsOf(sampled, centredTargets(targets.slice(), channels), createScratch()))
  expect(moments.blocks.map(({ order }) => order.length)).toEqual([350, 350])
  const { codes, scales, bias } = runPlain(
    reconstruct({ moments, refit: refitWeights(moments, weights), bits: 8, perTensor: false })
  )
  let [miss, power] = [0, 0]
  for (let at = 0; at < targets.length; at++) {
    const [row, c] = [Math.floor(at / channels), at % channels]
    let sum = bias[c]!
    for (let tap = 0; tap < taps; tap++)
      sum += scales[c]! * codes[c * taps + tap]! * inputs[row * taps + tap]!
    miss += (sum - targets[at]!) ** 2
    power += targets[at]! ** 2
  }
  expect(Math.sqrt(miss / power)).toBeLessThan(0.02)
})

describe('a histogram that is filled in batches', () => {
  it('counts every value, widens when larger ones come and limits them first', () => {
    const builder = createHistogram()
    builder.add(Float32Array.of(0.5, 1, -3), 0)
    builder.add(Float32Array.of(7, 0, 100), 0, 8)
    const { counts, width, largest, isSigned } = builder.histogram()
    expect(counts.reduce((a, b) => a + b, 0)).toBe(6)
    expect([largest, isSigned]).toEqual([8, false])
    const count = (value: number): number => counts[Math.floor(value / width)]!
    expect([count(0), count(0.5), count(1), count(7), count(8)]).toEqual([2, 1, 1, 1, 1])
  })
})
