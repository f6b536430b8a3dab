import { consumersOf, isWeightedNode, type Graph, type GraphNode } from '../graph'
import { reluCeiling } from '../tableFunction'
import { withoutNodes } from './replaceNodes'

/**
 * Fuses a ReLU into the weighted layer or Add it alone reads; max pooling and flattening in between commute with it. A ReLU with an upper limit (ReLU6) goes into weighted layers only. Others stay nodes; a second ReLU in a row vanishes.
 */
export function fuseRelu(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    const ceiling = node.op === 'relu' ? Infinity : node.op === 'table' ? reluCeiling(node.function) : null
    if (ceiling === null) continue
    const target = producerThrough(nodes, consumers, graph.output, node.inputs[0], ceiling)
    if (target === undefined) continue
    const producer = nodes[target]
    if ('relu' in producer) {
      nodes[target] = { ...producer, relu: true, ...(ceiling === Infinity ? {} : { ceiling }) }
    }
    standIns.set(index, node.inputs[0])
  }
  return withoutNodes(graph, nodes, standIns)
}

/** The node that can take the ReLU, reached through nodes that only hand values on and that nothing else reads. */
function producerThrough(
  nodes: readonly GraphNode[],
  consumers: readonly number[][],
  output: number,
  from: number,
  ceiling: number
): number | undefined {
  let index = from
  while (index >= 0) {
    if (consumers[index + 1].length !== 1 || index === output) return undefined
    const node = nodes[index]
    if ('relu' in node) {
      const hasOwn = 'ceiling' in node && node.ceiling !== undefined
      return hasOwn || (ceiling !== Infinity && (!isWeightedNode(node) || node.relu)) ? undefined : index
    }
    if (node.op === 'relu') return ceiling === Infinity ? index : undefined
    if (node.op !== 'maxPool' && node.op !== 'flatten') return undefined
    index = node.inputs[0]
  }
  return undefined
}
