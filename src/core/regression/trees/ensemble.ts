import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../featureMatrix'
import { addLeaves, backToRows, walkersOf } from './descend'
import type { TreeEnsemble } from './treeEnsemble'

/** Collects nodes while trees grow. */
export class EnsembleBuilder {
  private feature = new Int32Array(4096)
  private threshold = new Float64Array(4096)
  private left = new Int32Array(4096)
  private value = new Float64Array(4096)
  private size = 0
  private readonly roots: number[] = []
  readonly gain: Float64Array

  constructor(features: number) {
    this.gain = new Float64Array(features)
  }

  startTree(): number {
    this.roots.push(this.size)
    return this.add(1)
  }

  /** Two fresh nodes behind one another; returns the left one. */
  addPair(): number {
    return this.add(2)
  }

  makeLeaf(node: number, value: number): void {
    this.left[node] = node
    this.threshold[node] = Infinity
    this.value[node] = value
  }

  makeSplit(node: number, feature: number, threshold: number, left: number): void {
    this.feature[node] = feature
    this.threshold[node] = threshold
    this.left[node] = left
  }

  /** Nodes so far; the next tree's root. */
  get nodes(): number {
    return this.size
  }

  /** Adds the leaf values of the tree at `root` to `sums` for some rows. */
  addTo(root: number, matrix: FeatureMatrix, rows: Int32Array, sums: Float64Array): void {
    const { columns } = matrix
    for (const row of rows) {
      let node = root
      while (this.left[node] !== node) {
        node = this.left[node] + Number(columns[this.feature[node]][row] > this.threshold[node])
      }
      sums[row] += this.value[node]
    }
  }

  /** Drops the trees from number `trees` on (early stopping). */
  truncate(trees: number): void {
    if (trees >= this.roots.length) return
    this.size = this.roots[trees]
    this.roots.length = trees
  }

  /** The ensemble; the builder is spent. Arrays are cut to size one by one, so that only one is held twice. */
  finish(): TreeEnsemble {
    const { size } = this
    this.feature = this.feature.slice(0, size)
    this.threshold = this.threshold.slice(0, size)
    this.left = this.left.slice(0, size)
    this.value = this.value.slice(0, size)
    const { feature, threshold, left, value, gain } = this
    return { roots: Int32Array.from(this.roots), feature, threshold, left, value, gain }
  }

  private add(nodes: number): number {
    const first = this.size
    this.size += nodes
    if (this.size > this.left.length) this.grow()
    return first
  }

  private grow(): void {
    const capacity = this.left.length * 2
    const wider = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.feature = wider(this.feature, new Int32Array(capacity))
    this.threshold = wider(this.threshold, new Float64Array(capacity))
    this.left = wider(this.left, new Int32Array(capacity))
    this.value = wider(this.value, new Float64Array(capacity))
  }
}

/** Sum over trees of the leaf values every row falls into. */
export function sumOverTrees(trees: TreeEnsemble, matrix: FeatureMatrix): Float64Array {
  if (matrix.count === 1) return Float64Array.of(sumOfRow(trees, matrix))
  const walkers = walkersOf(trees, matrix)
  const sums = new Float64Array(matrix.count)
  for (const root of trees.roots) addLeaves(trees, root, walkers, sums)
  return backToRows(walkers, sums, new Float64Array(matrix.count))
}

/** The same of the only row: eight walkers side by side would cost more than they save. */
function sumOfRow(
  { roots, feature, threshold, left, value }: TreeEnsemble,
  { columns }: FeatureMatrix
): number {
  const point = Float64Array.from(columns, (column) => column[0])
  let sum = 0
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]
    while (left[node] !== node) node = left[node] + (point[feature[node]] > threshold[node] ? 1 : 0)
    sum += value[node]
  }
  return sum
}

/** Leaf value of every tree, tree by tree: values[tree * count + row]. */
export function valuesByTree(trees: TreeEnsemble, matrix: FeatureMatrix): Float64Array {
  const walkers = walkersOf(trees, matrix)
  const { count } = matrix
  const all = new Float64Array(trees.roots.length * count)
  const values = new Float64Array(count)
  trees.roots.forEach((root, tree) => {
    values.fill(0)
    addLeaves(trees, root, walkers, values)
    backToRows(walkers, values, all.subarray(tree * count, (tree + 1) * count))
  })
  return all
}

/** Stored form of trees; node i splits `feature` at `threshold`, its left child is `left`, a leaf is its own child. */
export interface TreeEnsembleJson {
  roots: number[]
  feature: number[]
  threshold: number[]
  left: number[]
  value: number[]
  gain: number[]
}

/** Returns trees in their stored form. */
export function treesToJson(trees: TreeEnsemble): TreeEnsembleJson {
  return {
    roots: Array.from(trees.roots),
    feature: Array.from(trees.feature),
    // JSON knows no infinity: leaves have 0 there.
    threshold: Array.from(trees.threshold, (threshold, node) => (trees.left[node] === node ? 0 : threshold)),
    left: Array.from(trees.left),
    value: Array.from(trees.value),
    gain: Array.from(trees.gain)
  }
}

/** Throws proxy.invalid for nodes that would walk out of the arrays or in a circle. */
export function treesFromJson(json: TreeEnsembleJson): TreeEnsemble {
  const nodes = json.left.length
  const features = json.gain.length
  const sound =
    [json.feature, json.threshold, json.value].every((list) => list.length === nodes) &&
    json.roots.every((root, tree) => (tree === 0 ? root === 0 : root > json.roots[tree - 1])) &&
    json.roots.every((root, tree) => staysWithin(json.left, root, json.roots[tree + 1] ?? nodes)) &&
    json.feature.every((feature) => feature >= 0 && feature < features)
  if (!sound) {
    throw new AppError(
      'proxy.invalid',
      'The proxy holds a broken tree.',
      'Fit the proxy again and save it again.'
    )
  }
  return {
    roots: Int32Array.from(json.roots),
    feature: Int32Array.from(json.feature),
    threshold: Float64Array.from(json.threshold, (threshold, node) =>
      json.left[node] === node ? Infinity : threshold
    ),
    left: Int32Array.from(json.left),
    value: Float64Array.from(json.value),
    gain: Float64Array.from(json.gain)
  }
}

/** Whether children lie behind their parents and within the tree's own nodes [root, end). */
function staysWithin(left: readonly number[], root: number, end: number): boolean {
  for (let node = root; node < end; node++) {
    const child = left[node]
    if (child !== node && !(child > node && child + 1 < end)) return false
  }
  return root < end && end <= left.length
}
