/**
 * Distribution of a tensor's values with their signs: equal bins whose width is a power of two, so that distributions of two
 * batches are joined exactly, by coarsening the finer one.
 */
export interface ValueSpread {
  /** Finite values that were counted. */
  readonly values: number
  /** Values that are not finite; in no bin. */
  readonly notFinite: number
  readonly zeros: number
  /** Least and largest finite value; 0 where there is none. */
  readonly least: number
  readonly largest: number
  /** A bin is 2^exponent wide; the first one begins at firstBin * 2^exponent. */
  readonly exponent: number
  readonly firstBin: number
  readonly counts: Float64Array
}

const maxBins = 1024
/** Width of the bins of a tensor that is zero everywhere: the finest, so that it takes that of any other on joining. */
const finestExponent = -149

/** Counts the values of a tensor. */
export function spreadOf(values: Float32Array): ValueSpread {
  let [least, largest, zeros, notFinite] = [Infinity, -Infinity, 0, 0]
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (!Number.isFinite(value)) notFinite++
    else {
      if (value < least) least = value
      if (value > largest) largest = value
      if (value === 0) zeros++
    }
  }
  if (least > largest) return { ...emptySpread(), notFinite }
  const exponent = exponentFor(least, largest)
  const width = 2 ** exponent
  const firstBin = Math.floor(least / width)
  const counts = new Float64Array(Math.floor(largest / width) - firstBin + 1)
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (Number.isFinite(value)) counts[Math.floor(value / width) - firstBin] += 1
  }
  return { values: values.length - notFinite, notFinite, zeros, least, largest, exponent, firstBin, counts }
}

/** The distribution of no values. */
export function emptySpread(): ValueSpread {
  return {
    values: 0,
    notFinite: 0,
    zeros: 0,
    least: 0,
    largest: 0,
    exponent: finestExponent,
    firstBin: 0,
    counts: new Float64Array(0)
  }
}

/** The distribution of the values of both. */
export function joinSpreads(a: ValueSpread, b: ValueSpread): ValueSpread {
  const notFinite = a.notFinite + b.notFinite
  if (a.values === 0 || b.values === 0) return { ...(a.values === 0 ? b : a), notFinite }
  const least = Math.min(a.least, b.least)
  const largest = Math.max(a.largest, b.largest)
  const exponent = Math.max(a.exponent, b.exponent, exponentFor(least, largest))
  const parts = [coarsened(a, exponent), coarsened(b, exponent)]
  const firstBin = Math.min(...parts.map((part) => part.firstBin))
  const end = Math.max(...parts.map((part) => part.firstBin + part.counts.length))
  const counts = new Float64Array(end - firstBin)
  for (const part of parts) {
    for (const [bin, count] of part.counts.entries()) counts[part.firstBin - firstBin + bin] += count
  }
  const zeros = a.zeros + b.zeros
  return { values: a.values + b.values, notFinite, zeros, least, largest, exponent, firstBin, counts }
}

/** The same distribution in at most `most` bins. */
export function inBins(spread: ValueSpread, most: number): ValueSpread {
  let found = spread
  while (found.counts.length > most) found = coarsened(found, found.exponent + 1)
  return found
}

/** Least exponent with which the values take at most maxBins bins; of equal values the spacing of float32 there. */
function exponentFor(least: number, largest: number): number {
  if (least === largest)
    return least === 0
      ? finestExponent
      : Math.max(finestExponent, Math.floor(Math.log2(Math.abs(least))) - 23)
  let exponent = Math.max(finestExponent, Math.ceil(Math.log2((largest - least) / maxBins)))
  // Ends that fall within bins may take one bin more.
  while (Math.floor(largest / 2 ** exponent) - Math.floor(least / 2 ** exponent) >= maxBins) exponent++
  return exponent
}

function coarsened(spread: ValueSpread, exponent: number): ValueSpread {
  if (exponent === spread.exponent || spread.counts.length === 0) return { ...spread, exponent }
  const factor = 2 ** (exponent - spread.exponent)
  const firstBin = Math.floor(spread.firstBin / factor)
  const last = Math.floor((spread.firstBin + spread.counts.length - 1) / factor)
  const counts = new Float64Array(last - firstBin + 1)
  for (const [bin, count] of spread.counts.entries())
    counts[Math.floor((spread.firstBin + bin) / factor) - firstBin] += count
  return { ...spread, exponent, firstBin, counts }
}
