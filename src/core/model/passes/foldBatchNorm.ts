import { AppError } from '../../../shared/errors'
import { consumersOf, isWeightedNode, type Graph, type GraphNode, type WeightedNode } from '../graph'
import { withoutNodes } from './replaceNodes'

/**
 * Folds y * scale + shift into the weights and bias of the weighted layer before it.
 * @throws AppError model.unsupportedOperator where no weighted layer of its own comes before.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    if (node.op !== 'batchNorm') continue
    const input = node.inputs[0]!
    const target = standIns.get(input) ?? input
    const before = target < 0 ? undefined : nodes[target]
    if (
      before === undefined ||
      !isWeightedNode(before) ||
      before.relu ||
      consumers[input + 1]!.length !== 1
    ) {
      throw new AppError(
        'model.unsupportedOperator',
        `Node "${node.name}" (BatchNormalization) does not follow a Conv or Gemm of its own, so it cannot be folded.`,
        'Place the normalisation right behind a layer with weights.',
        { details: { node: node.name, operator: 'BatchNormalization' } }
      )
    }
    nodes[target] = scaled(before, node.scale, node.shift)
    standIns.set(index, target)
  }
  return withoutNodes(graph, nodes, standIns)
}

function scaled(node: WeightedNode, scale: Float32Array, shift: Float32Array): WeightedNode {
  const channels = node.bias.length
  const perChannel = node.weights.length / channels
  return {
    ...node,
    weights: node.weights.map((value, index) => value * scale[Math.floor(index / perChannel)]!),
    bias: node.bias.map((value, channel) => value * scale[channel]! + shift[channel]!)
  }
}
