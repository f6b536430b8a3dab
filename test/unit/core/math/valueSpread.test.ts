import { describe, expect, it } from 'vitest'
import { emptySpread, inBins, joinSpreads, spreadOf, type ValueSpread } from '@core/math/valueSpread'
import { createRandom } from '@core/math/random'

/** How many values lie in each bin, counted one by one. */
function countedIn({ exponent, firstBin, counts }: ValueSpread, values: readonly number[]): number[] {
  const width = 2 ** exponent
  return [...counts.keys()].map((bin) => {
    const [from, to] = [(firstBin + bin) * width, (firstBin + bin + 1) * width]
    return values.filter((value) => value >= from && value < to).length
  })
}

describe('value spread', () => {
  it('counts signs, zeros and what is not finite', () => {
    const spread = spreadOf(Float32Array.of(-1, 0, 0, 3, NaN, Infinity, -Infinity))
    expect(spread).toMatchObject({ values: 4, notFinite: 3, zeros: 2, least: -1, largest: 3 })
    // 4 / 1024 = 2^-8: from -1 on, 1025 bins would be needed with both ends, so bins are 2^-7 wide.
    expect(spread.exponent).toBe(-7)
    expect(spread.firstBin).toBe(-128)
    expect(spread.counts[0]).toBe(1)
    expect(spread.counts[128]).toBe(2)
    expect(spread.counts.at(-1)).toBe(1)
  })

  it('has one bin for equal values, and none for no values', () => {
    const same = spreadOf(new Float32Array(5).fill(-0.7))
    expect([...same.counts]).toEqual([5])
    const width = 2 ** same.exponent
    expect(same.firstBin * width).toBeLessThanOrEqual(same.least)
    expect((same.firstBin + 1) * width).toBeGreaterThan(same.least)
    expect([...spreadOf(new Float32Array(3)).counts]).toEqual([3])
    expect(spreadOf(Float32Array.of(NaN))).toEqual({ ...emptySpread(), notFinite: 1 })
    expect(spreadOf(new Float32Array(0))).toEqual(emptySpread())
  })

  it('joins batches of any magnitude as one by one counting does', () => {
    const random = createRandom(7)
    for (let round = 0; round < 20; round++) {
      const batches = Array.from({ length: 4 }, () => {
        const magnitude = 10 ** (random.integer(12) - 6)
        const offset = random.integer(3) === 0 ? 1e4 : 0
        return Float32Array.from({ length: 50 }, () =>
          random.integer(9) === 0 ? 0 : offset + magnitude * random.normal()
        )
      })
      const joined = batches.map(spreadOf).reduce(joinSpreads)
      const all = batches.flatMap((batch) => [...batch])
      for (const spread of [joined, inBins(joined, 64)]) {
        expect([...spread.counts]).toEqual(countedIn(spread, all))
        expect(spread.least).toBe(Math.min(...all))
        expect(spread.largest).toBe(Math.max(...all))
        expect(spread.zeros).toBe(all.filter((value) => value === 0).length)
      }
      expect(joined.counts.length).toBeLessThanOrEqual(1024)
      expect(inBins(joined, 64).counts.length).toBeLessThanOrEqual(64)
    }
  })

  it('bears the largest and smallest float32 values', () => {
    const spread = spreadOf(Float32Array.of(-3.4e38, 3.4e38, 1e-45))
    expect(spread.counts.reduce((sum, count) => sum + count, 0)).toBe(3)
    expect(joinSpreads(spread, spreadOf(Float32Array.of(1e-45))).values).toBe(4)
  })
})
