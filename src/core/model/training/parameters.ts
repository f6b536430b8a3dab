import { inputShapeOf, isWeightedNode, type Graph, type GraphNode } from '../graph'
import type { Parameter } from './gradient'

/** The trained tensors of a node with the shapes ONNX wants. */
export function parametersOfNode(graph: Graph, node: GraphNode): Parameter[] {
  if (node.op === 'batchNorm') {
    return [
      { role: 'scale', dims: [node.scale.length], initial: node.scale },
      { role: 'shift', dims: [node.shift.length], initial: node.shift }
    ]
  }
  if (!isWeightedNode(node)) return []
  const outputs = node.bias.length
  const dims =
    node.op === 'dense'
      ? [outputs, node.weights.length / outputs]
      : [outputs, node.op === 'conv2d' ? inputShapeOf(graph, node)[0] : 1, ...node.kernel]
  return [
    { role: 'weights', dims, initial: node.weights },
    { role: 'bias', dims: [outputs], initial: node.bias }
  ]
}

/** The graph with trained values, given in the order of parametersOfNode over all nodes. */
export function withParameters(graph: Graph, values: readonly Float32Array[]): Graph {
  let at = 0
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op === 'batchNorm') return { ...node, scale: values[at++], shift: values[at++] }
    if (isWeightedNode(node)) return { ...node, weights: values[at++], bias: values[at++] }
    return node
  })
  return { ...graph, nodes }
}
