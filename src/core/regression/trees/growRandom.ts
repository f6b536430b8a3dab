import type { Random } from '../../math/random'
import type { FeatureMatrix } from '../featureMatrix'
import type { EnsembleBuilder } from './ensemble'
import type { GrowOptions } from './growBest'

/**
 * Grows one extremely randomised tree (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): per node one uniform
 * random cut for every feature looked at, the best of them by variance reduction. Whole sample, no bootstrap.
 */
export function createRandomGrower(
  matrix: FeatureMatrix,
  y: Float64Array,
  options: GrowOptions
): { grow(builder: EnsembleBuilder, rows: Int32Array, random: Random): void } {
  return new RandomGrower(matrix, y, options)
}

class RandomGrower {
  private readonly scratch: Int32Array
  /** Targets and one feature's values of the node's rows, side by side. */
  private readonly targets: Float64Array
  private readonly values: Float64Array
  private readonly maxDepth: number
  /** Features that vary within the node being split, one stretch per depth. */
  private readonly active: Int32Array
  /** Sum of the node's targets; of its best cut the feature (-1: none), threshold and score; features that vary. */
  private sum = 0
  private bestFeature = -1
  private bestCut = 0
  private bestScore = -Infinity
  private childActive = 0

  constructor(
    private readonly matrix: FeatureMatrix,
    private readonly y: Float64Array,
    private readonly options: GrowOptions
  ) {
    const { columns, count } = matrix
    this.scratch = new Int32Array(count)
    this.targets = new Float64Array(count)
    this.values = new Float64Array(count)
    this.maxDepth = Math.min(options.maxDepth, 64)
    this.active = new Int32Array(columns.length * (this.maxDepth + 2))
  }

  /** Adds one tree; `rows` is overwritten. */
  grow(builder: EnsembleBuilder, rows: Int32Array, random: Random): void {
    const features = this.matrix.columns.length
    for (let feature = 0; feature < features; feature++) this.active[feature] = feature
    this.growNode(builder, builder.startTree(), rows, 0, rows.length, 0, features, random)
  }

  private growNode(
    builder: EnsembleBuilder,
    node: number,
    rows: Int32Array,
    start: number,
    end: number,
    depth: number,
    activeCount: number,
    random: Random
  ): void {
    const size = end - start
    this.bestFeature = -1
    this.bestScore = -Infinity
    this.childActive = 0
    const varies = this.readTargets(rows, start, end)
    if (size >= 2 * this.options.minLeaf && size > 1 && varies && depth < this.maxDepth)
      this.searchFeatures(rows, start, end, depth, activeCount, random)
    const { bestFeature, bestCut, childActive, sum } = this
    if (bestFeature < 0) {
      builder.makeLeaf(node, sum / size)
      return
    }
    builder.gain[bestFeature] += this.bestScore - (sum * sum) / size
    const middle = this.partition(rows, start, end)
    const left = builder.addPair()
    builder.makeSplit(node, bestFeature, bestCut, left)
    this.growNode(builder, left, rows, start, middle, depth + 1, childActive, random)
    this.growNode(builder, left + 1, rows, middle, end, depth + 1, childActive, random)
  }

  /** Copies and sums the targets of rows[start, end); returns whether they differ. */
  private readTargets(rows: Int32Array, start: number, end: number): boolean {
    const { y, targets } = this
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
    this.sum = sum
    return most > least
  }

  private searchFeatures(
    rows: Int32Array,
    start: number,
    end: number,
    depth: number,
    activeCount: number,
    random: Random
  ): void {
    const { active } = this
    const mine = depth * this.matrix.columns.length
    const childs = mine + this.matrix.columns.length
    const wanted = Math.min(this.options.featuresPerNode, activeCount)
    let looked = 0
    for (let at = 0; at < activeCount; at++) {
      const pick = at + random.integer(activeCount - at)
      const feature = active[mine + pick]
      active[mine + pick] = active[mine + at]
      active[mine + at] = feature
      if (looked >= wanted && this.bestFeature >= 0) {
        active[childs + this.childActive++] = feature
        continue
      }
      if (!this.tryFeature(feature, rows, start, end, random)) continue
      active[childs + this.childActive++] = feature
      looked++
    }
  }

  /** Draws one cut of a feature and keeps it where it is the best; false where the feature does not vary. */
  private tryFeature(feature: number, rows: Int32Array, start: number, end: number, random: Random): boolean {
    const { values, targets } = this
    const { minLeaf } = this.options
    const column = this.matrix.columns[feature]
    let low = Infinity
    let high = -Infinity
    for (let at = start; at < end; at++) {
      const value = column[rows[at]]
      values[at] = value
      if (value < low) low = value
      if (value > high) high = value
    }
    if (!(high > low)) return false
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
    const rightCount = end - start - leftCount
    if (leftCount < minLeaf || rightCount < minLeaf) return true
    const rightSum = this.sum - leftSum
    const score = (leftSum * leftSum) / leftCount + (rightSum * rightSum) / rightCount
    if (score > this.bestScore) {
      this.bestScore = score
      this.bestFeature = feature
      this.bestCut = cut
    }
    return true
  }

  /** Rows left of the best cut first, order kept on both sides; returns where the right side begins. */
  private partition(rows: Int32Array, start: number, end: number): number {
    const { scratch, bestCut } = this
    const column = this.matrix.columns[this.bestFeature]
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
    return middle
  }
}
