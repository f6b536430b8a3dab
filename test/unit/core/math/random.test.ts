import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'

describe('seeded random numbers', () => {
  it('gives the same sequence for the same seed and another for another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, createRandom(seed).next)
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('is uniform within sampling error', () => {
    const random = createRandom(1)
    const bins = new Uint32Array(10)
    for (let i = 0; i < 100_000; i++) bins[random.integer(10)]!++
    // 10 000 expected, standard deviation 95: six of them.
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(570)
  })

  it('has mean 0 and variance 1 as a normal deviate', () => {
    const random = createRandom(3)
    let sum = 0
    let squares = 0
    for (let i = 0; i < 50_000; i++) {
      const value = random.normal()
      sum += value
      squares += value * value
    }
    expect(sum / 50_000).toBeCloseTo(0, 1)
    expect(squares / 50_000).toBeCloseTo(1, 1)
  })

  it('shuffles in place without losing anything', () => {
    const values = Array.from({ length: 100 }, (_, index) => index)
    const shuffled = createRandom(5).shuffle([...values])
    expect(shuffled).not.toEqual(values)
    expect([...shuffled].sort((a, b) => a - b)).toEqual(values)
  })

  it('forks generators that do not disturb each other', () => {
    const parent = createRandom(9)
    const first = parent.fork(0)
    parent.next()
    expect(parent.fork(0).next()).toBe(first.next())
    expect(parent.fork(1).next()).not.toBe(createRandom(9).fork(0).next())
  })
})
