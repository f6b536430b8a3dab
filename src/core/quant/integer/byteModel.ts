import { int, ints, float, type OnnxModel } from '../../model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '../../model/onnx/onnxBuilder'
import type { ShapeHwc } from '../../kernel/shape'
import { oneBitFraction } from './fixedPoint'
import {
  biasOfLevels,
  channelFactors,
  onnxWeightCodes,
  onnxWeightDims,
  windowAttributes,
  type WeightedLayer
} from './layerOnnx'
import { widePixels } from './widePixels'
import {
  codeRange,
  elementCount,
  type AddLayer,
  type AvgPoolLayer,
  type Conv2dLayer,
  type DenseLayer,
  type DepthwiseConv2dLayer,
  type IntegerLayer,
  type QuantizedNetwork
} from '../quantizedNetwork'

/**
 * Layers of a QuantizedNetwork as an ONNX graph over bytes for onnxruntime's integer kernels: a tensor holds code + 128 in
 * HWC order, its zero point is 128 - zero. Sums are exact integers as on the board; a result is rounded from the float32
 * product of sum and factor, so that it differs from runInteger only where that lies within a float's rounding of a code
 * boundary. Networks with operators beyond these run as evaluationModel.ts writes them.
 */
/** How weights are held: unsigned where a processor's signed products saturate (exactBytes.ts). */
export type ByteWeights = 'int8' | 'uint8'

/** Whether byteModel and byteLayersModel take a layer. */
export function isByteLayer(layer: IntegerLayer): boolean {
  switch (layer.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return !layer.last
    case 'avgPool':
      return layer.mult.length === 1
    case 'dense':
    case 'maxPool':
    case 'add':
    case 'requantize':
    case 'flatten':
    case 'output':
      return true
    default:
      return false
  }
}

/**
 * Input "bytes" [batch, height, width, channels]: image bytes; output "logits" [batch, classes], float32.
 * @param wanted layers, by position, whose bytes are outputs too: "result0", … [batch, height, width, channels]
 */
export function byteModel(
  network: Pick<QuantizedNetwork, 'name' | 'inputShape' | 'layers'>,
  weights: ByteWeights,
  wanted: readonly number[] = []
): OnnxModel {
  const emitter = createEmitter(weights)
  const first = emitter.input('bytes', network.inputShape)
  const values: ByteValue[] = []
  for (const layer of network.layers) {
    values.push(
      emitter.emit(
        layer,
        layer.inputs.map((from) => (from < 0 ? first : values[from]))
      )
    )
  }
  emitter.builder.output(emitter.flat(values.at(-1)!), 'logits')
  emitResults(emitter, network.layers, values, wanted)
  return emitter.builder.build(network.name)
}

/**
 * Layers that read each other, not the last: bytes "bytes0", … to bytes "result0", … of the wanted ones, all
 * [batch, height, width, channels].
 * @param sources of each layer: positions of layers before it, -1 - n for input n
 */
export function byteLayersModel(
  layers: readonly IntegerLayer[],
  sources: readonly (readonly number[])[],
  wanted: readonly number[],
  weights: ByteWeights
): OnnxModel {
  const emitter = createEmitter(weights)
  const inputs = new Map<number, ByteValue>()
  const values: ByteValue[] = []
  const valueOf = (from: number, shape: ShapeHwc): ByteValue => {
    if (from >= 0) return values[from]
    let input = inputs.get(from)
    if (input === undefined) inputs.set(from, (input = emitter.input(`bytes${-1 - from}`, shape)))
    return input
  }
  for (const [at, layer] of layers.entries())
    values.push(
      emitter.emit(
        layer,
        sources[at].map((from) => valueOf(from, layer.inputShape))
      )
    )
  emitResults(emitter, layers, values, wanted)
  // Without the layers' names: those of one structure share a session.
  return emitter.builder.build('layers')
}

function emitResults(
  { builder, image }: ReturnType<typeof createEmitter>,
  layers: readonly IntegerLayer[],
  values: readonly ByteValue[],
  wanted: readonly number[]
): void {
  for (const [result, at] of wanted.entries())
    builder.output(image(values[at], layers[at].outputShape), `result${result}`, 'uint8')
}

/** A tensor [batch, height, width, channels], or [batch, n] where `isFlat`. */
interface ByteValue {
  readonly name: string
  readonly shape: ShapeHwc
  readonly isFlat: boolean
}

function createEmitter(weights: ByteWeights) {
  const builder = createOnnxBuilder()
  const bytes = createBytes(builder)
  const flat = ({ name, shape, isFlat }: ByteValue): string =>
    isFlat ? name : builder.node('Reshape', [name, builder.shape([-1, elementCount(shape)])])
  const image = ({ name, shape, isFlat }: ByteValue, wanted: ShapeHwc): string =>
    !isFlat && shape.join() === wanted.join()
      ? name
      : builder.node('Reshape', [name, builder.shape([-1, ...wanted])])

  return {
    builder,
    flat,
    image,
    input(name: string, shape: ShapeHwc): ByteValue {
      return { name: builder.input(name, 'uint8', ['batch', ...shape]), shape, isFlat: false }
    },
    emit(layer: IntegerLayer, inputs: readonly ByteValue[]): ByteValue {
      const shape = layer.outputShape
      const source = (): string => image(inputs[0], layer.inputShape)
      const made = (name: string, isFlat = false): ByteValue => ({ name, shape, isFlat })
      switch (layer.op) {
        case 'conv2d': {
          const wide = widePixels(layer)
          if (wide === null) return made(emitConv(builder, bytes, weights, layer, source()))
          const name = emitConv(builder, bytes, weights, wide, image(inputs[0], wide.inputShape))
          return made(image({ name, shape: wide.outputShape, isFlat: false }, shape))
        }
        case 'depthwiseConv2d':
          return made(emitConv(builder, bytes, weights, layer, source()))
        case 'dense':
          return made(emitDense(builder, bytes, weights, layer, flat(inputs[0])), true)
        case 'avgPool':
          return made(emitAverage(builder, bytes, layer, source()))
        case 'maxPool':
          return made(builder.ownNode('NhwcMaxPool', [source()], windowAttributes(layer)))
        case 'add':
          return made(emitAdd(builder, bytes, layer, source(), image(inputs[1], layer.inputShape)))
        case 'requantize':
          return made(
            limited(builder, bytes, layer, (step, zero) =>
              builder.ownNode(
                'QLinearLeakyRelu',
                [
                  source(),
                  builder.scalar((layer.mult[0] / 2 ** layer.shift[0]) * step),
                  bytes.zero(layer.input.zero),
                  builder.scalar(1),
                  zero
                ],
                { alpha: float(1) }
              )
            )
          )
        case 'flatten':
          return made(flat(inputs[0]), true)
        case 'output':
          return made(
            builder.node('DequantizeLinear', [
              flat(inputs[0]),
              builder.scalar(1),
              bytes.zero(layer.input.zero)
            ]),
            true
          )
        default:
          throw new Error(`layer ${layer.name} does not run over bytes`)
      }
    }
  }
}

/** Scalar bytes of a graph, each made once. */
function createBytes(builder: OnnxBuilder) {
  const known = new Map<number, string>()
  const byte = (value: number): string => {
    let name = known.get(value)
    if (name === undefined) known.set(value, (name = builder.constant(Uint8Array.of(value), [])))
    return name
  }
  return { byte, /** Zero point of a format. */ zero: (zero: number): string => byte(128 - zero) }
}

type Bytes = ReturnType<typeof createBytes>

/**
 * Output bytes of a layer, limited to its width.
 * @param make writes the node that rounds and saturates, given what factors are to be multiplied by and the zero point to add
 */
function limited(
  builder: OnnxBuilder,
  bytes: Bytes,
  layer: IntegerLayer,
  make: (step: number, zero: string) => string
): string {
  const { outBits, outZero, relu } = layer
  if (outBits === 1) return oneBit(builder, bytes, layer, make)
  const { low, high } = codeRange(outBits)
  const bottom = (relu ? Math.max(-outZero, low) : low) + 128
  const top = high + 128
  const rounded = make(1, bytes.zero(outZero))
  return bottom === 0 && top === 255
    ? rounded
    : builder.node('Clip', [rounded, bytes.byte(bottom), bytes.byte(top)])
}

/**
 * High where the value in 1/256 of the scale, rounded, is above 256 * outZero. A byte cannot hold that, so the step is such
 * that the boundary falls between two bytes; code 1 is byte 129 and code -1 is byte 127.
 */
function oneBit(
  builder: OnnxBuilder,
  bytes: Bytes,
  { outZero }: IntegerLayer,
  make: (step: number, zero: string) => string
): string {
  const threshold = oneBitFraction * outZero
  const last = outZero === 0 ? 0 : 127
  const rounded = make((last + 0.5) / (threshold + 0.5), bytes.byte(0))
  const isHigh = builder.node('Clip', [rounded, bytes.byte(last), bytes.byte(last + 1)])
  const [one, zero] = [builder.scalar(1), bytes.byte(last)]
  return builder.ownNode('QLinearAdd', [isHigh, one, zero, isHigh, one, zero, one, bytes.byte(127)])
}

function emitAdd(builder: OnnxBuilder, bytes: Bytes, layer: AddLayer, a: string, b: string): string {
  const factor = (operand: number): number => layer.mult[operand] / 2 ** layer.shift[0]
  return limited(builder, bytes, layer, (step, zero) =>
    builder.ownNode('QLinearAdd', [
      a,
      builder.scalar(factor(0) * step),
      bytes.zero(layer.input.zero),
      b,
      builder.scalar(factor(1) * step),
      bytes.zero(layer.inputB.zero),
      builder.scalar(1),
      zero
    ])
  )
}

/** Sums of windows as a depthwise convolution with ones. */
function emitAverage(builder: OnnxBuilder, bytes: Bytes, layer: AvgPoolLayer, input: string): string {
  const channels = layer.inputShape[2]
  const ones = new Int8Array(channels * layer.kernel[0] * layer.kernel[1]).fill(1)
  return limited(builder, bytes, layer, (step, zero) =>
    builder.ownNode(
      'QLinearConv',
      [
        input,
        builder.scalar(1),
        bytes.zero(layer.input.zero),
        builder.constant(ones, [channels, 1, ...layer.kernel]),
        builder.scalar((layer.mult[0] / 2 ** layer.shift[0]) * step),
        builder.constant(Int8Array.of(0), []),
        builder.scalar(1),
        zero
      ],
      {
        ...windowAttributes(layer),
        group: int(channels),
        channels_last: int(1)
      }
    )
  )
}

function emitConv(
  builder: OnnxBuilder,
  bytes: Bytes,
  as: ByteWeights,
  layer: Conv2dLayer | DepthwiseConv2dLayer,
  input: string
): string {
  const isDepthwise = layer.op === 'depthwiseConv2d'
  // Signed one-bit codes have no zero: their padding is -1 and must be laid out as values.
  const isPadded = layer.padCode + layer.input.zero !== 0 && layer.pad.some((side) => side > 0)
  const [top, left, bottom, right] = layer.pad
  const source = isPadded
    ? builder.node('Pad', [
        input,
        builder.shape([0, top, left, 0, 0, bottom, right, 0]),
        bytes.byte(layer.padCode + 128)
      ])
    : input
  return limited(builder, bytes, layer, (step, zero) =>
    builder.ownNode(
      'QLinearConv',
      [
        source,
        builder.scalar(1),
        bytes.zero(layer.input.zero),
        heldWeights(builder, as, layer),
        factorsOf(builder, layer, step),
        weightZero(builder, as),
        builder.scalar(1),
        zero,
        heldBias(builder, layer)
      ],
      {
        ...windowAttributes(isPadded ? { ...layer, pad: [0, 0, 0, 0] } : layer),
        dilations: ints(layer.dilation ?? [1, 1]),
        group: int(isDepthwise ? layer.outputShape[2] : 1),
        channels_last: int(1)
      }
    )
  )
}

function emitDense(
  builder: OnnxBuilder,
  bytes: Bytes,
  as: ByteWeights,
  layer: DenseLayer,
  input: string
): string {
  const channels = layer.bias.length
  const matrix = heldWeights(builder, as, layer)
  const operands = (factors: string, weightZeros: string): string[] => [
    input,
    builder.scalar(1),
    bytes.zero(layer.input.zero),
    matrix,
    factors,
    weightZeros,
    heldBias(builder, layer)
  ]
  const attributes = { transB: int(1) }
  if (layer.last)
    return builder.ownNode('QGemm', operands(builder.scalar(1), weightZero(builder, as)), attributes)
  return limited(builder, bytes, layer, (step, zero) =>
    builder.ownNode(
      'QGemm',
      [
        ...operands(factorsOf(builder, layer, step), weightZero(builder, as, channels)),
        builder.scalar(1),
        zero
      ],
      attributes
    )
  )
}

function factorsOf(builder: OnnxBuilder, layer: WeightedLayer, step: number): string {
  const factors = Float32Array.from(channelFactors(layer), (factor) => factor * step)
  return builder.constant(factors, [factors.length])
}

function heldWeights(builder: OnnxBuilder, as: ByteWeights, layer: WeightedLayer): string {
  const codes = onnxWeightCodes(layer)
  const held = as === 'int8' ? codes : Uint8Array.from(codes, (code) => code + 128)
  return builder.constant(held, onnxWeightDims(layer))
}

/** Zero points of the weights, one or one per channel (QGemm wants as many as factors). */
function weightZero(builder: OnnxBuilder, as: ByteWeights, channels?: number): string {
  const zeros = as === 'int8' ? new Int8Array(channels ?? 1) : new Uint8Array(channels ?? 1).fill(128)
  return builder.constant(zeros, channels === undefined ? [] : [channels])
}

function heldBias(builder: OnnxBuilder, layer: WeightedLayer): string {
  return builder.constant(biasOfLevels(layer), [layer.bias.length])
}
