import type { KernelName } from '../../shared/vocabulary'
import { maxDim, type KernelShape } from './shape'
import { countWork, emptyWork, outputSide, type Work } from './work'

type SizeHwc = readonly [height: number, width: number, channels: number]

/** Sizes of a layer, whatever holds the layer: a node of a graph or an integer layer. */
interface Sizes {
  readonly inputShape: SizeHwc
  readonly outputShape: SizeHwc
}

interface Windowed extends Sizes {
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  readonly pad: readonly [top: number, left: number, bottom: number, right: number]
  /** Distance of neighbouring taps; default 1. */
  readonly dilation?: readonly [height: number, width: number] | undefined
}

/** Sizes of a layer with weights. */
export type WeightedGeometry =
  (Sizes & { readonly op: 'dense' }) | (Windowed & { readonly op: 'conv2d' | 'depthwiseConv2d' })

/** Sizes of a layer that is one kernel: its weights or its pooling. */
export type LayerGeometry = WeightedGeometry | (Windowed & { readonly op: 'maxPool' | 'avgPool' })

/**
 * The shape that stands for a layer in Profile, Search and Deploy alike: what a campaign measures for it and what a
 * proxy predicts for it.
 */
export interface LayerKernel extends KernelShape {
  dims: number[]
  /** Time of the layer over time of the shape; 1 where the shape is the layer. */
  scale: number
}

/**
 * The shape of a layer. Windows that are not square, dilated or hang over the end are known neither to the board's
 * `bench` nor to profile files. A convolution with one is a matrix product of as many rows and taps. A depthwise
 * convolution or a pool is the square window of nearest area with the same outputs, and `scale` is the quotient of the
 * areas. Shape times scale has exactly the layer's multiply-accumulates.
 */
export function layerKernel(layer: LayerGeometry): LayerKernel {
  const [, , outC] = layer.outputShape
  const [h, w, c] = layer.inputShape
  if (layer.op === 'dense') return { kernel: 'matmul', dims: [1, outC, h * w * c], scale: 1 }
  const plain = plainWindow(layer)
  if (layer.op === 'conv2d') {
    if (plain === null) return matrixProduct(layer)
    const { height, width, side, stride, pad } = plain
    return { kernel: 'conv2d', dims: [height, width, c, outC, side, stride, pad], scale: 1 }
  }
  const { height, width, side, stride, pad } = plain ?? nearestSquare(layer)
  const scale = tapsOf(layer) / (side * side)
  if (layer.op === 'depthwiseConv2d')
    return { kernel: 'depthwiseConv2d', dims: [height, width, c, side, stride, pad], scale }
  const kernel: KernelName = layer.op
  return { kernel, dims: [height + 2 * pad, width + 2 * pad, c, side, stride], scale }
}

/** Work of a layer, its window as it is. Padded taps count: the kernels do them. */
export function layerWork(layer: LayerGeometry): Work {
  const work = emptyWork()
  const [outH, outW, outC] = layer.outputShape
  const [h, w, c] = layer.inputShape
  const [positions, inputs] = [outH * outW, h * w * c]
  switch (layer.op) {
    case 'dense':
      countWork.matrix(work, 1, outC, inputs)
      break
    case 'conv2d':
      countWork.convolution(work, positions, tapsOf(layer), c, outC, inputs)
      break
    case 'depthwiseConv2d':
      countWork.depthwise(work, positions, tapsOf(layer), c, inputs)
      break
    case 'maxPool':
    case 'avgPool':
      countWork.pool(work, positions, tapsOf(layer), c, inputs)
  }
  return work
}

/** Multiply-accumulates for one image. */
export function layerMacs(layer: WeightedGeometry): number {
  return layerWork(layer).macs
}

const tapsOf = ({ kernel }: Windowed): number => kernel[0] * kernel[1]

/** A window as the board's `bench` takes it. */
interface SquareWindow {
  height: number
  width: number
  side: number
  stride: number
  pad: number
}

/** The window itself where it is square, not dilated and covered by its padded input, else null. */
function plainWindow(layer: Windowed): SquareWindow | null {
  const { kernel, stride, pad, dilation = [1, 1], inputShape, outputShape } = layer
  const [side, step] = [kernel[0], stride[0]]
  if (side !== kernel[1] || step !== stride[1] || dilation.some((distance) => distance !== 1)) return null
  const [top, left, bottom, right] = pad
  const [height, width] = [inputShape[0] + top + bottom, inputShape[1] + left + right]
  if (outputSide(height, side, step) !== outputShape[0] || outputSide(width, side, step) !== outputShape[1])
    return null
  const isEven = top === left && top === bottom && top === right
  return isEven
    ? { height: inputShape[0], width: inputShape[1], side, stride: step, pad: top }
    : // The bench pads all sides alike; padding that differs is part of the input.
      { height, width, side, stride: step, pad: 0 }
}

function nearestSquare(layer: Windowed): SquareWindow {
  const { stride, outputShape } = layer
  const side = Math.max(1, Math.round(Math.sqrt(tapsOf(layer))))
  const step = Math.max(1, Math.round(Math.sqrt(stride[0] * stride[1])))
  const span = (outputs: number): number => (outputs - 1) * step + side
  return { height: span(outputShape[0]), width: span(outputShape[1]), side, stride: step, pad: 0 }
}

/** A convolution as the product of its patches and its weights. */
function matrixProduct(layer: Windowed): LayerKernel {
  const [outH, outW, outC] = layer.outputShape
  const positions = outH * outW
  const rows = Math.min(positions, maxDim)
  const dims = [rows, outC, tapsOf(layer) * layer.inputShape[2]]
  return { kernel: 'matmul', dims, scale: positions / rows }
}
