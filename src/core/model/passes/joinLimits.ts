import { consumersOf, type Graph, type GraphNode } from '../graph'
import { call, maxFloat } from '../tableFunction'
import { withoutNodes } from './replaceNodes'

/**
 * Two limits in a row, the first of which nothing else reads, become one: exporters write a ReLU or Clip in front of a QuantizeLinear
 * that limits its values again.
 */
export function joinLimits(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    const from = node.inputs[0] ?? -1
    const [outer, inner] = [limitsOf(node), from < 0 ? null : limitsOf(nodes[from])]
    if (outer === null || inner === null || from === graph.output || consumers[from + 1].length !== 1)
      continue
    const [low, high] = inner.map((end) => Math.min(outer[1], Math.max(outer[0], end)))
    nodes[index] = limited(node, nodes[from].inputs, low, high)
    standIns.set(from, nodes[from].inputs[0])
  }
  return withoutNodes(graph, nodes, standIns)
}

/** Between which values a node keeps its input; null for a node that does something else. */
export function limitsOf(node: GraphNode): readonly [low: number, high: number] | null {
  if (node.op === 'relu') return [0, maxFloat]
  if (node.op !== 'table' || node.function.kind !== 'call' || node.function.of.kind !== 'value') return null
  const { name, parameters } = node.function
  if (name === 'relu') return [0, maxFloat]
  return name === 'clip' ? [parameters[0], parameters[1]] : null
}

function limited(node: GraphNode, inputs: readonly number[], low: number, high: number): GraphNode {
  const { name, outputShape } = node
  const base = { name, inputs, outputShape }
  if (low === 0 && high >= maxFloat) return { ...base, op: 'relu' }
  return { ...base, op: 'table', function: call('clip', low, high) }
}
