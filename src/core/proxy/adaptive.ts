import { createRandom } from '../random'
import type { Estimator, LatencyModel } from './estimators/estimator'
import { residuals } from './estimators/candidates'
import { groupByShape, shapeFolds } from './folds'
import { predictHeldOut } from './heldOut'
import { metricsOf } from './metrics'
import { joinSamples, takeShapes, type Samples, type ShapeRows, type TimeUnit } from './samples'
import { informativeDesign, uniformDesign } from './transfer/design'

/** What the board answers: times of the rows, in order, and how long the measuring took. */
export interface Measured {
  time: Float64Array
  boardSeconds: number
}

export interface AdaptiveOptions {
  seed: number
  unit: TimeUnit
  /** Rows of the first, space-filling batch and of every later one. */
  firstRows: number
  batchRows: number
  /** Stop when the unseen-shape MAPE in percent is at most this. */
  targetMape: number
  /** Stop when measuring took this long. */
  budgetSeconds: number
  /** Where later batches come from: the model's uncertainty, or chance (to compare with). */
  choose: 'uncertain' | 'uniform'
  /** Rows to judge on beside the unseen-shape error; never measured for the fit. */
  judge?: Samples
  onStep?: (step: AdaptiveStep) => void
}

export interface AdaptiveStep {
  rows: number
  boardSeconds: number
  /** Percent; null while there is a single shape. */
  unseenShapeMape: number | null
  judgeMape: number | null
}

export interface AdaptiveResult {
  samples: Samples
  model: LatencyModel
  steps: AdaptiveStep[]
  stopped: 'target' | 'budget' | 'exhausted'
}

/**
 * Measures where it pays: a space-filling batch first, then rows of the pool where two models that were fitted alike
 * but fail differently (trees on the robust base, and the base per bit pair alone) disagree most, together with the
 * spread of the trees; one row per shape and batch before a second. `measure` runs rows on the board.
 */
export async function profileAdaptively(
  pool: ShapeRows,
  measure: (rows: ShapeRows) => Promise<Measured>,
  options: AdaptiveOptions
): Promise<AdaptiveResult> {
  const { seed, unit, choose, onStep, judge } = options
  const estimator: Estimator = residuals('physics', 'extraTrees')
  const steps: AdaptiveStep[] = []
  const taken = new Uint8Array(pool.count)
  let samples: Samples | null = null
  let boardSeconds = 0
  const first = Math.min(options.firstRows, pool.count)
  let next = choose === 'uniform' ? uniformDesign(pool, first, seed) : informativeDesign(pool, first, seed)
  for (let round = 0; ; round++) {
    const rows = takeShapes(pool, next)
    const measured = await measure(rows)
    boardSeconds += measured.boardSeconds
    for (const row of next) taken[row] = 1
    const batch: Samples = { ...rows, unit, time: measured.time }
    samples = samples === null ? batch : joinSamples([samples, batch])
    const model = estimator.fit(samples, { seed })
    const step: AdaptiveStep = {
      rows: samples.count,
      boardSeconds,
      unseenShapeMape: unseenError(samples, estimator, seed),
      judgeMape: judge === undefined ? null : metricsOf(model.predict(judge), judge.time).mape
    }
    steps.push(step)
    onStep?.(step)
    const done = (stopped: AdaptiveResult['stopped']): AdaptiveResult => ({
      samples: batchOf(samples),
      model,
      steps,
      stopped
    })
    if (step.unseenShapeMape !== null && step.unseenShapeMape <= options.targetMape) return done('target')
    if (boardSeconds >= options.budgetSeconds) return done('budget')
    const free = Int32Array.from({ length: pool.count }, (_, row) => row).filter((row) => taken[row] === 0)
    if (free.length === 0) return done('exhausted')
    const wanted = Math.min(options.batchRows, free.length)
    next =
      choose === 'uniform'
        ? createRandom(seed + 101 * (round + 1))
            .shuffle(free)
            .slice(0, wanted)
        : mostUncertain(pool, free, wanted, samples, model)
  }
}

function batchOf(samples: Samples | null): Samples {
  // profileAdaptively measures before it returns.
  return samples as Samples
}

function unseenError(samples: Samples, estimator: Estimator, seed: number): number | null {
  if (groupByShape(samples).groups < 2) return null
  return metricsOf(
    predictHeldOut(samples, shapeFolds(samples), () => estimator, { seed }),
    samples.time
  ).mape
}

function mostUncertain(
  pool: ShapeRows,
  free: Int32Array,
  wanted: number,
  samples: Samples,
  model: LatencyModel
): Int32Array {
  const rows = takeShapes(pool, free)
  const predicted = model.predict(rows)
  const spread = model.deviation?.(rows) ?? new Float64Array(rows.count)
  const other = residuals('physicsPair', 'boosting').fit(samples, { seed: 1 }).predict(rows)
  const score = predicted.map((time, row) => Math.abs(Math.log(other[row] / time)) + spread[row])
  const order = Int32Array.from({ length: rows.count }, (_, row) => row).sort((a, b) => score[b] - score[a])
  const { groupOf } = groupByShape(rows)
  const picked: number[] = []
  for (let perShape = 1; picked.length < wanted; perShape++) {
    const used = new Map<number, number>()
    for (const row of picked) used.set(groupOf[row], (used.get(groupOf[row]) ?? 0) + 1)
    const already = new Set(picked)
    for (const row of order) {
      if (picked.length >= wanted) break
      const count = used.get(groupOf[row]) ?? 0
      if (already.has(row) || count >= perShape) continue
      used.set(groupOf[row], count + 1)
      picked.push(row)
    }
  }
  return Int32Array.from(picked, (at) => free[at])
}
