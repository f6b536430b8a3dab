import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/random'
import type { FeatureMatrix } from '@core/proxy/features'
import { metricsOf } from '@core/proxy/metrics'
import { boostingDefaults, growBoosted, predictBoosted } from '@core/proxy/trees/boosting'
import { treesFromJson, treesToJson } from '@core/proxy/trees/ensemble'
import { forestDefaults, growExtraTrees, growForest, meanOverTrees } from '@core/proxy/trees/forest'

function matrix(count: number, width: number, seed: number): FeatureMatrix {
  const random = createRandom(seed)
  return {
    names: Array.from({ length: width }, (_, at) => `f${at}`),
    columns: Array.from({ length: width }, () =>
      Float64Array.from({ length: count }, () => random.next() * 10)
    ),
    count
  }
}

const target = (m: FeatureMatrix): Float64Array =>
  Float64Array.from(
    { length: m.count },
    (_, row) => 20 + 3 * m.columns[0]![row]! + (m.columns[1]![row]! > 5 ? 10 : 0)
  )

describe('tree ensembles', () => {
  const train = matrix(600, 4, 1)
  const test = matrix(300, 4, 2)
  const y = target(train)

  it.each([
    ['forest', growForest],
    ['extra trees', growExtraTrees]
  ] as const)('%s learns a slope and a step, and the same seed gives the same trees', (_name, grow) => {
    const trees = grow(train, y, { ...forestDefaults, trees: 40, seed: 3 })
    expect(metricsOf(meanOverTrees(trees, test), target(test)).mape).toBeLessThan(3)
    expect(treesToJson(grow(train, y, { ...forestDefaults, trees: 40, seed: 3 }))).toEqual(treesToJson(trees))
    // Features 2 and 3 say nothing.
    expect(trees.gain[0]! + trees.gain[1]!).toBeGreaterThan(20 * (trees.gain[2]! + trees.gain[3]!))
  })

  it('a single exact tree without bootstrap separates distinct rows', () => {
    const trees = growExtraTrees(train, y, { ...forestDefaults, trees: 1, seed: 5 })
    expect(meanOverTrees(trees, train)).toEqual(y)
  })

  it('a leaf never holds fewer rows than minLeaf', () => {
    const coarse = growExtraTrees(train, y, { ...forestDefaults, trees: 1, minLeaf: 100, seed: 5 })
    expect(new Set(meanOverTrees(coarse, train)).size).toBeLessThanOrEqual(6)
  })

  it('boosting learns, and stops early on watched rows', () => {
    const noisy = y.map((value, row) => value + 4 * Math.sin(row * 12.9898))
    const stopFold = Uint8Array.from({ length: train.count }, (_, row) => (row % 5 === 0 ? 1 : 0))
    const stopped = growBoosted(train, noisy, { ...boostingDefaults, trees: 500, seed: 1, stopFold })
    expect(stopped.trees.roots.length).toBeLessThan(500)
    expect(metricsOf(predictBoosted(stopped, test), target(test)).mape).toBeLessThan(5)
  })

  it('monotone constraints hold along the constrained feature', () => {
    const falling = Float64Array.from({ length: train.count }, (_, row) => Math.sin(train.columns[0]![row]!))
    const model = growBoosted(train, falling, {
      ...boostingDefaults,
      seed: 1,
      monotone: Int8Array.of(1, 0, 0, 0)
    })
    const line: FeatureMatrix = {
      names: train.names,
      columns: [0, 1, 2, 3].map((at) =>
        Float64Array.from({ length: 101 }, (_, row) => (at === 0 ? row / 10 : 5))
      ),
      count: 101
    }
    const along = predictBoosted(model, line)
    for (let at = 1; at < 101; at++) expect(along[at]!).toBeGreaterThanOrEqual(along[at - 1]! - 1e-9)
    expect(along[100]!).toBeGreaterThan(along[0]!)
  })

  it('refuses trees that walk in circles', () => {
    const json = treesToJson(growForest(train, y, { ...forestDefaults, trees: 1, seed: 1 }))
    const inner = json.left.findIndex((child, node) => child > node)
    const broken = { ...json, left: json.left.map((child, node) => (node === json.left[inner] ? 0 : child)) }
    expect(() => treesFromJson(broken)).toThrow('broken tree')
  })
})
