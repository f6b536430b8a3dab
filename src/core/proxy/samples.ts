import { AppError } from '../../shared/errors'
import type { ProxyKernelName, TimeUnit } from '../../shared/vocabulary'
import { concatenate } from '../math/concatenate'
import { rowSpec } from '../kernel/spec'

/** Bit widths of operators that have none (pooling in float and the like). */
export const noBits = 0

/** Layers to predict: `count` rows in columns. `dims` follows rowSpec(kernel).dims; bits are 1..32 or noBits. */
export interface ShapeRows {
  readonly kernel: ProxyKernelName
  readonly count: number
  readonly dims: readonly Float64Array[]
  readonly activationBits: Float64Array
  readonly weightBits: Float64Array
}

/** Measurements: layers with their time. `labels` holds text columns that came along (board, sample id, ...). */
export interface SampleTable extends ShapeRows {
  readonly unit: TimeUnit
  /** > 0, in `unit`. */
  readonly time: Float64Array
  readonly labels?: Readonly<Record<string, readonly string[]>>
}

/** One layer in words, for callers that have few: the network predictor, the search, the pages. */
export interface LayerShape {
  dims: readonly number[]
  activationBits: number
  weightBits: number
}

/** Columns from single layers; dims are checked against the kernel's. */
export function shapeRows(kernel: ProxyKernelName, layers: readonly LayerShape[]): ShapeRows {
  const spec = rowSpec(kernel)
  const rows: ShapeRows = {
    kernel,
    count: layers.length,
    dims: spec.columns.map(() => new Float64Array(layers.length)),
    activationBits: new Float64Array(layers.length),
    weightBits: new Float64Array(layers.length)
  }
  layers.forEach((layer, row) => {
    if (layer.dims.length !== spec.columns.length) {
      throw new AppError(
        'input.invalid',
        `A ${kernel} has ${spec.columns.length} dimensions, not ${layer.dims.length}.`,
        `Give ${spec.columns.map((column) => column.name).join(', ')} in this order.`
      )
    }
    layer.dims.forEach((value, at) => (rows.dims[at][row] = value))
    rows.activationBits[row] = layer.activationBits
    rows.weightBits[row] = layer.weightBits
  })
  return rows
}

/** The rows at `indices`, in that order. */
export function takeShapes(rows: ShapeRows, indices: ArrayLike<number>): ShapeRows {
  return {
    kernel: rows.kernel,
    count: indices.length,
    dims: rows.dims.map((column) => gather(column, indices)),
    activationBits: gather(rows.activationBits, indices),
    weightBits: gather(rows.weightBits, indices)
  }
}

/** The samples at `indices`, in that order. */
export function takeSamples(samples: SampleTable, indices: ArrayLike<number>): SampleTable {
  const taken = { ...takeShapes(samples, indices), unit: samples.unit, time: gather(samples.time, indices) }
  if (samples.labels === undefined) return taken
  const labels = Object.fromEntries(
    Object.entries(samples.labels).map(([name, values]) => [name, Array.from(indices, (row) => values[row])])
  )
  return { ...taken, labels }
}

/** All rows of several sets of the same kernel and unit, in order; labels are kept where every set has them. */
export function joinSamples(sets: readonly SampleTable[]): SampleTable {
  const [first] = sets
  if (first === undefined) {
    throw new AppError(
      'input.invalid',
      'There are no samples to join.',
      'Give at least one file or campaign.'
    )
  }
  for (const set of sets) {
    if (set.kernel !== first.kernel || set.unit !== first.unit) {
      throw new AppError(
        'data.invalid',
        `Samples of ${set.kernel} in ${set.unit} cannot be joined with ${first.kernel} in ${first.unit}.`,
        'Fit one proxy per kernel and unit.'
      )
    }
  }
  if (sets.length === 1) return first
  const joined = {
    kernel: first.kernel,
    unit: first.unit,
    count: sets.reduce((sum, set) => sum + set.count, 0),
    dims: first.dims.map((_, at) => concatenate(sets.map((set) => set.dims[at]))),
    activationBits: concatenate(sets.map((set) => set.activationBits)),
    weightBits: concatenate(sets.map((set) => set.weightBits)),
    time: concatenate(sets.map((set) => set.time))
  }
  const names = Object.keys(first.labels ?? {}).filter((name) =>
    sets.every((set) => set.labels?.[name] !== undefined)
  )
  if (names.length === 0) return joined
  return {
    ...joined,
    labels: Object.fromEntries(names.map((name) => [name, sets.flatMap((set) => set.labels?.[name] ?? [])]))
  }
}

/** values[indices[i]] */
export function gather(values: Float64Array, indices: ArrayLike<number>): Float64Array {
  const taken = new Float64Array(indices.length)
  for (let i = 0; i < taken.length; i++) taken[i] = values[indices[i]]
  return taken
}

/** "H16 W16 C8 K16 KS3 S1", for tables and messages. */
export function shapeText(rows: ShapeRows, row: number): string {
  return rowSpec(rows.kernel)
    .columns.map((column, at) => `${column.name}${rows.dims[at][row]}`)
    .join(' ')
}
