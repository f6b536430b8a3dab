import type { Random } from '../../random'
import type { Binned } from './binning'
import type { EnsembleBuilder } from './ensemble'

export interface GrowOptions {
  /** Rows a leaf must hold at least (repetitions counted). */
  minLeaf: number
  maxDepth: number
  /** Features looked at per node; all when >= the number of features. */
  featuresPerNode: number
}

/** Nodes below this size are searched by sorting their rows, larger ones by histograms over bins. */
const sortBelow = 24
/** Bits of a row's place within a small node, packed under its bin code. */
const placeBits = 5

/**
 * Grows one regression tree by best variance reduction (Breiman et al., Classification and Regression Trees, 1984).
 *
 * `rows` are the distinct rows of the sample, reordered in place; weight[row] counts repetitions. Features that are
 * constant within a node are not looked at again below it: on profile grids most are after a few splits.
 */
export function createBestGrower(binned: Binned, y: Float64Array, options: GrowOptions) {
  const { features, codes, low, high } = binned
  let widest = 1
  for (const bins of binned.bins) widest = Math.max(widest, bins)
  const sums = new Float64Array(widest)
  const weights = new Float64Array(widest)
  const scratch = new Int32Array(binned.count)
  const keys = new Int32Array(sortBelow)
  // weight * y, once per tree.
  const weighted = new Float64Array(binned.count)
  const maxDepth = Math.min(options.maxDepth, 64)
  // Active features of the node being split, one stretch per depth.
  const active = new Int32Array(features * (maxDepth + 2))
  const bestSplit = { feature: -1, code: 0, nextCode: 0, score: 0 }

  /** Best cut of one feature on rows[start, end); updates bestSplit; returns false when the feature is constant. */
  const searchBins = (
    feature: number,
    rows: Int32Array,
    start: number,
    end: number,
    weight: Float64Array,
    totalWeight: number,
    totalSum: number
  ): boolean => {
    const code = codes[feature]
    let least = 65_535
    let most = 0
    for (let at = start; at < end; at++) {
      const row = rows[at]
      const bin = code[row]
      sums[bin] += weighted[row]
      weights[bin] += weight[row]
      if (bin < least) least = bin
      if (bin > most) most = bin
    }
    let leftWeight = 0
    let leftSum = 0
    let lastBin = least
    const { minLeaf } = options
    for (let bin = least; bin <= most; bin++) {
      const binWeight = weights[bin]
      if (binWeight === 0) continue
      if (leftWeight >= minLeaf) {
        const rightWeight = totalWeight - leftWeight
        if (rightWeight < minLeaf) {
          for (let rest = bin; rest <= most; rest++) sums[rest] = weights[rest] = 0
          break
        }
        const rightSum = totalSum - leftSum
        const score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight
        if (score > bestSplit.score) {
          bestSplit.score = score
          bestSplit.feature = feature
          bestSplit.code = lastBin
          bestSplit.nextCode = bin
        }
      }
      leftWeight += binWeight
      leftSum += sums[bin]
      lastBin = bin
      sums[bin] = weights[bin] = 0
    }
    return most > least
  }

  /** The same for small nodes: insertion sort of (code, place) keys. */
  const searchSorted = (
    feature: number,
    rows: Int32Array,
    start: number,
    end: number,
    weight: Float64Array,
    totalWeight: number,
    totalSum: number
  ): boolean => {
    const code = codes[feature]
    const count = end - start
    for (let at = 0; at < count; at++) {
      const key = (code[rows[start + at]] << placeBits) | at
      let hole = at
      while (hole > 0 && keys[hole - 1] > key) {
        keys[hole] = keys[hole - 1]
        hole--
      }
      keys[hole] = key
    }
    if (keys[0] >> placeBits === keys[count - 1] >> placeBits) return false
    const mask = (1 << placeBits) - 1
    const { minLeaf } = options
    let leftWeight = 0
    let leftSum = 0
    for (let at = 0; at < count - 1; at++) {
      const row = rows[start + (keys[at] & mask)]
      leftWeight += weight[row]
      leftSum += weighted[row]
      const bin = keys[at] >> placeBits
      const nextBin = keys[at + 1] >> placeBits
      if (bin === nextBin || leftWeight < minLeaf) continue
      const rightWeight = totalWeight - leftWeight
      if (rightWeight < minLeaf) break
      const rightSum = totalSum - leftSum
      const score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight
      if (score > bestSplit.score) {
        bestSplit.score = score
        bestSplit.feature = feature
        bestSplit.code = bin
        bestSplit.nextCode = nextBin
      }
    }
    return true
  }

  const split = (
    builder: EnsembleBuilder,
    node: number,
    rows: Int32Array,
    start: number,
    end: number,
    depth: number,
    activeCount: number,
    weight: Float64Array,
    random: Random
  ): void => {
    let totalWeight = 0
    let totalSum = 0
    for (let at = start; at < end; at++) {
      const row = rows[at]
      totalWeight += weight[row]
      totalSum += weighted[row]
    }
    const parentScore = (totalSum * totalSum) / totalWeight
    bestSplit.feature = -1
    // A gain below rounding error is none.
    bestSplit.score = parentScore * (1 + 1e-13) + 1e-300
    let childActive = 0
    if (end - start > 1 && totalWeight >= 2 * options.minLeaf && depth < maxDepth) {
      const mine = depth * features
      const childs = mine + features
      const search = end - start < sortBelow ? searchSorted : searchBins
      const wanted = Math.min(options.featuresPerNode, activeCount)
      let looked = 0
      // Partial Fisher-Yates: features come in random order, so that ties fall to each alike.
      for (let at = 0; at < activeCount; at++) {
        const pick = at + random.integer(activeCount - at)
        const feature = active[mine + pick]
        active[mine + pick] = active[mine + at]
        active[mine + at] = feature
        if (looked >= wanted && bestSplit.feature >= 0) {
          active[childs + childActive++] = feature
          continue
        }
        if (search(feature, rows, start, end, weight, totalWeight, totalSum)) {
          active[childs + childActive++] = feature
          looked++
        }
      }
    }
    if (bestSplit.feature < 0) {
      builder.makeLeaf(node, totalSum / totalWeight)
      return
    }
    const { feature, code, nextCode } = bestSplit
    builder.gain[feature] += bestSplit.score - parentScore
    const middle = partition(rows, start, end, codes[feature], code, scratch)
    const left = builder.addPair()
    builder.makeSplit(node, feature, between(high[feature][code], low[feature][nextCode]), left)
    // The left subtree reuses the stretches below depth + 1; the right one needs this stretch as it is, reordered at most.
    split(builder, left, rows, start, middle, depth + 1, childActive, weight, random)
    split(builder, left + 1, rows, middle, end, depth + 1, childActive, weight, random)
  }

  return {
    /** Adds one tree grown on `rows` (overwritten) with `weight` repetitions each. */
    grow(builder: EnsembleBuilder, rows: Int32Array, weight: Float64Array, random: Random): void {
      for (let feature = 0; feature < features; feature++) active[feature] = feature
      for (const row of rows) weighted[row] = weight[row] * y[row]
      split(builder, builder.startTree(), rows, 0, rows.length, 0, features, weight, random)
    }
  }
}

/** Rows with code <= cut first, order kept on both sides; returns where the second part begins. */
export function partition(
  rows: Int32Array,
  start: number,
  end: number,
  code: Uint16Array,
  cut: number,
  scratch: Int32Array
): number {
  let left = start
  let right = 0
  for (let at = start; at < end; at++) {
    const row = rows[at]
    if (code[row] <= cut) rows[left++] = row
    else scratch[right++] = row
  }
  for (let at = 0; at < right; at++) rows[left + at] = scratch[at]
  return left
}

/** Midway between two neighbouring values, never rounded up onto the right one. */
export function between(left: number, right: number): number {
  const middle = left + (right - left) / 2
  return middle < right ? middle : left
}
