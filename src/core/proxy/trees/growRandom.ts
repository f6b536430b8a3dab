import type { Random } from '../../math/random'
import type { FeatureMatrix } from '../features'
import type { EnsembleBuilder } from './ensemble'
import type { GrowOptions } from './growBest'

/**
 * Grows one extremely randomised tree (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): per node one uniform
 * random cut for every feature looked at, the best of them by variance reduction. Whole sample, no bootstrap.
 */
export function createRandomGrower(matrix: FeatureMatrix, y: Float64Array, options: GrowOptions) {
  const { columns, count } = matrix
  const features = columns.length
  const scratch = new Int32Array(count)
  // Targets and one feature's values of the node's rows, side by side.
  const targets = new Float64Array(count)
  const values = new Float64Array(count)
  const maxDepth = Math.min(options.maxDepth, 64)
  const active = new Int32Array(features * (maxDepth + 2))
  const { minLeaf } = options

  const split = (
    builder: EnsembleBuilder,
    node: number,
    rows: Int32Array,
    start: number,
    end: number,
    depth: number,
    activeCount: number,
    random: Random
  ): void => {
    const size = end - start
    let sum = 0
    let least = Infinity
    let most = -Infinity
    for (let at = start; at < end; at++) {
      const value = y[rows[at]]
      targets[at] = value
      sum += value
      if (value < least) least = value
      if (value > most) most = value
    }
    const parentScore = (sum * sum) / size
    let bestFeature = -1
    let bestCut = 0
    let bestScore = -Infinity
    let childActive = 0
    if (size >= 2 * minLeaf && size > 1 && most > least && depth < maxDepth) {
      const mine = depth * features
      const childs = mine + features
      const wanted = Math.min(options.featuresPerNode, activeCount)
      let looked = 0
      for (let at = 0; at < activeCount; at++) {
        const pick = at + random.integer(activeCount - at)
        const feature = active[mine + pick]
        active[mine + pick] = active[mine + at]
        active[mine + at] = feature
        if (looked >= wanted && bestFeature >= 0) {
          active[childs + childActive++] = feature
          continue
        }
        const column = columns[feature]
        let low = Infinity
        let high = -Infinity
        for (let at = start; at < end; at++) {
          const value = column[rows[at]]
          values[at] = value
          if (value < low) low = value
          if (value > high) high = value
        }
        if (!(high > low)) continue
        active[childs + childActive++] = feature
        looked++
        let cut = low + random.next() * (high - low)
        if (!(cut < high)) cut = low
        let leftCount = 0
        let leftSum = 0
        // Added or not by multiplying: which side a row falls to is what processors cannot guess.
        for (let at = start; at < end; at++) {
          const goesLeft = Number(values[at] <= cut)
          leftCount += goesLeft
          leftSum += goesLeft * targets[at]
        }
        const rightCount = size - leftCount
        if (leftCount < minLeaf || rightCount < minLeaf) continue
        const rightSum = sum - leftSum
        const score = (leftSum * leftSum) / leftCount + (rightSum * rightSum) / rightCount
        if (score > bestScore) {
          bestScore = score
          bestFeature = feature
          bestCut = cut
        }
      }
    }
    if (bestFeature < 0) {
      builder.makeLeaf(node, sum / size)
      return
    }
    builder.gain[bestFeature] += bestScore - parentScore
    const column = columns[bestFeature]
    let middle = start
    let right = 0
    for (let at = start; at < end; at++) {
      const row = rows[at]
      const goesLeft = Number(column[row] <= bestCut)
      rows[middle] = row
      scratch[right] = row
      middle += goesLeft
      right += 1 - goesLeft
    }
    for (let at = 0; at < right; at++) rows[middle + at] = scratch[at]
    const left = builder.addPair()
    builder.makeSplit(node, bestFeature, bestCut, left)
    split(builder, left, rows, start, middle, depth + 1, childActive, random)
    split(builder, left + 1, rows, middle, end, depth + 1, childActive, random)
  }

  return {
    /** Adds one tree; `rows` is overwritten. */
    grow(builder: EnsembleBuilder, rows: Int32Array, random: Random): void {
      for (let feature = 0; feature < features; feature++) active[feature] = feature
      split(builder, builder.startTree(), rows, 0, rows.length, 0, features, random)
    }
  }
}
