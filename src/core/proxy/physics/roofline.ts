import { arrayWork } from './arrayWork'
import { containerBits, workColumns } from '../features'
import { relativeNnls } from '../../math/nnls'
import type { ShapeRows } from '../samples'

/**
 * A roofline base (Williams, Waterman and Patterson, CACM 52, 2009): time is the larger of a computing and a moving
 * part, each a non-negative sum of terms fitted for relative error on the rows it governs; who governs which row is
 * found by alternating. Fits machines whose transfers overlap with computing (systolic arrays with double buffers).
 */
export interface RooflineFit {
  compute: Float64Array
  memory: Float64Array
}

const rounds = 12
/** A part with fewer rows than this keeps its last coefficients. */
const minRows = 10

/** Fits computing and moving to times by turns: every row counts for the larger of the two. */
export function fitRoofline(rows: ShapeRows, time: Float64Array): RooflineFit {
  const computing = computeTerms(rows)
  const moving = memoryTerms(rows)
  const sum = relativeNnls([...computing, ...moving], time)
  let compute: Float64Array = sum.slice(0, computing.length)
  let memory: Float64Array = sum.slice(computing.length)
  for (let round = 0; round < rounds; round++) {
    const computeRows: number[] = []
    const memoryRows: number[] = []
    for (let row = 0; row < rows.count; row++) {
      if (dot(compute, computing, row) >= dot(memory, moving, row)) computeRows.push(row)
      else memoryRows.push(row)
    }
    if (computeRows.length >= minRows) compute = relativeNnls(computing, time, { rows: computeRows })
    if (memoryRows.length >= minRows) memory = relativeNnls(moving, time, { rows: memoryRows })
  }
  return { compute, memory }
}

/** Both parts, each at least 1; their larger is the prediction. */
export function predictRoofline(
  fit: RooflineFit,
  rows: ShapeRows
): { compute: Float64Array; memory: Float64Array } {
  const computing = computeTerms(rows)
  const moving = memoryTerms(rows)
  const compute = new Float64Array(rows.count)
  const memory = new Float64Array(rows.count)
  for (let row = 0; row < rows.count; row++) {
    compute[row] = Math.max(1, dot(fit.compute, computing, row))
    memory[row] = Math.max(1, dot(fit.memory, moving, row))
  }
  return { compute, memory }
}

// New terms are added at the end: proxies that were saved with fewer coefficients stay valid.
function computeTerms(rows: ShapeRows): Float64Array[] {
  const work = workColumns(rows)
  const { macs } = work
  const { activationBits: qa, weightBits: qw } = rows
  return [
    macs.map((value, row) => value * containerBits(qa[row]) * containerBits(qw[row])),
    macs,
    new Float64Array(rows.count).fill(1),
    arrayWork(rows, work).compute
  ]
}

function memoryTerms(rows: ShapeRows): Float64Array[] {
  const work = workColumns(rows)
  const { weights, inputs, patches, outputs } = work
  const { activationBits: qa, weightBits: qw } = rows
  return [
    weights.map((value, row) => value * qw[row]),
    inputs.map((value, row) => value * qa[row]),
    patches.map((value, row) => value * qa[row]),
    outputs,
    new Float64Array(rows.count).fill(1),
    arrayWork(rows, work).outputs
  ]
}

function dot(coefficients: Float64Array, columns: readonly Float64Array[], row: number): number {
  let sum = 0
  for (let term = 0; term < coefficients.length; term++) sum += coefficients[term] * columns[term][row]
  return sum
}
