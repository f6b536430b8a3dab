import type { Random } from '../../math/random'
import type { Binned } from './binning'
import type { EnsembleBuilder } from './ensemble'
import { leafValue, noCut, searchFeature, type CutNode, type NewtonCut } from './newtonCut'
import { createHistograms } from './newtonHistograms'
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

interface Open extends CutNode {
  node: number
  /** Stretch of the rows. */
  start: number
  end: number
  depth: number
  /** Histogram slot in the pool. */
  slot: number
}

/** What one call of `grow` works on. */
interface Growth {
  builder: EnsembleBuilder
  rows: Int32Array
  residual: Float64Array
  prediction: Float64Array
  rate: number
}

/**
 * Grows second-order boosted trees over feature histograms (Chen and Guestrin 2016; squared error, so every row's
 * second derivative is 1 and a leaf is sum(residual) / (rows + l2)). The larger child's histogram is its parent's
 * minus its sibling's. Monotone features: leaf bounds are passed down as in XGBoost.
 */
export function createNewtonGrower(binned: Binned, options: NewtonOptions) {
  const { features, codes, low, high, count } = binned
  const histograms = createHistograms(binned)
  const { offsets } = histograms
  const scratch = new Int32Array(count)
  const chosen = new Uint8Array(features)
  const { l2, minLeaf, minGain, maxDepth, monotone } = options

  const findCut = (work: Open): NewtonCut => {
    const best = noCut(work, l2, minGain)
    if (work.size < 2 * minLeaf || work.depth >= maxDepth) return best
    const histogram = histograms.values(work.slot)
    for (let feature = 0; feature < features; feature++) {
      if (chosen[feature] === 0) continue
      searchFeature(histogram, feature, offsets[feature], offsets[feature + 1], work, options, best)
    }
    return best
  }

  const endInLeaf = (work: Open, { builder, rows, prediction, rate }: Growth): void => {
    const value = rate * leafValue(work.sum, work.size, l2, work)
    builder.makeLeaf(work.node, value)
    for (let at = work.start; at < work.end; at++) prediction[rows[at]] += value
    histograms.release(work.slot)
  }

  /** Splits a node; returns its children, the left one last. */
  const split = (work: Open, best: NewtonCut, growth: Growth): [Open, Open] => {
    const { builder, rows } = growth
    const { feature, leftSum, leftCount } = best
    builder.gain[feature] += best.gain
    const cut = best.lastBin - offsets[feature]
    const next = best.nextBin - offsets[feature]
    const middle = partition(rows, work.start, work.end, codes[feature], cut, scratch)
    const node = builder.addPair()
    builder.makeSplit(work.node, feature, between(high[feature][cut], low[feature][next]), node)
    const sum = work.sum - leftSum
    const size = work.size - leftCount
    const bounds = childBounds(work, best, monotone === undefined ? 0 : monotone[feature], l2)
    const [leftSlot, rightSlot] = childSlots(work, middle, growth, histograms, options)
    const depth = work.depth + 1
    return [
      { node: node + 1, start: middle, end: work.end, depth, slot: rightSlot, size, sum, ...bounds.right },
      {
        ...{ node, start: work.start, end: middle, depth, slot: leftSlot },
        ...{ size: leftCount, sum: leftSum },
        ...bounds.left
      }
    ]
  }

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
      const growth: Growth = { builder, rows, residual, prediction, rate }
      const slot = histograms.take()
      histograms.fill(slot, rows, 0, rows.length, residual)
      const open: Open[] = [rootOf(growth, slot)]
      for (let work = open.pop(); work !== undefined; work = open.pop()) {
        const best = findCut(work)
        if (best.feature < 0) endInLeaf(work, growth)
        else open.push(...split(work, best, growth))
      }
    }
  }
}

/** The root of a tree over all rows. */
function rootOf({ builder, rows, residual }: Growth, slot: number): Open {
  let sum = 0
  for (const row of rows) sum += residual[row]
  const size = rows.length
  return {
    ...{ node: builder.startTree(), start: 0, end: size, depth: 0, slot, size, sum },
    ...{ lower: -Infinity, upper: Infinity }
  }
}

/** Slots of the left and the right child: the larger one keeps the parent's, less what the smaller one counts. */
function childSlots(
  work: Open,
  middle: number,
  { rows, residual }: Growth,
  histograms: ReturnType<typeof createHistograms>,
  { maxDepth, minLeaf }: NewtonOptions
): [number, number] {
  const { slot, start, end } = work
  const leftIsSmall = middle - start <= end - middle
  const small = histograms.take()
  // Leaves need no histogram, but each gives a slot back.
  if (work.depth + 1 < maxDepth && work.size >= 2 * minLeaf) {
    histograms.fill(small, rows, leftIsSmall ? start : middle, leftIsSmall ? middle : end, residual)
    histograms.subtract(slot, small)
  }
  return leftIsSmall ? [small, slot] : [slot, small]
}

interface Bounds {
  lower: number
  upper: number
}

/** Bounds of the children's leaf values: a monotone feature parts them at the middle of what both would be. */
function childBounds(
  work: CutNode,
  { leftSum, leftCount }: NewtonCut,
  direction: number,
  l2: number
): { left: Bounds; right: Bounds } {
  const { lower, upper } = work
  if (direction === 0) return { left: { lower, upper }, right: { lower, upper } }
  const left = leafValue(leftSum, leftCount, l2, work)
  const right = leafValue(work.sum - leftSum, work.size - leftCount, l2, work)
  const middle = (left + right) / 2
  return direction > 0
    ? { left: { lower, upper: middle }, right: { lower: middle, upper } }
    : { left: { lower: middle, upper }, right: { lower, upper: middle } }
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
