import { describe, expect, it } from 'vitest'
import { createDistinctCount } from '@core/math/distinctCount'
import { createRandom } from '@core/math/random'

describe('createDistinctCount', () => {
  it.each([
    ['readings of a sensor', (random: number) => Math.round(40_000 * random) / 100],
    ['whole numbers', (random: number) => Math.floor(5000 * random)],
    ['numbers of every size', (random: number) => (random - 0.5) * 10 ** Math.floor(40 * random - 20)],
    ['one number', () => 65.5]
  ])('counts %s as a Set does', (_, of) => {
    const random = createRandom(3)
    const distinct = createDistinctCount()
    const set = new Set<number>()
    for (let at = 0; at < 20_000; at++) {
      const value = of(random.next())
      distinct.add(value)
      set.add(value)
    }
    expect(distinct.count()).toBe(set.size)
  })

  it('takes 0 and -0 for one number, and infinities for two', () => {
    const distinct = createDistinctCount()
    for (const value of [0, -0, Infinity, -Infinity, 0]) distinct.add(value)
    expect(distinct.count()).toBe(3)
  })
})
