import { kernelSpec, type Work } from './kernels'
import type { ShapeRows } from './samples'

/**
 * The only feature extractor: fit and predict both come through here. Definitions follow the MiCo profile tools
 * (arXiv 2508.09500): BOPs = MACs * QA * QW; CBOPs = (MACs * max(QA, QW), MACs * QW, MACs * QA).
 *
 * raw     dimensions and bit widths
 * macs    MACs alone (first stage of the two-stage proxy); macs+ with raw
 * bops, cbops   as above; with + raw too
 * raw+    raw, QA != QW, floor(32 / QW), floor(32 / QA)
 * physics logarithms of the work terms and dimensions, precision terms: what the residual trees and the GP use
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
  'physics'
] as const
export type FeatureSet = (typeof featureSets)[number]

/** Column-major numbers: columns[feature][row]. */
export interface FeatureMatrix {
  readonly names: readonly string[]
  readonly columns: readonly Float64Array[]
  readonly count: number
}

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

export function workColumns(rows: ShapeRows): WorkColumns {
  const spec = kernelSpec(rows.kernel)
  const columns: WorkColumns = {
    macs: new Float64Array(rows.count),
    outputs: new Float64Array(rows.count),
    patches: new Float64Array(rows.count),
    weights: new Float64Array(rows.count),
    inputs: new Float64Array(rows.count)
  }
  const work: Work = { macs: 0, outputs: 0, patches: 0, weights: 0, inputs: 0 }
  const dims = new Float64Array(spec.dims.length)
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

export function extractFeatures(
  rows: ShapeRows,
  set: FeatureSet,
  options: FeatureOptions = {}
): FeatureMatrix {
  const names: string[] = []
  const columns: Float64Array[] = []
  const put = (name: string, column: Float64Array): void => {
    names.push(name)
    columns.push(column)
  }
  const spec = kernelSpec(rows.kernel)
  const precision =
    options.withoutPrecision !== true && (spec.hasPrecision || rows.activationBits.some((bits) => bits > 0))
  const { activationBits: qa, weightBits: qw } = rows
  const combine = (of: (row: number) => number): Float64Array =>
    Float64Array.from({ length: rows.count }, (_, row) => of(row))

  const work = workColumns(rows)
  if (set === 'macs' || set === 'macs+') put('MACs', work.macs)
  if ((set === 'bops' || set === 'bops+') && precision)
    put(
      'BOPs',
      combine((row) => work.macs[row] * qa[row] * qw[row])
    )
  if ((set === 'bops' || set === 'bops+' || set === 'cbops' || set === 'cbops+') && !precision)
    put('MACs', work.macs)
  if ((set === 'cbops' || set === 'cbops+') && precision) {
    put(
      'BMACs',
      combine((row) => work.macs[row] * Math.max(qa[row], qw[row]))
    )
    put(
      'WLoads',
      combine((row) => work.macs[row] * qw[row])
    )
    put(
      'ALoads',
      combine((row) => work.macs[row] * qa[row])
    )
  }
  if (set === 'raw' || set.endsWith('+')) {
    spec.dims.forEach((column, at) => put(column.name, rows.dims[at]))
    if (precision) {
      put('QA', qa)
      put('QW', qw)
    }
  }
  if (set === 'raw+' && precision) {
    put(
      'QA!=QW',
      combine((row) => (qa[row] === qw[row] ? 0 : 1))
    )
    put(
      '32/QW',
      combine((row) => Math.floor(32 / qw[row]))
    )
    put(
      '32/QA',
      combine((row) => Math.floor(32 / qa[row]))
    )
  }
  if (set === 'physics') {
    const logOf = (column: Float64Array): Float64Array => column.map((value) => Math.log2(Math.max(value, 1)))
    spec.dims.forEach((column, at) => put(`log ${column.name}`, logOf(rows.dims[at])))
    for (const name of ['macs', 'outputs', 'patches', 'weights', 'inputs'] as const)
      put(`log ${name}`, logOf(work[name]))
    put(
      'log macs/outputs',
      combine((row) => Math.log2(work.macs[row] / work.outputs[row]))
    )
    if (precision) {
      put('log QA', logOf(qa))
      put('log QW', logOf(qw))
      put(
        'log max Q',
        combine((row) => Math.log2(Math.max(qa[row], qw[row])))
      )
      put(
        'log QA/QW',
        combine((row) => Math.log2(qa[row] / qw[row]))
      )
    }
  }
  return { names, columns, count: rows.count }
}
