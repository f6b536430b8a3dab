import { int, ints, type OnnxModel } from '../../model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '../../model/onnx/onnxBuilder'
import { oneBitFraction } from './fixedPoint'
import {
  biasOfLevels,
  channelFactors,
  onnxWeightCodes,
  onnxWeightDims,
  windowAttributes,
  type WeightedLayer
} from './layerOnnx'
import {
  emitBinary,
  emitConstant,
  emitEmbed,
  emitGather,
  emitMove,
  emitNormalize,
  emitProduct,
  emitReduce,
  emitSoftmax,
  emitTable
} from './evaluationOperators'
import { emitRecurrence } from './evaluationRecurrence'
import {
  codeRange,
  type AvgPoolLayer,
  type Conv2dLayer,
  type DepthwiseConv2dLayer,
  type IntegerLayer,
  type QuantizedNetwork
} from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'

/**
 * A QuantizedNetwork as a float ONNX graph for fast evaluation over many images: fake quantization with the weights
 * baked in. Tensors hold code + zero (so that real zero is 0 and ordinary padding is right) in NCHW order. Weights are
 * multiplied by their channel's factor, so sums are rounded to float32: results differ from runInteger only where a sum
 * lies within that rounding of a code boundary.
 * Input "levels" [batch, channels, height, width] = byte - 128 + inputZero; output "logits" [batch, classes].
 */
export function evaluationModel(network: QuantizedNetwork): OnnxModel {
  const builder = createOnnxBuilder()
  const input = builder.input('levels', 'float32', ['batch', ...nchw(network.inputShape)])
  const first: Value = { image: input, flat: null, shape: network.inputShape }
  const values: Value[] = []
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((from) => (from < 0 ? first : values[from]))
    values.push(emitLayer(builder, layer, inputs, input))
  }
  builder.output(asFlat(builder, values.at(-1)!), 'logits')
  return builder.build(network.name)
}

/** A tensor as an image [batch, channels, height, width] and as [batch, n] in the order of memory, each made when wanted. */
interface Value {
  image: string | null
  flat: string | null
  readonly shape: ShapeHwc
}

function asImage(builder: OnnxBuilder, value: Value, shape: ShapeHwc): string {
  if (value.image !== null && value.shape.join() === shape.join()) return value.image
  const rows = builder.node('Reshape', [asFlat(builder, value), builder.shape([-1, ...shape])])
  const image = builder.node('Transpose', [rows], { perm: ints([0, 3, 1, 2]) })
  if (value.shape.join() === shape.join()) value.image = image
  return image
}

function asFlat(builder: OnnxBuilder, value: Value): string {
  if (value.flat !== null) return value.flat
  const [height, width, channels] = value.shape
  const isInOrder = channels === 1 || height * width === 1
  const rows = isInOrder
    ? value.image!
    : builder.node('Transpose', [value.image!], { perm: ints([0, 2, 3, 1]) })
  return (value.flat = builder.node('Reshape', [rows, builder.shape([-1, height * width * channels])]))
}

/** Input of the evaluation graph for image bytes (HWC), NCHW. */
export function levelsOfPixels(network: QuantizedNetwork, pixels: Uint8Array): Float32Array {
  const [height, width, channels] = network.inputShape
  const plane = height * width
  const offset = network.inputZero - 128
  const levels = new Float32Array(pixels.length)
  let at = 0
  for (let start = 0; start < pixels.length; start += plane * channels) {
    for (let pixel = start; pixel < start + plane; pixel++) {
      for (let to = pixel, c = 0; c < channels; c++, to += plane) levels[to] = pixels[at++] + offset
    }
  }
  return levels
}

function emitLayer(builder: OnnxBuilder, layer: IntegerLayer, inputs: readonly Value[], like: string): Value {
  const shape = layer.outputShape
  const image = (name: string): Value => ({ image: name, flat: null, shape })
  const flat = (name: string): Value => ({ image: null, flat: name, shape })
  const images = (): string[] => inputs.map((value) => asImage(builder, value, layer.inputShape))
  const flats = (): string[] => inputs.map((value) => asFlat(builder, value))
  const requantize = (from: IntegerLayer, value: string): string => requantized(builder, from, value)
  switch (layer.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return image(finish(builder, layer, emitConv(builder, layer, images()[0])))
    case 'dense': {
      const factors = requantFactors(layer)
      const operands = [
        flats()[0],
        scaledWeights(builder, layer, factors),
        scaledBias(builder, layer, factors)
      ]
      const sums = builder.node('Gemm', operands, { transB: int(1) })
      return flat(finish(builder, layer, sums))
    }
    case 'maxPool':
      return image(builder.node('MaxPool', images(), windowAttributes(layer)))
    case 'avgPool':
      return image(requantized(builder, layer, pooledSums(builder, layer, images()[0])))
    case 'add': {
      const both = bothForms(builder, inputs)
      const sum = builder.node('Add', [
        scaled(builder, both.names[0], layer, 0),
        scaled(builder, both.names[1], layer, 1)
      ])
      const out = requantized(builder, layer, sum)
      return both.areImages ? image(out) : flat(out)
    }
    case 'requantize': {
      const both = bothForms(builder, inputs)
      const out = requantized(builder, layer, scaled(builder, both.names[0], layer, 0))
      return both.areImages ? image(out) : flat(out)
    }
    case 'flatten':
    case 'output':
      return flat(flats()[0])
    case 'table': {
      const both =
        layer.tables.length === 256 ? bothForms(builder, inputs) : { names: flats(), areImages: false }
      const out = emitTable(builder, layer, both.names[0])
      return both.areImages ? image(out) : flat(out)
    }
    case 'binary':
      return flat(emitBinary(builder, layer, flats(), requantize))
    case 'move':
      return flat(emitMove(builder, layer, flats()[0], inputs.length > 1 ? flats()[1] : null))
    case 'gather':
      return flat(emitGather(builder, layer, flats()[0]))
    case 'reduce':
      return flat(emitReduce(builder, layer, flats()[0], requantize))
    case 'softmax':
      return flat(emitSoftmax(builder, layer, flats()[0], requantize))
    case 'normalize':
      return flat(emitNormalize(builder, layer, flats()[0], requantize))
    case 'product':
      return flat(emitProduct(builder, layer, flats(), requantize))
    case 'embed':
      return flat(emitEmbed(builder, layer, flats()[0]))
    case 'recurrent':
      return flat(emitRecurrence(builder, layer, flats()[0], requantize))
    case 'constant': {
      const levels = Float32Array.from(layer.codes, (code) => code + layer.outZero)
      return flat(emitConstant(builder, levels, like))
    }
  }
}

/** Operands of an elementwise node as images where all are, else flat. */
function bothForms(builder: OnnxBuilder, inputs: readonly Value[]): { names: string[]; areImages: boolean } {
  const areImages = inputs.every(
    ({ image, shape }) => image !== null && shape.join() === inputs[0].shape.join()
  )
  return { names: inputs.map((value) => (areImages ? value.image! : asFlat(builder, value))), areImages }
}

/** Sums of the windows in units of the output. */
function pooledSums(builder: OnnxBuilder, layer: AvgPoolLayer, input: string): string {
  const sums = windowSums(builder, layer, input)
  if (layer.mult.length === 1) return scaled(builder, sums, layer, 0)
  const [outHeight, outWidth] = layer.outputShape
  const inside = (axis: 0 | 1, at: number): number => {
    const from = at * layer.stride[axis] - layer.pad[axis]
    return Math.min(layer.inputShape[axis], from + layer.kernel[axis]) - Math.max(0, from)
  }
  const factors = new Float32Array(outHeight * outWidth)
  for (let at = 0; at < factors.length; at++) {
    const entry = inside(0, Math.floor(at / outWidth)) * inside(1, at % outWidth) - 1
    factors[at] = layer.mult[entry] / 2 ** layer.shift[entry]
  }
  return builder.node('Mul', [sums, builder.constant(factors, [1, 1, outHeight, outWidth])])
}

function emitConv(builder: OnnxBuilder, layer: Conv2dLayer | DepthwiseConv2dLayer, input: string): string {
  const factors = requantFactors(layer)
  // Signed one-bit codes have no zero: their padding is -1 and must be laid out as values.
  const padLevel = layer.padCode + layer.input.zero
  const [top, left, bottom, right] = layer.pad
  const source =
    padLevel === 0
      ? input
      : builder.node('Pad', [
          input,
          builder.shape([0, 0, top, left, 0, 0, bottom, right]),
          builder.scalar(padLevel)
        ])
  return builder.node(
    'Conv',
    [source, scaledWeights(builder, layer, factors), scaledBias(builder, layer, factors)],
    {
      ...windowAttributes(padLevel === 0 ? layer : { ...layer, pad: [0, 0, 0, 0] }),
      dilations: ints(layer.dilation ?? [1, 1]),
      group: int(layer.op === 'depthwiseConv2d' ? layer.outputShape[2] : 1)
    }
  )
}

/** What the sums of a channel are multiplied by: 1 on the layer whose sums are the result. */
function requantFactors(layer: WeightedLayer): Float64Array {
  return layer.last ? new Float64Array(layer.bias.length).fill(1) : channelFactors(layer)
}

function scaledWeights(builder: OnnxBuilder, layer: WeightedLayer, factors: Float64Array): string {
  const taps = layer.weights.length / factors.length
  const weights = Float32Array.from(
    onnxWeightCodes(layer),
    (code, at) => code * factors[Math.floor(at / taps)]
  )
  return builder.constant(weights, onnxWeightDims(layer))
}

/** The bias without the input's zero offset, which the levels already contain, times the factors and ready for rounding down. */
function scaledBias(builder: OnnxBuilder, layer: WeightedLayer, factors: Float64Array): string {
  const offset = layer.last ? 0 : roundingOffset(layer)
  const scaled = Float32Array.from(biasOfLevels(layer), (bias, channel) => bias * factors[channel] + offset)
  return builder.constant(scaled, [scaled.length])
}

/** Sums per window: a depthwise convolution with ones is exact where AveragePool's division is not. */
function windowSums(builder: OnnxBuilder, layer: AvgPoolLayer, input: string): string {
  const channels = layer.inputShape[2]
  const ones = new Float32Array(channels * layer.kernel[0] * layer.kernel[1]).fill(1)
  return builder.node('Conv', [input, builder.constant(ones, [channels, 1, ...layer.kernel])], {
    ...windowAttributes(layer),
    group: int(channels)
  })
}

function scaled(
  builder: OnnxBuilder,
  value: string,
  { mult, shift }: { mult: Int32Array; shift: Uint8Array },
  operand: number
): string {
  return builder.node('Mul', [value, builder.scalar(mult[operand] / 2 ** shift[0])])
}

/** Scaled sums with their rounding offset to output levels; the last layer's sums are the result. */
function finish(builder: OnnxBuilder, layer: WeightedLayer, sums: string): string {
  return layer.last ? sums : levelsOf(builder, layer, sums)
}

/** Value in units of the output scale (1/256 of it at one bit) to output levels. */
function requantized(builder: OnnxBuilder, layer: IntegerLayer, value: string): string {
  return levelsOf(builder, layer, builder.node('Add', [value, builder.scalar(roundingOffset(layer))]))
}

/** What is added to a value before it is limited and rounded down: the level above which one bit counts as high is 1. */
function roundingOffset({ outBits, outZero }: IntegerLayer): number {
  return outBits === 1 ? 0.5 - oneBitFraction * outZero : 0.5
}

/**
 * A value with its rounding offset to output levels. Limited first, because onnxruntime does that within the convolution:
 * both limits are whole, so that rounding down afterwards gives the same.
 */
function levelsOf(builder: OnnxBuilder, layer: IntegerLayer, value: string): string {
  const { outBits, outZero, relu } = layer
  const { low, high } = codeRange(outBits)
  const [bottom, top] =
    outBits === 1 ? [0, 1] : [relu ? Math.max(0, low + outZero) : low + outZero, high + outZero]
  const limited = builder.node('Clip', [value, builder.scalar(bottom), builder.scalar(top)])
  const levels = builder.node('Floor', [limited])
  if (outBits !== 1) return levels
  const steps = builder.node('Mul', [levels, builder.scalar(2)])
  return outZero - 1 === 0 ? steps : builder.node('Add', [steps, builder.scalar(outZero - 1)])
}

function nchw([height, width, channels]: ShapeHwc): number[] {
  return [channels, height, width]
}
