import type { Binned } from './binning'

/** Histograms of the open nodes of a tree: per bin of every feature the sum of residuals and the number of rows. */
export interface NewtonHistograms {
  /** First bin of every feature, and behind them the number of all bins. */
  readonly offsets: Int32Array
  /** A slot that no open node holds; what it holds is left from its last use. */
  take(): number
  release(slot: number): void
  /** Sum and count of bin b at 2 * b and 2 * b + 1. */
  values(slot: number): Float64Array
  /** Counts rows[start, end) into `slot`. */
  fill(slot: number, rows: Int32Array, start: number, end: number, residual: Float64Array): void
  /** Takes the rows counted in `part` away from `slot`. */
  subtract(slot: number, part: number): void
}

/** Histograms over the bins of `binned`, at first none; as many are made as nodes are open at once. */
export function createHistograms(binned: Binned): NewtonHistograms {
  const { features } = binned
  const offsets = binOffsets(binned)
  const rowBins = binsByRow(binned, offsets)
  const pool: Float64Array[] = []
  const free: number[] = []
  return {
    offsets,
    take: () => free.pop() ?? pool.push(new Float64Array(2 * offsets[features])) - 1,
    release: (slot) => void free.push(slot),
    values: (slot) => pool[slot],
    fill(slot, rows, start, end, residual) {
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
    },
    subtract(slot, part) {
      const from = pool[slot]
      const away = pool[part]
      for (let at = 0; at < from.length; at++) from[at] -= away[at]
    }
  }
}

function binOffsets({ features, bins }: Binned): Int32Array {
  const offsets = new Int32Array(features + 1)
  for (let feature = 0; feature < features; feature++) offsets[feature + 1] = offsets[feature] + bins[feature]
  return offsets
}

/** Places in the histogram of a row's bins side by side: [row * features + feature]. */
function binsByRow({ features, codes, count }: Binned, offsets: Int32Array): Int32Array {
  const rowBins = new Int32Array(count * features)
  for (let feature = 0; feature < features; feature++) {
    const code = codes[feature]
    for (let row = 0; row < count; row++)
      rowBins[row * features + feature] = 2 * (offsets[feature] + code[row])
  }
  return rowBins
}
