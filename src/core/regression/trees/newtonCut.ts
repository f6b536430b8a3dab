/** What the gain of a cut depends on besides the histogram (names as in NewtonOptions). */
export interface CutRules {
  readonly l2: number
  readonly minLeaf: number
  readonly monotone?: Int8Array
}

/** A node whose cut is looked for: its rows, their sum of residuals, and the bounds of its leaf value. */
export interface CutNode {
  readonly size: number
  readonly sum: number
  readonly lower: number
  readonly upper: number
}

/** Best cut so far; feature -1 as long as none brings more than `gain`. */
export interface NewtonCut {
  feature: number
  gain: number
  /** Last bin of the left side and first bin of the right side that hold rows (numbers of the shared histogram). */
  lastBin: number
  nextBin: number
  leftSum: number
  leftCount: number
}

/** Leaf value sum / (rows + l2), kept within its bounds. */
export function leafValue(sum: number, size: number, l2: number, { lower, upper }: CutNode): number {
  return Math.min(upper, Math.max(lower, sum / (size + l2)))
}

/** No cut yet: one must bring more than `minGain` and the rounding error of the node's own score. */
export function noCut({ sum, size }: CutNode, l2: number, minGain: number): NewtonCut {
  const gain = minGain + 1e-12 * Math.abs((sum * sum) / (size + l2))
  return { feature: -1, gain, lastBin: 0, nextBin: 0, leftSum: 0, leftCount: 0 }
}

/** Looks at every cut of `feature`, whose bins are [from, to), and keeps the best in `best`. */
export function searchFeature(
  histogram: Float64Array,
  feature: number,
  from: number,
  to: number,
  node: CutNode,
  rules: CutRules,
  best: NewtonCut
): void {
  const { size, sum } = node
  const { l2, minLeaf } = rules
  const parentScore = (sum * sum) / (size + l2)
  const direction = rules.monotone === undefined ? 0 : rules.monotone[feature]
  let bestGain = best.gain
  let leftSum = 0
  let leftCount = 0
  let lastBin = -1
  for (let bin = from; bin < to; bin++) {
    const binCount = histogram[2 * bin + 1]
    if (binCount === 0) continue
    if (leftCount >= minLeaf) {
      const rightCount = size - leftCount
      if (rightCount < minLeaf) return
      const rightSum = sum - leftSum
      const gain =
        (leftSum * leftSum) / (leftCount + l2) + (rightSum * rightSum) / (rightCount + l2) - parentScore
      if (gain > bestGain) {
        const step =
          direction === 0
            ? 0
            : direction *
              (leafValue(rightSum, rightCount, l2, node) - leafValue(leftSum, leftCount, l2, node))
        if (step >= 0) {
          bestGain = gain
          Object.assign(best, { feature, gain, lastBin, nextBin: bin, leftSum, leftCount })
        }
      }
    }
    leftSum += histogram[2 * bin]
    leftCount += binCount
    lastBin = bin
  }
}
