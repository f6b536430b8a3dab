import { AppError } from '../../shared/errors'
import type { KernelName } from '../board/boardInfo'

/**
 * A kernel with its sizes as the board's `bench` command takes them (docs/protocol.md): what campaigns are made of.
 */
export interface KernelShape {
  kernel: KernelName
  dims: readonly number[]
}

/** One thing to measure. */
export interface BenchItem extends KernelShape {
  activationBits: number
  /** 0 for kernels without weights. */
  weightBits: number
}

/** Elements that a call touches; `macs` are element visits for kernels that do not multiply. */
export interface ShapeWork {
  macs: number
  activations: number
  weights: number
  outputs: number
}

/** Names of the dims, in wire order. */
export const dimNames: Readonly<Record<KernelName, readonly string[]>> = {
  matmul: ['n', 'm', 'k'],
  conv2d: ['h', 'w', 'c', 'k', 'ks', 'stride', 'pad'],
  depthwiseConv2d: ['h', 'w', 'c', 'ks', 'stride', 'pad'],
  maxPool: ['h', 'w', 'c', 'ks', 'stride'],
  avgPool: ['h', 'w', 'c', 'ks', 'stride'],
  add: ['n'],
  requantize: ['pixels', 'channels'],
  flatten: ['n'],
  argmax: ['n']
}

export const hasWeights = (kernel: KernelName): boolean =>
  kernel === 'matmul' || kernel === 'conv2d' || kernel === 'depthwiseConv2d'

/**
 * Checks a shape and counts its work.
 *
 * @throws input.invalid when no such layer exists (wrong number of dims, a window larger than its padded input)
 */
export function shapeWork(shape: KernelShape): ShapeWork {
  const names = dimNames[shape.kernel]
  const { dims } = shape
  if (
    dims.length !== names.length ||
    dims.some((value) => !Number.isInteger(value) || value < 0 || value > 65_535)
  ) {
    throw invalid(shape, `it needs ${names.length} whole numbers up to 65535: ${names.join(', ')}`)
  }
  dims.forEach((value, at) => {
    if (value === 0 && names[at] !== 'pad') throw invalid(shape, `${names[at]} must be at least 1`)
  })
  switch (shape.kernel) {
    case 'matmul': {
      const [n, m, k] = dims as [number, number, number]
      return { macs: n * m * k, activations: n * k, weights: m * k, outputs: n * m }
    }
    case 'conv2d': {
      const [h, w, c, k, ks, stride, pad] = dims as [number, number, number, number, number, number, number]
      const pixels = windows(shape, h + 2 * pad, w + 2 * pad, ks, stride)
      return {
        macs: pixels * ks * ks * c * k,
        activations: h * w * c,
        weights: ks * ks * c * k,
        outputs: pixels * k
      }
    }
    case 'depthwiseConv2d': {
      const [h, w, c, ks, stride, pad] = dims as [number, number, number, number, number, number]
      const pixels = windows(shape, h + 2 * pad, w + 2 * pad, ks, stride)
      return { macs: pixels * ks * ks * c, activations: h * w * c, weights: ks * ks * c, outputs: pixels * c }
    }
    case 'maxPool':
    case 'avgPool': {
      const [h, w, c, ks, stride] = dims as [number, number, number, number, number]
      const pixels = windows(shape, h, w, ks, stride)
      return { macs: pixels * ks * ks * c, activations: h * w * c, weights: 0, outputs: pixels * c }
    }
    case 'add':
      return { macs: dims[0]!, activations: 2 * dims[0]!, weights: 0, outputs: dims[0]! }
    case 'requantize': {
      const elements = dims[0]! * dims[1]!
      return { macs: elements, activations: elements, weights: 0, outputs: elements }
    }
    case 'flatten':
    case 'argmax':
      return {
        macs: dims[0]!,
        activations: dims[0]!,
        weights: 0,
        outputs: shape.kernel === 'argmax' ? 1 : dims[0]!
      }
  }
}

/** Whether the shape can be: shapeWork without the exception. */
export function isPossible(shape: KernelShape): boolean {
  try {
    shapeWork(shape)
    return true
  } catch {
    return false
  }
}

/** The same for the same thing to measure; keeps campaigns from measuring twice. */
export function itemKey(item: BenchItem): string {
  return `${item.kernel}:${item.dims.join('x')}:a${item.activationBits}w${item.weightBits}`
}

export function shapeKey(shape: KernelShape): string {
  return `${shape.kernel}:${shape.dims.join('x')}`
}

/**
 * RAM a bench needs at least: int8 operands, packed weights, int32 outputs and one packed copy of the activations.
 * The board knows its scratch exactly and refuses what still does not fit.
 */
export function leastRamBytes(item: BenchItem): number {
  const work = shapeWork(item)
  const packedWeights = (work.weights * item.weightBits) / 8
  const outputBytes = hasWeights(item.kernel) ? 4 * work.outputs : work.outputs
  const inputBytes =
    item.kernel === 'requantize' || item.kernel === 'argmax' ? 4 * work.activations : work.activations
  return Math.ceil(inputBytes + work.weights + packedWeights + outputBytes)
}

function windows(shape: KernelShape, height: number, width: number, side: number, stride: number): number {
  if (side > height || side > width)
    throw invalid(shape, `a ${side} x ${side} window does not fit into ${height} x ${width}`)
  return (Math.floor((height - side) / stride) + 1) * (Math.floor((width - side) / stride) + 1)
}

function invalid(shape: KernelShape, why: string): AppError {
  return new AppError(
    'input.invalid',
    `There is no ${shape.kernel} ${shape.dims.join(' x ')}: ${why}.`,
    `A ${shape.kernel} has the sizes ${dimNames[shape.kernel].join(', ')}.`
  )
}
