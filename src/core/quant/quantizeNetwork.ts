import { AppError } from '../../shared/errors'
import {
  inputShapeOf,
  isWeightedNode,
  weightedLayerNames,
  type AvgPoolNode,
  type GraphNode
} from '../model/graph'
import type { Calibration } from './calibration'
import { requantFactor, toFixedPoint, toFixedPointPair } from './fixedPoint'
import { checkEnding, planFormats, type TensorFormats } from './formats'
import { toHwc } from './hwcGraph'
import {
  elementCount,
  type CodeFormat,
  type IntegerLayer,
  type QuantizedNetwork,
  type ShapeHwc
} from './quantizedNetwork'
import { createLayerStep } from './runInteger'
import { checkScheme, inputBits, type LayerBits, type Scheme } from './scheme'
import { quantizeWeighted, type WeightedSite } from './weightedLayer'

/** How a weighted node becomes an integer layer; retraining gives its own. */
export type WeightedQuantizer = (
  calibration: Calibration,
  site: WeightedSite
) => Extract<IntegerLayer, { weights: Int8Array }>

/**
 * Integers of a network under a scheme. Layer by layer, each one fitted on what the quantized layers before it give on
 * the calibration images, so that later layers make up for earlier errors.
 * @throws AppError scheme.invalid; model.unsupportedOperator for what integers cannot express.
 */
export function quantizeNetwork(
  calibration: Calibration,
  scheme: Scheme,
  quantizer: WeightedQuantizer = quantizeWeighted
): QuantizedNetwork {
  const { graph } = calibration
  checkScheme(scheme, weightedLayerNames(graph))
  checkEnding(graph)
  const formats = planFormats(calibration, scheme)
  const bitsOf = new Map(scheme.map((entry) => [entry.layer, entry]))
  const emitter = createEmitter(calibration, formats, quantizer)
  for (const [index, node] of graph.nodes.entries()) {
    emitter.emit(index, node, isWeightedNode(node) ? bitsOf.get(node.name)! : null)
  }
  return {
    name: graph.name,
    inputBits,
    inputScale: graph.inputScale,
    inputZero: graph.inputZero,
    inputShape: toHwc(graph.inputShape),
    layers: emitter.layers,
    outputCount: elementCount(toHwc(graph.nodes[graph.output]!.outputShape)),
    scheme
  }
}

function createEmitter(calibration: Calibration, formats: TensorFormats, quantizer: WeightedQuantizer) {
  const { graph, images } = calibration
  const layers: IntegerLayer[] = []
  /** Codes of every layer over the calibration images; -1 (the input) at position 0. */
  const codes: Int8Array[] = [calibration.codes]
  /** Layer that holds each node's output. */
  const layerOf: number[] = []
  const narrowed = new Map<string, number>()

  const push = (layer: IntegerLayer): number => {
    layers.push(layer)
    codes.push(
      isLogits(layer)
        ? new Int8Array(0)
        : runOverImages(
            layer,
            layer.inputs.map((from) => codes[from + 1]!),
            images
          )
    )
    return layers.length - 1
  }

  /** The layer that holds a node's input in the wanted format: the producer's, or a Requantize behind it. */
  const read = (source: number, wanted: CodeFormat): number => {
    const from = source < 0 ? -1 : layerOf[source]!
    const stored = source < 0 ? formats.input : formats.stored[source]!
    if (stored.bits === wanted.bits && stored.scale === wanted.scale && stored.zero === wanted.zero)
      return from
    const key = `${from}:${wanted.bits}:${wanted.scale}`
    const known = narrowed.get(key)
    if (known !== undefined) return known
    const shape = toHwc(source < 0 ? graph.inputShape : graph.nodes[source]!.outputShape)
    const name = `${source < 0 ? 'input' : graph.nodes[source]!.name}.to${wanted.bits}bit`
    const added = push(requantizeLayer(name, from, shape, stored, wanted, false))
    narrowed.set(key, added)
    return added
  }

  return {
    layers,
    emit(index: number, node: GraphNode, bits: LayerBits | null): void {
      const inputs = node.inputs.map((source, position) => read(source, formats.wanted(index, position)))
      const input = formats.wanted(index, 0)
      const output = formats.stored[index]!
      const inputShape = toHwc(inputShapeOf(graph, node))
      const outputShape = toHwc(node.outputShape)
      const common = { name: node.name, inputs, inputShape, outputShape, input }
      if (isWeightedNode(node)) {
        const site = { ...common, node, index, bits: bits!, output, codes: codes[inputs[0]! + 1]! }
        layerOf[index] = push(quantizer(calibration, site))
        return
      }
      const written = { outBits: output.bits, outScale: output.scale, outZero: output.zero }
      switch (node.op) {
        case 'maxPool':
          layerOf[index] = push({ op: 'maxPool', ...common, ...written, ...windowOf(node), relu: false })
          return
        case 'flatten':
          layerOf[index] = push({ op: 'flatten', ...common, ...written, relu: false })
          return
        case 'avgPool': {
          checkPadding(node)
          const count = node.kernel[0] * node.kernel[1]
          const { mult, shift } = toFixedPoint(requantFactor(input.scale / count, output.scale, output.bits))
          layerOf[index] = push({
            op: 'avgPool',
            ...common,
            ...written,
            ...windowOf(node),
            mult: Int32Array.of(mult),
            shift: Uint8Array.of(shift),
            relu: false
          })
          return
        }
        case 'add': {
          const inputB = formats.wanted(index, 1)
          const { multA, multB, shift } = toFixedPointPair(
            requantFactor(input.scale, output.scale, output.bits),
            requantFactor(inputB.scale, output.scale, output.bits)
          )
          layerOf[index] = push({
            op: 'add',
            ...common,
            ...written,
            inputB,
            mult: Int32Array.of(multA, multB),
            shift: Uint8Array.of(shift),
            relu: node.relu
          })
          return
        }
        case 'relu':
          layerOf[index] = push(requantizeLayer(node.name, inputs[0]!, inputShape, input, output, true))
          return
        case 'batchNorm':
          throw new AppError(
            'model.unsupportedOperator',
            `Node "${node.name}" (BatchNormalization) was not folded.`,
            'Place the normalisation right behind a layer with weights.'
          )
      }
    }
  }
}

function windowOf({ kernel, stride, pad }: Extract<GraphNode, { kernel: unknown }>) {
  return { kernel, stride, pad }
}

function requantizeLayer(
  name: string,
  from: number,
  shape: ShapeHwc,
  stored: CodeFormat,
  wanted: CodeFormat,
  relu: boolean
): IntegerLayer {
  const { mult, shift } = toFixedPoint(requantFactor(stored.scale, wanted.scale, wanted.bits))
  return {
    op: 'requantize',
    name,
    inputs: [from],
    inputShape: shape,
    outputShape: shape,
    input: stored,
    outBits: wanted.bits,
    outScale: wanted.scale,
    outZero: wanted.zero,
    mult: Int32Array.of(mult),
    shift: Uint8Array.of(shift),
    relu
  }
}

function isLogits(layer: IntegerLayer): boolean {
  return 'last' in layer && layer.last
}

function runOverImages(layer: IntegerLayer, inputs: readonly Int8Array[], images: number): Int8Array {
  const step = createLayerStep(layer)
  const size = elementCount(layer.outputShape)
  const out = new Int8Array(images * size)
  for (let image = 0; image < images; image++) {
    const own = inputs.map((codes) =>
      codes.subarray((codes.length / images) * image, (codes.length / images) * (image + 1))
    )
    step(own, out.subarray(image * size, (image + 1) * size))
  }
  return out
}

function checkPadding(node: AvgPoolNode): void {
  if (node.countIncludePad || node.pad.every((side) => side === 0)) return
  throw new AppError(
    'model.unsupportedOperator',
    `Node "${node.name}" (AveragePool) leaves its padding out of the count.`,
    'Use count_include_pad or no padding: the integer runtime divides every window by the same count.',
    { details: { node: node.name, operator: 'AveragePool' } }
  )
}
