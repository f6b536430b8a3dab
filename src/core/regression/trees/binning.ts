import type { FeatureMatrix } from '../featureMatrix'

/**
 * Features as small integers. With at most `maxBins` distinct values a feature's codes are its ranks, so that a
 * split search over bins is exact; beyond that, bins hold about equal numbers of rows.
 */
export interface Binned {
  readonly count: number
  readonly features: number
  /** codes[feature][row] */
  readonly codes: readonly Uint16Array[]
  /** Bins per feature. */
  readonly bins: Int32Array
  /** Smallest and largest value in every bin: a threshold between two bins lies midway between them. */
  readonly low: readonly Float64Array[]
  readonly high: readonly Float64Array[]
}

/** Sorts every feature into at most `maxBins` bins of about equal counts. */
export function binFeatures(matrix: FeatureMatrix, maxBins: number): Binned {
  const codes: Uint16Array[] = []
  const low: Float64Array[] = []
  const high: Float64Array[] = []
  const bins = new Int32Array(matrix.columns.length)
  matrix.columns.forEach((column, feature) => {
    const sorted = column.slice().sort()
    const upper = binUppers(sorted, maxBins)
    const featureCodes = new Uint16Array(column.length)
    const lowest = new Float64Array(upper.length).fill(Infinity)
    for (let row = 0; row < column.length; row++) {
      const code = lowerBound(upper, column[row])
      featureCodes[row] = code
      if (column[row] < lowest[code]) lowest[code] = column[row]
    }
    codes.push(featureCodes)
    low.push(lowest)
    high.push(upper)
    bins[feature] = upper.length
  })
  return { count: matrix.count, features: matrix.columns.length, codes, bins, low, high }
}

/**
 * Per feature, the first one whose codes equal its own (itself, where there is none before): both allow the same cuts,
 * so that one search serves both.
 */
export function alikeFeatures({ codes, count }: Binned): Int32Array {
  const alike = new Int32Array(codes.length)
  for (let feature = 0; feature < codes.length; feature++) {
    alike[feature] = feature
    for (let other = 0; other < feature; other++) {
      let row = 0
      while (row < count && codes[other][row] === codes[feature][row]) row++
      if (row < count) continue
      alike[feature] = other
      break
    }
  }
  return alike
}

/** Largest value of every bin. */
function binUppers(sorted: Float64Array, maxBins: number): Float64Array {
  const distinct: number[] = []
  for (let at = 0; at < sorted.length; at++) {
    if (at === 0 || sorted[at] !== sorted[at - 1]) {
      distinct.push(sorted[at])
      if (distinct.length > maxBins) break
    }
  }
  if (distinct.length <= maxBins) return Float64Array.from(distinct)
  const uppers: number[] = []
  for (let bin = 1; bin <= maxBins; bin++) {
    const value = sorted[Math.ceil((bin * sorted.length) / maxBins) - 1]
    if (uppers.length === 0 || value > uppers[uppers.length - 1]) uppers.push(value)
  }
  return Float64Array.from(uppers)
}

/** First bin whose upper value is not below `value`. */
function lowerBound(upper: Float64Array, value: number): number {
  let from = 0
  let to = upper.length - 1
  while (from < to) {
    const middle = (from + to) >> 1
    if (upper[middle] < value) from = middle + 1
    else to = middle
  }
  return from
}
