import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { addLeaves, backToRows, walkersOf } from '@core/regression/trees/descend'
import { alikeFeatures, binFeatures } from '@core/regression/trees/binning'
import type { TreeEnsemble } from '@core/regression/trees/treeEnsemble'

/** Two trees: x0 > 0.5 ? (x1 > 2 ? 30 : 20) : 10, and x1 > 1 ? 200 : 100. */
const trees: TreeEnsemble = {
  roots: Int32Array.of(0, 5),
  feature: Int32Array.of(0, 0, 1, 0, 0, 1, 0, 0),
  threshold: Float64Array.of(0.5, Infinity, 2, Infinity, Infinity, 1, Infinity, Infinity),
  left: Int32Array.of(1, 1, 3, 3, 4, 6, 6, 7),
  value: Float64Array.of(0, 10, 0, 20, 30, 0, 100, 200),
  gain: new Float64Array(2)
}
const valueOf = (x: number, y: number): number => (x > 0.5 ? (y > 2 ? 30 : 20) : 10) + (y > 1 ? 200 : 100)

describe('rows that descend trees', () => {
  // Fewer than eight, eight and some, more than are worth sorting; on thresholds, too.
  it.each([1, 7, 8, 9, 16, 255, 256, 601])('end in their leaves, %i of them', (count) => {
    const random = createRandom(count)
    const draw = (values: readonly number[]): Float64Array =>
      Float64Array.from({ length: count }, () => values[random.integer(values.length)]!)
    const columns = [draw([0, 0.5, 0.6, 1]), draw([0, 1, 1.5, 2, 3])]
    const walkers = walkersOf(trees, { names: ['x', 'y'], columns, count })
    const sums = new Float64Array(count)
    for (const root of trees.roots) addLeaves(trees, root, walkers, sums)
    const byRow = backToRows(walkers, sums, new Float64Array(count))
    expect([...byRow]).toEqual(Array.from(columns[0]!, (x, row) => valueOf(x, columns[1]![row]!)))
    expect([...walkers.rows].sort((a, b) => a - b)).toEqual([...Array(count).keys()])
  })

  it('are sorted by the leaf of the first tree where there are enough', () => {
    const x = Float64Array.from({ length: 256 }, (_, row) => row % 2)
    const walkers = walkersOf(trees, { names: ['x', 'y'], columns: [x, new Float64Array(256)], count: 256 })
    expect([...walkers.rows.subarray(0, 4)]).toEqual([0, 2, 4, 6])
    expect(walkers.rows[128]).toBe(1)
  })
})

describe('features as small integers', () => {
  const matrix = (...columns: number[][]) => ({
    names: columns.map((_, at) => `f${at}`),
    columns: columns.map((one) => Float64Array.from(one)),
    count: columns[0]!.length
  })

  it('are ranks where there are no more values than bins', () => {
    const binned = binFeatures(matrix([5, -1, 5, 2], [7, 7, 7, 7]), 3)
    expect(binned.codes.map((codes) => [...codes])).toEqual([
      [2, 0, 2, 1],
      [0, 0, 0, 0]
    ])
    expect([...binned.bins]).toEqual([3, 1])
    expect(binned.low.map((low) => [...low])).toEqual([[-1, 2, 5], [7]])
    expect(binned.high.map((high) => [...high])).toEqual([[-1, 2, 5], [7]])
  })

  it('lie in bins of about equal counts beyond that', () => {
    const binned = binFeatures(matrix([1, 2, 3, 4, 5, 6, 7, 8, 9]), 3)
    expect([...binned.codes[0]!]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
    expect([...binned.low[0]!]).toEqual([1, 4, 7])
    expect([...binned.high[0]!]).toEqual([3, 6, 9])
    // One value that fills several bins takes one.
    const heavy = binFeatures(matrix([1, 1, 1, 1, 1, 1, 2, 3, 4]), 3)
    expect([...heavy.high[0]!]).toEqual([1, 4])
    expect([...heavy.codes[0]!]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1])
  })

  it('are alike where they allow the same cuts', () => {
    const binned = binFeatures(matrix([1, 2, 3], [10, 20, 30], [3, 2, 1], [1, 4, 9], [3, 2, 0]), 9)
    expect([...alikeFeatures(binned)]).toEqual([0, 0, 2, 0, 2])
  })
})
