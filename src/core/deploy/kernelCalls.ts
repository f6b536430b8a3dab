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
 * a normalisation twice and divides in 64 bits.
 */
const softmaxPasses = 4
const normalizePasses = 6

function elementCalls(
  kernel: 'add' | 'requantize',
  { outputShape: [h, w, c] }: Pick<IntegerLayer, 'outputShape'>,
  bits: { activationBits: number; weightBits: number }
): BenchItem[] {
  const dims = kernel === 'add' ? [h * w * c] : [h * w, c]
  return [{ kernel, dims, ...bits }]
}

/** Calls of one layer; null where the board's `bench` cannot measure its shape (windows that are not square). */
export function callsOf(layer: IntegerLayer): LayerCalls | null {
  const [outH, outW, outC] = layer.outputShape
  const requantize: BenchItem = {
    kernel: 'requantize',
    dims: [outH * outW, outC],
    activationBits: layer.outBits,
    weightBits: 0
  }
  if (isWeighted(layer)) {
    const inner = innerOf(layer)
    return inner === null ? null : { inner, others: layer.last ? [] : [requantize] }
  }
  const bits = { activationBits: layer.input.bits, weightBits: 0 }
  switch (layer.op) {
    case 'flatten':
      // The codes stay where they are.
      return { inner: null, others: [] }
    case 'requantize':
      return { inner: null, others: [requantize] }
    case 'add':
      return { inner: null, others: [{ kernel: 'add', dims: [outH * outW * outC], ...bits }] }
    case 'binary':
      return { inner: null, others: elementCalls('add', layer, bits) }
    case 'table':
    case 'move':
    case 'gather':
    case 'constant':
    case 'output':
      return { inner: null, others: [requantize] }
    case 'reduce':
      return { inner: null, others: elementCalls('requantize', { outputShape: layer.inputShape }, bits) }
    case 'softmax':
      return { inner: null, others: new Array<BenchItem>(softmaxPasses).fill(requantize) }
    case 'normalize':
      return { inner: null, others: new Array<BenchItem>(normalizePasses).fill(requantize) }
    case 'product': {
      const { rows, columns, inner, batches } = layer
      const dims = [rows, columns, inner]
      const call: BenchItem = { kernel: 'matmul', dims, activationBits: layer.input.bits, weightBits: 8 }
      return { inner: null, others: [...new Array<BenchItem>(batches.length).fill(call), requantize] }
    }
    case 'maxPool':
    case 'avgPool': {
      const square = squareWindow(layer)
      if (square === null) return null
      const [h, w, c] = layer.inputShape
      const dims = [h + 2 * square.pad, w + 2 * square.pad, c, square.side, square.stride]
      return { inner: null, others: [{ kernel: layer.op, dims, ...bits }] }
    }
  }
}

function innerOf(layer: Extract<IntegerLayer, { weightBits: unknown }>): BenchItem | null {
  const bits = { activationBits: layer.activationBits, weightBits: layer.weightBits }
  const [h, w, c] = layer.inputShape
  if (layer.op === 'dense') return { kernel: 'matmul', dims: [1, layer.outputShape[2], h * w * c], ...bits }
  const square = squareWindow(layer)
  if (square === null) return null
  const { side, stride, pad } = square
  return layer.op === 'conv2d'
    ? { kernel: 'conv2d', dims: [h, w, c, layer.outputShape[2], side, stride, pad], ...bits }
    : { kernel: 'depthwiseConv2d', dims: [h, w, c, side, stride, pad], ...bits }
}

function squareWindow({ kernel, stride, pad }: Window): { side: number; stride: number; pad: number } | null {
  const isSquare = kernel[0] === kernel[1] && stride[0] === stride[1] && pad.every((side) => side === pad[0])
  return isSquare ? { side: kernel[0], stride: stride[0], pad: pad[0] } : null
}

/** Every distinct shape a network's cost is made of, for a campaign that measures them. */
export function shapesOf(network: QuantizedNetwork): { kernel: BenchItem['kernel']; dims: number[] }[] {
  const distinct = new Map<string, { kernel: BenchItem['kernel']; dims: number[] }>()
  for (const layer of network.layers) {
    const calls = callsOf(layer)
    if (calls === null) continue
    for (const { kernel, dims } of calls.inner === null ? calls.others : [calls.inner, ...calls.others]) {
      distinct.set(`${kernel} ${dims.join(' ')}`, { kernel, dims: [...dims] })
    }
  }
  return [...distinct.values()]
}
