import { recurrentKernels } from '../../shared/vocabulary'
import { layerMacs, type WeightedGeometry } from '../kernel/fromLayer'
import type { ExportedLayer } from './onnx/exportedLayer'
import type { TableFunction } from './tableFunction'

/**
 * Graph: the typed network that everything after the import works on. Nodes are in execution order; `inputs` are node
 * indices, -1 is the network input. Shapes leave out the batch: [channels, height, width], [n] or any other rank. Weights are float32. In which order a tensor
 * lies in memory is defined in storage.ts; a node's meaning never depends on it.
 */
export type Shape = readonly number[]

interface NodeBase {
  readonly name: string
  readonly inputs: readonly number[]
  readonly outputShape: Shape
}

/** Sliding window of a convolution or pooling, in pixels. */
export interface WindowAttributes {
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  readonly pad: readonly [top: number, left: number, bottom: number, right: number]
  /** Steps between taps; absent: 1. Only convolutions have others. */
  readonly dilation?: readonly [height: number, width: number]
}

interface Weighted {
  /** Fused: max(0, y). */
  readonly relu: boolean
  /** Upper limit behind the ReLU (6 for ReLU6), or behind `floor`; absent: none. */
  readonly ceiling?: number
  /** Lower limit of a layer without ReLU, about as far from 0 as its `ceiling`, so that signed codes end there; absent: none. */
  readonly floor?: number
  readonly bias: Float32Array
}

/** weights [outC][inC][kh][kw], as in ONNX. */
export interface Conv2dNode extends NodeBase, WindowAttributes, Weighted {
  readonly op: 'conv2d'
  readonly weights: Float32Array
}

/** One filter per channel; weights [channels][kh][kw]. */
export interface DepthwiseConv2dNode extends NodeBase, WindowAttributes, Weighted {
  readonly op: 'depthwiseConv2d'
  readonly weights: Float32Array
}

/** weights [out][in]. */
export interface DenseNode extends NodeBase, Weighted {
  readonly op: 'dense'
  readonly weights: Float32Array
}

/** Largest value of every window, by channel. */
export interface MaxPoolNode extends NodeBase, WindowAttributes {
  readonly op: 'maxPool'
}

/** GlobalAveragePool is the pool whose window is the whole image. */
export interface AvgPoolNode extends NodeBase, WindowAttributes {
  readonly op: 'avgPool'
  readonly countIncludePad: boolean
}

/** Sum of two tensors of one shape, with ReLU where `relu` is set. */
export interface AddNode extends NodeBase {
  readonly op: 'add'
  readonly relu: boolean
}

/** Larger of 0 and the input, by element. */
export interface ReluNode extends NodeBase {
  readonly op: 'relu'
}

/** Per channel y = x * scale + shift; folded away where a weighted layer comes before. */
export interface BatchNormNode extends NodeBase {
  readonly op: 'batchNorm'
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** The input as a vector, in the order of ONNX (channels first). */
export interface FlattenNode extends NodeBase {
  readonly op: 'flatten'
}

/** One value to one value, the same function everywhere: y = f(x). */
export interface TableNode extends NodeBase {
  readonly op: 'table'
  readonly function: TableFunction
}

/** Functions of two values. */
export const binaryFunctions = ['add', 'sub', 'mul'] as const

/** Function of two values that is applied by element. */
export type BinaryFunction = (typeof binaryFunctions)[number]

/** Two tensors element by element with ONNX broadcasting. Equal shapes that are added use `add`, which has a faster kernel. */
export interface BinaryNode extends NodeBase {
  readonly op: 'binary'
  readonly function: BinaryFunction
}

/**
 * Elements put elsewhere: transpose, reshape, slice, pad, repeat, resize by nearest neighbour, depth to space.
 * map[i] is the element of the input (both counted in ONNX order) that output element i takes; -1 takes `fill`.
 */
export interface MoveNode extends NodeBase {
  readonly op: 'move'
  readonly map: Int32Array
  readonly fill: number
}

/** Tensors of one rank joined along `axis`. */
export interface ConcatNode extends NodeBase {
  readonly op: 'concat'
  readonly axis: number
}

export const reduceFunctions = ['mean', 'sum', 'max'] as const

/** Function that takes the values over some axes to one. */
export type ReduceFunction = (typeof reduceFunctions)[number]

/** Over `axes` of the input (ascending); the output's shape may keep them as 1 or leave them out. */
export interface ReduceNode extends NodeBase {
  readonly op: 'reduce'
  readonly function: ReduceFunction
  readonly axes: readonly number[]
}

/** Softmax over one axis. */
export interface SoftmaxNode extends NodeBase {
  readonly op: 'softmax'
  readonly axis: number
}

/**
 * LayerNormalization over the last axis: (x - mean) / sqrt(variance + epsilon) * scale + shift; without `centred` the mean is
 * left alone and the variance is the mean square (RMSNorm).
 */
export interface NormalizeNode extends NodeBase {
  readonly op: 'normalize'
  readonly epsilon: number
  readonly centred: boolean
  /** One entry per element of the last axis. */
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** Matrix product of two computed tensors [.., m, k] and [.., k, n]; the axes before are broadcast. */
export interface ProductNode extends NodeBase {
  readonly op: 'product'
}

/** A tensor that does not depend on the input, in ONNX order; has no inputs. */
export interface ConstantNode extends NodeBase {
  readonly op: 'constant'
  readonly values: Float32Array
}

/**
 * Rows of a table fetched by whole numbers of the network's input, or of a part of it that a move takes out, which has two bytes
 * for each: all low ones, then all high ones. A number beyond the last row takes the last one. The output is [numbers, width], or [numbers] where a row is one value.
 */
export interface EmbedNode extends NodeBase {
  readonly op: 'embed'
  readonly rows: number
  readonly width: number
  /** [rows][width] */
  readonly values: Float32Array
}

/** What one step of a recurrence computes: a plain one, an LSTM, a GRU, or a GRU that resets what its state was multiplied to. */
export const recurrentCells = recurrentKernels

/** Kind of a recurrence's step. */
export type RecurrentCell = (typeof recurrentCells)[number]

/**
 * LSTM, GRU or RNN over all steps, from states of 0. Its input [gates * hidden, steps, 1] is what each step adds to the product of
 * its state: the inputs times their weights, a layer of its own. The output [hidden, steps, 1] are the states.
 */
export interface RecurrentNode extends NodeBase {
  readonly op: 'recurrent'
  readonly cell: RecurrentCell
  /** From the last step to the first. */
  readonly isReverse: boolean
  /** Of gates, new state and, of an LSTM, its cell, with values from -1 to 1; a plain recurrence has one. */
  readonly functions: readonly TableFunction[]
  /** [gates * hidden][hidden], and what is added to its products. */
  readonly recurrence: Float32Array
  readonly recurrenceBias: Float32Array
}

/** Node with weights: the layers that a scheme gives bits. */
export type WeightedNode = Conv2dNode | DepthwiseConv2dNode | DenseNode

/** A node of the network graph; every operator that is read becomes some of these. */
export type GraphNode =
  | WeightedNode
  | MaxPoolNode
  | AvgPoolNode
  | AddNode
  | ReluNode
  | BatchNormNode
  | FlattenNode
  | TableNode
  | BinaryNode
  | MoveNode
  | ConcatNode
  | ReduceNode
  | SoftmaxNode
  | NormalizeNode
  | ProductNode
  | ConstantNode
  | EmbedNode
  | RecurrentNode

/** A network: its nodes in order of computation, its input and its output. */
export interface Graph {
  readonly name: string
  readonly inputShape: Shape
  /** Real value of an input byte p: inputScale * (p - 128 + inputZero). */
  readonly inputScale: number
  readonly inputZero: number
  /** Where the file's own codes of its input end: values beyond mean their end. Absent where it has none. */
  readonly inputLimits?: readonly [low: number, high: number]
  /** Generated data set (core/dataset/generated) that the file names as its own; absent elsewhere. */
  readonly dataSet?: string
  readonly nodes: readonly GraphNode[]
  /** Index of the node whose output is the network's. */
  readonly output: number
  /** What the file says of the bits of its weighted layers, in network order; absent where it is not quantized. */
  readonly exported?: readonly ExportedLayer[]
}

/** Whether a node has weights. */
export function isWeightedNode(node: GraphNode): node is WeightedNode {
  return node.op === 'conv2d' || node.op === 'depthwiseConv2d' || node.op === 'dense'
}

/** Whether the network's input are whole numbers of two bytes each (EmbedNode). */
export function readsIndices(graph: Graph): boolean {
  return graph.nodes.some(({ op }) => op === 'embed')
}

/** Whether something is done to a node's own result in the node itself: a ReLU, limits. */
export function hasActivation(node: GraphNode): boolean {
  return ('relu' in node && node.relu) || ('ceiling' in node && node.ceiling !== undefined)
}

/** The nodes with weights, in order of computation. */
export function weightedNodes(graph: Graph): WeightedNode[] {
  return graph.nodes.filter(isWeightedNode)
}

/** Names of the layers that have bits in a scheme, in network order. */
export function weightedLayerNames(graph: Graph): string[] {
  return weightedNodes(graph).map((node) => node.name)
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Shape of input `position` of a node. */
export function inputShapeOf(graph: Graph, node: GraphNode, position = 0): Shape {
  const index = node.inputs[position]
  return index < 0 ? graph.inputShape : graph.nodes[index].outputShape
}

/** Node indices that read each node's output; entry 0 is the network input's readers, entry i + 1 node i's. */
export function consumersOf(graph: Graph): number[][] {
  const consumers: number[][] = Array.from({ length: graph.nodes.length + 1 }, () => [])
  for (const [index, node] of graph.nodes.entries()) {
    for (const input of new Set(node.inputs)) consumers[input + 1].push(index)
  }
  return consumers
}

/** Sizes of a weighted node as height, width, channels; a vector is [1, 1, n]. */
export function geometryOf(graph: Graph, node: WeightedNode): WeightedGeometry {
  const inputShape = hwc(inputShapeOf(graph, node))
  const outputShape = hwc(node.outputShape)
  return node.op === 'dense'
    ? { op: 'dense', inputShape, outputShape }
    : { ...node, op: node.op, inputShape, outputShape }
}

function hwc(shape: Shape): readonly [number, number, number] {
  return shape.length === 3 ? [shape[1], shape[2], shape[0]] : [1, 1, sizeOf(shape)]
}

/** Multiply-accumulates for one image; 0 on layers that do not multiply matrices. Padded taps count (the kernels do them). */
export function macsOf(graph: Graph, node: GraphNode): number {
  if (node.op === 'product') return sizeOf(node.outputShape) * inputShapeOf(graph, node).at(-1)!
  if (node.op === 'recurrent') return node.recurrence.length * node.outputShape[1]
  return isWeightedNode(node) ? layerMacs(geometryOf(graph, node)) : 0
}

/** Trained numbers: weights and biases. */
export function parametersOf(node: GraphNode): number {
  if (isWeightedNode(node)) return node.weights.length + node.bias.length
  if (node.op === 'constant' || node.op === 'embed') return node.values.length
  if (node.op === 'recurrent') return node.recurrence.length + node.recurrenceBias.length
  return node.op === 'batchNorm' || node.op === 'normalize' ? node.scale.length + node.shift.length : 0
}

/** Output side of a window: floor((in + pads - reach) / stride) + 1, where the reach of k taps is (k - 1) * dilation + 1. */
export function windowOutput(
  height: number,
  width: number,
  { kernel, stride, pad, dilation = [1, 1] }: WindowAttributes
): readonly [number, number] {
  const reach = (axis: 0 | 1): number => (kernel[axis] - 1) * dilation[axis] + 1
  return [
    Math.floor((height + pad[0] + pad[2] - reach(0)) / stride[0]) + 1,
    Math.floor((width + pad[1] + pad[3] - reach(1)) / stride[1]) + 1
  ]
}
