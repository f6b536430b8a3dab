import { AppError } from '../../../shared/errors'
import type { AvgPoolNode, GraphNode, WeightedNode } from '../../model/graph'
import { requantFactor, toFixedPoint, toFixedPointPair } from './fixedPoint'
import type { CodeFormat, IntegerLayer, ShapeHwc } from '../quantizedNetwork'

/** What every integer layer has, whatever it does. */
interface LayerFrame {
  readonly name: string
  readonly inputs: readonly number[]
  readonly inputShape: ShapeHwc
  readonly outputShape: ShapeHwc
  readonly input: CodeFormat
}

/**
 * Integer layers of the nodes without weights.
 * @param output format of the codes written; these nodes are never last (formats.ts checkEnding)
 * @param inputB format of the second operand of Add
 * @throws AppError model.unsupportedOperator for what integers cannot express.
 */
export function plainLayer(
  node: Exclude<GraphNode, WeightedNode>,
  frame: LayerFrame,
  output: CodeFormat | null,
  inputB: CodeFormat
): IntegerLayer {
  if (output === null) throw new Error(`node ${node.name} cannot be last`)
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
      checkPadding(node)
      const { kernel, stride, pad } = node
      const factor = requantFactor(input.scale / (kernel[0] * kernel[1]), output.scale, output.bits)
      return { op: 'avgPool', ...frame, ...written, kernel, stride, pad, ...oneFactor(factor), relu: false }
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
      return requantizeLayer(node.name, frame.inputs[0]!, frame.inputShape, input, output, true)
    case 'batchNorm':
      throw new AppError(
        'model.unsupportedOperator',
        `Node "${node.name}" (BatchNormalization) was not folded.`,
        'Place the normalisation right behind a layer with weights.'
      )
  }
}

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

function checkPadding(node: AvgPoolNode): void {
  if (node.countIncludePad || node.pad.every((side) => side === 0)) return
  throw new AppError(
    'model.unsupportedOperator',
    `Node "${node.name}" (AveragePool) leaves its padding out of the count.`,
    'Use count_include_pad or no padding: the integer runtime divides every window by the same count.',
    { details: { node: node.name, operator: 'AveragePool' } }
  )
}
