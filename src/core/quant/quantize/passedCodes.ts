import type { Graph, GraphNode } from '../../model/graph'

/** Nodes that hand codes on as they are. */
export function passesCodes(node: GraphNode): boolean {
  if (node.op === 'reduce') return node.function === 'max'
  return node.op === 'maxPool' || node.op === 'flatten' || node.op === 'move' || node.op === 'concat'
}

/** The tensor whose values decide the range: behind a pool that alone reads this one, the pool's output. */
export function representative(graph: Graph, consumers: readonly number[][], node: number): number {
  const readers = consumers[node + 1]
  if (readers.length === 1 && passesCodes(graph.nodes[readers[0]])) {
    return representative(graph, consumers, readers[0])
  }
  return node
}
