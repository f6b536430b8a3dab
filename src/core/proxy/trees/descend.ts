import type { FeatureMatrix } from '../features'
import type { TreeEnsemble } from './ensemble'

/** Rows side by side in memory: walking a tree reads one row's features in no particular order. */
export function byRow(matrix: FeatureMatrix): Float64Array {
  const width = matrix.columns.length
  const values = new Float64Array(matrix.count * width)
  matrix.columns.forEach((column, at) => {
    for (let row = 0, to = at; row < matrix.count; row++, to += width) values[to] = column[row]
  })
  return values
}

/**
 * Adds to sums[row] the leaf value that every row falls into in the tree at `root`. `values` is row-major, `width`
 * numbers a row.
 *
 * Four rows walk down together: a step waits for memory, not for the processor, and four can wait at once. The child is
 * computed, not branched to, since its side cannot be guessed; rows that have reached a leaf stay there (its threshold
 * is infinite and it is its own child) until the last of the four has.
 */
export function addLeaves(
  { feature, threshold, left, value }: TreeEnsemble,
  root: number,
  values: Float64Array,
  width: number,
  sums: Float64Array
): void {
  const count = sums.length
  const together = count - (count % 4)
  for (let row = 0; row < together; row += 4) {
    const base0 = row * width
    const base1 = base0 + width
    const base2 = base1 + width
    const base3 = base2 + width
    let node0 = root
    let node1 = root
    let node2 = root
    let node3 = root
    for (let moved = 1; moved !== 0;) {
      const next0 = left[node0] + Number(values[base0 + feature[node0]] > threshold[node0])
      const next1 = left[node1] + Number(values[base1 + feature[node1]] > threshold[node1])
      const next2 = left[node2] + Number(values[base2 + feature[node2]] > threshold[node2])
      const next3 = left[node3] + Number(values[base3 + feature[node3]] > threshold[node3])
      moved = (next0 ^ node0) | (next1 ^ node1) | (next2 ^ node2) | (next3 ^ node3)
      node0 = next0
      node1 = next1
      node2 = next2
      node3 = next3
    }
    sums[row] += value[node0]
    sums[row + 1] += value[node1]
    sums[row + 2] += value[node2]
    sums[row + 3] += value[node3]
  }
  for (let row = together; row < count; row++) {
    let node = root
    while (left[node] !== node)
      node = left[node] + Number(values[row * width + feature[node]] > threshold[node])
    sums[row] += value[node]
  }
}
