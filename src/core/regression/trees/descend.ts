import type { FeatureMatrix } from '../featureMatrix'
import type { TreeEnsemble } from './treeEnsemble'

/** Rows in the order in which trees are descended: the features of a row side by side, rows that end in the same leaf behind one another. */
export interface Walkers {
  readonly count: number
  readonly width: number
  /** values[place * width + feature] */
  readonly values: Float64Array
  /** Row of the matrix at every place. */
  readonly rows: Int32Array
}

/** Fewer rows than this are not worth sorting. */
const worthSorting = 256

/**
 * Rows are sorted by the leaf of the first tree: neighbours then take much the same way through all the others, find
 * their nodes in cache and arrive together.
 */
export function walkersOf(trees: TreeEnsemble, matrix: FeatureMatrix): Walkers {
  const { columns, count } = matrix
  const rows = new Int32Array(count)
  if (count < worthSorting || trees.roots.length < 2) {
    for (let row = 0; row < count; row++) rows[row] = row
  } else sortByLeaf(trees, matrix, rows)
  const width = columns.length
  const values = new Float64Array(count * width)
  for (let feature = 0; feature < width; feature++) {
    const column = columns[feature]
    for (let place = 0, to = feature; place < count; place++, to += width) values[to] = column[rows[place]]
  }
  return { count, width, values, rows }
}

/** Counting sort of all rows by their leaf in the first tree, the first in every ensemble's arrays. */
function sortByLeaf(trees: TreeEnsemble, { columns, count }: FeatureMatrix, rows: Int32Array): void {
  const { feature, threshold, left, roots } = trees
  const leaves = new Int32Array(count)
  const starts = new Int32Array(roots[1] + 1)
  for (let row = 0; row < count; row++) {
    let node = roots[0]
    while (left[node] !== node) node = left[node] + Number(columns[feature[node]][row] > threshold[node])
    leaves[row] = node
    starts[node + 1]++
  }
  for (let leaf = 0; leaf < roots[1]; leaf++) starts[leaf + 1] += starts[leaf]
  for (let row = 0; row < count; row++) rows[starts[leaves[row]]++] = row
}

/**
 * Adds to sums[place] the value of the leaf in which every row ends in the tree at `root`.
 *
 * Eight rows descend together: a step waits for memory, not for the processor, and eight can wait at once. The child is
 * computed, not branched to, since its side cannot be guessed; rows that have reached a leaf stay there (its threshold
 * is infinite and it is its own child) until the last of the eight has.
 */
export function addLeaves(
  trees: TreeEnsemble,
  root: number,
  { count, width, values }: Walkers,
  sums: Float64Array
): void {
  const { feature, threshold, left, value } = trees
  const together = count - (count % 8)
  for (let place = 0; place < together; place += 8) {
    const base0 = place * width
    const base1 = base0 + width
    const base2 = base1 + width
    const base3 = base2 + width
    const base4 = base3 + width
    const base5 = base4 + width
    const base6 = base5 + width
    const base7 = base6 + width
    let node0 = root
    let node1 = root
    let node2 = root
    let node3 = root
    let node4 = root
    let node5 = root
    let node6 = root
    let node7 = root
    for (let moved = 1; moved !== 0;) {
      const next0 = left[node0] + Number(values[base0 + feature[node0]] > threshold[node0])
      const next1 = left[node1] + Number(values[base1 + feature[node1]] > threshold[node1])
      const next2 = left[node2] + Number(values[base2 + feature[node2]] > threshold[node2])
      const next3 = left[node3] + Number(values[base3 + feature[node3]] > threshold[node3])
      const next4 = left[node4] + Number(values[base4 + feature[node4]] > threshold[node4])
      const next5 = left[node5] + Number(values[base5 + feature[node5]] > threshold[node5])
      const next6 = left[node6] + Number(values[base6 + feature[node6]] > threshold[node6])
      const next7 = left[node7] + Number(values[base7 + feature[node7]] > threshold[node7])
      moved =
        (next0 ^ node0) |
        (next1 ^ node1) |
        (next2 ^ node2) |
        (next3 ^ node3) |
        (next4 ^ node4) |
        (next5 ^ node5) |
        (next6 ^ node6) |
        (next7 ^ node7)
      node0 = next0
      node1 = next1
      node2 = next2
      node3 = next3
      node4 = next4
      node5 = next5
      node6 = next6
      node7 = next7
    }
    sums[place + 0] += value[node0]
    sums[place + 1] += value[node1]
    sums[place + 2] += value[node2]
    sums[place + 3] += value[node3]
    sums[place + 4] += value[node4]
    sums[place + 5] += value[node5]
    sums[place + 6] += value[node6]
    sums[place + 7] += value[node7]
  }
  for (let place = together; place < count; place++) {
    const base = place * width
    let node = root
    while (left[node] !== node) node = left[node] + Number(values[base + feature[node]] > threshold[node])
    sums[place] += value[node]
  }
}

/** Numbers by place as numbers by row of the matrix; returns `byRow`. */
export function backToRows({ rows }: Walkers, byPlace: Float64Array, byRow: Float64Array): Float64Array {
  for (let place = 0; place < rows.length; place++) byRow[rows[place]] = byPlace[place]
  return byRow
}
