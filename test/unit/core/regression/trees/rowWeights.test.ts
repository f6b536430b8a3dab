import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { FeatureMatrix } from '@core/regression/featureMatrix'
import { EnsembleBuilder, valuesByTree } from '@core/regression/trees/ensemble'
import { createBestGrower } from '@core/regression/trees/growBest'

function grow(x: number[], y: number[], weights: number[], minLeaf: number): (at: number) => number {
  const matrix = (values: number[]): FeatureMatrix => ({
    names: ['x'],
    columns: [Float64Array.from(values)],
    count: values.length
  })
  const options = { minLeaf, maxDepth: 8, featuresPerNode: 1 }
  const builder = new EnsembleBuilder(1)
  createBestGrower(matrix(x), Float64Array.from(y), options).grow(
    builder,
    Float64Array.from(weights),
    createRandom(1)
  )
  const trees = builder.finish()
  return (at) => valuesByTree(trees, matrix([at]))[0]!
}

describe('the weight of a row in a tree', () => {
  it('counts it as often in a leaf: (3 * 1 + 1 * 5) / 4', () => {
    expect(grow([1, 2], [1, 5], [3, 1], 100)(1)).toBeCloseTo(2, 12)
    expect(grow([1, 2], [1, 5], [1, 3], 100)(1)).toBeCloseTo(4, 12)
  })

  it('leaves rows of weight 0 out', () => {
    expect(grow([1, 2, 3], [1, 5, 100], [1, 1, 0], 100)(3)).toBeCloseTo(3, 12)
  })

  it('is the same as repeating the row, cuts included', () => {
    const random = createRandom(6)
    const x = Array.from({ length: 30 }, () => random.integer(12))
    const y = x.map((value) => value * value + random.integer(20))
    const weights = x.map(() => 1 + random.integer(4))
    const repeat = (values: number[]): number[] =>
      values.flatMap((value, row) => Array<number>(weights[row]!).fill(value))
    const weighted = grow(x, y, weights, 6)
    const repeated = grow(
      repeat(x),
      repeat(y),
      repeat(x).map(() => 1),
      6
    )
    for (let at = 0; at < 12; at += 0.5) expect(weighted(at)).toBeCloseTo(repeated(at), 9)
  })
})
