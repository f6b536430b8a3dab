import { describe, expect, it } from 'vitest'
import { createFloatDecoder } from '../../../../../src/core/lm/floatDecoder'
import {
  createIntegerDecoder,
  exponent,
  inverseRoot
} from '../../../../../src/core/lm/integer/integerDecoder'
import { logistic } from '../../../../../src/core/lm/integer/lmTables'
import { parseLmScheme } from '../../../../../src/core/lm/integer/lmScheme'
import { quantizeLm, signedFactors } from '../../../../../src/core/lm/integer/quantizeLm'
import { observeRanges } from '../../../../../src/core/lm/integer/ranges'
import { createRandom } from '../../../../../src/core/math/random'
import { randomLm, tinyConfig } from '../../../../support/randomLm'

const random = createRandom(3)
const documents = Array.from({ length: 10 }, () => Array.from({ length: 24 }, () => random.integer(270)))

/** Root mean square difference of logits from the float reference, relative to it, over texts not calibrated on. */
function relativeError(schemeText: string, tied = true): number {
  const model = randomLm({ ...tinyConfig, dim: 24, hiddenDim: 60, tied }, 5)
  const ranges = observeRanges(model, documents.slice(0, 5), 1000)
  const integer = createIntegerDecoder(quantizeLm(model, parseLmScheme(schemeText, model.config), ranges))
  const float = createFloatDecoder(model)
  let [error, size] = [0, 0]
  for (const tokens of documents.slice(7)) {
    integer.reset()
    float.reset()
    for (const token of tokens) {
      const [exact, found] = [float.step(token), integer.step(token)]
      exact.forEach((value, at) => {
        error += (value - found[at]) ** 2
        size += value ** 2
      })
    }
  }
  return Math.sqrt(error / size)
}

describe('integer decoder', () => {
  it('makes a step in parts, one for each product with a matrix and one for attention, with the same logits', () => {
    const model = randomLm(tinyConfig, 5)
    const ranges = observeRanges(model, documents.slice(0, 2), 100)
    const lm = quantizeLm(model, parseLmScheme('w4a8,kv=4', model.config), ranges)
    const [whole, cut] = [createIntegerDecoder(lm), createIntegerDecoder(lm)]
    for (const token of documents[7]!.slice(0, 6)) {
      const parts = cut.stepInParts(token)
      let found = parts.next()
      let turns = 0
      for (; found.done !== true; found = parts.next()) turns++
      expect(turns).toBe(8 * tinyConfig.layers)
      expect([...(found.value ?? [])]).toEqual([...whole.step(token)])
      expect(cut.position()).toBe(whole.position())
    }
  })

  it('takes the inverse root of a sum of squares', () => {
    // 2^50 * 4^5 = 4 * 4^29 = 2^60, whose root is 2^30: the inverse 2^31 saturates
    expect(inverseRoot(2 ** 50)).toEqual({ inverse: 2 ** 31 - 1, doublings: 5 })
    expect(inverseRoot(4)).toEqual({ inverse: 2 ** 31 - 1, doublings: 29 })
    expect(inverseRoot(0)).toEqual({ inverse: 0, doublings: 0 })
    for (const total of [1, 3, 99, 123456789, 2 ** 41 + 12345]) {
      const { inverse, doublings } = inverseRoot(total)
      expect(inverse * 2 ** (doublings - 61) * Math.sqrt(total)).toBeCloseTo(1, 8)
    }
  })

  it('takes exponents of distances in 1/256 nat', () => {
    expect(exponent(0)).toBe(8192)
    expect(exponent(256)).toBe(Math.round(8192 / Math.E))
    expect(exponent(4095)).toBe(0)
    expect(exponent(2 ** 40)).toBe(0)
    for (let distance = 0; distance < 4096; distance += 7)
      expect(Math.abs(exponent(distance) - 8192 * Math.exp(-distance / 256))).toBeLessThan(1)
  })

  it('knows the logistic function to half of a step', () => {
    expect(logistic[511] + logistic[512]).toBe(32768)
    expect(logistic[1023]).toBe(Math.round(32768 / (1 + Math.exp(-511.5 / 64))))
  })

  it('writes factors with their sign', () => {
    const { mult, shift } = signedFactors([0.5, -0.5, 0])
    expect([...mult]).toEqual([2 ** 20, -(2 ** 20), 0])
    expect([...shift]).toEqual([21, 21, 1])
  })

  it('loses more the fewer bits it has', () => {
    const errors = ['w8a8', 'w8a8,kv=4', 'w4a8', 'w2a8', 'w1a8'].map((scheme) => relativeError(scheme))
    expect(errors[0]).toBeLessThan(0.05)
    for (let at = 1; at < errors.length; at++) expect(errors[at]).toBeGreaterThan(errors[at - 1])
    expect(relativeError('w8a4')).toBeGreaterThan(errors[0])
    expect(relativeError('w8a8', false)).toBeLessThan(0.05)
  })

  it('gives the same sequence after a reset', () => {
    const model = randomLm(tinyConfig, 5)
    const lm = quantizeLm(model, parseLmScheme('w4a8,kv=4', tinyConfig), observeRanges(model, documents, 99))
    const decoder = createIntegerDecoder(lm)
    const first = [3, 200, 17].map((token) => [...decoder.step(token)])
    decoder.reset()
    expect([3, 200, 17].map((token) => [...decoder.step(token)])).toEqual(first)
    expect(decoder.position()).toBe(3)
    expect(() => decoder.step(-1)).toThrow(RangeError)
  })

  it('refuses sizes whose sums could overflow, and no text', () => {
    const long = randomLm({ ...tinyConfig, sequenceLength: 1025 }, 1)
    const ranges = observeRanges(long, [[1, 2]], 9)
    expect(() => quantizeLm(long, parseLmScheme('w8a8', long.config), ranges)).toThrow(
      /sequenceLength is 1025/
    )
    expect(() => observeRanges(long, [], 9)).toThrow(expect.objectContaining({ code: 'data.missing' }))
    expect(() => observeRanges(long, [[]], 9)).toThrow(/no text/)
  })
})
