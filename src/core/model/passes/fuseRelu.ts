import { consumersOf, type Graph, type GraphNode } from '../graph'
import { withoutNodes } from './replaceNodes'

/**
 * Fuses a ReLU into the weighted layer or Add it alone reads; max pooling and flattening in between commute with it.
 * A ReLU elsewhere stays a node of its own; a second ReLU in a row vanishes.
 */
export function fuseRelu(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    if (node.op !== 'relu') continue
    const target = producerThrough(nodes, consumers, graph.output, node.inputs[0]!)
    if (target === undefined) continue
    const producer = nodes[target]!
    if ('relu' in producer) nodes[target] = { ...producer, relu: true }
    standIns.set(index, node.inputs[0]!)
  }
  return withoutNodes(graph, nodes, standIns)
}

/** The node that can take the ReLU, reached through pools and flattens that nothing else reads. */
function producerThrough(
  nodes: readonly GraphNode[],
  consumers: readonly number[][],
  output: number,
  from: number
): number | undefined {
  let index = from
  while (index >= 0) {
    if (consumers[index + 1]!.length !== 1 || index === output) return undefined
    const node = nodes[index]!
    if ('relu' in node) return index
    if (node.op !== 'maxPool' && node.op !== 'flatten' && node.op !== 'relu') return undefined
    index = node.inputs[0]!
  }
  return undefined
}
