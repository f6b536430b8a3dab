import { groupByShape, shapeFolds, splitRows } from '../fit/folds'
import { relativeNnls } from '../../math/nnls'
import { globalAsPair, globalTerms, precisionTerms, termSetsOf, type TermSet } from './physicsTerms'
import { takeSamples, type SampleTable, type ShapeRows } from '../samples'

/**
 * The physical base: time as a non-negative sum of work terms (physicsTerms.ts), fitted for least squares of the
 * relative error, once over all rows and once per bit pair.
 *
 * A pair's coefficients are pulled to the global fit, each by what its term contributes over all samples: a term
 * that matters only in large layers stays where the large layers of other pairs put it.
 */
export interface PhysicsFit {
  terms: TermSet
  /** Coefficients over globalTerms. */
  global: Float64Array
  /** Coefficients over globalTerms without the precision products, by pairKey; pairs not measured fall back to the global ones. */
  pairs: Map<number, Float64Array>
}

/** mix: geometric mean of global and pair. */
export type PhysicsKind = 'global' | 'pair' | 'mix'

/**
 * The pull weighs as much as this over the pair's rows (in rows): it settles what few rows leave open, and hardly bends
 * a well measured pair to the global fit, whose precision products are a rough form. Flat between 0.5 and 1 on four
 * devices.
 */
const pull = 1
/** A poorer term set must lower the error on unseen shapes by this share: real kernels pack. */
const betterToReplace = 0.1
const choiceFolds = 4
/** Rounds of reweighting of the robust fit; it has settled after four. */
const robustRounds = 4

/** Number that stands for a bit pair in maps. */
export function pairKey(activationBits: number, weightBits: number): number {
  return activationBits * 64 + weightBits
}

/**
 * Fits both on the term set that predicts unseen shapes best. With `robust`, rows whose log error exceeds the median
 * are weighed down in proportion (Huber's reweighting), so that a few odd layers do not bend the whole.
 */
export function fitPhysics(samples: SampleTable, robust = false): PhysicsFit {
  return fitTerms(samples, chooseTerms(samples), robust)
}

/** The richest set, unless held-out shapes show that its terms cannot be separated. */
function chooseTerms(samples: SampleTable): TermSet {
  const [richest, ...poorer] = termSetsOf(samples.kernel)
  if (groupByShape(samples).groups < 2) return richest
  const folds = shapeFolds(samples, choiceFolds)
  const parts = Array.from({ length: folds.folds }, (_, fold) => {
    const { train, test } = splitRows(folds, fold)
    return { train: takeSamples(samples, train), test: takeSamples(samples, test) }
  })
  let best: TermSet = richest
  let lowest = Infinity
  for (const set of [richest, ...poorer]) {
    let sum = 0
    for (const { train, test } of parts) {
      const predicted = predictPhysics(fitTerms(train, set, false), test, 'pair')
      for (let row = 0; row < test.count; row++) sum += Math.abs(Math.log(predicted[row] / test.time[row]))
    }
    if (sum < lowest * (1 - betterToReplace)) [lowest, best] = [sum, set]
  }
  return best
}

function fitTerms(samples: SampleTable, set: TermSet, robust: boolean): PhysicsFit {
  const { time } = samples
  const terms = globalTerms(samples, set)
  const shared = terms.slice(precisionTerms)
  let global = relativeNnls(terms, time)
  for (let round = 0; robust && round < robustRounds; round++) {
    const weight = huberWeights(time, (row) => positive(dot(global, terms, row)))
    global = relativeNnls(terms, time, { weight })
  }
  const members = new Map<number, number[]>()
  for (let row = 0; row < samples.count; row++) {
    const key = pairKey(samples.activationBits[row], samples.weightBits[row])
    const list = members.get(key)
    if (list === undefined) members.set(key, [row])
    else list.push(row)
  }
  const pullScale = Float64Array.from(shared, (column) => meanSquareShare(column, time))
  const pairs = new Map<number, Float64Array>()
  const fitPairs = (weight?: Float64Array): void => {
    for (const [key, list] of members) {
      const prior = globalAsPair(global, Math.floor(key / 64), key % 64)
      const options = { rows: list, prior, pull: pull / list.length, pullScale }
      pairs.set(key, relativeNnls(shared, time, weight === undefined ? options : { ...options, weight }))
    }
  }
  fitPairs()
  for (let round = 0; robust && round < robustRounds; round++) {
    const keyOf = (row: number): number => pairKey(samples.activationBits[row], samples.weightBits[row])
    fitPairs(huberWeights(time, (row) => positive(dot(pairs.get(keyOf(row)) ?? global, shared, row))))
  }
  return { terms: set, global, pairs }
}

/** Predicted time, at least 1. */
export function predictPhysics(fit: PhysicsFit, rows: ShapeRows, kind: PhysicsKind): Float64Array {
  const predicted = new Float64Array(rows.count)
  const terms = globalTerms(rows, fit.terms)
  const shared = terms.slice(precisionTerms)
  for (let row = 0; row < rows.count; row++) {
    const whole = positive(dot(fit.global, terms, row))
    const own = fit.pairs.get(pairKey(rows.activationBits[row], rows.weightBits[row]))
    const pair = own === undefined ? whole : positive(dot(own, shared, row))
    predicted[row] = kind === 'global' ? whole : kind === 'pair' ? pair : Math.sqrt(whole * pair)
  }
  return predicted
}

function meanSquareShare(column: Float64Array, time: Float64Array): number {
  let sum = 0
  for (let row = 0; row < column.length; row++) sum += (column[row] / time[row]) ** 2
  return sum / column.length
}

/** 1 for rows within the (upper) median of the absolute log errors, that median / error beyond it. */
function huberWeights(time: Float64Array, predicted: (row: number) => number): Float64Array {
  const errors = time.map((value, row) => Math.abs(Math.log(predicted(row) / value)))
  const upperMedian = errors.slice().sort()[errors.length >> 1]
  const knee = Math.max(0.01, upperMedian)
  return errors.map((error) => (error <= knee ? 1 : knee / error))
}

function dot(coefficients: Float64Array, columns: readonly Float64Array[], row: number): number {
  let sum = 0
  for (let term = 0; term < coefficients.length; term++) sum += coefficients[term] * columns[term][row]
  return sum
}

/** A clock tick at least: a prediction of 0 has no logarithm. */
function positive(time: number): number {
  return time > 1 ? time : 1
}
