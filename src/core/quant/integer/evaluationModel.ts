import { int, ints, type OnnxModel } from '../../model/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '../../model/onnxBuilder'
import { oneBitFraction } from './fixedPoint'
import {
  codeRange,
  isWeighted,
  type AvgPoolLayer,
  type Conv2dLayer,
  type DepthwiseConv2dLayer,
  type IntegerLayer,
  type QuantizedNetwork,
  type ShapeHwc
} from '../quantizedNetwork'

/**
 * A QuantizedNetwork as a float ONNX graph for fast evaluation over many images: fake quantization with the weights
 * baked in. Tensors hold code + zero (so that real zero is 0 and ordinary padding is right) in NCHW order; sums of
 * codes stay below 2^24 and are exact in float32, requantisation is float32 instead of 64-bit integers, so results
 * differ from runInteger only where a sum falls within a float's rounding of a code boundary.
 * Input "levels" [batch, channels, height, width] = byte - 128 + inputZero; output "logits" [batch, classes].
 */
export function evaluationModel(network: QuantizedNetwork): OnnxModel {
  const builder = createOnnxBuilder()
  const input = builder.input('levels', 'float32', ['batch', ...nchw(network.inputShape)])
  const values: string[] = []
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((from) => (from < 0 ? input : values[from]!))
    values.push(emitLayer(builder, network, layer, inputs))
  }
  const logits = builder.node('Flatten', [values.at(-1)!], { axis: int(1) })
  builder.output(logits, 'logits')
  return builder.build(network.name)
}

/** Input of the evaluation graph for image bytes (HWC), NCHW. */
export function levelsOfPixels(network: QuantizedNetwork, pixels: Uint8Array): Float32Array {
  const [height, width, channels] = network.inputShape
  const plane = height * width
  const offset = network.inputZero - 128
  const levels = new Float32Array(pixels.length)
  for (let at = 0; at < pixels.length; at++) {
    const channel = at % channels
    const pixel = Math.floor(at / channels)
    const image = Math.floor(pixel / plane)
    levels[(image * channels + channel) * plane + (pixel % plane)] = pixels[at]! + offset
  }
  return levels
}

function emitLayer(
  builder: OnnxBuilder,
  network: QuantizedNetwork,
  layer: IntegerLayer,
  inputs: string[]
): string {
  switch (layer.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return finish(builder, layer, emitConv(builder, layer, inputs[0]!), [1, -1, 1, 1])
    case 'dense': {
      const weights = denseWeights(network, layer)
      const bias = builder.constant(levelBias(layer), [layer.bias.length])
      const matrix = builder.constant(weights, [layer.bias.length, weights.length / layer.bias.length])
      return finish(
        builder,
        layer,
        builder.node('Gemm', [inputs[0]!, matrix, bias], { transB: int(1) }),
        [1, -1]
      )
    }
    case 'maxPool':
      return builder.node('MaxPool', inputs, {
        kernel_shape: ints(layer.kernel),
        strides: ints(layer.stride),
        pads: ints(layer.pad)
      })
    case 'avgPool':
      return requantized(builder, layer, scaled(builder, windowSums(builder, layer, inputs[0]!), layer, 0))
    case 'add': {
      const both = builder.node('Add', [
        scaled(builder, inputs[0]!, layer, 0),
        scaled(builder, inputs[1]!, layer, 1)
      ])
      return requantized(builder, layer, both)
    }
    case 'requantize':
      return requantized(builder, layer, scaled(builder, inputs[0]!, layer, 0))
    case 'flatten':
      return builder.node('Flatten', inputs, { axis: int(1) })
  }
}

function emitConv(builder: OnnxBuilder, layer: Conv2dLayer | DepthwiseConv2dLayer, input: string): string {
  const outputs = layer.outputShape[2]
  const isDepthwise = layer.op === 'depthwiseConv2d'
  const perGroup = isDepthwise ? 1 : layer.inputShape[2]
  const taps = layer.kernel[0] * layer.kernel[1]
  const weights = new Float32Array(layer.weights.length)
  for (let out = 0; out < outputs; out++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let c = 0; c < perGroup; c++) {
        const from = isDepthwise ? tap * outputs + out : (out * taps + tap) * perGroup + c
        weights[(out * perGroup + c) * taps + tap] = layer.weights[from]!
      }
    }
  }
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
    [
      source,
      builder.constant(weights, [outputs, perGroup, ...layer.kernel]),
      builder.constant(levelBias(layer), [outputs])
    ],
    {
      kernel_shape: ints(layer.kernel),
      strides: ints(layer.stride),
      pads: ints(padLevel === 0 ? layer.pad : [0, 0, 0, 0]),
      group: int(isDepthwise ? outputs : 1)
    }
  )
}

/** The bias without the input's zero offset, which the levels already contain. */
function levelBias(layer: Extract<IntegerLayer, { weights: Int8Array }>): Float32Array {
  const channels = layer.bias.length
  const isDepthwise = layer.op === 'depthwiseConv2d'
  const taps = layer.weights.length / channels
  return Float32Array.from(layer.bias, (bias, channel) => {
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      sum += layer.weights[isDepthwise ? tap * channels + channel : channel * taps + tap]!
    }
    return bias - layer.input.zero * sum
  })
}

/** Dense weights with inputs in the CHW order in which ONNX flattens. */
function denseWeights(
  network: QuantizedNetwork,
  layer: Extract<IntegerLayer, { op: 'dense' }>
): Float32Array {
  const shape = flattenedShape(network, layer)
  const [height, width, channels] = shape
  const inner = height * width * channels
  const weights = new Float32Array(layer.weights.length)
  for (let at = 0; at < weights.length; at++) {
    const tap = at % inner
    const pixel = Math.floor(tap / channels)
    weights[at - tap + (tap % channels) * height * width + pixel] = layer.weights[at]!
  }
  return weights
}

function flattenedShape(network: QuantizedNetwork, layer: IntegerLayer): ShapeHwc {
  let index = layer.inputs[0]!
  while (index >= 0) {
    const before = network.layers[index]!
    if (before.op === 'flatten') return before.inputShape
    if (before.op !== 'requantize') return before.outputShape
    index = before.inputs[0]!
  }
  return network.inputShape
}

/** Sums per window: a depthwise convolution with ones is exact where AveragePool's division is not. */
function windowSums(builder: OnnxBuilder, layer: AvgPoolLayer, input: string): string {
  const channels = layer.inputShape[2]
  const ones = new Float32Array(channels * layer.kernel[0] * layer.kernel[1]).fill(1)
  return builder.node('Conv', [input, builder.constant(ones, [channels, 1, ...layer.kernel])], {
    kernel_shape: ints(layer.kernel),
    strides: ints(layer.stride),
    pads: ints(layer.pad),
    group: int(channels)
  })
}

function scaled(
  builder: OnnxBuilder,
  value: string,
  { mult, shift }: { mult: Int32Array; shift: Uint8Array },
  operand: number
): string {
  return builder.node('Mul', [value, builder.scalar(mult[operand]! / 2 ** shift[0]!)])
}

function finish(
  builder: OnnxBuilder,
  layer: Extract<IntegerLayer, { weights: Int8Array }>,
  sums: string,
  dims: readonly number[]
): string {
  if (isWeighted(layer) && layer.last) return sums
  const factors = Float32Array.from(layer.mult, (mult, channel) => mult / 2 ** layer.shift[channel]!)
  const shape = dims.map((size) => (size === -1 ? factors.length : size))
  return requantized(builder, layer, builder.node('Mul', [sums, builder.constant(factors, shape)]))
}

/** Value in units of the output scale (1/256 of it at one bit) to output levels. */
function requantized(builder: OnnxBuilder, layer: IntegerLayer, value: string): string {
  const { outBits, outZero, relu } = layer
  const { low, high } = codeRange(outBits)
  const rounded = builder.node('Floor', [builder.node('Add', [value, builder.scalar(0.5)])])
  if (outBits === 1) {
    const isHigh = builder.node('Greater', [rounded, builder.scalar(oneBitFraction * outZero)])
    const steps = builder.node('Mul', [builder.node('Cast', [isHigh], { to: int(1) }), builder.scalar(2)])
    return outZero - 1 === 0 ? steps : builder.node('Add', [steps, builder.scalar(outZero - 1)])
  }
  const bottom = relu ? Math.max(0, low + outZero) : low + outZero
  return builder.node('Clip', [rounded, builder.scalar(bottom), builder.scalar(high + outZero)])
}

function nchw([height, width, channels]: ShapeHwc): number[] {
  return [channels, height, width]
}
