import { describe, expect, it } from 'vitest'
import {
  geometricLevels,
  knobGrid,
  spaceFillingConfigurations,
  type KnobOffer
} from '@core/estimator/collect/knobGrid'

const offer: KnobOffer = {
  stages: ['prefill', 'decode'],
  knobs: [
    { name: 'batch', is: { values: [1, 2, 4, 8] } },
    { name: 'promptTokens', is: { min: 1, max: 1024 } },
    { name: 'tier', is: { values: ['low', 'high'] } },
    { name: 'outputTokens', is: { min: 1, max: 256 } }
  ],
  limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: 1024 }]
}

describe('levels of a range', () => {
  it('are all whole numbers of a short one, and equal ratios of a long one', () => {
    expect(geometricLevels(3, 6)).toEqual([3, 4, 5, 6])
    expect(geometricLevels(5, 5)).toEqual([5])
    expect(geometricLevels(1, 1024, 11)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    const withZero = geometricLevels(0, 100_000)
    expect([withZero[0], withZero.at(-1)]).toEqual([0, 100_000])
    expect(withZero).toEqual([...new Set(withZero)].sort((a, b) => a - b))
  })
})

describe('grid of knobs', () => {
  it('takes all that is offered, narrowed to what is chosen', () => {
    const grid = knobGrid(offer, { batch: { min: 2, max: 5 }, promptTokens: { values: [16, 700] } })
    expect(grid[0]!.values).toEqual([2, 4])
    expect(grid[1]!.values).toEqual([16, 700])
    expect(grid[2]!.values).toEqual(['low', 'high'])
    expect(grid[3]!.values.at(-1)).toBe(256)
  })

  it.each([
    [{ blocks: { min: 1, max: 2 } }, 'no knob "blocks"'],
    [{ promptTokens: { min: 1, max: 4096 } }, 'promptTokens = 4096'],
    [{ batch: { values: [3] } }, 'batch = 3'],
    [{ batch: { min: 5, max: 7 } }, 'batch'],
    [{ promptTokens: { values: ['many'] } }, 'promptTokens = many']
  ])('refuses %j', (chosen, message) => {
    expect(() => knobGrid(offer, chosen)).toThrow(message)
  })
})

describe('choice of configurations', () => {
  const grid = knobGrid(offer, {})

  it('is sparse, within the limits, without repetition, and the same for the same seed', () => {
    const steps = spaceFillingConfigurations(grid, offer.limits, 60, 7)
    expect(steps).toHaveLength(60)
    expect(new Set(steps.map((step) => JSON.stringify(step))).size).toBe(60)
    for (const { knobs, outputTokens } of steps) {
      expect(Object.keys(knobs)).toEqual(['batch', 'promptTokens', 'tier'])
      expect(Number(knobs['promptTokens']) + outputTokens!).toBeLessThanOrEqual(1024)
    }
    expect(spaceFillingConfigurations(grid, offer.limits, 60, 7)).toEqual(steps)
    expect(spaceFillingConfigurations(grid, offer.limits, 60, 8)).not.toEqual(steps)
    // Whoever stops early has a choice that is spread too.
    expect(spaceFillingConfigurations(grid, offer.limits, 20, 7)).toEqual(steps.slice(0, 20))
  })

  it('covers the knobs better than as many random configurations of the grid', () => {
    const all = spaceFillingConfigurations(grid, offer.limits, 5_000, 1)
    const place = ({ knobs, outputTokens }: (typeof all)[number]): number[] => [
      Math.log(Number(knobs['batch'])) / Math.log(8),
      Math.log(Number(knobs['promptTokens'])) / Math.log(1024),
      knobs['tier'] === 'low' ? 0 : 1,
      Math.log(outputTokens!) / Math.log(256)
    ]
    /** Largest distance of any configuration to the nearest chosen one. */
    const hole = (chosen: readonly number[][]): number =>
      Math.max(
        ...all.map((one) =>
          Math.min(...chosen.map((other) => Math.hypot(...place(one).map((value, at) => value - other[at]!))))
        )
      )
    const filled = hole(spaceFillingConfigurations(grid, offer.limits, 30, 3).map(place))
    // Every 17th of the order, which is by distance and so spread over the whole grid: no better than random beyond its start.
    const others = [40, 41, 42].map((from) =>
      hole(all.filter((_, at) => at >= from && (at - from) % Math.ceil(all.length / 30) === 0).map(place))
    )
    for (const other of others) expect(filled).toBeLessThan(other)
  })

  it('gives all of a small grid, and says when the limits leave nothing', () => {
    const small = knobGrid(offer, {
      ...{ batch: { values: [1] }, promptTokens: { values: [8, 16] } },
      ...{ tier: { values: ['low'] }, outputTokens: { values: [4] } }
    })
    expect(spaceFillingConfigurations(small, offer.limits, 50, 1)).toHaveLength(2)
    expect(() =>
      spaceFillingConfigurations(small, [{ sumOf: ['promptTokens', 'outputTokens'], max: 5 }], 50, 1)
    ).toThrow('limits')
  })
})
