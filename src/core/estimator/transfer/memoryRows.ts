import { median } from '../../math/median'
import { createRandom } from '../../math/random'
import { entriesOf, timesOf, type TransferProblem } from './problem'

/** Entries of a pool with their times in ms. */
export interface TimedEntries {
  entries: Int32Array
  times: Float64Array
}

/**
 * Tokens up to which a matrix product waits for its weights: it does one multiply-add per weight and token, and GPUs
 * with matrix units do 75 and more in the time that a weight of two bytes arrives (H100: 990 TFLOP/s, 3.35 TB/s).
 */
const fewTokens = 32
/** Few beside the hundred or so products of 25 calibrated configurations. */
const most = 6

/**
 * What the target will take for some matrix products of few tokens, in ms: they move their weights, so that they take
 * the source's time times the ratio of the memories. Nothing where calibration rows are among them, for those are measured,
 * where the source has no such products, or where the memories are not known.
 * @param measured calibration entries of the pool
 */
export function memoryEntries(
  problem: TransferProblem,
  at: number,
  measured: Int32Array,
  seed: number
): TimedEntries {
  const { memoryRatio, source } = problem
  const pool = problem.pools[at]
  const { work } = pool
  const nothing = { entries: new Int32Array(0), times: new Float64Array(0) }
  if (work?.kind !== 'product' || memoryRatio === null) return nothing
  if (measured.some((entry) => work.m[entry] <= fewTokens)) return nothing
  const all = Int32Array.from({ length: problem.table.count }, (_, row) => row)
  const few = entriesOf(pool, source, all).filter((entry) => work.m[entry] <= fewTokens)
  const times = timesOf(pool, source, few)
  // Shorter ones are mostly launches.
  const middle = median(times)
  const long = few.filter((_, i) => times[i] >= middle)
  const entries = createRandom(seed).shuffle(long).slice(0, most)
  return { entries, times: timesOf(pool, source, entries).map((time) => time * memoryRatio) }
}
