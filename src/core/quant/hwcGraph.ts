import {
  inputShapeOf,
  isWeightedNode,
  sizeOf,
  type Graph,
  type GraphNode,
  type Shape,
  type WeightedNode
} from '../model/graph'
import type { ShapeHwc } from '../kernel/shape'

/**
 * The graph's [channels, height, width] as [height, width, channels]; a tensor of another rank, which lies in ONNX order, as
 * [1, 1, n] or, where it has more elements than a side may have, as [1, elements before the last axis, last axis].
 */
export function toHwc(shape: Shape): ShapeHwc {
  if (shape.length === 3) return [shape[1], shape[2], shape[0]]
  const size = sizeOf(shape)
  return size <= maxSide ? [1, 1, size] : [1, size / shape.at(-1)!, shape.at(-1)!]
}

/** Of a tensor in an Image (docs/image.md). */
const maxSide = 65_535

/**
 * Weights of every weighted node in the order the kernels read them: conv [out][kh][kw][in], depthwise
 * [kh][kw][channel], dense [out][in] with `in` in HWC order of the image that was flattened. Other entries are null.
 */
export function hwcWeights(graph: Graph): (Float32Array | null)[] {
  return graph.nodes.map((node) => (isWeightedNode(node) ? permuted(graph, node) : null))
}

/** The weights of one node out of a list of `hwcWeights`. @throws RangeError for a node without weights */
export function weightsOfNode(weights: readonly (Float32Array | null)[], index: number): Float32Array {
  const found = weights[index]
  if (found === null) throw new RangeError(`node ${index} has no weights`)
  return found
}

/** The inverse for one node: kernel order back to ONNX order. */
export function fromHwcWeights(graph: Graph, node: WeightedNode, weights: Float32Array): Float32Array {
  switch (node.op) {
    case 'conv2d': {
      const inputs = inputShapeOf(graph, node)[0]
      return transposeInner(weights, node.bias.length, node.kernel[0] * node.kernel[1], inputs)
    }
    case 'depthwiseConv2d':
      return transposeInner(weights, 1, node.kernel[0] * node.kernel[1], node.bias.length)
    case 'dense': {
      const shape = flattenedShape(graph, node)
      if (shape.length !== 3) return weights
      return transposeInner(weights, node.bias.length, shape[1] * shape[2], shape[0])
    }
  }
}

function permuted(graph: Graph, node: WeightedNode): Float32Array {
  switch (node.op) {
    case 'conv2d': {
      const inputs = inputShapeOf(graph, node)[0]
      const taps = node.kernel[0] * node.kernel[1]
      return transposeInner(node.weights, node.bias.length, inputs, taps)
    }
    case 'depthwiseConv2d':
      return transposeInner(node.weights, 1, node.bias.length, node.kernel[0] * node.kernel[1])
    case 'dense': {
      const shape = flattenedShape(graph, node)
      if (shape.length !== 3) return node.weights
      return transposeInner(node.weights, node.bias.length, shape[0], shape[1] * shape[2])
    }
  }
}

/** [rows][a][b] to [rows][b][a]. */
export function transposeInner<T extends Float32Array | Int8Array>(
  values: T,
  rows: number,
  a: number,
  b: number
): T {
  const result = values.slice() as T
  for (let row = 0; row < rows; row++) {
    const from = row * a * b
    for (let i = 0; i < a; i++)
      for (let j = 0; j < b; j++) result[from + j * a + i] = values[from + i * b + j]
  }
  return result
}

/** Shape of the image whose flattening a dense layer reads, or its vector's shape. */
function flattenedShape(graph: Graph, node: GraphNode): Shape {
  let index = node.inputs[0]
  while (index >= 0) {
    const before = graph.nodes[index]
    if (before.op === 'flatten') return inputShapeOf(graph, before)
    // Elementwise nodes keep the order of the vector they were given.
    if (before.op !== 'relu' && before.op !== 'table') return before.outputShape
    index = before.inputs[0]
  }
  return graph.inputShape
}
