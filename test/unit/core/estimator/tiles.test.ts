import { describe, expect, it } from 'vitest'
import type { StagePool } from '@core/estimator/design'
import { tileCosts } from '@core/estimator/tiles'
import { fitTileBase } from '@core/estimator/transfer/tileBase'
import type { StageWork } from '@core/estimator/work'
import { createRandom } from '@core/math/random'

const product = (sizes: readonly (readonly number[])[]): StageWork => {
  const column = (at: number): Float64Array => Float64Array.from(sizes, (size) => size[at] as number)
  return { kind: 'product', m: column(0), n: column(1), k: column(2) }
}
const plain = { rates: new Array<number>(10).fill(1), startK: 0, addition: 0 }

describe('cost of a matrix product in tiles', () => {
  it('a result that fills every multiprocessor once costs its share; one tile more costs part of a second wave', () => {
    const [full, more] = tileCosts(
      product([
        [256, 128 * 8, 1000],
        [256, 128 * 9, 1000]
      ]),
      8,
      plain
    )
    expect(full).toBe(256 * 128 * 1000)
    // 72 tiles of 64 x 64 take nine waves, 8/9 of the two waves that the largest tile takes.
    expect(more).toBe(9 * 64 * 64 * 1000)
  })

  it('splits k where the result has fewer tiles than there are multiprocessors', () => {
    const small = product([[16, 128, 4000]])
    expect(tileCosts(small, 4, plain)[0]).toBe(16 * 128 * 1000)
    expect(tileCosts(small, 1, plain)[0]).toBe(16 * 128 * 4000)
  })

  it('adding up the parts of a split is not free', () => {
    const small = product([[16, 128, 4000]])
    expect(tileCosts(small, 4, { ...plain, addition: 10 })[0]).toBe(
      Math.min(...[2, 3, 4].map((parts) => 16 * 128 * (4000 / parts) + 16 * 128 * parts * 10))
    )
  })
})

describe('base from tiles and traffic', () => {
  const random = createRandom(3)
  const sizes = Array.from({ length: 200 }, () => [
    2 ** random.integer(12),
    128 * (1 + random.integer(64)),
    128 * (1 + random.integer(64))
  ])
  const work = product(sizes)
  const costs = tileCosts(work, 84)
  const pool: StagePool = {
    stages: [0],
    count: sizes.length,
    features: { names: [], columns: [], count: sizes.length },
    terms: [new Float64Array(sizes.length).fill(1)],
    work,
    tileCosts: costs
  }
  const truth = costs.map(
    (cost, at) => 0.004 + Math.max(cost * 1e-9, (work.n[at] as number) * (work.k[at] as number) * 60e-9)
  )

  it('finds the launch, the rate and the bandwidth of a device that is bounded by one or the other', () => {
    const entries = Int32Array.from({ length: 60 }, (_, at) => at)
    const base = fitTileBase(pool, entries, truth.slice(0, 60))
    base.forEach((time, at) => expect(time / (truth[at] as number)).toBeCloseTo(1, 2))
  })

  it('gives the sum of work terms where the tiles are not known', () => {
    const entries = Int32Array.of(0, 1)
    const base = fitTileBase({ ...pool, tileCosts: null }, entries, Float64Array.of(2, 2))
    expect(base[150]).toBeCloseTo(2, 9)
  })

  it('is positive and finite with a single calibration entry', () => {
    const base = fitTileBase(pool, Int32Array.of(7), truth.slice(7, 8))
    expect(base.every((time) => time > 0 && Number.isFinite(time))).toBe(true)
    expect(base[7]).toBeCloseTo(truth[7] as number, 9)
  })
})
