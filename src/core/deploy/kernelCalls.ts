import type { BenchItem } from '../profile/kernelShape'
import { isWeighted, type IntegerLayer, type QuantizedNetwork, type Window } from '../quant/quantizedNetwork'

/**
 * The kernel benchmarks whose costs add up to a layer's: a weighted layer is its inner products and the requantisation
 * of its sums; the other operators are themselves. This is where a prediction for a network and what a campaign
 * measures for it meet.
 */
export interface LayerCalls {
  /** matmul, conv2d or depthwiseConv2d; null where the layer has no weights. */
  readonly inner: BenchItem | null
  /** Operators beside the inner products. */
  readonly others: readonly BenchItem[]
}

/**
 * Stated estimates: operators that the board's `bench` does not measure by themselves are priced by the nearest that it does.
 * A look-up or a copy costs at most what requantising as many codes does; a softmax goes over its codes three times and divides,
 * a normalisation twice and divides in 64 bits. A convolution whose window is not square or dilated is a matrix product of as many
 * rows and taps; another window is the square one with about as many taps.
 */
const softmaxPasses = 4
const normalizePasses = 6

function elementCalls(
  kernel: 'add' | 'requantize',
  { outputShape: [h, w, c] }: Pick<IntegerLayer, 'outputShape'>,
  bits: { activationBits: number; weightBits: number }
): BenchItem[] {
  return inPieces(kernel, kernel === 'add' ? [h * w * c] : [h * w, c], bits)
}

/** Largest size that `bench` takes. */
const longestDim = 65_535

/** A call as several whose first size `bench` can take. */
function inPieces(
  kernel: BenchItem['kernel'],
  [first = 0, ...rest]: readonly number[],
  bits: { activationBits: number; weightBits: number }
): BenchItem[] {
  const pieces: BenchItem[] = []
  for (let left = first; left > 0; left -= longestDim)
    pieces.push({ kernel, dims: [Math.min(left, longestDim), ...rest], ...bits })
  return pieces
}

const times = (count: number, calls: readonly BenchItem[]): BenchItem[] =>
  Array.from({ length: count }, () => calls).flat()

/** Calls of one layer. */
export function callsOf(layer: IntegerLayer): LayerCalls {
  const [outH, outW, outC] = layer.outputShape
  const requantize = inPieces('requantize', [outH * outW, outC], {
    activationBits: layer.outBits,
    weightBits: 0
  })
  if (isWeighted(layer)) {
    return { inner: innerOf(layer), others: layer.last ? [] : requantize }
  }
  const bits = { activationBits: layer.input.bits, weightBits: 0 }
  switch (layer.op) {
    case 'flatten':
      // The codes stay where they are.
      return { inner: null, others: [] }
    case 'requantize':
      return { inner: null, others: requantize }
    case 'add':
      return { inner: null, others: elementCalls('add', layer, bits) }
    case 'binary':
      return { inner: null, others: elementCalls('add', layer, bits) }
    case 'table':
    case 'move':
    case 'gather':
    case 'constant':
    case 'output':
      return { inner: null, others: requantize }
    case 'reduce':
      return { inner: null, others: elementCalls('requantize', { outputShape: layer.inputShape }, bits) }
    case 'softmax':
      return { inner: null, others: times(softmaxPasses, requantize) }
    case 'normalize':
      return { inner: null, others: times(normalizePasses, requantize) }
    case 'product': {
      const { rows, columns, inner, batches } = layer
      const dims = [rows, columns, inner]
      const call: BenchItem = { kernel: 'matmul', dims, activationBits: layer.input.bits, weightBits: 8 }
      return { inner: null, others: [...times(batches.length, [call]), ...requantize] }
    }
    case 'maxPool':
    case 'avgPool':
      return { inner: null, others: [{ kernel: layer.op, dims: poolDims(layer), ...bits }] }
  }
}

function innerOf(layer: Extract<IntegerLayer, { weightBits: unknown }>): BenchItem {
  const bits = { activationBits: layer.activationBits, weightBits: layer.weightBits }
  const [h, w, c] = layer.inputShape
  const [outH, outW, outC] = layer.outputShape
  if (layer.op === 'dense') return { kernel: 'matmul', dims: [1, outC, h * w * c], ...bits }
  const square = squareWindow(layer)
  if (layer.op === 'conv2d') {
    if (square === null)
      return { kernel: 'matmul', dims: [outH * outW, outC, layer.weights.length / outC], ...bits }
    return { kernel: 'conv2d', dims: [h, w, c, outC, square.side, square.stride, square.pad], ...bits }
  }
  if (square !== null)
    return { kernel: 'depthwiseConv2d', dims: [h, w, c, square.side, square.stride, square.pad], ...bits }
  // An odd side keeps the sides of the image.
  const side = 2 * Math.floor(nearestSide(layer) / 2) + 1
  return { kernel: 'depthwiseConv2d', dims: [outH, outW, c, side, 1, (side - 1) / 2], ...bits }
}

function poolDims(layer: Extract<IntegerLayer, { op: 'maxPool' | 'avgPool' }>): number[] {
  const [h, w, c] = layer.inputShape
  const [outH, outW] = layer.outputShape
  const square = squareWindow(layer)
  if (square !== null) return [h + 2 * square.pad, w + 2 * square.pad, c, square.side, square.stride]
  const side = nearestSide(layer)
  return [outH * side, outW * side, c, side, side]
}

/** Side of the square window with about as many taps. */
const nearestSide = ({ kernel }: Window): number => Math.max(1, Math.round(Math.sqrt(kernel[0] * kernel[1])))

/** A window as `bench` takes it: square, evenly padded, not dilated, none hanging over the end. */
function squareWindow(layer: Window & Pick<IntegerLayer, 'inputShape' | 'outputShape'>) {
  const { kernel, stride, pad, dilation = [1, 1], inputShape, outputShape } = layer
  const isSquare = kernel[0] === kernel[1] && stride[0] === stride[1] && pad.every((side) => side === pad[0])
  const fits = [0, 1].every(
    (axis) => Math.floor((inputShape[axis]! + 2 * pad[0] - kernel[0]) / stride[0]) + 1 === outputShape[axis]
  )
  const isPlain = isSquare && fits && dilation.every((step) => step === 1)
  return isPlain ? { side: kernel[0], stride: stride[0], pad: pad[0] } : null
}

/** Every distinct shape a network's cost is made of, for a campaign that measures them. */
export function shapesOf(network: QuantizedNetwork): { kernel: BenchItem['kernel']; dims: number[] }[] {
  const distinct = new Map<string, { kernel: BenchItem['kernel']; dims: number[] }>()
  for (const layer of network.layers) {
    const calls = callsOf(layer)
    for (const { kernel, dims } of calls.inner === null ? calls.others : [calls.inner, ...calls.others]) {
      distinct.set(`${kernel} ${dims.join(' ')}`, { kernel, dims: [...dims] })
    }
  }
  return [...distinct.values()]
}
