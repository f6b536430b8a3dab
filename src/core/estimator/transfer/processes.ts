import { median } from '../../math/median'
import {
  fitGaussianProcess,
  hyperparametersOf,
  predictGaussianProcess,
  type GaussianProcess
} from '../../regression/gaussianProcess'
import { withColumn, type StagePool } from '../design'
import { entriesOf, featuresAt, fitBase, timesOf, type TransferProblem } from './problem'
import type { FittedTransfer } from './method'
import { memoryEntries } from './memoryRows'
import { fitTileBase } from './tileBase'

/** ratio: base is the source's time; roofline: the target's physical base; tiles: the same with waves of tiles. */
export type ProcessKind = 'ratio' | 'roofline' | 'rooflineSource' | 'tiles' | 'tilesSource'

/** How the base of a process is fitted (null: it is the source's time), and whether the source's deviation from its own base is a feature. */
const kinds: Readonly<Record<ProcessKind, { fit: typeof fitBase | null; source: boolean }>> = {
  ratio: { fit: null, source: true },
  roofline: { fit: fitBase, source: false },
  rooflineSource: { fit: fitBase, source: true },
  tiles: { fit: fitTileBase, source: false },
  tilesSource: { fit: fitTileBase, source: true }
}

/** Times of matrix products jump where the library chooses another kernel: no smooth function of their sizes. */
const settings = { tuneRows: 96, maxRows: 800, iterations: 30, smoothness: 'exponential' } as const

/**
 * Gaussian processes on the logarithm of target time over a base, one per pool: operators that do the same kind of
 * work share what is learned about sizes.
 */
export function fitProcesses(
  problem: TransferProblem,
  rows: Int32Array,
  kind: ProcessKind,
  seed: number,
  thetas?: readonly (Float64Array | null)[]
): FittedTransfer {
  const { fit: fitOwn, source } = kinds[kind]
  const fits = problem.pools.map((pool, at) => {
    const measured = entriesOf(pool, problem.target, rows)
    if (measured.length === 0) return null
    const memory = memoryEntries(problem, at, measured, seed)
    const entries = Int32Array.of(...measured, ...memory.entries)
    const times = Float64Array.of(...timesOf(pool, problem.target, measured), ...memory.times)
    const base = fitOwn === null ? sourceTimes(pool, problem.source) : fitOwn(pool, entries, times)
    const features = source
      ? withColumn(pool.features, 'source residual', problem.sourceResidual[at])
      : pool.features
    const logs = times.map((time, i) => Math.log(time / base[entries[i]]))
    const centres = stageCentres(pool, entries, logs)
    const theta = thetas?.[at] ?? null
    const process = fitGaussianProcess(
      featuresAt(features, entries),
      logs.map((value, i) => value - centres[Math.floor(entries[i] / pool.count)]),
      { ...settings, seed, ...(theta === null ? {} : { theta }) }
    )
    return { pool, base, features, centres, process }
  })
  return {
    predict(asked) {
      const predicted = problem.table.stages.map(() => new Float64Array(asked.length).fill(NaN))
      for (const fit of fits) {
        if (fit === null) continue
        const { pool, base, features, centres, process } = fit
        pool.stages.forEach((stage, at) => {
          const entries = Int32Array.from(asked, (row) => at * pool.count + row)
          const { mean } = predictGaussianProcess(process, featuresAt(features, entries))
          entries.forEach((entry, i) => {
            if (!Number.isNaN(problem.source[stage][asked[i]]))
              predicted[stage][i] = base[entry] * Math.exp(centres[at] + mean[i])
          })
        })
      }
      return predicted
    },
    refit: (fewer) =>
      fitProcesses(
        problem,
        fewer,
        kind,
        seed,
        fits.map((fit) => thetaOf(fit?.process))
      )
  }
}

/** Rows of one stage that weigh as much as the common centre. */
const centrePull = 3

/** Mean of every stage of a pool, shrunk to the pool's median: the process then learns what differs within a stage. */
function stageCentres(pool: StagePool, entries: Int32Array, logs: Float64Array): Float64Array {
  const common = median(logs)
  const sums = new Float64Array(pool.stages.length).fill(centrePull * common)
  const weights = new Float64Array(pool.stages.length).fill(centrePull)
  entries.forEach((entry, i) => {
    const stage = Math.floor(entry / pool.count)
    sums[stage] += logs[i]
    weights[stage]++
  })
  return sums.map((sum, stage) => sum / weights[stage])
}

function thetaOf(process: GaussianProcess | undefined): Float64Array | null {
  return process === undefined ? null : hyperparametersOf(process)
}

function sourceTimes(pool: StagePool, source: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(pool.features.count)
  pool.stages.forEach((stage, position) => all.set(source[stage], position * pool.count))
  return all
}
