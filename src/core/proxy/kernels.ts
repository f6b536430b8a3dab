import { AppError } from '../../shared/errors'

/**
 * The operators a proxy can be fitted for: their shape columns as they stand in the profile CSV files, and the work
 * they do. One table, so that the CSV reader, the feature extractor and the pages cannot disagree.
 */
export const kernelNames = [
  'matmul',
  'conv2d',
  'dwconv2d',
  'maxpool',
  'avgpool',
  'add',
  'requantize'
] as const
export type KernelName = (typeof kernelNames)[number]

export interface DimSpec {
  /** Column name in CSV files. */
  readonly name: string
  /** Other spellings that are read but never written. */
  readonly aliases: readonly string[]
  readonly meaning: string
  /** Value where the column is absent; a dimension without one is required. */
  readonly absent?: number
}

/** Work of one call, counted from its shape alone. Elements, not bytes. */
export interface Work {
  /** Multiply-accumulates (for pooling and element-wise operators: element visits). */
  macs: number
  outputs: number
  /** Elements of the im2col matrix; for a matmul its input. */
  patches: number
  weights: number
  inputs: number
}

export interface KernelSpec {
  readonly name: KernelName
  readonly title: string
  readonly dims: readonly DimSpec[]
  /** False for operators whose cost does not depend on bit widths; their files may leave QA and QW out. */
  readonly hasPrecision: boolean
  /** Fills `into` for the dimensions in spec order; returns null when they fit, else why no such layer exists. */
  readonly work: (dims: ArrayLike<number>, into: Work) => string | null
}

const dim = (name: string, meaning: string, aliases: readonly string[] = [], absent?: number): DimSpec =>
  absent === undefined ? { name, meaning, aliases } : { name, meaning, aliases, absent }

/** Output side of a valid (unpadded) window; H and W are taken after padding. */
export const outputSide = (side: number, window: number, stride: number): number =>
  Math.floor((side - window) / stride) + 1

const tooSmall = (height: number, width: number, window: number): string =>
  `a ${window} x ${window} window does not fit into a ${height} x ${width} input`

const convolutionDims = [
  dim('H', 'input height, after padding'),
  dim('W', 'input width, after padding'),
  dim('C', 'input channels'),
  dim('K', 'output channels'),
  dim('KS', 'window side', ['Ks', 'ks']),
  dim('S', 'stride', ['s'], 1)
]

const poolDims = [
  dim('C', 'channels'),
  dim('H', 'input height'),
  dim('W', 'input width'),
  dim('K', 'window side'),
  dim('S', 'stride', ['s'], 1)
]

function poolWork(dims: ArrayLike<number>, into: Work): string | null {
  const [channels, height, width, window, stride] = [dims[0], dims[1], dims[2], dims[3], dims[4]]
  if (window > height || window > width) return tooSmall(height, width, window)
  const positions = outputSide(height, window, stride) * outputSide(width, window, stride)
  into.outputs = channels * positions
  into.macs = into.outputs * window * window
  into.patches = into.macs
  into.weights = 0
  into.inputs = channels * height * width
  return null
}

function elementwiseWork(dims: ArrayLike<number>, into: Work): string | null {
  into.macs = into.outputs = into.patches = into.inputs = dims[0]
  into.weights = 0
  return null
}

const specs: Record<KernelName, KernelSpec> = {
  matmul: {
    name: 'matmul',
    title: 'Matrix product',
    dims: [dim('N', 'rows'), dim('M', 'output features'), dim('K', 'input features')],
    hasPrecision: true,
    work(dims, into) {
      const [rows, outputs, inputs] = [dims[0], dims[1], dims[2]]
      into.macs = rows * outputs * inputs
      into.outputs = rows * outputs
      into.patches = rows * inputs
      into.weights = outputs * inputs
      into.inputs = rows * inputs
      return null
    }
  },
  conv2d: {
    name: 'conv2d',
    title: 'Convolution',
    dims: convolutionDims,
    hasPrecision: true,
    work(dims, into) {
      const [height, width, channels, outputs, window, stride] = [
        dims[0],
        dims[1],
        dims[2],
        dims[3],
        dims[4],
        dims[5]
      ]
      if (window > height || window > width) return tooSmall(height, width, window)
      const positions = outputSide(height, window, stride) * outputSide(width, window, stride)
      const patch = channels * window * window
      into.macs = positions * patch * outputs
      into.outputs = positions * outputs
      into.patches = positions * patch
      into.weights = patch * outputs
      into.inputs = height * width * channels
      return null
    }
  },
  dwconv2d: {
    name: 'dwconv2d',
    title: 'Depthwise convolution',
    dims: convolutionDims.filter((column) => column.name !== 'K'),
    hasPrecision: true,
    work(dims, into) {
      const [height, width, channels, window, stride] = [dims[0], dims[1], dims[2], dims[3], dims[4]]
      if (window > height || window > width) return tooSmall(height, width, window)
      const positions = outputSide(height, window, stride) * outputSide(width, window, stride)
      into.outputs = positions * channels
      into.macs = into.patches = into.outputs * window * window
      into.weights = channels * window * window
      into.inputs = height * width * channels
      return null
    }
  },
  maxpool: { name: 'maxpool', title: 'Max pooling', dims: poolDims, hasPrecision: false, work: poolWork },
  avgpool: { name: 'avgpool', title: 'Average pooling', dims: poolDims, hasPrecision: false, work: poolWork },
  add: {
    name: 'add',
    title: 'Element-wise addition',
    dims: [dim('N', 'elements')],
    hasPrecision: false,
    work: elementwiseWork
  },
  requantize: {
    name: 'requantize',
    title: 'Requantisation',
    dims: [dim('N', 'elements')],
    hasPrecision: false,
    work: elementwiseWork
  }
}

export function kernelSpec(name: KernelName): KernelSpec {
  return specs[name]
}

/** Parses a kernel name from outside, in any case; throws input.invalid for any other text. */
export function parseKernelName(text: string): KernelName {
  const wanted = text.toLowerCase()
  const found = kernelNames.find((name) => name.toLowerCase() === wanted)
  if (found !== undefined) return found
  throw new AppError(
    'input.invalid',
    `There is no kernel "${text}".`,
    `Use one of ${kernelNames.join(', ')}.`
  )
}
