import type { FeatureMatrix } from '../../regression/featureMatrix'
import { relativeNnls } from '../../math/nnls'
import { stagePools, takeFeatures, type StagePool } from '../design'
import type { StageTable } from '../samples/stageTable'

/**
 * Everything a transfer may look at: knobs of all configurations, their times on the source, and a function that
 * gives the target's times of calibration rows only.
 */
export interface TransferProblem {
  table: StageTable
  /** Milliseconds on the source per stage and configuration; NaN where the configuration has no such stage. */
  source: readonly Float64Array[]
  /** The same on the target; a method reads only the rows it is given. */
  target: readonly Float64Array[]
  /** With the target's wave terms. */
  pools: readonly StagePool[]
  /** Log of source time over the physical base of the source, per pool and entry; 0 where there is no source time. */
  sourceResidual: readonly Float64Array[]
  multiprocessors: { source: number | null; target: number | null }
  /** Time of moving a byte on the target over that on the source; null where a device is not known. */
  memoryRatio: number | null
}

/** Rows of a set as entries of a pool, those whose `times` are known. */
export function entriesOf(
  pool: StagePool,
  times: readonly Float64Array[],
  rows: ArrayLike<number>
): Int32Array {
  const entries: number[] = []
  pool.stages.forEach((stage, at) => {
    for (let i = 0; i < rows.length; i++) {
      if (!Number.isNaN(times[stage][rows[i]])) entries.push(at * pool.count + rows[i])
    }
  })
  return Int32Array.from(entries)
}

/** Times of entries. */
export function timesOf(pool: StagePool, times: readonly Float64Array[], entries: Int32Array): Float64Array {
  return Float64Array.from(
    entries,
    (entry) => times[pool.stages[Math.floor(entry / pool.count)]][entry % pool.count]
  )
}

/** Builds a problem; devices that `multiprocessors` does not know are described by their own rows. */
export function transferProblem(
  table: StageTable,
  source: readonly Float64Array[],
  target: readonly Float64Array[],
  multiprocessors: TransferProblem['multiprocessors'],
  memoryRatio: number | null = null
): TransferProblem {
  const all = Int32Array.from({ length: table.count }, (_, row) => row)
  const sourcePools = stagePools(table, multiprocessors.source)
  const sourceResidual = sourcePools.map((pool) => {
    const residual = new Float64Array(pool.features.count)
    const entries = entriesOf(pool, source, all)
    if (entries.length === 0) return residual
    const times = timesOf(pool, source, entries)
    const base = fitBase(pool, entries, times)
    entries.forEach((entry, at) => (residual[entry] = Math.log(times[at] / base[entry])))
    return residual
  })
  return {
    table,
    source,
    target,
    pools: stagePools(table, multiprocessors.target),
    sourceResidual,
    multiprocessors,
    memoryRatio
  }
}

/** Physical base of every entry of a pool, in ms: non-negative least squares of the relative error on some entries. */
export function fitBase(pool: StagePool, entries: Int32Array, times: Float64Array): Float64Array {
  const columns = pool.terms.map((term) => Float64Array.from(entries, (entry) => term[entry]))
  const coefficients = relativeNnls(columns, times)
  const floor = minPrediction(times)
  return Float64Array.from({ length: pool.features.count }, (_, entry) => {
    let sum = 0
    for (let term = 0; term < coefficients.length; term++) sum += coefficients[term] * pool.terms[term][entry]
    return Math.max(floor, sum)
  })
}

/** Least time that a base or a line predicts, ms: a fifth of the shortest measured one. */
export function minPrediction(times: Float64Array): number {
  return 0.2 * Math.min(...times)
}

/** Features of entries. */
export function featuresAt(matrix: FeatureMatrix, entries: Int32Array): FeatureMatrix {
  return takeFeatures(matrix, entries)
}
