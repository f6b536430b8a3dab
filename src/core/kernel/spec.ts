import { AppError } from '../../shared/errors'
import {
  proxyKernelNames,
  storedKernelNames,
  type KernelName,
  type ProxyKernelName,
  type RecurrentKernel
} from '../../shared/vocabulary'
import { countWork, outputSide, type Work } from './work'

/** A size of the board's `bench` command. */
export interface DimSpec {
  readonly name: string
  readonly meaning: string
  /** 0 for padding, else 1. */
  readonly min: 0 | 1
}

/** A shape column of a profile file. */
export interface ColumnSpec {
  readonly name: string
  /** Other spellings that are read but never written. */
  readonly aliases: readonly string[]
  readonly meaning: string
  /** Value where the column is absent; a column without one is required. */
  readonly absent?: number
}

/**
 * Fills `into` from the sizes in spec order; returns null when they fit, else why no such layer exists. Takes an array
 * of numbers of any kind and allocates nothing: features of a million rows are counted with it.
 */
export type WorkCounter = (sizes: ArrayLike<number>, into: Work) => string | null

/**
 * A kernel in profile files, and so in the rows that proxies are fitted to. Files know no padding: H and W stand there
 * after padding, so a padded layer reads back as the equal one without.
 */
export interface RowSpec {
  /** The kernel's name in files. */
  readonly csvName: string
  readonly columns: readonly ColumnSpec[]
  readonly work: WorkCounter
  readonly toColumns: (dims: readonly number[]) => number[]
  readonly toDims: (columns: readonly number[]) => number[]
}

/** All that the house knows of one kernel. */
export interface KernelSpec {
  readonly name: KernelName
  readonly title: string
  /** Sizes as the board's `bench` command takes them, in wire order (docs/protocol.md). */
  readonly dims: readonly DimSpec[]
  /** Kernels with weights have bit widths that cost something; the files of others may leave QA and QW out. */
  readonly hasWeights: boolean
  /** Operand tensors beside the weights, and bytes of one element of theirs on the board. */
  readonly operands: { readonly count: 1 | 2; readonly bytes: 1 | 4 }
  readonly work: WorkCounter
  /** null for kernels that no file holds and no proxy predicts. */
  readonly rows: RowSpec | null
}

/** What the sizes of a layer are; the same name means the same in every kernel that does not say otherwise. */
const dimMeanings: Readonly<Record<string, string>> = {
  h: 'input height',
  w: 'input width',
  c: 'input channels',
  k: 'output channels',
  ks: 'window side',
  stride: 'stride',
  pad: 'padding on every side'
}

/** @param own meanings that differ from those of layers over images */
const dims = (names: readonly string[], own: Readonly<Record<string, string>> = {}): DimSpec[] =>
  names.map((name) => ({
    name,
    meaning: own[name] ?? dimMeanings[name] ?? name,
    min: name === 'pad' ? 0 : 1
  }))

const column = (
  name: string,
  meaning: string,
  aliases: readonly string[] = [],
  absent?: number
): ColumnSpec => (absent === undefined ? { name, meaning, aliases } : { name, meaning, aliases, absent })

const tooSmall = (height: number, width: number, window: number): string =>
  `a ${window} x ${window} window does not fit into a ${height} x ${width} input`

const convolutionColumns = [
  column('H', 'input height, after padding'),
  column('W', 'input width, after padding'),
  column('C', 'input channels'),
  column('K', 'output channels'),
  column('KS', 'window side', ['Ks', 'ks']),
  column('S', 'stride', ['s'], 1)
]

const poolColumns = [
  column('C', 'channels'),
  column('H', 'input height'),
  column('W', 'input width'),
  column('K', 'window side'),
  column('S', 'stride', ['s'], 1)
]

/** Output pixels of a square window, or -1 where it does not fit. */
function positionsOf(height: number, width: number, side: number, stride: number): number {
  if (side > height || side > width) return -1
  return outputSide(height, side, stride) * outputSide(width, side, stride)
}

/** Convolutions with any padding; `sizes` are H W C K KS S, height and width before padding. */
function convolutionWork(sizes: ArrayLike<number>, pad: number, into: Work): string | null {
  const [h, w, c, k, side, stride] = [sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]]
  const [height, width] = [h + 2 * pad, w + 2 * pad]
  const positions = positionsOf(height, width, side, stride)
  if (positions < 0) return tooSmall(height, width, side)
  countWork.convolution(into, positions, side * side, c, k, h * w * c)
  return null
}

function depthwiseWork(sizes: ArrayLike<number>, pad: number, into: Work): string | null {
  const [h, w, c, side, stride] = [sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]]
  const [height, width] = [h + 2 * pad, w + 2 * pad]
  const positions = positionsOf(height, width, side, stride)
  if (positions < 0) return tooSmall(height, width, side)
  countWork.depthwise(into, positions, side * side, c, h * w * c)
  return null
}

function poolWork(h: number, w: number, c: number, side: number, stride: number, into: Work): string | null {
  const positions = positionsOf(h, w, side, stride)
  if (positions < 0) return tooSmall(h, w, side)
  countWork.pool(into, positions, side * side, c, h * w * c)
  return null
}

const elementWork: WorkCounter = (sizes, into) => {
  countWork.elements(into, sizes[0])
  return null
}

const matrixWork: WorkCounter = (sizes, into) => {
  countWork.matrix(into, sizes[0], sizes[1], sizes[2])
  return null
}

const rowWork: WorkCounter = (sizes, into) => {
  countWork.rows(into, sizes[0], sizes[1])
  return null
}

/** Turned pairs of values: two outputs a pair. */
const pairWork: WorkCounter = (sizes, into) => {
  countWork.rows(into, sizes[0], 2 * sizes[1])
  return null
}

const same = (sizes: readonly number[]): number[] => [...sizes]

/** Rows of files whose columns are the sizes as the board takes them. */
const plainRows = (csvName: string, columns: readonly ColumnSpec[], work: WorkCounter): RowSpec => ({
  csvName,
  columns,
  work,
  toColumns: same,
  toDims: same
})

const codes = { count: 1, bytes: 1 } as const

const pool = (name: 'maxPool' | 'avgPool', title: string, csvName: string): KernelSpec => ({
  name,
  title,
  dims: dims(['h', 'w', 'c', 'ks', 'stride']),
  hasWeights: false,
  operands: codes,
  work: (sizes, into) => poolWork(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], into),
  rows: {
    csvName,
    columns: poolColumns,
    work: (sizes, into) => poolWork(sizes[1], sizes[2], sizes[0], sizes[3], sizes[4], into),
    toColumns: ([h, w, c, ks, stride]) => [c, h, w, ks, stride],
    toDims: ([c, h, w, ks, stride]) => [h, w, c, ks, stride]
  }
})

/** Kernels of rows of codes: softmax and norms. */
const rowKernel = (name: 'softmax' | 'layerNorm' | 'rmsNorm', title: string): KernelSpec => ({
  name,
  title,
  dims: dims(['rows', 'count'], { count: 'codes of a row' }),
  hasWeights: false,
  operands: codes,
  work: rowWork,
  rows: plainRows(name, [column('N', 'rows'), column('M', 'codes of a row')], rowWork)
})

/** Kernels that fetch one code after the other. */
const lookup = (name: 'table' | 'gather', title: string): KernelSpec => ({
  name,
  title,
  dims: dims(['n'], { n: 'elements' }),
  hasWeights: false,
  operands: codes,
  work: elementWork,
  rows: plainRows(name, [column('N', 'elements')], elementWork)
})

/** Gates of a step, in the order of ONNX: input, output, forget, new cell; or update, reset, new state. */
export const gatesOfRecurrence: Readonly<Record<RecurrentKernel, number>> = {
  rnn: 1,
  lstm: 4,
  gru: 3,
  gruAfter: 3
}

/** Whether it names a recurrence. */
export function isRecurrentKernel(name: string): name is RecurrentKernel {
  return Object.hasOwn(gatesOfRecurrence, name)
}

/**
 * What weights of fewer than 8 bits add to a recurrence, as a share of what it costs with 8, since they are taken out of words
 * (resources/kernels/rv32im/recurrent.c): an estimate. 0.02 to 0.37, median 0.215, over all cells at 4, 17 and 64 units, 4, 2 and 1
 * bits, on the virtual boards small, mid and high (cycles of four steps).
 */
export const narrowRecurrenceShare = 0.2

/** Recurrences over all steps, measured with weights of 8 bits; no width of their codes makes them cheaper. */
const recurrence = (name: RecurrentKernel, title: string): KernelSpec => {
  const work: WorkCounter = (sizes, into) => {
    countWork.recurrence(into, sizes[0], sizes[1], gatesOfRecurrence[name])
    return null
  }
  return {
    name,
    title,
    dims: dims(['steps', 'hidden'], { hidden: 'units of the state' }),
    hasWeights: false,
    operands: codes,
    work,
    rows: plainRows(name, [column('N', 'steps'), column('M', 'units of the state')], work)
  }
}

const specs: Readonly<Record<KernelName, KernelSpec>> = {
  matmul: {
    name: 'matmul',
    title: 'Matrix product',
    dims: dims(['n', 'm', 'k'], { n: 'rows', m: 'output features', k: 'input features' }),
    hasWeights: true,
    operands: codes,
    work: matrixWork,
    rows: plainRows(
      'matmul',
      [column('N', 'rows'), column('M', 'output features'), column('K', 'input features')],
      matrixWork
    )
  },
  conv2d: {
    name: 'conv2d',
    title: 'Convolution',
    dims: dims(['h', 'w', 'c', 'k', 'ks', 'stride', 'pad']),
    hasWeights: true,
    operands: codes,
    work: (sizes, into) => convolutionWork(sizes, sizes[6], into),
    rows: {
      csvName: 'conv2d',
      columns: convolutionColumns,
      work: (sizes, into) => convolutionWork(sizes, 0, into),
      toColumns: ([h, w, c, k, ks, stride, pad]) => [h + 2 * pad, w + 2 * pad, c, k, ks, stride],
      toDims: (columns) => [...columns, 0]
    }
  },
  depthwiseConv2d: {
    name: 'depthwiseConv2d',
    title: 'Depthwise convolution',
    dims: dims(['h', 'w', 'c', 'ks', 'stride', 'pad']),
    hasWeights: true,
    operands: codes,
    work: (sizes, into) => depthwiseWork(sizes, sizes[5], into),
    rows: {
      csvName: 'dwconv2d',
      columns: convolutionColumns.filter(({ name }) => name !== 'K'),
      work: (sizes, into) => depthwiseWork(sizes, 0, into),
      toColumns: ([h, w, c, ks, stride, pad]) => [h + 2 * pad, w + 2 * pad, c, ks, stride],
      toDims: (columns) => [...columns, 0]
    }
  },
  maxPool: pool('maxPool', 'Max pooling', 'maxpool'),
  avgPool: pool('avgPool', 'Average pooling', 'avgpool'),
  add: {
    name: 'add',
    title: 'Element-wise addition',
    dims: dims(['n'], { n: 'elements' }),
    hasWeights: false,
    operands: { count: 2, bytes: 1 },
    work: elementWork,
    rows: plainRows('add', [column('N', 'elements')], elementWork)
  },
  requantize: {
    name: 'requantize',
    title: 'Requantisation',
    dims: dims(['pixels', 'channels']),
    hasWeights: false,
    operands: { count: 1, bytes: 4 },
    work: (sizes, into) => {
      countWork.elements(into, sizes[0] * sizes[1])
      return null
    },
    rows: {
      csvName: 'requantize',
      columns: [column('N', 'elements')],
      work: elementWork,
      toColumns: ([pixels, channels]) => [pixels * channels],
      toDims: ([elements]) => [elements, 1]
    }
  },
  flatten: {
    name: 'flatten',
    title: 'Flatten',
    dims: dims(['n'], { n: 'elements' }),
    hasWeights: false,
    operands: codes,
    work: elementWork,
    rows: null
  },
  argmax: {
    name: 'argmax',
    title: 'Argmax',
    dims: dims(['n'], { n: 'elements' }),
    hasWeights: false,
    operands: { count: 1, bytes: 4 },
    work: (sizes, into) => {
      countWork.elements(into, sizes[0], 1)
      return null
    },
    rows: null
  },
  product: {
    name: 'product',
    title: 'Product of two activations',
    dims: dims(['n', 'm', 'k'], { n: 'rows', m: 'columns', k: 'length of the products' }),
    hasWeights: false,
    operands: codes,
    work: matrixWork,
    rows: plainRows(
      'product',
      [column('N', 'rows'), column('M', 'columns'), column('K', 'length of the products')],
      matrixWork
    )
  },
  softmax: rowKernel('softmax', 'Softmax'),
  layerNorm: rowKernel('layerNorm', 'LayerNorm'),
  rmsNorm: rowKernel('rmsNorm', 'RMSNorm'),
  table: lookup('table', 'Table of a function (GELU, SiLU, …)'),
  gather: lookup('gather', 'Gather'),
  rope: {
    name: 'rope',
    title: 'Rotary positions',
    dims: dims(['heads', 'pairs'], { pairs: 'pairs of values of a head' }),
    hasWeights: false,
    operands: { count: 1, bytes: 4 },
    work: pairWork,
    rows: plainRows('rope', [column('N', 'heads'), column('M', 'pairs of values of a head')], pairWork)
  },
  rnn: recurrence('rnn', 'Recurrence (RNN)'),
  lstm: recurrence('lstm', 'LSTM'),
  gru: recurrence('gru', 'GRU'),
  gruAfter: recurrence('gruAfter', 'GRU that resets its product (linear_before_reset)')
}

/** The spec of a kernel. */
export function kernelSpec(kernel: KernelName): KernelSpec {
  return specs[kernel]
}

/** Whether profile files and proxies know the kernel. */
export function isProxyKernel(kernel: KernelName): kernel is ProxyKernelName {
  return specs[kernel].rows !== null
}

/**
 * The columns of a kernel in profile files and in the rows of proxies.
 * @throws input.unsupported for kernels that have no file format (flatten, argmax)
 */
export function rowSpec(kernel: KernelName): RowSpec {
  return specs[requireProxyKernel(kernel)].rows!
}

/** The same name, known to have columns. @throws input.unsupported for kernels without columns */
export function requireProxyKernel(kernel: KernelName): ProxyKernelName {
  if (isProxyKernel(kernel)) return kernel
  throw new AppError(
    'input.unsupported',
    `There is no profile file format for ${kernel}.`,
    'Export to Parquet, which holds every kernel.'
  )
}

/** A proxy's kernel by its name or its name in files, in any case; null for any other text. */
export function findProxyKernel(text: string): ProxyKernelName | null {
  const wanted = text.toLowerCase()
  const stored = (storedKernelNames as Readonly<Record<string, ProxyKernelName>>)[wanted]
  return stored ?? proxyKernelNames.find((name) => name.toLowerCase() === wanted) ?? null
}

/** Like findProxyKernel. @throws input.invalid for any other text */
export function parseProxyKernel(text: string): ProxyKernelName {
  const found = findProxyKernel(text)
  if (found !== null) return found
  throw new AppError(
    'input.invalid',
    `There is no kernel "${text}".`,
    `Use one of ${proxyKernelNames.join(', ')}.`
  )
}
