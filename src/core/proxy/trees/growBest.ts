import type { Random } from '../../math/random'
import type { FeatureMatrix } from '../features'
import { beginSearch, bestGain, cutSearchLength, searchCuts } from './bestCut'
import { alikeFeatures, binFeatures } from './binning'
import type { EnsembleBuilder } from './ensemble'
import { between, splitList } from './splitting'

/** Limits of a tree that is grown to the best split. */
export interface GrowOptions {
  /** Rows a leaf must hold at least (repetitions counted). */
  minLeaf: number
  maxDepth: number
  /** Features looked at per node; all when >= the number of features. */
  featuresPerNode: number
}

/** Deepest tree; a path of more splits than this ends in a leaf. */
export const depthLimit = 64

/**
 * Grows regression trees by best variance reduction (Breiman et al., Classification and Regression Trees, 1984). Every
 * cut between two neighbouring values is looked at, as long as a row's number and its value's rank share 31 bits: all
 * of them up to 32,768 rows; beyond, features with more distinct values are cut between 2^(31 - bits of the row
 * number) groups of about equal size.
 *
 * Rows are sorted once per feature for all trees. A node is the same stretch of every feature's list; splitting it
 * splits each list in order, so that no node ever sorts. Features constant within a node leave their lists alone from
 * there down: on profile grids most do after a few splits.
 */
export function createBestGrower(matrix: FeatureMatrix, y: Float64Array, options: GrowOptions) {
  const { count } = matrix
  const rowBits = Math.max(1, 32 - Math.clz32(count - 1))
  const rowMask = (1 << rowBits) - 1
  const binned = binFeatures(matrix, Math.min(65_535, 2 ** (31 - rowBits)))
  const { features, codes, low, high } = binned
  const alike = alikeFeatures(binned)
  const sorted = sortedKeys(codes, count, rowBits)
  const { minLeaf, featuresPerNode } = options
  const maxDepth = Math.min(options.maxDepth, depthLimit)
  // Keys of the rows in the tree, per feature: nodes of even depth read the first and write the second, odd ones the
  // other way round.
  const lists = [new Int32Array(features * count), new Int32Array(features * count)]
  const drawn = new Uint8Array(count)
  const goesLeft = new Uint8Array(count)
  // Weight and weight * (y - mean) / scale of every row, side by side: one cache line serves both.
  const { mean: yMean, scale: yScale } = centreOf(y)
  const terms = new Float64Array(2 * count)
  // Features that vary within the node being split, one stretch per depth.
  const active = new Int32Array(features * (maxDepth + 2))
  // Node whose search (then: whose splitting, as -2 - node) last came by a list.
  const visited = new Int32Array(features)
  // Nodes that wait for their turn: node, start, end, depth, active features, a list that holds their rows.
  const waiting = new Int32Array(6 * (maxDepth + 3))
  const waitingSums = new Float64Array(2 * (maxDepth + 3))
  const search = new Float64Array(cutSearchLength)

  /** Fills the lists with the rows of positive weight; returns their number. */
  const begin = (weight: Float64Array): number => {
    for (let row = 0; row < count; row++) {
      drawn[row] = Number(weight[row] > 0)
      terms[2 * row] = weight[row]
      terms[2 * row + 1] = (weight[row] * (y[row] - yMean)) / yScale
    }
    const first = lists[0]
    let size = 0
    for (let feature = 0; feature < features; feature++) {
      active[feature] = feature
      if (alike[feature] !== feature) continue
      const base = feature * count
      let to = base
      for (let at = base; at < base + count; at++) {
        const key = sorted[at]
        first[to] = key
        to += drawn[key & rowMask]
      }
      size = to - base
    }
    visited.fill(-1)
    return size
  }

  return {
    /** Adds one tree grown on the rows with weight[row] > 0 repetitions each. */
    grow(builder: EnsembleBuilder, weight: Float64Array, random: Random): void {
      const size = begin(weight)
      let top = 0
      const wait = (
        node: number,
        start: number,
        end: number,
        depth: number,
        activeCount: number,
        list: number
      ): void => {
        const keys = lists[depth & 1]
        const base = list * count
        let sum = 0
        let total = 0
        // Afresh from the rows: differences of sums would gather rounding errors on the way down.
        for (let at = base + start; at < base + end; at++) {
          const row = keys[at] & rowMask
          total += terms[row << 1]
          sum += terms[(row << 1) + 1]
        }
        const place = 6 * top
        waiting[place] = node
        waiting[place + 1] = start
        waiting[place + 2] = end
        waiting[place + 3] = depth
        waiting[place + 4] = activeCount
        waiting[place + 5] = list
        waitingSums[2 * top] = total
        waitingSums[2 * top + 1] = sum
        top++
      }
      wait(builder.startTree(), 0, size, 0, features, 0)
      while (top > 0) {
        top--
        const node = waiting[6 * top]
        const start = waiting[6 * top + 1]
        const end = waiting[6 * top + 2]
        const depth = waiting[6 * top + 3]
        const activeCount = waiting[6 * top + 4]
        const via = waiting[6 * top + 5] * count
        const totalWeight = waitingSums[2 * top]
        const keys = lists[depth & 1]
        const mine = depth * features
        const childs = mine + features
        let best = -1
        let cut = 0
        let childActive = 0
        if (
          totalWeight >= 2 * minLeaf &&
          depth < maxDepth &&
          !allEqual(y, keys, via + start, via + end, rowMask)
        ) {
          beginSearch(search, totalWeight, waitingSums[2 * top + 1], minLeaf)
          let looked = 0
          // Partial Fisher-Yates: features come in random order, so that ties fall to each alike. One draw a node seeds
          // a linear congruential sequence (Numerical Recipes' constants): a dozen places need no better.
          let bits = random.integer(2 ** 32) | 0
          for (let at = 0; at < activeCount; at++) {
            bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) | 0
            const pick = mine + at + (((bits >>> 16) * (activeCount - at)) >>> 16)
            const feature = active[pick]
            active[pick] = active[mine + at]
            active[mine + at] = feature
            const list = alike[feature]
            const base = list * count
            if (keys[base + start] >> rowBits === keys[base + end - 1] >> rowBits) continue
            active[childs + childActive++] = feature
            if (looked >= featuresPerNode && best >= 0) continue
            looked++
            if (visited[list] === node) continue
            visited[list] = node
            const found = searchCuts(keys, base + start, base + end, rowBits, terms, search)
            if (found < 0) continue
            best = feature
            cut = found - base
            // Two rows: any cut parts them, and none better.
            if (end - start === 2) break
          }
        }
        if (best < 0) {
          builder.makeLeaf(node, leafMean(y, weight, keys, via + start, via + end, rowMask))
          continue
        }
        builder.gain[best] += bestGain(search) * yScale * yScale
        const bestList = alike[best]
        const base = bestList * count
        const left = builder.addPair()
        const leftCode = keys[base + cut - 1] >> rowBits
        const rightCode = keys[base + cut] >> rowBits
        builder.makeSplit(node, best, between(high[best][leftCode], low[best][rightCode]), left)
        const childKeys = lists[(depth + 1) & 1]
        for (let at = base + start; at < base + end; at++) {
          const key = keys[at]
          childKeys[at] = key
          goesLeft[key & rowMask] = Number(at < base + cut)
        }
        visited[bestList] = -2 - node
        // Single rows are leaves: two of them need no lists.
        for (let at = end - start === 2 ? childActive : 0; at < childActive; at++) {
          const list = alike[active[childs + at]]
          if (visited[list] === -2 - node) continue
          visited[list] = -2 - node
          const from = list * count
          splitList(keys, childKeys, from + start, from + cut, from + end, goesLeft, rowMask)
        }
        // The left subtree, next in turn, uses the stretches of `active` below its own; the right one finds its own as
        // it is here, reordered at most.
        if (end - cut === 1) builder.makeLeaf(left + 1, y[keys[base + cut] & rowMask])
        else wait(left + 1, cut, end, depth + 1, childActive, bestList)
        if (cut - start === 1) builder.makeLeaf(left, y[keys[base + start] & rowMask])
        else wait(left, start, cut, depth + 1, childActive, bestList)
      }
    }
  }
}

/** Keys (code << rowBits | row) of every feature, ascending. */
function sortedKeys(codes: readonly Uint16Array[], count: number, rowBits: number): Int32Array {
  const sorted = new Int32Array(codes.length * count)
  codes.forEach((code, feature) => {
    const keys = sorted.subarray(feature * count, (feature + 1) * count)
    for (let row = 0; row < count; row++) keys[row] = (code[row] << rowBits) | row
    keys.sort()
  })
  return sorted
}

function allEqual(y: Float64Array, keys: Int32Array, from: number, to: number, rowMask: number): boolean {
  const first = y[keys[from] & rowMask]
  for (let at = from + 1; at < to; at++) if (y[keys[at] & rowMask] !== first) return false
  return true
}

/** Weighted mean of a leaf; exactly y where all its rows agree. */
function leafMean(
  y: Float64Array,
  weight: Float64Array,
  keys: Int32Array,
  from: number,
  to: number,
  rowMask: number
): number {
  if (allEqual(y, keys, from, to, rowMask)) return y[keys[from] & rowMask]
  let total = 0
  let sum = 0
  for (let at = from; at < to; at++) {
    const row = keys[at] & rowMask
    total += weight[row]
    sum += weight[row] * y[row]
  }
  return sum / total
}

/** Mean and largest distance from it: sums of centred, scaled numbers neither cancel nor overflow. */
function centreOf(y: Float64Array): { mean: number; scale: number } {
  let mean = 0
  for (const value of y) mean += value / y.length
  let scale = 0
  for (const value of y) scale = Math.max(scale, Math.abs(value - mean))
  return { mean, scale: scale || 1 }
}
