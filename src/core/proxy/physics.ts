import { relativeNnls } from './linear/nnls'
import { workColumns } from './features'
import type { ShapeRows } from './samples'

/**
 * The physical base: time as a non-negative sum of work terms, fitted for least squares of the relative error.
 * Global terms are MACs x {max(QA, QW), QA, QW, 1}, outputs, im2col elements, weights, inputs and a constant; within
 * one bit pair the precision products are proportional to MACs, so its terms are MACs, the elements and a constant.
 */
export interface PhysicsFit {
  /** Coefficients over globalTerms. */
  global: Float64Array
  /** Coefficients over pairTerms by pairKey; pairs not measured fall back to the global ones. */
  pairs: Map<number, Float64Array>
}

export type PhysicsKind = 'global' | 'pair' | 'mix'

/** Pulls a pair's coefficients to the global fit with the weight of this many rows. */
const pullRows = 4

export function pairKey(activationBits: number, weightBits: number): number {
  return activationBits * 64 + weightBits
}

export function fitPhysics(rows: ShapeRows, time: Float64Array): PhysicsFit {
  const global = relativeNnls(globalTerms(rows), time)
  const terms = pairTerms(rows)
  const members = new Map<number, number[]>()
  for (let row = 0; row < rows.count; row++) {
    const key = pairKey(rows.activationBits[row], rows.weightBits[row])
    const list = members.get(key)
    if (list === undefined) members.set(key, [row])
    else list.push(row)
  }
  const pairs = new Map<number, Float64Array>()
  for (const [key, list] of members) {
    const prior = globalAsPair(global, Math.floor(key / 64), key % 64)
    pairs.set(key, relativeNnls(terms, time, { rows: list, prior, pull: pullRows }))
  }
  return { global, pairs }
}

/** Predicted time, > 0. */
export function predictPhysics(fit: PhysicsFit, rows: ShapeRows, kind: PhysicsKind): Float64Array {
  const predicted = new Float64Array(rows.count)
  const global = globalTerms(rows)
  const terms = pairTerms(rows)
  for (let row = 0; row < rows.count; row++) {
    const whole = positive(dot(fit.global, global, row))
    const own = fit.pairs.get(pairKey(rows.activationBits[row], rows.weightBits[row]))
    const pair = own === undefined ? whole : positive(dot(own, terms, row))
    predicted[row] = kind === 'global' ? whole : kind === 'pair' ? pair : Math.sqrt(whole * pair)
  }
  return predicted
}

function globalTerms(rows: ShapeRows): Float64Array[] {
  const work = workColumns(rows)
  const { activationBits: qa, weightBits: qw } = rows
  return [
    work.macs.map((macs, row) => macs * Math.max(qa[row], qw[row])),
    work.macs.map((macs, row) => macs * qa[row]),
    work.macs.map((macs, row) => macs * qw[row]),
    work.macs,
    work.outputs,
    work.patches,
    work.weights,
    work.inputs,
    new Float64Array(rows.count).fill(1)
  ]
}

function pairTerms(rows: ShapeRows): Float64Array[] {
  return globalTerms(rows).slice(3)
}

/** What the global coefficients amount to within one bit pair. */
function globalAsPair(global: Float64Array, qa: number, qw: number): Float64Array {
  const coefficients = global.slice(3)
  coefficients[0] += global[0] * Math.max(qa, qw) + global[1] * qa + global[2] * qw
  return coefficients
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
