import { kernelSpec, rowSpec } from '../kernel/spec'
import { emptyWork } from '../kernel/work'
import type { FeatureMatrix } from '../regression/featureMatrix'
import type { ShapeRows } from './samples'

/**
 * The only feature extractor: fit and predict both come through here. Definitions follow the MiCo profile tools
 * (arXiv 2508.09500): BOPs = MACs * QA * QW; CBOPs = (MACs * max(QA, QW), MACs * QW, MACs * QA).
 *
 * raw     dimensions and bit widths
 * macs    MACs alone (first stage of the two-stage proxy); macs+ with raw
 * bops, cbops   as above; with + raw too
 * raw+    raw, QA != QW, floor(32 / QW), floor(32 / QA)
 * log     logarithms of dimensions and bit widths alone
 * physics logarithms of dimensions, work terms and their ratios, precision terms
 * tiles   physics, traffic in bits, and what rounding up to a 16, 32 or 1024 bit wide array costs
 */
export const featureSets = [
  'raw',
  'macs',
  'macs+',
  'bops',
  'bops+',
  'cbops',
  'cbops+',
  'raw+',
  'log',
  'physics',
  'tiles'
] as const

/** Name of a set of features. */
export type FeatureSet = (typeof featureSets)[number]

/** Which features of a set are left out. */
export interface FeatureOptions {
  /** Leave the bit widths out: the first stage of the two-stage proxy sees shapes alone. */
  withoutPrecision?: boolean
}

/** Work terms of every row, one column each. */
export interface WorkColumns {
  macs: Float64Array
  outputs: Float64Array
  patches: Float64Array
  weights: Float64Array
  inputs: Float64Array
}

/** MACs, outputs, patch elements, weights and inputs of every row. */
export function workColumns(rows: ShapeRows): WorkColumns {
  const spec = rowSpec(rows.kernel)
  const columns: WorkColumns = {
    macs: new Float64Array(rows.count),
    outputs: new Float64Array(rows.count),
    patches: new Float64Array(rows.count),
    weights: new Float64Array(rows.count),
    inputs: new Float64Array(rows.count)
  }
  const work = emptyWork()
  const dims = new Float64Array(spec.columns.length)
  for (let row = 0; row < rows.count; row++) {
    for (let at = 0; at < dims.length; at++) dims[at] = rows.dims[at][row]
    spec.work(dims, work)
    columns.macs[row] = work.macs
    columns.outputs[row] = work.outputs
    columns.patches[row] = work.patches
    columns.weights[row] = work.weights
    columns.inputs[row] = work.inputs
  }
  return columns
}

/** The power of two a width is computed in: 3 bits take the room of 4. Widths of operators without any are 1. */
export function containerBits(bits: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(bits, 1)))
}

/** Collects named columns of one table. */
interface ColumnWriter {
  put(name: string, column: Float64Array): void
  /** Computes a column row by row. */
  putEach(name: string, of: (row: number) => number): void
}

/** What every group of features is computed from; `precision`: bit widths belong to the set. */
interface FeatureInput {
  rows: ShapeRows
  work: WorkColumns
  set: FeatureSet
  precision: boolean
}

/** Returns the features of a set for every row, one column each. */
export function extractFeatures(
  rows: ShapeRows,
  set: FeatureSet,
  options: FeatureOptions = {}
): FeatureMatrix {
  const { count } = rows
  const names: string[] = []
  const columns: Float64Array[] = []
  const put = (name: string, column: Float64Array): void => {
    names.push(name)
    columns.push(column)
  }
  const writer: ColumnWriter = {
    put,
    putEach(name, of) {
      const column = new Float64Array(count)
      for (let row = 0; row < count; row++) column[row] = of(row)
      put(name, column)
    }
  }
  const precision = options.withoutPrecision !== true && kernelSpec(rows.kernel).hasWeights
  const input: FeatureInput = { rows, work: workColumns(rows), set, precision }
  const hasTerms = set === 'physics' || set === 'tiles'
  putOperations(writer, input)
  if (set === 'raw' || (set.endsWith('+') && set !== 'log')) putRaw(writer, input)
  if (set === 'raw+' && precision) putLanes(writer, input)
  if (set === 'log' || hasTerms) putLogs(writer, input)
  if (hasTerms) putWorkTerms(writer, input)
  if (set === 'tiles' && precision) putTiles(writer, input)
  return { names, columns, count }
}

/** MACs, or operations that count bits. */
function putOperations({ put, putEach }: ColumnWriter, { rows, work, set, precision }: FeatureInput): void {
  const { activationBits: qa, weightBits: qw } = rows
  const { macs } = work
  if (set === 'macs' || set === 'macs+' || (!precision && /^c?bops/.test(set))) put('MACs', macs)
  else if (set.startsWith('bops')) putEach('BOPs', (row) => macs[row] * qa[row] * qw[row])
  else if (set.startsWith('cbops')) {
    putEach('BMACs', (row) => macs[row] * Math.max(qa[row], qw[row]))
    putEach('WLoads', (row) => macs[row] * qw[row])
    putEach('ALoads', (row) => macs[row] * qa[row])
  }
}

/** Dimensions and bit widths as they are. */
function putRaw({ put }: ColumnWriter, { rows, precision }: FeatureInput): void {
  rowSpec(rows.kernel).columns.forEach((column, at) => put(column.name, rows.dims[at]))
  if (!precision) return
  put('QA', rows.activationBits)
  put('QW', rows.weightBits)
}

/** Values per 32-bit word, and whether the two widths differ. */
function putLanes({ putEach }: ColumnWriter, { rows }: FeatureInput): void {
  const { activationBits: qa, weightBits: qw } = rows
  putEach('QA!=QW', (row) => (qa[row] === qw[row] ? 0 : 1))
  putEach('32/QW', (row) => Math.floor(32 / qw[row]))
  putEach('32/QA', (row) => Math.floor(32 / qa[row]))
}

/** Logarithms of dimensions and bit widths. */
function putLogs({ putEach }: ColumnWriter, { rows, precision }: FeatureInput): void {
  const { activationBits: qa, weightBits: qw } = rows
  rowSpec(rows.kernel).columns.forEach((column, at) =>
    putEach(`log ${column.name}`, (row) => log2(rows.dims[at][row]))
  )
  if (!precision) return
  putEach('log QA', (row) => log2(qa[row]))
  putEach('log QW', (row) => log2(qw[row]))
}

/** Logarithms of work terms, their ratios and what they come to in bits. */
function putWorkTerms({ putEach }: ColumnWriter, { rows, work, precision }: FeatureInput): void {
  const { activationBits: qa, weightBits: qw } = rows
  const { macs } = work
  for (const name of ['macs', 'outputs', 'patches', 'weights', 'inputs'] as const) {
    putEach(`log ${name}`, (row) => log2(work[name][row]))
  }
  putEach('log macs/outputs', (row) => log2(macs[row] / work.outputs[row]))
  putEach('log patches/inputs', (row) => Math.log2(work.patches[row] / work.inputs[row]))
  if (!precision) return
  putEach('log max Q', (row) => log2(Math.max(qa[row], qw[row])))
  putEach('log QA/QW', (row) => Math.log2(qa[row] / qw[row]))
  putEach('log weight bits', (row) => log2(work.weights[row] * qw[row]))
  putEach('log input bits', (row) => log2(work.inputs[row] * qa[row]))
  putEach('log patch bits', (row) => log2(work.patches[row] * qa[row]))
  putEach('log reduction bits', (row) => log2((macs[row] / work.outputs[row]) * qw[row]))
}

/** Traffic in the widths that are computed in, and what rounding up to the width of an array costs. */
function putTiles({ putEach }: ColumnWriter, { rows, work }: FeatureInput): void {
  const { activationBits: qa, weightBits: qw } = rows
  const { macs } = work
  const boxes = (row: number): number => containerBits(qa[row]) * containerBits(qw[row])
  const reduction = (row: number): number => macs[row] / work.outputs[row]
  const outputsPerPosition = (row: number): number => (work.outputs[row] * reduction(row)) / work.patches[row]
  putEach('log box A', (row) => log2(containerBits(qa[row])))
  putEach('log box W', (row) => log2(containerBits(qw[row])))
  putEach('log box AW', (row) => log2(boxes(row)))
  putEach('log box work', (row) => log2(macs[row] * boxes(row)))
  putEach('log box work/weight bits', (row) =>
    Math.log2((macs[row] * boxes(row)) / (work.weights[row] * qw[row] + 1))
  )
  putEach('log box work/patch bits', (row) =>
    Math.log2((macs[row] * boxes(row)) / (work.patches[row] * qa[row]))
  )
  putEach('waste out 16', (row) => waste(outputsPerPosition(row), 16))
  putEach('waste out 32', (row) => waste(outputsPerPosition(row), 32))
  putEach('waste in 32', (row) => waste(reduction(row), 32))
  putEach('waste in 1024 bit', (row) => waste(reduction(row) * boxes(row), 1024))
}

/** Work terms and bit widths below 1 (there are none but 0) count as 1. */
function log2(value: number): number {
  return Math.log2(Math.max(value, 1))
}

/** log2 of what rounding `size` up to a multiple of `step` multiplies it by. */
function waste(size: number, step: number): number {
  return Math.log2((Math.ceil(size / step) * step) / size)
}
