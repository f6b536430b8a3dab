import { codeRange, unsignedZero, type CodeFormat } from '../quantizedNetwork'
import type { Bits } from '../scheme'

/** Distribution of one tensor's values over the calibration items: equal bins of |x| from 0. */
export interface ValueHistogram {
  /** Counts of |x|; for signed tensors both signs fall together, because the quantizer is symmetric. */
  readonly counts: Float64Array
  /** Width of a bin. */
  readonly width: number
  readonly largest: number
  readonly isSigned: boolean
}

const binCount = 4096

/** Collects values batch by batch; a value beyond the bins doubles their width. */
export interface HistogramBuilder {
  /**
   * Values are limited to `floor` .. `ceiling` first.
   * @returns false, and counts none, where a limited value is infinite or NaN
   */
  add(values: Float32Array, floor?: number, ceiling?: number): boolean
  histogram(): ValueHistogram
}

/** Returns a histogram whose range grows with the values; bins are joined in pairs when it does. */
export function createHistogram(): HistogramBuilder {
  const counts = new Float64Array(binCount)
  let width = 0
  let [largest, smallest] = [0, 0]
  const widen = (wanted: number): void => {
    // A little wider than the first batch needs, so that its largest value falls within the last bin.
    if (width === 0) width = (wanted * (1 + 1e-6)) / binCount
    while (wanted >= width * binCount) {
      for (let bin = 0; bin < binCount / 2; bin++) counts[bin] = counts[2 * bin] + counts[2 * bin + 1]
      counts.fill(0, binCount / 2)
      width *= 2
    }
  }
  return {
    add(values, floor = -Infinity, ceiling = Infinity) {
      const found = extremesOf(values)
      if (found === null) return false
      const top = Math.min(found.top, ceiling)
      const bottom = Math.max(found.bottom, floor)
      if (!Number.isFinite(top) || !Number.isFinite(bottom)) return false
      largest = Math.max(largest, top)
      smallest = Math.min(smallest, bottom)
      if (top === 0 && bottom === 0) {
        counts[0] += values.length
        return true
      }
      widen(Math.max(top, -bottom))
      countInto(counts, values, { top, bottom, scale: 1 / width })
      return true
    },
    histogram: () => ({ counts, width, largest: Math.max(largest, -smallest), isSigned: smallest < 0 })
  }
}

/** Largest and smallest value, 0 included; null where one is NaN. */
function extremesOf(values: Float32Array): { top: number; bottom: number } | null {
  let [top, bottom] = [0, 0]
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (value > top) top = value
    else if (value < bottom) bottom = value
    else if (Number.isNaN(value)) return null
  }
  return { top, bottom }
}

/** Values by signed bin, bin 0 in the middle; written over by every call. */
const signedCounts = new Uint32Array(2 * binCount + 1)

/**
 * Counts values, limited to bottom .. top, by bins of |value| * scale. No branch depends on a value: the sign of a sum before a ReLU
 * cannot be predicted. Where all below 0 counts as 0 those values are counted where they lie first, since one count that half of the
 * values add to makes every one wait for the one before.
 */
function countInto(
  counts: Float64Array,
  values: Float32Array,
  { top, bottom, scale }: { readonly top: number; readonly bottom: number; readonly scale: number }
): void {
  signedCounts.fill(0)
  const isFloored = bottom === 0
  const lowest = isFloored ? -binCount / scale : bottom
  for (let at = 0; at < values.length; at++) {
    const bin = (Math.min(Math.max(values[at], lowest), top) * scale) | 0
    signedCounts[bin + binCount]++
  }
  let below = isFloored ? signedCounts[0] : 0
  for (let bin = 1; bin < binCount; bin++) {
    const negative = signedCounts[binCount - bin]
    if (isFloored) below += negative
    counts[bin] += signedCounts[binCount + bin] + (isFloored ? 0 : negative)
  }
  counts[0] += signedCounts[binCount] + below
}

/** Histogram of one array of values. */
export function histogramOf(values: Float32Array): ValueHistogram {
  const builder = createHistogram()
  builder.add(values)
  return builder.histogram()
}

/** Candidate clipping limits, in hundredths of the largest magnitude: coarse steps first, so that most others are given up early. */
const hundredths = Array.from({ length: 100 }, (_, at) => 100 - 10 * (at % 10) - Math.floor(at / 10))

/**
 * The format with the least mean squared error over the histogram: clipping some large values buys a finer grid.
 * A tensor that is all zero gets scale 1.
 */
export function bestFormat(histogram: ValueHistogram, bits: Bits): CodeFormat {
  const zero = histogram.isSigned ? 0 : unsignedZero(bits)
  if (histogram.largest === 0) return { bits, scale: 1, zero }
  const { low, high } = codeRange(bits)
  // Levels in units of the scale; a signed tensor's positive side is judged (the negative has one level more).
  const top = high + zero
  const filled = filledBins(histogram)
  let best = { error: Infinity, scale: histogram.largest / top, hundredth: 0 }
  for (const hundredth of hundredths) {
    const scale = (histogram.largest * (hundredth / 100)) / top
    const error = squaredError(filled, { scale, bits, bottom: low + zero, top }, best.error)
    // Of equal errors the smallest limit's counts.
    if (error < best.error || (error === best.error && hundredth < best.hundredth))
      best = { error, scale, hundredth }
  }
  return { bits, scale: best.scale, zero }
}

/** Centres and counts of the bins that hold values. */
interface FilledBins {
  readonly values: Float64Array
  readonly counts: Float64Array
}

function filledBins({ counts, width }: ValueHistogram): FilledBins {
  const values = new Float64Array(binCount)
  const own = new Float64Array(binCount)
  let filled = 0
  for (let bin = 0; bin < binCount; bin++) {
    if (counts[bin] === 0) continue
    values[filled] = (bin + 0.5) * width
    own[filled] = counts[bin]
    filled++
  }
  return { values: values.subarray(0, filled), counts: own.subarray(0, filled) }
}

/** Bins between two looks at the limit. */
const binsAtOnce = 64

/** Error of a grid; of one that is above `limit`, some number above it. */
function squaredError(
  { values, counts }: FilledBins,
  grid: { readonly scale: number; readonly bits: Bits; readonly bottom: number; readonly top: number },
  limit: number
): number {
  const { scale, bits, bottom, top } = grid
  let error = 0
  for (let from = 0; from < values.length && error <= limit; from += binsAtOnce) {
    const end = Math.min(values.length, from + binsAtOnce)
    for (let bin = from; bin < end; bin++) {
      const value = values[bin]
      const level =
        bits === 1 ? oneBitLevel(value / scale, bottom) : Math.min(top, Math.floor(value / scale + 0.5))
      const miss = value - level * scale
      error += counts[bin] * miss * miss
    }
  }
  return error
}

/** Unsigned: 0 or 2 with the threshold at 1. Signed: |x| always meets level 1. */
function oneBitLevel(value: number, bottom: number): number {
  if (bottom < 0) return 1
  return value > 1 ? 2 : 0
}
