import type { KernelName } from '../../shared/vocabulary'
import { kernelSpec, requireProxyKernel, rowSpec } from '../kernel/spec'
import type { BenchItem, KernelShape } from '../kernel/shape'
import type { TimeUnit } from '../../shared/vocabulary'
import { noBits, type SampleTable, type ShapeRows } from '../proxy/samples'

/** Shape columns of a bench shape, in the order of its rowSpec. @throws input.unsupported for kernels without columns */
export function toColumns(shape: KernelShape): number[] {
  return rowSpec(shape.kernel).toColumns(shape.dims)
}

/** The bench shape of CSV columns. @throws input.unsupported for kernels without columns */
export function toDims(kernel: KernelName, columns: readonly number[]): number[] {
  return rowSpec(kernel).toDims(columns)
}

/** Items of one kernel as the proxies take them. @throws input.unsupported for kernels without columns */
export function toShapeRows(kernel: KernelName, items: readonly BenchItem[]): ShapeRows {
  const { columns } = rowSpec(kernel)
  const { hasWeights } = kernelSpec(kernel)
  const rows = items.map(toColumns)
  return {
    kernel: requireProxyKernel(kernel),
    count: items.length,
    dims: columns.map((_, index) => Float64Array.from(rows, (sizes) => sizes[index])),
    activationBits: Float64Array.from(items, (item) => (hasWeights ? item.activationBits : noBits)),
    weightBits: Float64Array.from(items, (item) => (hasWeights ? item.weightBits : noBits))
  }
}

/** Samples of one kernel and unit as the proxies take them. `labels`: text columns, one value per sample. */
export function toProxySamples(
  kernel: KernelName,
  unit: TimeUnit,
  items: readonly (BenchItem & { time: number })[],
  labels?: Readonly<Record<string, readonly string[]>>
): SampleTable {
  return {
    ...toShapeRows(kernel, items),
    unit,
    time: Float64Array.from(items, (item) => item.time),
    ...(labels === undefined ? {} : { labels })
  }
}
