import { blockOf, centre, type Moments } from './moments'

/** Inputs of a depthwise layer at its sampled rows, as they lie in bytes. */
export interface DepthwiseInputs {
  readonly bytes: Uint8Array
  /** Real value of every byte. */
  readonly reals: Float32Array
  /** [rows][taps]: where the first channel of a tap lies in `bytes`; -1 in the padding. */
  readonly places: Int32Array
  /** Real value of the padding. */
  readonly padding: number
}

/** Channels whose inputs are gathered at once: neighbours in memory, few enough for the processor's cache. */
const channelsAtOnce = 8

/** Moments of every channel of a depthwise layer; `targets`: float sums wanted there, [rows][channels]. */
export function depthwiseMoments(
  inputs: DepthwiseInputs,
  targets: Float32Array,
  rows: number,
  channels: number
): Moments[] {
  const taps = inputs.places.length / rows
  const centred = targets.slice()
  const targetMean = centre(centred, channels)
  const columns = Array.from({ length: channelsAtOnce }, () => new Float32Array((taps + 1) * rows))
  const all: Moments[] = []
  for (let first = 0; first < channels; first += channelsAtOnce) {
    const count = Math.min(channelsAtOnce, channels - first)
    gather(inputs, rows, first, columns.slice(0, count))
    for (let c = first; c < first + count; c++) {
      const own = columns[c - first]
      const inputMean = centreColumns(own, taps, rows)
      for (let row = 0; row < rows; row++) own[taps * rows + row] = centred[row * channels + c]
      all.push(channelMoments(own, taps, rows, inputMean, targetMean[c]))
    }
  }
  return all
}

/** Real inputs of neighbouring channels from `first` on, each into its own [taps][rows]. */
function gather(
  { bytes, reals, places, padding }: DepthwiseInputs,
  rows: number,
  first: number,
  columns: readonly Float32Array[]
): void {
  const taps = places.length / rows
  for (let row = 0; row < rows; row++)
    for (let tap = 0; tap < taps; tap++) {
      const place = places[row * taps + tap]
      const to = tap * rows + row
      for (let c = 0; c < columns.length; c++)
        columns[c][to] = place < 0 ? padding : reals[bytes[place + first + c]]
    }
}

/** Subtracts the mean of each of the first `count` columns, and returns the means. */
function centreColumns(columns: Float32Array, count: number, rows: number): Float64Array {
  const means = new Float64Array(count)
  for (let column = 0; column < count; column++) {
    const [from, to] = [column * rows, (column + 1) * rows]
    let sum = 0
    for (let at = from; at < to; at++) sum += columns[at]
    const mean = sum / rows
    means[column] = mean
    for (let at = from; at < to; at++) columns[at] = columns[at] - mean
  }
  return means
}

/** @param columns centred taps and behind them the centred target, [taps + 1][rows] */
function channelMoments(
  columns: Float32Array,
  taps: number,
  rows: number,
  inputMean: Float64Array,
  targetMean: number
): Moments {
  const width = taps + 1
  const sums = new Float64Array(width * width)
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j += 4) multiplyColumns(columns, rows, i, Math.min(j, taps), sums, width)
  const covariance = new Float64Array(taps * taps)
  for (let i = 0; i < taps; i++)
    for (let j = 0; j <= i; j++)
      covariance[i * taps + j] = covariance[j * taps + i] = sums[i * width + j] / rows
  return {
    taps,
    channels: 1,
    inputMean,
    targetMean: Float64Array.of(targetMean),
    importance: Float64Array.from({ length: taps }, (_, tap) => covariance[tap * taps + tap]),
    cross: Float64Array.from({ length: taps }, (_, tap) => sums[taps * width + tap] / rows),
    blocks: [blockOf(covariance, 0, taps)],
    inputs: null
  }
}

/** Products of column i with columns j to j + 3: four sums that do not wait for each other. Columns behind the last are the last. */
function multiplyColumns(
  columns: Float32Array,
  rows: number,
  i: number,
  j: number,
  sums: Float64Array,
  width: number
): void {
  const from = (column: number): number => Math.min(column, width - 1) * rows
  const [own, a, b, c, d] = [i * rows, from(j), from(j + 1), from(j + 2), from(j + 3)]
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let row = 0; row < rows; row++) {
    const value = columns[own + row]
    s0 += value * columns[a + row]
    s1 += value * columns[b + row]
    s2 += value * columns[c + row]
    s3 += value * columns[d + row]
  }
  for (const [at, sum] of [s0, s1, s2, s3].entries()) if (j + at < width) sums[i * width + j + at] = sum
}
