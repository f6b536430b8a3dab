import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '@core/math/random'
import type { FeatureMatrix } from '@core/regression/featureMatrix'
import { EnsembleBuilder } from '@core/regression/trees/ensemble'
import type { GrowOptions } from '@core/regression/trees/growBest'
import { createRandomGrower } from '@core/regression/trees/growRandom'
import type { TreeEnsemble } from '@core/regression/trees/treeEnsemble'

/** A node as the article has it: lists of rows, nothing shared. */
type Node = { readonly leaf: number; readonly rows: number[] } | Split
interface Split {
  readonly feature: number
  readonly cut: number
  readonly gain: number
  readonly sides: readonly [Node, Node]
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
/** Sum of squares around the mean. */
const scatter = (values: readonly number[]): number => sum(values.map((value) => (value - mean(values)) ** 2))

/**
 * Grows a tree by the definition (Geurts et al. 2006): of the features that vary, drawn one after the other without putting
 * back, a uniform cut each; the one that lowers the scatter most wins. Features that do not vary are not looked at again below.
 */
function growPlainly(
  { columns }: FeatureMatrix,
  y: Float64Array,
  options: GrowOptions,
  rows: number[],
  features: number[],
  depth: number,
  random: Random
): Node {
  const { minLeaf, maxDepth, featuresPerNode } = options
  const targets = rows.map((row) => y[row])
  const leaf = { leaf: mean(targets), rows }
  if (rows.length < Math.max(2, 2 * minLeaf) || depth >= maxDepth || new Set(targets).size === 1) return leaf
  // Both sides of a cut draw from one urn: the second begins in the order in which the first left it.
  const urn = features
  const below: number[] = []
  let best: Split | null = null
  let bestRows: readonly [number[], number[]] | null = null
  let looked = 0
  for (let at = 0; at < urn.length; at++) {
    const pick = at + random.integer(urn.length - at)
    const feature = urn[pick]
    urn[pick] = urn[at]
    urn[at] = feature
    if (looked >= Math.min(featuresPerNode, features.length) && best !== null) {
      below.push(feature)
      continue
    }
    const values = rows.map((row) => columns[feature][row])
    const [low, high] = [Math.min(...values), Math.max(...values)]
    if (low === high) continue
    below.push(feature)
    looked++
    const cut = low + random.next() * (high - low)
    const sides = [
      rows.filter((row) => columns[feature][row] <= cut),
      rows.filter((row) => columns[feature][row] > cut)
    ]
    if (sides.some((side) => side.length < minLeaf)) continue
    const gain = scatter(targets) - sum(sides.map((side) => scatter(side.map((row) => y[row]))))
    if (best !== null && gain <= best.gain) continue
    best = { feature, cut, gain, sides: [leaf, leaf] }
    bestRows = [sides[0], sides[1]]
  }
  if (best === null || bestRows === null) return leaf
  const [left, right] = bestRows
  const grow = (side: number[]): Node =>
    growPlainly({ columns } as FeatureMatrix, y, options, side, below, depth + 1, random)
  // The left side first: the draws of both come from one stream.
  const first = grow(left)
  return { ...best, sides: [first, grow(right)] }
}

/** Compares node by node. */
function expectEqual(trees: TreeEnsemble, node: number, plain: Node): void {
  if ('leaf' in plain) {
    expect(trees.left[node]).toBe(node)
    expect(trees.threshold[node]).toBe(Infinity)
    expect(trees.value[node]).toBeCloseTo(plain.leaf, 10)
    return
  }
  expect([trees.feature[node], trees.threshold[node]]).toEqual([plain.feature, plain.cut])
  const left = trees.left[node]
  expectEqual(trees, left, plain.sides[0])
  expectEqual(trees, left + 1, plain.sides[1])
}

function gains(node: Node, into: number[]): number[] {
  if ('leaf' in node) return into
  into[node.feature] += node.gain
  for (const side of node.sides) gains(side, into)
  return into
}

const leaves = (node: Node): number[][] => ('leaf' in node ? [node.rows] : node.sides.flatMap(leaves))
const depthOf = (node: Node): number => ('leaf' in node ? 0 : 1 + Math.max(...node.sides.map(depthOf)))

function sample(count: number, seed: number): { matrix: FeatureMatrix; y: Float64Array } {
  const random = createRandom(seed)
  // A grid, two steps, one column that never varies and one that varies in a part of the rows alone.
  const columns = [
    Float64Array.from({ length: count }, () => random.integer(6)),
    Float64Array.from({ length: count }, () => random.next()),
    new Float64Array(count).fill(3),
    Float64Array.from({ length: count }, (_, row) => (row < count / 2 ? 1 : random.integer(3)))
  ]
  const y = Float64Array.from({ length: count }, (_, row) =>
    columns[0][row] > 2 ? 5 * columns[1][row] : columns[3][row] + 0.1 * random.normal()
  )
  return { matrix: { names: ['a', 'b', 'c', 'd'], columns, count }, y }
}

describe('an extremely randomised tree', () => {
  const options: GrowOptions[] = [
    { minLeaf: 1, maxDepth: 64, featuresPerNode: 4 },
    { minLeaf: 1, maxDepth: 3, featuresPerNode: 2 },
    { minLeaf: 7, maxDepth: 64, featuresPerNode: 1 },
    { minLeaf: 20, maxDepth: 100, featuresPerNode: 3 }
  ]
  it.each(options)('is the one of the definition with the same draws, with %j', (own) => {
    const { matrix, y } = sample(90, 4)
    const builder = new EnsembleBuilder(4)
    const rows = Int32Array.from({ length: 90 }, (_, row) => row)
    createRandomGrower(matrix, y, own).grow(builder, rows, createRandom(9))
    const trees = builder.finish()
    const all = Array.from({ length: 90 }, (_, row) => row)
    const plain = growPlainly(matrix, y, own, all, [0, 1, 2, 3], 0, createRandom(9))
    expectEqual(trees, trees.roots[0], plain)
    for (const [feature, gain] of gains(plain, [0, 0, 0, 0]).entries())
      expect(trees.gain[feature]).toBeCloseTo(gain, 8)
    const held = leaves(plain)
    expect(Math.min(...held.map(({ length }) => length))).toBeGreaterThanOrEqual(own.minLeaf)
    expect(depthOf(plain)).toBeLessThanOrEqual(own.maxDepth)
    // The rows stand in the order of the leaves they fell into.
    expect(held.flat()).toEqual([...rows])
  })

  it('of equal targets, or of one row, is a leaf', () => {
    const { matrix } = sample(10, 1)
    const grow = (y: Float64Array, rows: Int32Array) => {
      const builder = new EnsembleBuilder(4)
      createRandomGrower(matrix, y, { minLeaf: 1, maxDepth: 9, featuresPerNode: 4 }).grow(
        builder,
        rows,
        createRandom(1)
      )
      return builder.finish()
    }
    expect([...grow(new Float64Array(10).fill(2.5), Int32Array.of(0, 1, 2)).value]).toEqual([2.5])
    expect([
      ...grow(
        Float64Array.from({ length: 10 }, (_, row) => row),
        Int32Array.of(7)
      ).value
    ]).toEqual([7])
  })
})
