import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createHistogram, histogramOf } from '@core/quant/quantize/activationRange'

/** Counts of limited values by magnitude, one value after the other. */
function countedPlainly(
  values: readonly number[],
  limits: readonly [number, number],
  width: number
): number[] {
  const counts = new Array<number>(4096).fill(0)
  for (const value of values) {
    const limited = Math.max(limits[0], Math.min(limits[1], value))
    counts[Math.floor(Math.abs(limited) * (1 / width))]!++
  }
  return counts
}

describe('the histogram of a tensor', () => {
  const random = createRandom(1)
  const drawn = Float32Array.from({ length: 5000 }, () => 3 * random.normal())

  it.each([
    ['signed', -Infinity, Infinity],
    ['before a ReLU', 0, Infinity],
    ['before limits 0 and 6', 0, 6],
    ['with a floor below 0', -2, Infinity],
    ['with a floor above 0', 1, 4],
    ['with a ceiling below 0', -Infinity, -0.5]
  ])('counts every value once, %s', (_, floor, ceiling) => {
    const builder = createHistogram()
    builder.add(drawn, floor, ceiling)
    const { counts, width, isSigned } = builder.histogram()
    expect(Array.from(counts)).toEqual(countedPlainly([...drawn], [floor, ceiling], width))
    expect(isSigned).toBe(floor < 0)
  })

  it('joins bins in pairs when later values lie beyond them', () => {
    const builder = createHistogram()
    builder.add(Float32Array.of(-1, 0.5, 0.25))
    const first = builder.histogram().width
    builder.add(Float32Array.of(3.5, -0.25, 0))
    const { counts, width, largest } = builder.histogram()
    expect(width).toBe(4 * first)
    expect(largest).toBe(3.5)
    const found = [...counts].flatMap((count, bin) => (count === 0 ? [] : [[bin, count]]))
    // 4096 bins up to a little more than 4: 1024 a unit, 0.25 twice.
    expect(found).toEqual([
      [0, 1],
      [255, 2],
      [511, 1],
      [1023, 1],
      [3583, 1]
    ])
  })

  it.each([Infinity, -Infinity, NaN])('refuses a tensor with the value %d', (value) => {
    const builder = createHistogram()
    expect(builder.add(Float32Array.of(1, value, 2))).toBe(false)
    expect(builder.add(Float32Array.of(1, 2))).toBe(true)
    expect(builder.histogram().largest).toBe(2)
  })

  it('limits an infinite value where the tensor has a limit', () => {
    const builder = createHistogram()
    expect(builder.add(Float32Array.of(1, Infinity, -Infinity), 0, 6)).toBe(true)
    expect(builder.histogram().counts.reduce((sum, count) => sum + count)).toBe(3)
  })

  it('has all zeros in its first bin', () => {
    const { counts, width, largest } = histogramOf(new Float32Array(7))
    expect([counts[0], width, largest]).toEqual([7, 0, 0])
  })
})
