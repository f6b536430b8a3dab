/**
 * Graph: the typed network that everything after the import works on. Nodes are in execution order; `inputs` are node
 * indices, -1 is the network input. Shapes leave out the batch: [channels, height, width] or [n]. Weights are float32.
 */
export type Shape = readonly number[]

interface NodeBase {
  readonly name: string
  readonly inputs: readonly number[]
  readonly outputShape: Shape
}

export interface WindowAttributes {
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  readonly pad: readonly [top: number, left: number, bottom: number, right: number]
}

interface Weighted {
  /** Fused: max(0, y). */
  readonly relu: boolean
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

export interface MaxPoolNode extends NodeBase, WindowAttributes {
  readonly op: 'maxPool'
}

/** GlobalAveragePool is the pool whose window is the whole image. */
export interface AvgPoolNode extends NodeBase, WindowAttributes {
  readonly op: 'avgPool'
  readonly countIncludePad: boolean
}

export interface AddNode extends NodeBase {
  readonly op: 'add'
  readonly relu: boolean
}

export interface ReluNode extends NodeBase {
  readonly op: 'relu'
}

/** Per channel y = x * scale + shift; folded away where a weighted layer comes before. */
export interface BatchNormNode extends NodeBase {
  readonly op: 'batchNorm'
  readonly scale: Float32Array
  readonly shift: Float32Array
}

export interface FlattenNode extends NodeBase {
  readonly op: 'flatten'
}

export type WeightedNode = Conv2dNode | DepthwiseConv2dNode | DenseNode
export type GraphNode =
  WeightedNode | MaxPoolNode | AvgPoolNode | AddNode | ReluNode | BatchNormNode | FlattenNode

export interface Graph {
  readonly name: string
  readonly inputShape: Shape
  /** Real value of an input byte p: inputScale * (p - 128 + inputZero). */
  readonly inputScale: number
  readonly inputZero: number
  readonly nodes: readonly GraphNode[]
  /** Index of the node whose output is the network's. */
  readonly output: number
}

export function isWeightedNode(node: GraphNode): node is WeightedNode {
  return node.op === 'conv2d' || node.op === 'depthwiseConv2d' || node.op === 'dense'
}

export function weightedNodes(graph: Graph): WeightedNode[] {
  return graph.nodes.filter(isWeightedNode)
}

/** Names of the layers that have bits in a scheme, in network order. */
export function weightedLayerNames(graph: Graph): string[] {
  return weightedNodes(graph).map((node) => node.name)
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Shape of input `position` of a node. */
export function inputShapeOf(graph: Graph, node: GraphNode, position = 0): Shape {
  const index = node.inputs[position]!
  return index < 0 ? graph.inputShape : graph.nodes[index]!.outputShape
}

/** Node indices that read each node's output; entry 0 is the network input's readers, entry i + 1 node i's. */
export function consumersOf(graph: Graph): number[][] {
  const consumers: number[][] = Array.from({ length: graph.nodes.length + 1 }, () => [])
  for (const [index, node] of graph.nodes.entries()) {
    for (const input of new Set(node.inputs)) consumers[input + 1]!.push(index)
  }
  return consumers
}

/** Multiply-accumulates for one image; 0 on layers without weights. Padded taps count (the kernels do them). */
export function macsOf(graph: Graph, node: GraphNode): number {
  switch (node.op) {
    case 'conv2d': {
      const inC = inputShapeOf(graph, node)[0]!
      return sizeOf(node.outputShape) * inC * node.kernel[0] * node.kernel[1]
    }
    case 'depthwiseConv2d':
      return sizeOf(node.outputShape) * node.kernel[0] * node.kernel[1]
    case 'dense':
      return node.weights.length
    default:
      return 0
  }
}

/** Trained numbers: weights and biases. */
export function parametersOf(node: GraphNode): number {
  if (isWeightedNode(node)) return node.weights.length + node.bias.length
  return node.op === 'batchNorm' ? node.scale.length + node.shift.length : 0
}

/** Output side of a window: floor((in + pads - kernel) / stride) + 1. */
export function windowOutput(
  height: number,
  width: number,
  { kernel, stride, pad }: WindowAttributes
): readonly [number, number] {
  return [
    Math.floor((height + pad[0] + pad[2] - kernel[0]) / stride[0]) + 1,
    Math.floor((width + pad[1] + pad[3] - kernel[1]) / stride[1]) + 1
  ]
}
