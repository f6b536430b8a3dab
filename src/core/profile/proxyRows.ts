import { AppError } from '../../shared/errors'
import type { KernelName } from '../board/boardInfo'
import { kernelSpec, type KernelName as ProxyKernelName } from '../proxy/kernels'
import { noBits, type Samples, type ShapeRows, type TimeUnit } from '../proxy/samples'
import type { BenchItem, KernelShape } from './kernelShape'

/**
 * Between the sizes of the board's bench command and the columns of the profile CSV files. The files know no padding:
 * H and W stand there after padding, so a padded layer reads back as the equal one without.
 */
interface Mapping {
  proxy: ProxyKernelName
  toColumns: (dims: readonly number[]) => number[]
  toDims: (columns: readonly number[]) => number[]
}

const same = (dims: readonly number[]): number[] => [...dims]
/** h w c ks stride <-> C H W K S */
const pool = {
  toColumns: ([h, w, c, ks, stride]: readonly number[]) => [c!, h!, w!, ks!, stride!],
  toDims: ([c, h, w, ks, stride]: readonly number[]) => [h!, w!, c!, ks!, stride!]
}

const mappings: Readonly<Partial<Record<KernelName, Mapping>>> = {
  matmul: { proxy: 'matmul', toColumns: same, toDims: same },
  conv2d: {
    proxy: 'conv2d',
    toColumns: ([h, w, c, k, ks, stride, pad]) => [h! + 2 * pad!, w! + 2 * pad!, c!, k!, ks!, stride!],
    toDims: (columns) => [...columns, 0]
  },
  depthwiseConv2d: {
    proxy: 'dwconv2d',
    toColumns: ([h, w, c, ks, stride, pad]) => [h! + 2 * pad!, w! + 2 * pad!, c!, ks!, stride!],
    toDims: (columns) => [...columns, 0]
  },
  maxPool: { proxy: 'maxpool', ...pool },
  avgPool: { proxy: 'avgpool', ...pool },
  add: { proxy: 'add', toColumns: same, toDims: same },
  requantize: {
    proxy: 'requantize',
    toColumns: ([pixels, channels]) => [pixels! * channels!],
    toDims: ([elements]) => [elements!, 1]
  }
}

/** The kernel's name in files and proxies. @throws input.unsupported for kernels that have no file format */
export function proxyKernel(kernel: KernelName): ProxyKernelName {
  return mappingOf(kernel).proxy
}

/** The board's kernel of a proxy's kernel. */
export function boardKernel(proxy: ProxyKernelName): KernelName {
  const found = (Object.keys(mappings) as KernelName[]).find((kernel) => mappings[kernel]!.proxy === proxy)
  return found!
}

/** Shape columns of a bench shape, in the order of kernelSpec(proxyKernel(kernel)).dims. */
export function toColumns(shape: KernelShape): number[] {
  return mappingOf(shape.kernel).toColumns(shape.dims)
}

/** The bench shape of CSV columns. */
export function toDims(kernel: KernelName, columns: readonly number[]): number[] {
  return mappingOf(kernel).toDims(columns)
}

/** Items of one kernel as the proxies take them. @throws input.unsupported for kernels that have no file format */
export function toShapeRows(kernel: KernelName, items: readonly BenchItem[]): ShapeRows {
  const { proxy } = mappingOf(kernel)
  const spec = kernelSpec(proxy)
  const rows = items.map(toColumns)
  return {
    kernel: proxy,
    count: items.length,
    dims: spec.dims.map((_, at) => Float64Array.from(rows, (columns) => columns[at]!)),
    activationBits: Float64Array.from(items, (item) => (spec.hasPrecision ? item.activationBits : noBits)),
    weightBits: Float64Array.from(items, (item) => (spec.hasPrecision ? item.weightBits : noBits))
  }
}

/** Samples of one kernel and unit as the proxies take them. `labels`: text columns, one value per sample. */
export function toProxySamples(
  kernel: KernelName,
  unit: TimeUnit,
  items: readonly (BenchItem & { time: number })[],
  labels?: Readonly<Record<string, readonly string[]>>
): Samples {
  return {
    ...toShapeRows(kernel, items),
    unit,
    time: Float64Array.from(items, (item) => item.time),
    ...(labels === undefined ? {} : { labels })
  }
}

function mappingOf(kernel: KernelName): Mapping {
  const mapping = mappings[kernel]
  if (mapping !== undefined) return mapping
  throw new AppError(
    'input.unsupported',
    `There is no profile file format for ${kernel}.`,
    'Export to Parquet, which holds every kernel.'
  )
}
