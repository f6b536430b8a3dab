import { describe, expect, it } from 'vitest'
import { createPowerPyramid } from '@core/meter/powerPyramid'
import { createRandom } from '@core/math/random'

/** Integral of an envelope's means over its buckets, J. */
const energyJ = ({ mean, stepMs }: { mean: (number | null)[]; stepMs: number }): number =>
  mean.reduce<number>((sum, value) => sum + ((value ?? 0) * stepMs) / 1000, 0)

describe('the power pyramid', () => {
  it('holds least, greatest and mean over time of straight lines, by hand', () => {
    const pyramid = createPowerPyramid(2)
    // 1 W at 0 ms to 3 W at 2 ms: 1 to 2 W in the first bucket (mean 1.5), 2 to 3 W in the second (2.5).
    pyramid.reading(0, 1)
    pyramid.reading(2, 3)
    pyramid.reading(4, 3)
    expect(pyramid.read(0, 3.9, 10)).toEqual({
      ...{ fromMs: 0, stepMs: 1 },
      ...{ min: [1, 2, 3, 3], max: [2, 3, 3, 3], mean: [1.5, 2.5, 3, 3] }
    })
    expect(pyramid.read(0, 3.9, 2)).toEqual({
      ...{ fromMs: 0, stepMs: 2, min: [1, 3], max: [3, 3], mean: [2, 3] }
    })
  })

  it('shows the peak of a stretch that its mean hides, and keeps its energy', () => {
    const pyramid = createPowerPyramid(0.5)
    for (let ms = 0; ms < 8; ms++) pyramid.stretch(ms, ms + 1, ms === 5 ? 2 : 1, 1, ms === 5 ? 90 : 1)
    const whole = pyramid.read(0, 7.5, 4)
    expect(whole.max).toEqual([1, 1, 90, 1])
    expect(whole.mean).toEqual([1, 1, 1.5, 1])
    expect(energyJ(whole)).toBeCloseTo(0.009, 12)
  })

  it('joins nothing across a gap', () => {
    const pyramid = createPowerPyramid(2)
    pyramid.reading(0, 1)
    pyramid.reading(1, 1)
    pyramid.cut()
    pyramid.reading(4, 5)
    pyramid.reading(6, 5)
    expect(pyramid.read(0, 5.5, 100).mean).toEqual([1, null, null, null, 5, 5])
  })

  it('keeps the energy of an hour of 100 readings a second at every resolution, in the same memory', () => {
    const pyramid = createPowerPyramid(10, 512)
    const random = createRandom(7)
    let [sumJ, before] = [0, 1]
    pyramid.reading(0, before)
    for (let at = 1; at <= 360_000; at++) {
      const powerW = 1 + random.next()
      sumJ += ((before + powerW) / 2) * 0.01
      pyramid.reading(at * 10, powerW)
      before = powerW
    }
    for (const buckets of [500, 100, 7]) {
      const whole = pyramid.read(0, Infinity, buckets)
      expect(whole.mean.length).toBeLessThanOrEqual(buckets)
      // The last bucket is not full: its mean is that of the covered part.
      const full = { ...whole, mean: whole.mean.slice(0, -1) }
      const restMs = 3_600_000 - full.mean.length * whole.stepMs
      expect(energyJ(full) + (whole.mean.at(-1)! * restMs) / 1000).toBeCloseTo(sumJ, 6)
    }
    // The newest second as finely as the readings allow, the first one only as it is still kept.
    expect(pyramid.read(3_599_000, 3_600_000, 400).stepMs).toBe(5)
    expect(pyramid.read(0, 1000, 400).stepMs).toBeGreaterThan(1000)
  })

  it('is empty before the first reading and where nothing was read', () => {
    const pyramid = createPowerPyramid(1)
    expect(pyramid.read(0, Infinity, 10)).toMatchObject({ mean: [null] })
    pyramid.reading(0, 4)
    expect(pyramid.read(0, Infinity, 10)).toMatchObject({ min: [4], max: [4], mean: [4] })
    expect(pyramid.read(50, 60, 10).mean).toEqual([])
  })
})
