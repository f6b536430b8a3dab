import { AppError } from '../../../shared/errors'
import { inputShapeOf, sizeOf, type Graph, type GraphNode } from '../../model/graph'
import {
  broadcastStrides,
  reductionLoops,
  storageAxes,
  storagePlaces,
  storageStrides
} from '../../model/storage'
import { evaluateFunction, type TableFunction } from '../../model/tableFunction'
import { oneBitFraction, requantFactor, toCode, toFixedPoint, toFixedPointPair } from './fixedPoint'
import { moveSources, productLayout } from '../floatSteps'
import { normalBits } from './integerOperators'
import { joinLoops, moveLoops, maxLoops } from './moveLoops'
import type { LayerFrame } from './layerFrame'
import { zeroCode, type CodeFormat, type IntegerLayer, type ReduceLoops } from '../quantizedNetwork'

/** Integer layers of the nodes that have neither windows nor weights (docs/arithmetic.md). */

type Operator<Op extends GraphNode['op']> = Extract<GraphNode, { op: Op }>

/** What a layer without ReLU that writes codes of this format says of its output. */
export const writtenCodes = (output: CodeFormat) => ({
  outBits: output.bits,
  outScale: output.scale,
  outZero: output.zero,
  relu: false
})

/** The code nearest to a real value; exact halves go up, as sums do. */
export function codeOf(value: number, { bits, scale, zero }: CodeFormat): number {
  const unit = bits === 1 ? oneBitFraction : 1
  return toCode(Math.floor((value / scale) * unit + 0.5), bits, zero)
}

function oneFactor(factor: number): { mult: Int32Array; shift: Uint8Array } {
  const { mult, shift } = toFixedPoint(factor)
  return { mult: Int32Array.of(mult), shift: Uint8Array.of(shift) }
}

/** Table entries for every code, also for those the input's bits do not have. */
export function lookupTable(f: TableFunction, input: CodeFormat, output: CodeFormat): Int8Array {
  return Int8Array.from({ length: 256 }, (_, at) =>
    codeOf(evaluateFunction(f, input.scale * (at - 128 + input.zero)), output)
  )
}

/** Returns the integer layer of a function of one value. */
export function tableLayer(node: Operator<'table'>, frame: LayerFrame, output: CodeFormat): IntegerLayer {
  return {
    op: 'table',
    ...frame,
    ...writtenCodes(output),
    tables: lookupTable(node.function, frame.input, output)
  }
}

/** Returns the integer layer of a function of two values. */
export function binaryLayer(
  graph: Graph,
  node: Operator<'binary'>,
  frame: LayerFrame,
  output: CodeFormat,
  inputB: CodeFormat
): IntegerLayer {
  const axes = storageAxes(node.outputShape.length)
  const [stridesA, stridesB] = [0, 1].map((position) => {
    const shape = inputShapeOf(graph, node, position)
    const strides = broadcastStrides(shape, node.outputShape, storageStrides(shape))
    return axes.map((axis) => strides[axis])
  })
  const { counts, a, b } = joinLoops(
    axes.map((axis) => node.outputShape[axis]),
    stridesA,
    stridesB
  )
  if (counts.length > maxLoops) throw tooManyAxes(node)
  const { input } = frame
  const layer = {
    op: 'binary',
    ...frame,
    ...writtenCodes(output),
    function: node.function,
    inputB,
    counts,
    stridesA: a,
    stridesB: b
  } as const
  if (node.function === 'mul')
    return { ...layer, ...oneFactor(requantFactor(input.scale * inputB.scale, output.scale, output.bits)) }
  const { multA, multB, shift } = toFixedPointPair(
    requantFactor(input.scale, output.scale, output.bits),
    requantFactor(inputB.scale, output.scale, output.bits)
  )
  return { ...layer, mult: Int32Array.of(multA, multB), shift: Uint8Array.of(shift) }
}

/** Returns the integer layer of a move of elements. */
export function moveLayer(
  graph: Graph,
  node: Operator<'move'>,
  frame: LayerFrame,
  output: CodeFormat
): IntegerLayer {
  const sources = moveSources(graph, node)
  const size = sizeOf(inputShapeOf(graph, node))
  if (sources.length === size && sources.every((source, at) => source === at))
    return { op: 'flatten', ...frame, ...writtenCodes(output) }
  const kept = Int32Array.from(sources.keys()).filter((at) => sources[at] >= 0)
  const fills = kept.length < sources.length
  const fill = node.fill === 0 ? zeroCode(output) : codeOf(node.fill, output)
  const loops = moveLoops(
    kept,
    kept.map((at) => sources[at])
  )
  if (loops === null) return { op: 'gather', ...frame, ...writtenCodes(output), sources, fill }
  return { op: 'move', ...frame, ...writtenCodes(output), loops, fill: fills ? fill : null }
}

/** Returns the integer layer of a reduction. */
export function reduceLayer(
  graph: Graph,
  node: Operator<'reduce'>,
  frame: LayerFrame,
  output: CodeFormat
): IntegerLayer {
  const loops = loopsFor(graph, node, node.axes)
  const units = node.function === 'mean' ? frame.input.scale / loops.count : frame.input.scale
  return {
    op: 'reduce',
    ...frame,
    ...writtenCodes(output),
    function: node.function === 'max' ? 'max' : 'sum',
    loops,
    ...oneFactor(requantFactor(units, output.scale, output.bits))
  }
}

/** Largest `levels` and a code's largest exponent: their product stays below 2^30. */
const maxLevels = 2 ** 15 - 1
const exponentBits = 15

/** Returns the integer layer of a softmax. */
export function softmaxLayer(
  graph: Graph,
  node: Operator<'softmax'>,
  frame: LayerFrame,
  output: CodeFormat
): IntegerLayer {
  return {
    op: 'softmax',
    ...frame,
    ...writtenCodes(output),
    loops: loopsFor(graph, node, [node.axis]),
    levels: Math.min(maxLevels, Math.round(requantFactor(1, output.scale, output.bits))),
    exponents: Int32Array.from({ length: 256 }, (_, below) =>
      Math.round(2 ** exponentBits * Math.exp(-frame.input.scale * below))
    )
  }
}

/** Returns the integer layer of a LayerNorm or RMSNorm. */
export function normalizeLayer(
  graph: Graph,
  node: Operator<'normalize'>,
  frame: LayerFrame,
  output: CodeFormat
): IntegerLayer {
  const loops = loopsFor(graph, node, [node.outputShape.length - 1])
  const unit = requantFactor(1, output.scale, output.bits)
  const largest = node.scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const { shift } = toFixedPoint((largest * unit) / 2 ** normalBits)
  const inUnits = (value: number, limit: number): number =>
    Math.max(-limit, Math.min(limit, Math.round(value * unit * 2 ** (shift - normalBits))))
  return {
    op: 'normalize',
    ...frame,
    ...writtenCodes(output),
    loops,
    centred: node.centred,
    epsilon: Math.min(2 ** 52, Math.round((loops.count ** 2 * node.epsilon) / frame.input.scale ** 2)),
    mult: Int32Array.from(node.scale, (value) => inUnits(value, 2 ** 21 - 1)),
    add: Int32Array.from(node.shift, (value) => inUnits(value, 2 ** 30)),
    shift: Uint8Array.of(shift)
  }
}

/** Returns the integer layer of a product of two activations. */
export function productLayer(
  graph: Graph,
  node: Operator<'product'>,
  frame: LayerFrame,
  output: CodeFormat,
  inputB: CodeFormat
): IntegerLayer {
  const factor = requantFactor(frame.input.scale * inputB.scale, output.scale, output.bits)
  return {
    op: 'product',
    ...frame,
    ...writtenCodes(output),
    inputB,
    ...productLayout(graph, node),
    ...oneFactor(factor)
  }
}

/** Returns the integer layer that writes a constant. */
export function constantLayer(
  node: Operator<'constant'>,
  frame: LayerFrame,
  output: CodeFormat
): IntegerLayer {
  const codes = new Int8Array(node.values.length)
  for (const [at, place] of storagePlaces(node.outputShape).entries())
    codes[place] = codeOf(node.values[at], output)
  return { op: 'constant', ...frame, inputs: [], ...writtenCodes(output), codes }
}

/** Returns the integer layer of rows fetched by the input. */
export function embedLayer(node: Operator<'embed'>, frame: LayerFrame, output: CodeFormat): IntegerLayer {
  const { rows, width } = node
  const codes = Int8Array.from(node.values, (value) => codeOf(value, output))
  return { op: 'embed', ...frame, ...writtenCodes(output), rows, width, codes }
}

function loopsFor(graph: Graph, node: GraphNode, axes: readonly number[]): ReduceLoops {
  const loops = reductionLoops(inputShapeOf(graph, node), axes)
  if (loops !== null) return loops
  throw new AppError(
    'model.unsupportedShape',
    `Node "${node.name}" (${node.op}) works over axes [${axes.join(', ')}], which do not lie next to each other.`,
    'Transpose the tensor so that these axes are neighbours.',
    { details: { node: node.name, operator: node.op } }
  )
}

function tooManyAxes(node: GraphNode): AppError {
  return new AppError(
    'model.unsupportedShape',
    `Node "${node.name}" (${node.op}) broadcasts over more than ${maxLoops} axes.`,
    'Reshape its operands to fewer axes.',
    { details: { node: node.name, operator: node.op } }
  )
}
