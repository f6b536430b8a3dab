import {
  consumersOf,
  isWeightedNode,
  type BatchNormNode,
  type Graph,
  type GraphNode,
  type WeightedNode
} from '../graph'
import { withoutNodes } from './replaceNodes'

/**
 * Folds y * scale + shift into the weights and bias of the weighted layer before it, or into a scale and shift before it.
 * What does not follow such a layer of its own stays.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    if (node.op !== 'batchNorm') continue
    const input = node.inputs[0]
    const target = standIns.get(input) ?? input
    const before = target < 0 ? undefined : nodes[target]
    if (before === undefined || consumers[input + 1].length !== 1 || input === graph.output) continue
    if (before.op === 'batchNorm') nodes[target] = merged(before, node)
    else if (isWeightedNode(before) && !before.relu) nodes[target] = scaled(before, node)
    else continue
    standIns.set(index, target)
  }
  return withoutNodes(graph, nodes, standIns)
}

function merged(first: BatchNormNode, second: BatchNormNode): BatchNormNode {
  return {
    ...first,
    scale: first.scale.map((value, channel) => value * second.scale[channel]),
    shift: first.shift.map((value, channel) => value * second.scale[channel] + second.shift[channel])
  }
}

function scaled(node: WeightedNode, { scale, shift }: BatchNormNode): WeightedNode {
  const channels = node.bias.length
  const perChannel = node.weights.length / channels
  return {
    ...node,
    weights: node.weights.map((value, index) => value * scale[Math.floor(index / perChannel)]),
    bias: node.bias.map((value, channel) => value * scale[channel] + shift[channel])
  }
}
