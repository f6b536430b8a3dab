import { workColumns } from './features'
import { relativeNnls } from './linear/nnls'
import { packedWork } from './packedWork'
import type { ShapeRows } from './samples'

/**
 * The physical base: time as a non-negative sum of work terms, fitted for least squares of the relative error.
 * Global terms are aligned MACs x {max(QA, QW), QA, QW, 1}, MACs, what packed operands and register blocks add to them
 * (packedWork.ts), outputs, im2col elements, weights, inputs and a constant; within one bit pair the precision products
 * are proportional to aligned MACs and fall away.
 *
 * A pair's coefficients are pulled to the global fit, each by what its term contributes over all samples: a term
 * that matters only in large layers stays where the large layers of other pairs put it.
 */
export interface PhysicsFit {
  /** Coefficients over globalTerms. */
  global: Float64Array
  /** Coefficients over pairTerms by pairKey; pairs not measured fall back to the global ones. */
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
/** Products of aligned MACs and bit widths that stand before aligned MACs in globalTerms. */
const precisionTerms = 3
/** Rounds of reweighting of the robust fit; it has settled after four. */
const robustRounds = 4

export function pairKey(activationBits: number, weightBits: number): number {
  return activationBits * 64 + weightBits
}

/**
 * Fits both. With `robust`, rows whose log error exceeds the median are weighed down in proportion (Huber's
 * reweighting), so that a few odd layers do not bend the whole.
 */
export function fitPhysics(rows: ShapeRows, time: Float64Array, robust = false): PhysicsFit {
  const terms = globalTerms(rows)
  const shared = terms.slice(precisionTerms)
  let global = relativeNnls(terms, time)
  for (let round = 0; robust && round < robustRounds; round++) {
    const weight = huberWeights(time, (row) => positive(dot(global, terms, row)))
    global = relativeNnls(terms, time, { weight })
  }
  const members = new Map<number, number[]>()
  for (let row = 0; row < rows.count; row++) {
    const key = pairKey(rows.activationBits[row], rows.weightBits[row])
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
    const keyOf = (row: number): number => pairKey(rows.activationBits[row], rows.weightBits[row])
    fitPairs(huberWeights(time, (row) => positive(dot(pairs.get(keyOf(row)) ?? global, shared, row))))
  }
  return { global, pairs }
}

/** Predicted time, at least 1. */
export function predictPhysics(fit: PhysicsFit, rows: ShapeRows, kind: PhysicsKind): Float64Array {
  const predicted = new Float64Array(rows.count)
  const terms = globalTerms(rows)
  const shared = terms.slice(precisionTerms)
  for (let row = 0; row < rows.count; row++) {
    const whole = positive(dot(fit.global, terms, row))
    const own = fit.pairs.get(pairKey(rows.activationBits[row], rows.weightBits[row]))
    const pair = own === undefined ? whole : positive(dot(own, shared, row))
    predicted[row] = kind === 'global' ? whole : kind === 'pair' ? pair : Math.sqrt(whole * pair)
  }
  return predicted
}

function globalTerms(rows: ShapeRows): Float64Array[] {
  const work = workColumns(rows)
  const packed = packedWork(work)
  const aligned = packed.alignedMacs
  const { activationBits: qa, weightBits: qw } = rows
  return [
    aligned.map((macs, row) => macs * Math.max(qa[row], qw[row])),
    aligned.map((macs, row) => macs * qa[row]),
    aligned.map((macs, row) => macs * qw[row]),
    aligned,
    work.macs,
    packed.blockedMacs,
    packed.unpackedWeights,
    work.outputs,
    work.patches,
    packed.alignedPatches,
    packed.rows,
    work.weights,
    work.inputs,
    new Float64Array(rows.count).fill(1)
  ]
}

/** What the global coefficients amount to within one bit pair. */
function globalAsPair(global: Float64Array, qa: number, qw: number): Float64Array {
  const coefficients = global.slice(precisionTerms)
  coefficients[0] += global[0] * Math.max(qa, qw) + global[1] * qa + global[2] * qw
  return coefficients
}

function meanSquareShare(column: Float64Array, time: Float64Array): number {
  let sum = 0
  for (let row = 0; row < column.length; row++) sum += (column[row] / time[row]) ** 2
  return sum / column.length
}

/** 1 for rows within the median absolute log error, median / error beyond it. */
function huberWeights(time: Float64Array, predicted: (row: number) => number): Float64Array {
  const errors = time.map((value, row) => Math.abs(Math.log(predicted(row) / value)))
  const median = errors.slice().sort()[errors.length >> 1]
  const knee = Math.max(0.01, median)
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
