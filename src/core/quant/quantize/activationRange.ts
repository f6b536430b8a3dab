import { codeRange, unsignedZero, type CodeFormat } from '../quantizedNetwork'
import type { Bits } from '../scheme'

/** Distribution of one tensor's values over the calibration images: equal bins from 0 to the largest magnitude. */
export interface ValueHistogram {
  /** Counts of |x|; for signed tensors both signs fall together, because the quantizer is symmetric. */
  readonly counts: Float64Array
  readonly largest: number
  readonly isSigned: boolean
}

const binCount = 2048

export function histogramOf(values: Float32Array): ValueHistogram {
  let largest = 0
  let smallest = 0
  for (const value of values) {
    if (value > largest) largest = value
    else if (value < smallest) smallest = value
  }
  const isSigned = smallest < 0
  largest = Math.max(largest, -smallest)
  const counts = new Float64Array(binCount)
  if (largest > 0) {
    const scale = (binCount * (1 - 1e-7)) / largest
    for (const value of values) counts[Math.floor(Math.abs(value) * scale)]! += 1
  }
  return { counts, largest, isSigned }
}

/** Candidate clipping limits, as shares of the largest magnitude. */
const limits = Array.from({ length: 100 }, (_, step) => (step + 1) / 100)

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
  let best = { error: Infinity, scale: histogram.largest / top }
  for (const limit of limits) {
    const scale = (histogram.largest * limit) / top
    const error = squaredError(histogram, scale, bits, low + zero, top)
    if (error < best.error) best = { error, scale }
  }
  return { bits, scale: best.scale, zero }
}

function squaredError(
  histogram: ValueHistogram,
  scale: number,
  bits: Bits,
  bottom: number,
  top: number
): number {
  const width = histogram.largest / binCount
  let error = 0
  for (let bin = 0; bin < binCount; bin++) {
    const count = histogram.counts[bin]!
    if (count === 0) continue
    const value = (bin + 0.5) * width
    const level =
      bits === 1 ? oneBitLevel(value / scale, bottom) : Math.min(top, Math.floor(value / scale + 0.5))
    const miss = value - level * scale
    error += count * miss * miss
  }
  return error
}

/** Unsigned: 0 or 2 with the threshold at 1. Signed: |x| always meets level 1. */
function oneBitLevel(value: number, bottom: number): number {
  if (bottom < 0) return 1
  return value > 1 ? 2 : 0
}
