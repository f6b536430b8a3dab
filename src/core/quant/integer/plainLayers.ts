import { AppError } from '../../../shared/errors'
import type { AvgPoolNode, Graph, GraphNode, WeightedNode } from '../../model/graph'
import { requantFactor, toFixedPoint, toFixedPointPair } from './fixedPoint'
import {
  binaryLayer,
  constantLayer,
  embedLayer,
  moveLayer,
  normalizeLayer,
  productLayer,
  reduceLayer,
  softmaxLayer,
  tableLayer
} from './operatorLayers'
import { recurrentLayer } from './recurrence'
import { recurrentBitsOf } from '../../model/recurrentSource'
import type { LayerFrame } from './layerFrame'
import type { CodeFormat, IntegerLayer } from '../quantizedNetwork'
import type { Bits } from '../scheme'
import type { ShapeHwc } from '../../kernel/shape'

/**
 * Integer layers of the nodes without weights, but for concat, which is several (quantizeNetwork.ts).
 * @param output format of the codes written
 * @param inputB format of the second operand, where there is one
 * @param weightBits of a recurrence
 * @throws AppError model.unsupportedOperator for what integers cannot express.
 */
export function plainLayer(
  graph: Graph,
  node: Exclude<GraphNode, WeightedNode | { op: 'concat' }>,
  frame: LayerFrame,
  output: CodeFormat,
  inputB: CodeFormat,
  weightBits: Bits
): IntegerLayer {
  const { input } = frame
  const written = { outBits: output.bits, outScale: output.scale, outZero: output.zero }
  switch (node.op) {
    case 'maxPool': {
      const { kernel, stride, pad } = node
      return { op: 'maxPool', ...frame, ...written, kernel, stride, pad, relu: false }
    }
    case 'flatten':
      return { op: 'flatten', ...frame, ...written, relu: false }
    case 'avgPool': {
      const { kernel, stride, pad } = node
      return {
        op: 'avgPool',
        ...frame,
        ...written,
        kernel,
        stride,
        pad,
        ...poolFactors(node, frame, output),
        relu: false
      }
    }
    case 'add': {
      const { multA, multB, shift } = toFixedPointPair(
        requantFactor(input.scale, output.scale, output.bits),
        requantFactor(inputB.scale, output.scale, output.bits)
      )
      const factors = { mult: Int32Array.of(multA, multB), shift: Uint8Array.of(shift) }
      return { op: 'add', ...frame, ...written, inputB, ...factors, relu: node.relu }
    }
    case 'relu':
      return requantizeLayer(node.name, frame.inputs[0], frame.inputShape, input, output, true)
    case 'batchNorm':
      throw new AppError(
        'model.unsupportedOperator',
        `Node "${node.name}" (BatchNormalization) was not folded.`,
        'Place the normalisation right behind a layer with weights.'
      )
    case 'table':
      return tableLayer(node, frame, output)
    case 'binary':
      return binaryLayer(graph, node, frame, output, inputB)
    case 'move':
      return moveLayer(graph, node, frame, output)
    case 'reduce':
      return reduceLayer(graph, node, frame, output)
    case 'softmax':
      return softmaxLayer(graph, node, frame, output)
    case 'normalize':
      return normalizeLayer(graph, node, frame, output)
    case 'product':
      return productLayer(graph, node, frame, output, inputB)
    case 'constant':
      return constantLayer(node, frame, output)
    case 'embed':
      return embedLayer(node, frame, output)
    case 'recurrent':
      return recurrentLayer(node, frame, output, { bitsOf: recurrentBitsOf(graph, node), weightBits })
  }
}

/** Returns the layer that brings codes from their stored to a wanted format. */
export function requantizeLayer(
  name: string,
  from: number,
  shape: ShapeHwc,
  stored: CodeFormat,
  wanted: CodeFormat,
  relu: boolean
): IntegerLayer {
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
    ...oneFactor(requantFactor(stored.scale, wanted.scale, wanted.bits)),
    relu
  }
}

function oneFactor(factor: number): { mult: Int32Array; shift: Uint8Array } {
  const { mult, shift } = toFixedPoint(factor)
  return { mult: Int32Array.of(mult), shift: Uint8Array.of(shift) }
}

/**
 * One factor where every window has the same number of positions; else one for each number of positions inside the image.
 * A window that hangs over the image's end (ceil_mode) is counted by the positions inside, as ONNX does without pads.
 */
function poolFactors(
  node: AvgPoolNode,
  { input, inputShape, outputShape }: LayerFrame,
  output: CodeFormat
): { mult: Int32Array; shift: Uint8Array } {
  const positions = node.kernel[0] * node.kernel[1]
  const factorOf = (count: number): number => requantFactor(input.scale / count, output.scale, output.bits)
  const isWhole = ([0, 1] as const).every((axis) => {
    const end = (outputShape[axis] - 1) * node.stride[axis] - node.pad[axis] + node.kernel[axis]
    return node.pad[axis] === 0 && end <= inputShape[axis]
  })
  if (node.countIncludePad || isWhole) return oneFactor(factorOf(positions))
  const factors = Array.from({ length: positions }, (_, at) => toFixedPoint(factorOf(at + 1)))
  return {
    mult: Int32Array.from(factors, ({ mult }) => mult),
    shift: Uint8Array.from(factors, ({ shift }) => shift)
  }
}
