import { describe, expect, it } from 'vitest'
import { doubleBufferBytes } from '@core/deploy/doubleBuffer'
import { placeBuffers, type Lifetime } from '@core/deploy/planner'
import { createRandom } from '@core/math/random'

function expectNoOverlap(buffers: Lifetime[], offsets: number[]): void {
  for (const [i, a] of buffers.entries()) {
    for (const [j, b] of buffers.entries()) {
      if (j <= i || a.last < b.first || b.last < a.first) continue
      const isApart = offsets[i]! + a.sizeBytes <= offsets[j]! || offsets[j]! + b.sizeBytes <= offsets[i]!
      expect(isApart, `${a.name} and ${b.name}`).toBe(true)
    }
  }
}

describe('memory planner', () => {
  it('gives a chain of layers two alternating places, not a sum', () => {
    const chain = [100, 80, 60, 40].map((sizeBytes, step) => ({
      name: `t${step}`,
      sizeBytes,
      first: step,
      last: step + 1
    }))
    const { offsets, totalBytes, lowerBoundBytes } = placeBuffers(chain, 1)
    expectNoOverlap(chain, offsets)
    expect(lowerBoundBytes).toBe(180)
    expect(totalBytes).toBe(180)
  })

  it('keeps a residual branch alive while the other branch runs', () => {
    const buffers = [
      { name: 'skip', sizeBytes: 64, first: 0, last: 3 },
      { name: 'a', sizeBytes: 128, first: 1, last: 2 },
      { name: 'b', sizeBytes: 128, first: 2, last: 3 },
      { name: 'sum', sizeBytes: 64, first: 3, last: 4 }
    ]
    const { offsets, totalBytes } = placeBuffers(buffers, 1)
    expectNoOverlap(buffers, offsets)
    expect(totalBytes).toBe(320)
  })

  it('never overlaps, is aligned, and stays within 1.5 of the lower bound on random lifetimes', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = createRandom(seed)
      const buffers = Array.from({ length: 2 + random.integer(30) }, (_, index) => {
        const first = random.integer(40)
        return { name: `b${index}`, sizeBytes: random.integer(5000), first, last: first + random.integer(8) }
      })
      const { offsets, totalBytes, lowerBoundBytes } = placeBuffers(buffers)
      expectNoOverlap(buffers, offsets)
      for (const offset of offsets) expect(offset % 16).toBe(0)
      expect(totalBytes).toBeGreaterThanOrEqual(lowerBoundBytes)
      expect(totalBytes).toBeLessThanOrEqual(1.5 * lowerBoundBytes)
    }
  })

  it('places nothing in an empty arena', () => {
    expect(placeBuffers([])).toEqual({ offsets: [], totalBytes: 0, lowerBoundBytes: 0 })
  })

  it('needs less than two alternating buffers, also where a branch is kept', () => {
    const activation = (sizeBytes: number, first: number, last: number) =>
      ({ name: `t${first}`, kind: 'activation', sizeBytes, first, last }) as const
    const chain = [activation(16, 0, 0), activation(160, 0, 1), activation(32, 1, 2)]
    expect(doubleBufferBytes(chain)).toBe(320)
    expect(placeBuffers(chain).totalBytes).toBe(192)
    // The kept branch gets a buffer of its own, scratch one for all layers.
    const scratch = [48, 64].map(
      (sizeBytes, step) => ({ name: 's', kind: 'scratch', sizeBytes, first: step, last: step }) as const
    )
    expect(doubleBufferBytes([...chain, activation(100, 0, 3), ...scratch])).toBe(320 + 112 + 64)
    expect(doubleBufferBytes([])).toBe(0)
  })
})
