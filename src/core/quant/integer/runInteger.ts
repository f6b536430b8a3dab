import { AppError } from '../../../shared/errors'
import { elementCount, isLast, type IntegerLayer, type QuantizedNetwork } from '../quantizedNetwork'
import { gatherCodes, tapPositions } from './im2col'
import {
  add,
  addBias,
  avgPool,
  maxPool,
  multiplyCodes,
  multiplyDepthwise,
  requantizeCodes,
  requantizeSums
} from './integerKernels'
import {
  binary,
  embed,
  runGather,
  lookUp,
  move,
  normalize,
  runProduct,
  reduce,
  softmax
} from './integerOperators'

import { runRecurrence } from './recurrence'

/**
 * The integer reference: executes a QuantizedNetwork on the host exactly as the C runtime does (docs/arithmetic.md).
 */
export interface IntegerRun {
  /** int32 logits, [outputCount]. A new array per call. */
  readonly logits: Int32Array
  /** Codes of every layer but the last (whose entry is empty), in layer order; only on request. */
  readonly layers: readonly Int8Array[] | null
}

/** Runs one image at a time over buffers that are made once. */
export interface IntegerRunner {
  /** `codes`: the image's input codes, HWC. @throws AppError input.invalid on a wrong length. */
  run(codes: Int8Array, options?: { keepLayers?: boolean }): IntegerRun
}

/** Returns a runner of the integer network for one item at a time; its buffers are reused. */
export function createIntegerRunner(network: QuantizedNetwork): IntegerRunner {
  const inputSize = elementCount(network.inputShape)
  const steps = network.layers.map((layer) => createLayerStep(layer))
  const buffers = network.layers.map(
    (layer) => new Int8Array(isLast(layer) ? 0 : elementCount(layer.outputShape))
  )
  return {
    run(codes, { keepLayers = false } = {}) {
      if (codes.length !== inputSize) throw wrongLength(codes.length, inputSize)
      let logits = new Int32Array(0)
      for (const [index, layer] of network.layers.entries()) {
        const inputs = layer.inputs.map((from) => (from < 0 ? codes : buffers[from]))
        const sums = steps[index](inputs, buffers[index])
        if (sums !== null) logits = sums.slice(0, network.outputCount)
      }
      return { logits, layers: keepLayers ? buffers.map((buffer) => buffer.slice()) : null }
    }
  }
}

/** Logits of many images, [count][outputCount]. `codes` holds the images one behind the other. */
export function runInteger(network: QuantizedNetwork, codes: Int8Array): Int32Array {
  const size = elementCount(network.inputShape)
  const count = codes.length / size
  if (!Number.isInteger(count)) throw wrongLength(codes.length, size)
  const runner = createIntegerRunner(network)
  const logits = new Int32Array(count * network.outputCount)
  for (let image = 0; image < count; image++) {
    logits.set(
      runner.run(codes.subarray(image * size, (image + 1) * size)).logits,
      image * network.outputCount
    )
  }
  return logits
}

/** Input codes of image bytes: p - 128. The network's input scale and zero give them their real value. */
export function codesOfPixels(pixels: Uint8Array): Int8Array {
  const codes = new Int8Array(pixels.length)
  for (let at = 0; at < pixels.length; at++) codes[at] = pixels[at] - 128
  return codes
}

/** Index of the largest value; the first one wins. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index
  return best
}

/** Executes one layer for one image; returns the int32 sums on the last layer, else null after filling `out`. */
export type LayerStep = (inputs: readonly Int8Array[], out: Int8Array) => Int32Array | null

/** A layer with the scratch buffers it needs. The returned sums are a view of scratch: copy what must last. */
export function createLayerStep(layer: IntegerLayer): LayerStep {
  switch (layer.op) {
    case 'maxPool':
      return ([input], out) => (maxPool(layer, input, out), null)
    case 'avgPool':
      return ([input], out) => (avgPool(layer, input, out), null)
    case 'add':
      return ([a, b], out) => (add(layer, a, b, out), null)
    case 'requantize':
      return ([input], out) => (requantizeCodes(layer, input, out), null)
    case 'flatten':
      return ([input], out) => (out.set(input), null)
    case 'table':
      return ([input], out) => (lookUp(layer, input, out), null)
    case 'binary':
      return ([a, b], out) => (binary(layer, a, b, out), null)
    case 'move':
      return ([input, written], out) => (move(layer, input, written ?? null, out), null)
    case 'gather':
      return ([input], out) => (runGather(layer, input, out), null)
    case 'reduce':
      return ([input], out) => (reduce(layer, input, out), null)
    case 'softmax':
      return ([input], out) => (softmax(layer, input, out), null)
    case 'normalize':
      return ([input], out) => (normalize(layer, input, out), null)
    case 'product':
      return ([a, b], out) => (runProduct(layer, a, b, out), null)
    case 'constant':
      return (_, out) => (out.set(layer.codes), null)
    case 'embed':
      return ([input], out) => (embed(layer, input, out), null)
    case 'recurrent':
      return ([input], out) => (runRecurrence(layer, input, out), null)
    case 'output':
      return ([input]) => Int32Array.from(input, (code) => code + layer.input.zero)
    default:
      return createWeightedStep(layer)
  }
}

function createWeightedStep(layer: Extract<IntegerLayer, { weights: Int8Array }>): LayerStep {
  const [outHeight, outWidth, outputs] = layer.outputShape
  const pixels = outHeight * outWidth
  const sums = new Int32Array(pixels * outputs)
  const inner = layer.op === 'depthwiseConv2d' ? layer.weights.length : layer.weights.length / outputs
  const columns = new Int8Array(layer.op === 'dense' ? 0 : pixels * inner)
  const positions =
    layer.op === 'dense' ? new Int32Array(0) : tapPositions(layer.inputShape, layer, outHeight, outWidth)
  return ([input], out) => {
    if (layer.op === 'dense') {
      multiplyCodes(input, layer.weights, 1, outputs, inner, sums)
    } else {
      gatherCodes(input, positions, layer.padCode, columns)
      if (layer.op === 'conv2d') multiplyCodes(columns, layer.weights, pixels, outputs, inner, sums)
      else multiplyDepthwise(columns, layer.weights, pixels, inner / outputs, outputs, sums)
    }
    addBias(sums, layer.bias)
    if (layer.last) return sums
    requantizeSums(sums, pixels, outputs, layer, out)
    return null
  }
}

function wrongLength(found: number, wanted: number): AppError {
  return new AppError(
    'input.invalid',
    `The input has ${found} codes, the network reads ${wanted} per image.`,
    'Give whole images in HWC order, one code per byte.'
  )
}
