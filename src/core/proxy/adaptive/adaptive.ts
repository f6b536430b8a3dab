import { createRandom } from '../../math/random'
import { acquire } from './acquisition'
import { estimatorByName } from '../estimators/registry'
import type { Estimator, LatencyModel } from '../estimators/estimator'
import { groupByShape, shapeFolds } from '../fit/folds'
import { predictHoldout } from '../fit/holdout'
import { metricsOf } from '../../regression/metrics'
import type { TimeUnit, adaptiveStops } from '../../../shared/vocabulary'
import { takeShapes, type SampleTable, type ShapeRows } from '../samples'

/** What the board returns: times of the rows, in order (NaN: it refused the row), and how long measuring took. */
export interface Measured {
  time: Float64Array
  boardSeconds: number
}

/** Pool, batches and judge of an adaptive run. */
export interface AdaptiveSpec {
  /** What may be measured. */
  pool: ShapeRows
  /** Guess of what measuring each row of the pool takes, > 0; ratios decide, the scale is learned. */
  seconds: Float64Array
  seed: number
  unit: TimeUnit
  /** Rows of the first batch, and at least so many in every later one. */
  firstRows: number
  batchRows: number
  /** Where batches come from: the model's doubt per second of board time, or chance (to compare with). */
  choose: 'uncertain' | 'uniform'
  /** Rows to judge on beside the unseen-shape error; never measured for the fit, never decided by. */
  judge: SampleTable | null
}

/** What was measured so far: rows of the pool in order, and their times. */
export interface AdaptiveState {
  rows: Int32Array
  time: Float64Array
}

/** Held-out errors of a step. */
export interface AdaptiveErrors {
  /** Percent, over what was measured so far; null while there are fewer than two shapes. */
  unseenShapeMape: number | null
  /** Percent, on the held-out rows. */
  judgeMape: number | null
}

/** Rows to measure next, with the errors so far. */
export interface AdaptiveDecision extends AdaptiveErrors {
  /** Rows of the pool to measure next, best first; empty when the pool is used up. */
  next: Int32Array
}

/** A step that was fitted: rows measured, seconds of board time, errors. */
export interface FittedStep extends AdaptiveErrors {
  rows: number
  boardSeconds: number
}

/** When an adaptive run stops. */
export interface AdaptiveLimits {
  /** Stop when the unseen-shape MAPE in percent is at most this. */
  targetMape: number
  /** Stop before measuring would take longer than this. */
  budgetSeconds: number
}

/** Every step of an adaptive run, and why it stopped. */
export interface AdaptiveResult {
  state: AdaptiveState
  steps: FittedStep[]
  stopped: (typeof adaptiveStops)[number]
}

/** What is fitted between batches: robust, and cheap enough to be fitted between two measurements. */
export const adaptiveEstimator: Estimator = estimatorByName('residual:physics+extraTrees')
/** Fails differently; where the two disagree, neither is known to be right. */
const rival: Estimator = estimatorByName('residual:physicsPair+extraTrees')
/** Doubt of a row that both models are sure of: relative, so that no row counts for nothing. */
const minDoubt = 0.02
/** A later batch is at least this share of what was measured. */
const growth = 0.125
/** Fewer measurements than this fit no model: chance or the design alone decides. */
const minRows = 6

/**
 * Judges what was measured and chooses the next batch. Pure: the same plan and state give the same decision, so that
 * an interrupted run goes on by replaying its Samples.
 */
export function decide(plan: AdaptiveSpec, state: AdaptiveState): AdaptiveDecision {
  const { pool, seed, judge } = plan
  const samples = samplesOf(plan, state)
  // Batches grow with what is known: a fit between few measurements of many would take longer than measuring.
  const size =
    state.rows.length === 0 ? plan.firstRows : Math.max(plan.batchRows, Math.ceil(growth * state.rows.length))
  const taken = new Uint8Array(pool.count)
  for (const row of state.rows) taken[row] = 1
  if (samples.count < minRows) {
    return { unseenShapeMape: null, judgeMape: null, next: choose(plan, taken, size, null) }
  }
  const model = adaptiveEstimator.fit(samples, { seed })
  return {
    unseenShapeMape: unseenError(samples, seed),
    judgeMape: judge === null ? null : metricsOf(model.predict(judge), judge.time).mape,
    next: choose(plan, taken, size, () => doubtOf(pool, samples, model, seed))
  }
}

/**
 * Measures where it lowers the error most: batch after batch, each chosen by `decide`, until the error on unseen shapes is small enough
 * or the next rows would overrun the budget. `measure` runs rows of the pool on the board; `decideNow` may run the
 * decision elsewhere (a worker).
 */
export async function profileAdaptively(
  plan: AdaptiveSpec,
  limits: AdaptiveLimits,
  measure: (rows: Int32Array) => Promise<Measured>,
  options: {
    onStep?: (step: FittedStep) => void | Promise<void>
    decideNow?: (plan: AdaptiveSpec, state: AdaptiveState) => AdaptiveDecision | Promise<AdaptiveDecision>
  } = {}
): Promise<AdaptiveResult> {
  const { onStep, decideNow = decide } = options
  const steps: FittedStep[] = []
  let state: AdaptiveState = { rows: new Int32Array(0), time: new Float64Array(0) }
  let boardSeconds = 0
  let guessed = 0
  for (;;) {
    const { next, ...errors } = await decideNow(plan, state)
    if (state.rows.length > 0) {
      const step = { rows: state.time.filter((time) => time > 0).length, boardSeconds, ...errors }
      steps.push(step)
      await onStep?.(step)
    }
    const done = (stopped: AdaptiveResult['stopped']): AdaptiveResult => ({ state, steps, stopped })
    if (errors.unseenShapeMape !== null && errors.unseenShapeMape <= limits.targetMape) return done('target')
    if (next.length === 0) return done('exhausted')
    const factor = guessed > 0 && boardSeconds > 0 ? boardSeconds / guessed : 1
    // The first guess may be far off: a few rows are measured whatever it says, then the scale is known.
    const atLeast = state.rows.length === 0 ? minRows : 0
    const batch = affordable(next, plan.seconds, (limits.budgetSeconds - boardSeconds) / factor, atLeast)
    if (batch.length === 0) return done('budget')
    const measured = await measure(batch)
    boardSeconds += measured.boardSeconds
    for (const row of batch) guessed += plan.seconds[row]
    state = {
      rows: Int32Array.from([...state.rows, ...batch]),
      time: Float64Array.from([...state.time, ...measured.time])
    }
  }
}

/** The measured rows as Samples; refused ones are left out. */
export function samplesOf({ pool, unit }: AdaptiveSpec, { rows, time }: AdaptiveState): SampleTable {
  const kept = [...rows.keys()].filter((at) => time[at] > 0)
  return {
    ...takeShapes(
      pool,
      kept.map((at) => rows[at])
    ),
    unit,
    time: Float64Array.from(kept, (at) => time[at])
  }
}

function choose(
  { pool, seed, seconds, choose: way }: AdaptiveSpec,
  taken: Uint8Array,
  size: number,
  doubt: (() => Float64Array) | null
): Int32Array {
  if (way === 'uncertain') {
    return acquire(pool, { taken, size, seed, cost: seconds, doubt: doubt === null ? null : doubt() })
  }
  const order = createRandom(seed).shuffle(Int32Array.from({ length: pool.count }, (_, row) => row))
  return order.filter((row) => taken[row] === 0).slice(0, size)
}

/** How far two models that fail differently are apart, together with the spread of the trees: relative. */
function doubtOf(pool: ShapeRows, samples: SampleTable, model: LatencyModel, seed: number): Float64Array {
  const predicted = model.predict(pool)
  const spread = model.deviation?.(pool) ?? new Float64Array(pool.count)
  const other = rival.fit(samples, { seed }).predict(pool)
  return predicted.map((time, row) => Math.abs(Math.log(other[row] / time)) + spread[row] + minDoubt)
}

function unseenError(samples: SampleTable, seed: number): number | null {
  if (groupByShape(samples).groups < 2) return null
  return metricsOf(
    predictHoldout(samples, shapeFolds(samples), () => adaptiveEstimator, { seed }),
    samples.time
  ).mape
}

/** The first rows that are expected to end within `seconds`, but `atLeast` so many. */
function affordable(rows: Int32Array, guess: Float64Array, seconds: number, atLeast: number): Int32Array {
  let spent = 0
  let count = 0
  while (count < rows.length) {
    spent += guess[rows[count]]
    if (spent > seconds) break
    count++
  }
  return rows.subarray(0, Math.max(count, atLeast))
}
