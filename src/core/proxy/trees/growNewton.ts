import type { Random } from '../../math/random'
import type { Binned } from './binning'
import type { EnsembleBuilder } from './ensemble'
import { between, partition } from './splitting'

/** Limits of a tree that is grown on gradients and curvatures. */
export interface NewtonOptions {
  maxDepth: number
  /** L2 penalty on leaf values (lambda of Chen and Guestrin, KDD 2016, eq. 6). */
  l2: number
  /** Rows a leaf must hold at least. */
  minLeaf: number
  /** Gain a split must bring at least (gamma there). */
  minGain: number
  /** Share of features drawn per tree, 0..1. */
  featureShare: number
  /** Per feature: +1 predictions must not fall, -1 must not rise, 0 free. */
  monotone?: Int8Array
}

interface Open {
  node: number
  start: number
  end: number
  depth: number
  /** Histogram slot in the pool. */
  slot: number
  sum: number
  lower: number
  upper: number
}

/**
 * Grows second-order boosted trees over feature histograms (Chen and Guestrin 2016; squared error, so every row's
 * second derivative is 1 and a leaf is sum(residual) / (rows + l2)). The larger child's histogram is its parent's
 * minus its sibling's. Monotone features: leaf bounds are passed down as in XGBoost.
 */
export function createNewtonGrower(binned: Binned, options: NewtonOptions) {
  const { features, bins, codes, low, high, count } = binned
  const offsets = new Int32Array(features + 1)
  for (let feature = 0; feature < features; feature++) offsets[feature + 1] = offsets[feature] + bins[feature]
  const totalBins = offsets[features]
  // Bin numbers of a row side by side, already offset into the shared histogram.
  const rowBins = new Int32Array(count * features)
  for (let feature = 0; feature < features; feature++) {
    const code = codes[feature]
    for (let row = 0; row < count; row++)
      rowBins[row * features + feature] = 2 * (offsets[feature] + code[row])
  }
  const pool: Float64Array[] = []
  const free: number[] = []
  const takeSlot = (): number => {
    const slot = free.pop()
    if (slot !== undefined) return slot
    pool.push(new Float64Array(2 * totalBins))
    return pool.length - 1
  }
  const scratch = new Int32Array(count)
  const chosen = new Uint8Array(features)
  const { l2, minLeaf, minGain, monotone } = options

  const fill = (slot: number, rows: Int32Array, start: number, end: number, residual: Float64Array): void => {
    const histogram = pool[slot]
    histogram.fill(0)
    for (let at = start; at < end; at++) {
      const row = rows[at]
      const value = residual[row]
      const base = row * features
      for (let k = base; k < base + features; k++) {
        const bin = rowBins[k]
        histogram[bin] += value
        histogram[bin + 1]++
      }
    }
  }

  const leafValue = (sum: number, size: number, lower: number, upper: number): number =>
    Math.min(upper, Math.max(lower, sum / (size + l2)))

  return {
    /**
     * Adds one tree fitted to `residual` on `rows` (reordered) with leaf values scaled by `rate`, and adds those to
     * `prediction` of the rows.
     */
    grow(
      builder: EnsembleBuilder,
      rows: Int32Array,
      residual: Float64Array,
      prediction: Float64Array,
      rate: number,
      random: Random
    ): void {
      drawFeatures(chosen, options.featureShare, random)
      let total = 0
      for (const row of rows) total += residual[row]
      const rootSlot = takeSlot()
      fill(rootSlot, rows, 0, rows.length, residual)
      const open: Open[] = [
        {
          node: builder.startTree(),
          start: 0,
          end: rows.length,
          depth: 0,
          slot: rootSlot,
          sum: total,
          lower: -Infinity,
          upper: Infinity
        }
      ]
      for (let work = open.pop(); work !== undefined; work = open.pop()) {
        const { node, start, end, depth, slot, sum, lower, upper } = work
        const size = end - start
        const histogram = pool[slot]
        const parentScore = (sum * sum) / (size + l2)
        let bestGain = minGain + 1e-12 * Math.abs(parentScore)
        let [bestFeature, bestBin, bestNext, bestLeftSum, bestLeftCount] = [-1, 0, 0, 0, 0]
        if (size >= 2 * minLeaf && depth < options.maxDepth) {
          for (let feature = 0; feature < features; feature++) {
            if (chosen[feature] === 0) continue
            const from = offsets[feature]
            const to = offsets[feature + 1]
            const direction = monotone === undefined ? 0 : monotone[feature]
            let leftSum = 0
            let leftCount = 0
            let lastBin = -1
            for (let bin = from; bin < to; bin++) {
              const binCount = histogram[2 * bin + 1]
              if (binCount === 0) continue
              if (leftCount >= minLeaf) {
                const rightCount = size - leftCount
                if (rightCount < minLeaf) break
                const rightSum = sum - leftSum
                const gain =
                  (leftSum * leftSum) / (leftCount + l2) +
                  (rightSum * rightSum) / (rightCount + l2) -
                  parentScore
                if (gain > bestGain) {
                  const step =
                    direction === 0
                      ? 0
                      : direction *
                        (leafValue(rightSum, rightCount, lower, upper) -
                          leafValue(leftSum, leftCount, lower, upper))
                  if (step >= 0) {
                    bestGain = gain
                    bestFeature = feature
                    bestBin = lastBin
                    bestNext = bin
                    bestLeftSum = leftSum
                    bestLeftCount = leftCount
                  }
                }
              }
              leftSum += histogram[2 * bin]
              leftCount += binCount
              lastBin = bin
            }
          }
        }
        if (bestFeature < 0) {
          const value = rate * leafValue(sum, size, lower, upper)
          builder.makeLeaf(node, value)
          for (let at = start; at < end; at++) prediction[rows[at]] += value
          free.push(slot)
          continue
        }
        builder.gain[bestFeature] += bestGain
        const cut = bestBin - offsets[bestFeature]
        const next = bestNext - offsets[bestFeature]
        const middle = partition(rows, start, end, codes[bestFeature], cut, scratch)
        const left = builder.addPair()
        builder.makeSplit(node, bestFeature, between(high[bestFeature][cut], low[bestFeature][next]), left)
        const rightSum = sum - bestLeftSum
        let [leftUpper, rightUpper, leftLower, rightLower] = [upper, upper, lower, lower]
        if (monotone !== undefined && monotone[bestFeature] !== 0) {
          const middleValue =
            (leafValue(bestLeftSum, bestLeftCount, lower, upper) +
              leafValue(rightSum, size - bestLeftCount, lower, upper)) /
            2
          if (monotone[bestFeature] > 0) [leftUpper, rightLower] = [middleValue, middleValue]
          else [leftLower, rightUpper] = [middleValue, middleValue]
        }
        const childDepth = depth + 1
        const leftIsSmall = middle - start <= end - middle
        let smallSlot = slot
        const childrenSplit = childDepth < options.maxDepth && size >= 2 * minLeaf
        let largeSlot = slot
        if (childrenSplit) {
          smallSlot = takeSlot()
          fill(smallSlot, rows, leftIsSmall ? start : middle, leftIsSmall ? middle : end, residual)
          subtract(pool[slot], pool[smallSlot])
        } else {
          // Leaves need no histogram, but each gives a slot back.
          smallSlot = takeSlot()
          largeSlot = slot
        }
        open.push(
          {
            node: left + 1,
            start: middle,
            end,
            depth: childDepth,
            slot: leftIsSmall ? largeSlot : smallSlot,
            sum: rightSum,
            lower: rightLower,
            upper: rightUpper
          },
          {
            node: left,
            start,
            end: middle,
            depth: childDepth,
            slot: leftIsSmall ? smallSlot : largeSlot,
            sum: bestLeftSum,
            lower: leftLower,
            upper: leftUpper
          }
        )
      }
    }
  }
}

function subtract(from: Float64Array, part: Float64Array): void {
  for (let at = 0; at < from.length; at++) from[at] -= part[at]
}

/** Marks max(1, share * features) features, drawn without replacement. */
function drawFeatures(chosen: Uint8Array, share: number, random: Random): void {
  if (share >= 1) {
    chosen.fill(1)
    return
  }
  const wanted = Math.max(1, Math.round(share * chosen.length))
  const order = random.shuffle(Int32Array.from({ length: chosen.length }, (_, feature) => feature))
  chosen.fill(0)
  for (let at = 0; at < wanted; at++) chosen[order[at]] = 1
}
