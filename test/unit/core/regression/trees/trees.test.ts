import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { FeatureMatrix } from '@core/regression/featureMatrix'
import { metricsOf } from '@core/regression/metrics'
import { boostingDefaults, growBoosted, predictBoosted } from '@core/regression/trees/boosting'
import { treesFromJson, treesToJson, valuesByTree } from '@core/regression/trees/ensemble'
import type { TreeEnsemble } from '@core/regression/trees/treeEnsemble'
import { forestDefaults, growExtraTrees, growForest, meanOverTrees } from '@core/regression/trees/forest'
import { predictQuantiles } from '@core/regression/trees/quantiles'

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

  it('walking many rows at once comes to the same sums as walking each alone', () => {
    const trees = growForest(train, y, { ...forestDefaults, trees: 30, seed: 4 })
    // 600 rows are sorted and walk in fours; 3 are neither.
    for (const rows of [train, matrix(3, 4, 9)]) {
      const alone = Float64Array.from({ length: rows.count }, (_, row) => {
        let sum = 0
        for (const root of trees.roots) sum += leafValue(trees, root, rows, row)
        return sum
      })
      const means = meanOverTrees(trees, rows)
      for (let row = 0; row < rows.count; row++) expect(means[row]).toBeCloseTo(alone[row]! / 30, 12)
      const byTree = valuesByTree(trees, rows)
      expect(byTree[29 * rows.count + 2]).toBe(leafValue(trees, trees.roots[29]!, rows, 2))
    }
  })

  it('a root cut is the best of all cuts, found by trying each', () => {
    const noisy = y.map((value, row) => value + 3 * Math.sin(row * 78.233))
    const stump = growForest(train, noisy, { ...forestDefaults, trees: 1, maxDepth: 1, minLeaf: 20, seed: 6 })
    const random = createRandom(6)
    const weight = new Float64Array(train.count)
    for (let draw = 0; draw < train.count; draw++) weight[random.integer(train.count)]!++
    let best = Infinity
    for (const column of train.columns)
      for (const cut of column) best = Math.min(best, squaresAround(column, cut, noisy, weight, 20))
    const own = squaresAround(train.columns[stump.feature[0]!]!, stump.threshold[0]!, noisy, weight, 20)
    expect(own).toBeCloseTo(best, 6)
    expect(stump.gain[stump.feature[0]!]).toBeCloseTo(
      squaresAround(train.columns[0]!, Infinity, noisy, weight, 0) - own,
      6
    )
  })

  it('leaves of a forest hold as many drawn rows as asked for', () => {
    const stumps = growForest(train, y, { ...forestDefaults, trees: 1, minLeaf: 100, seed: 6 })
    expect(new Set(meanOverTrees(stumps, train)).size).toBeGreaterThan(2)
    expect(new Set(meanOverTrees(stumps, train)).size).toBeLessThanOrEqual(6)
  })

  it('copies of a feature share its wins and change nothing else', () => {
    const twice = { names: ['a', 'b'], columns: [train.columns[0]!, train.columns[0]!], count: train.count }
    const trees = growForest(twice, y, { ...forestDefaults, trees: 20, seed: 2 })
    expect(trees.gain[0]!).toBeGreaterThan(0)
    expect(trees.gain[1]!).toBeGreaterThan(0)
    const used = new Set(trees.feature.filter((_, node) => trees.left[node] !== node))
    expect([...used].sort()).toEqual([0, 1])
  })

  it('survives JSON with equal predictions, leaves included', () => {
    const trees = growForest(train, y, { ...forestDefaults, trees: 10, seed: 1 })
    const revived = treesFromJson(JSON.parse(JSON.stringify(treesToJson(trees))))
    expect(revived).toEqual(trees)
    expect(meanOverTrees(revived, test)).toEqual(meanOverTrees(trees, test))
  })

  it('quantiles over trees hold the single trees, and widen with the noise of the sample', () => {
    const [fitted, fresh] = [matrix(1500, 3, 21), matrix(600, 3, 22)]
    const intervalsAt = (noise: number) => {
      const random = createRandom(11)
      const noisy = (m: FeatureMatrix) => target(m).map((value) => value + noise * random.normal())
      const trees = growForest(fitted, noisy(fitted), { ...forestDefaults, trees: 60, seed: 1 })
      const quantiles = predictQuantiles(trees, fresh, [0, 0.05, 0.5, 0.95, 1])
      const [, low, , high] = quantiles
      const measured = noisy(fresh)
      let [width, inside] = [0, 0]
      for (let row = 0; row < fresh.count; row++) {
        width += (high![row]! - low![row]!) / fresh.count
        if (measured[row]! >= low![row]! && measured[row]! <= high![row]!) inside += 1 / fresh.count
      }
      return { trees, quantiles, width, inside }
    }
    const { trees, quantiles, width, inside } = intervalsAt(2)
    const values = valuesByTree(trees, fresh)
    const ofRow = Array.from({ length: 60 }, (_, tree) => values[tree * fresh.count + 7]!).sort(
      (a, b) => a - b
    )
    expect([quantiles[0]![7], quantiles[4]![7]]).toEqual([ofRow[0], ofRow[59]])
    expect(quantiles[2]![7]).toBeCloseTo((ofRow[29]! + ofRow[30]!) / 2, 12)
    // Narrower than they claim, as the docstring warns: trees of one sample agree in its mistakes.
    expect(inside).toBeGreaterThan(0.65)
    expect(inside).toBeLessThan(0.9)
    expect(width).toBeGreaterThan(1.3 * intervalsAt(1).width)
  })

  it.each([[-0.1], [1.5], [NaN]])('refuses %s as a quantile', (fraction) => {
    const trees = growForest(train, y, { ...forestDefaults, trees: 2, maxDepth: 2, seed: 1 })
    expect(() => predictQuantiles(trees, test, [fraction])).toThrow('is not a quantile')
  })

  it.each([
    ['forest', growForest],
    ['extra trees', growExtraTrees],
    ['boosting', (x: FeatureMatrix, t: Float64Array) => growBoosted(x, t, { ...boostingDefaults, seed: 1 })]
  ] as const)('%s refuses tables without rows and values that are not numbers', (_name, grow) => {
    const options = { ...forestDefaults, trees: 1, seed: 1 }
    const small = matrix(5, 2, 1)
    const hole = { ...small, columns: [small.columns[0]!, Float64Array.of(1, 2, NaN, 4, 5)] }
    expect(() => grow(hole, new Float64Array(5), options)).toThrow('Feature f1 of row 3 is not a number')
    expect(() => grow(small, Float64Array.of(1, 2, 3, Infinity, 5), options)).toThrow('target of row 4')
    expect(() => grow(small, new Float64Array(4), options)).toThrow('different numbers of rows')
    expect(() => grow(matrix(0, 2, 1), new Float64Array(0), options)).toThrow('0 rows')
  })
})

function leafValue(trees: TreeEnsemble, root: number, rows: FeatureMatrix, row: number): number {
  let node = root
  while (trees.left[node] !== node) {
    const goesLeft = rows.columns[trees.feature[node]!]![row]! <= trees.threshold[node]!
    node = trees.left[node]! + (goesLeft ? 0 : 1)
  }
  return trees.value[node]!
}

/** Weighted sum of squares around the means of both sides of a cut; infinite where a side is lighter than `least`. */
function squaresAround(
  column: Float64Array,
  cut: number,
  y: Float64Array,
  weight: Float64Array,
  least: number
): number {
  const sides = [
    { weight: 0, sum: 0, squares: 0 },
    { weight: 0, sum: 0, squares: 0 }
  ]
  y.forEach((value, row) => {
    const side = sides[column[row]! <= cut ? 0 : 1]!
    side.weight += weight[row]!
    side.sum += weight[row]! * value
    side.squares += weight[row]! * value * value
  })
  if (sides.some((side) => side.weight < least)) return Infinity
  return sides.reduce(
    (total, { weight: w, sum, squares }) => total + (w > 0 ? squares - (sum * sum) / w : 0),
    0
  )
}
